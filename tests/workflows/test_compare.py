"""Two saved results on the clips that they have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from mxt.core.errors import InputError, UnknownName, UsageError
from mxt.ingestion.requests import DeriveRequest
from mxt.registry import build_registry
from mxt.results.predictions import Predictions
from mxt.results.records import DatasetResult
from mxt.results.request import EvaluateRequest
from mxt.results.saving import load_result
from mxt.store.layout import Store
from mxt.workflows.compare import CompareRequest, Comparison, compare
from mxt.workflows.derive import derive
from mxt.workflows.evaluate import evaluate

Make = Callable[..., Store]
REGISTRY = build_registry()
QUICK = ("linear.C=1", "nested.folds=4")
N = 90
GENRES = np.array(["blues", "jazz", "rock"])[np.arange(N) % 3]
RNG = np.random.default_rng(0)
ONE_HOT = np.eye(3)[np.arange(N) % 3]
GOOD = (ONE_HOT + 0.3 * RNG.normal(size=(N, 3))).astype(np.float32)
FAIR = (ONE_HOT + 0.8 * RNG.normal(size=(N, 3))).astype(np.float32)
VIEWS = {"good": GOOD, "fair": FAIR}


def evaluated(store: Store, **asked: Any) -> DatasetResult:
    request = EvaluateRequest(**{"head": "linear", "settings": QUICK, **asked})
    return evaluate(store.root, request, REGISTRY).datasets[0]


def compared(store: Store, first: str, second: str) -> Comparison:
    return compare(store.root, CompareRequest(first, second))


def ids(result: DatasetResult) -> list[str]:
    return [view.result_id for view in result.views]


def again(store: Store, result_id: str, **arrays: Any) -> str:
    """Publish a result once more with other predictions."""
    plain = {name: value for name, value in store.results.load(result_id).items() if name != "checksum"}
    return store.results.publish(plain, {**store.results.predictions(result_id), **arrays})


def test_views_of_one_evaluation_differ_as_eval_said(make_store: Make) -> None:
    store = make_store(VIEWS)
    result = evaluated(store)
    good, fair = ids(result)
    comparison = compared(store, good, fair)
    assert result.best == 0
    assert comparison.difference == result.views[1].difference
    assert comparison.scores == tuple(view.assessment.first for view in result.views)
    assert comparison.same_folds
    assert (comparison.clips, comparison.relabelled) == (N, 0)


def test_the_difference_is_the_second_minus_the_first_whichever_is_better(make_store: Make) -> None:
    store = make_store(VIEWS)
    good, fair = ids(evaluated(store))
    one, other = compared(store, good, fair), compared(store, fair, good)
    assert one.difference.value < 0 < other.difference.value
    assert one.difference.p == other.difference.p
    gap, turned = one.difference.interval, other.difference.interval
    assert (gap.value, gap.low, gap.high) == (-turned.value, -turned.high, -turned.low)
    assert (one.only_first, one.only_second) == (other.only_second, other.only_first)


def test_clips_are_counted_by_who_has_them_right(make_store: Make) -> None:
    store = make_store(VIEWS)
    good, fair = ids(evaluated(store))
    comparison = compared(store, good, fair)
    right = [
        dict(zip(predictions.clips, predictions.right.tolist(), strict=True))
        for predictions in (Predictions.read(store, one, load_result(store, one)) for one in (good, fair))
    ]
    expected = [clip for clip in right[0] if right[0][clip] and not right[1][clip]]
    assert list(comparison.only_first) == expected
    assert expected
    counts = (comparison.both, comparison.neither, len(comparison.only_first), len(comparison.only_second))
    assert sum(counts) == N
    assert counts[0] + counts[2] == sum(right[0].values())


def test_classes_come_in_the_order_of_their_gaps_and_add_up(make_store: Make) -> None:
    store = make_store(VIEWS)
    comparison = compared(store, *ids(evaluated(store)))
    gaps = [abs(one.gap) for one in comparison.classes]
    assert gaps == sorted(gaps, reverse=True)
    assert sum(one.clips for one in comparison.classes) == N
    assert sum(one.only_first for one in comparison.classes) == len(comparison.only_first)
    for one in comparison.classes:
        assert one.gap == pytest.approx((one.only_second - one.only_first) / one.clips)


def test_results_of_other_folds_are_paired_by_clip_and_the_folds_are_told(make_store: Make) -> None:
    store = make_store({"good": GOOD})
    (first,), (second,) = ids(evaluated(store)), ids(evaluated(store, seed=1))
    comparison = compared(store, first, second)
    assert not comparison.same_folds
    assert comparison.clips == N
    assert abs(comparison.difference.value) < 0.1


def test_of_a_part_of_the_clips_the_common_ones_are_compared(make_store: Make) -> None:
    store = make_store({"good": GOOD})
    (whole,) = ids(evaluated(store))
    derived = derive(store.root, DeriveRequest("classes", {"names": ("blues", "rock")}))
    (part,) = ids(evaluated(store, datasets=(derived.name,)))
    comparison = compared(store, whole, part)
    assert comparison.clips == N * 2 // 3
    assert {one.name for one in comparison.classes} == {"blues", "rock"}
    assert comparison.first.dataset != comparison.second.dataset


def test_clips_with_other_labels_are_not_counted(make_store: Make) -> None:
    store = make_store({"good": GOOD})
    (first,) = ids(evaluated(store))
    y = store.results.predictions(first)["y_true"].copy()
    y[:7] = (y[:7] + 1) % 3
    comparison = compared(store, first, again(store, first, y_true=y))
    assert (comparison.clips, comparison.relabelled) == (N - 7, 7)
    assert comparison.difference.value == 0


def test_a_result_of_several_runs_is_paired_run_by_run(make_store: Make) -> None:
    store = make_store(VIEWS)
    good, fair = ids(evaluated(store))
    once = compared(store, good, fair)
    arrays = store.results.predictions(good)
    per_clip = {name: arrays[name] for name in arrays if len(arrays[name]) == N}
    twice = again(store, good, **{name: np.repeat(values, 2, axis=0) for name, values in per_clip.items()})
    comparison = compared(store, twice, fair)
    assert comparison.clips == N
    # equal runs add no variance; that they are counted beside the clips is seen in the fourth digit
    for bound in ("value", "low", "high"):
        expected = getattr(once.difference.interval, bound)
        assert getattr(comparison.difference.interval, bound) == pytest.approx(expected, abs=0.001)
    assert comparison.only_first == once.only_first
    assert [one.clips for one in comparison.classes] == [one.clips for one in once.classes]


def test_clips_that_either_result_kept_together_are_drawn_together(make_store: Make) -> None:
    store = make_store({"good": GOOD}, fields={"artist": [f"artist {i // 6}" for i in range(N)]})
    (plain,), (grouped,) = ids(evaluated(store)), ids(evaluated(store, group_by="artist"))
    comparison = compared(store, plain, grouped)
    assert (comparison.first.grouping, comparison.second.grouping) == ("", "by artist")
    unit = store.results.predictions(plain)["unit"]
    assert len(np.unique(unit)) == N
    turned = compared(store, grouped, plain)
    assert turned.difference.interval.high == pytest.approx(-comparison.difference.interval.low)


def test_a_regression_has_a_difference_and_no_clips_that_are_right(make_store: Make) -> None:
    arousal = (GOOD @ np.array([1.0, 2.0, -1.0])).tolist()
    store = make_store(VIEWS, {"arousal": arousal})
    comparison = compared(store, *ids(evaluated(store)))
    assert comparison.scores[0].name == "r2"
    assert comparison.difference.clear
    assert (comparison.both, comparison.only_first, comparison.classes) == (0, (), ())


def test_labels_are_compared_by_their_rankings(make_store: Make) -> None:
    tags = [tuple(name for name, there in zip("abc", row > 0.5, strict=True) if there) for row in GOOD]
    store = make_store(VIEWS, {"tags": tags})
    result = evaluated(store)
    comparison = compared(store, *ids(result))
    assert comparison.difference == result.views[1].difference
    assert {one.first.name for one in comparison.classes} == {"roc_auc"}


def test_what_cannot_be_compared_is_refused_in_one_line(make_store: Make) -> None:
    fields: dict[str, Sequence[str]] = {"year": [str(1960 + i % 30) for i in range(N)]}
    store = make_store({"good": GOOD}, {"genre": GENRES.tolist()}, fields=fields)
    (genre,), (year,) = ids(evaluated(store)), ids(evaluated(store, target="year", task="regression"))
    with pytest.raises(UsageError, match="name two different results"):
        compared(store, genre, genre)
    with pytest.raises(UsageError, match="one is a classification and one a regression"):
        compared(store, genre, year)
    elsewhere = store.results.predictions(genre)["clip"].astype(object) + "x"
    with pytest.raises(InputError, match="no clip with the same label in common"):
        compared(store, genre, again(store, genre, clip=elsewhere.astype(str)))
    with pytest.raises(UnknownName, match="nothing"):
        compared(store, genre, "nothing")
