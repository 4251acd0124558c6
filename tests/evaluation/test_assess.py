from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from mxt.core.records import ClipRecord
from mxt.evaluation import guards
from mxt.evaluation.assess import assess, compare
from mxt.evaluation.columns import Groups
from mxt.evaluation.crossval import OutOfFold
from mxt.evaluation.groups import codes
from mxt.evaluation.selection import Selection
from mxt.evaluation.splits import Sample, draw_folds, use_folds
from mxt.evaluation.tasks import Targets

MakeClip = Callable[..., ClipRecord]
Choose = Callable[..., Selection]


@pytest.fixture
def selected(make_clip: MakeClip) -> Choose:
    """Make a selection from classes, and groups or given folds."""

    def make(
        y: Any, *, groups: list[str | None] | None = None, given: list[str] | None = None, copies: int = 0
    ) -> Selection:
        y = np.asarray(y)
        names = tuple(f"class {i}" for i in range(int(y.max()) + 1)) if y.dtype.kind == "i" else ()
        targets = Targets("genre", "classification" if names else "regression", y, names)
        sample = Sample(targets, np.arange(len(y)), None if groups is None else codes(groups), given)
        plan = use_folds(sample, inner=2, seed=0) if given else draw_folds(sample, 5, inner=2, seed=0)
        known = None if groups is None else Groups(tuple(groups), "by artist")
        return Selection(tuple(make_clip(f"{i}.wav") for i in range(len(y))), sample, plan, (), copies, known)

    return make


def predictions(selection: Selection, predicted: Any) -> OutOfFold:
    fold = np.zeros(len(selection.clips), dtype=np.int64)
    for i, each in enumerate(selection.plan.folds):
        fold[each.test] = i
    return OutOfFold(
        np.arange(len(fold)), np.asarray(predicted), None, fold, tuple({} for _ in selection.plan.folds)
    )


Y = np.arange(100) % 4


def test_the_score_is_pooled_and_stands_inside_its_interval(selected: Choose) -> None:
    selection = selected(Y)
    found = assess(selection, predictions(selection, np.where(np.arange(100) < 80, Y, (Y + 1) % 4)), seed=0)
    assert (found.main, found.first.value) == ("accuracy", 0.8)
    assert found.first.interval.low < 0.8 < found.first.interval.high
    assert np.mean(found.per_fold) == pytest.approx(0.8)


def test_a_class_says_what_it_is_taken_for(selected: Choose) -> None:
    selection = selected(Y)
    predicted = Y.copy()
    predicted[[0, 4, 8]], predicted[12] = 2, 1
    first = assess(selection, predictions(selection, predicted), seed=0).classes[0]
    assert first.confused_with == (("class 2", 3), ("class 1", 1))
    assert (first.first.name, first.first.value) == ("recall", pytest.approx(21 / 25))
    assert 0.6 < first.first.interval.low < 0.84 < first.first.interval.high < 1


def test_a_perfect_score_does_not_claim_certainty(selected: Choose) -> None:
    selection = selected(Y)
    first = assess(selection, predictions(selection, Y), seed=0).first
    assert first.interval.high == 1.0
    assert first.interval.low == pytest.approx(0.025**0.01)


def test_views_are_compared_with_the_best_one_and_clear_differences_are_told_from_others(
    selected: Choose,
) -> None:
    selection = selected(Y)
    rights = (np.arange(100) % 10 < 5, np.arange(100) % 10 < 9, np.arange(100) % 10 != 3)
    found = [predictions(selection, np.where(right, Y, (Y + 1) % 4)) for right in rights]
    assessed = [assess(selection, each, seed=0) for each in found]
    compared = compare(selection, found, assessed, seed=0)
    differences = compared.differences
    assert compared.best == 1
    assert differences[1] is None
    assert differences[0] is not None
    assert differences[2] is not None
    assert differences[0].value == pytest.approx(-0.4)
    assert differences[0].interval.low <= -0.4 <= differences[0].interval.high
    assert differences[0].clear
    assert not differences[2].clear


def about(selection: Selection, predicted: Any) -> str:
    found = predictions(selection, predicted)
    return " | ".join(
        [
            *guards.about_clips(selection),
            *guards.about_score(selection, found, assess(selection, found, seed=0)),
        ]
    )


@pytest.mark.parametrize(
    ("make", "predicted", "said"),
    [
        ({"y": Y}, Y, "no groups known"),
        ({"y": Y, "copies": 2}, Y, "duplicates were kept in one fold"),
        ({"y": Y}, Y, "near the ceiling"),
        ({"y": Y}, (Y + 1) % 4, "worse than guessing"),
        ({"y": Y}, np.zeros(100, dtype=int), "not clearly better than always the largest class"),
        (
            {"y": Y, "groups": [str(i // 4) if i > 9 else None for i in range(100)]},
            Y,
            "10 clips have no group",
        ),
        ({"y": Y, "groups": [str(i) for i in range(100)]}, Y, "every group is a single clip"),
        ({"y": Y, "groups": [str(i // 10) for i in range(100)]}, Y, "rests on 10 groups"),
        ({"y": np.repeat([0, 1], [70, 30])}, np.repeat([0, 1], [70, 30]), "classes differ in size"),
        (
            {"y": Y, "given": [str(c) for c in Y]},
            Y,
            "tested but never learnt in the same fold: class 0, class 1",
        ),
        (
            {"y": Y, "given": [str(c) for c in Y]},
            Y,
            r"missing in the testing part of 4 of 4 folds \(0, 1, 2, 3\)",
        ),
        ({"y": np.linspace(0, 1, 100)}, np.full(100, 0.5), "not clearly better than always the mean"),
        ({"y": np.linspace(0, 1, 100)}, np.linspace(1, 0, 100), r"worse than always the mean \(0.000\)$"),
        (
            {"y": np.repeat([0, 1], [90, 10])},
            np.repeat([0, 1, 0, 1], [60, 30, 5, 5]),
            "worse than always the largest class",
        ),
    ],
)
def test_what_may_be_wrong_with_a_score_is_said(
    selected: Choose, make: dict[str, Any], predicted: Any, said: str
) -> None:
    import re

    assert re.search(said, about(selected(**make), predicted))


def test_a_sound_score_is_not_warned_about(selected: Choose) -> None:
    selection = selected(Y, groups=[str(i // 4) for i in range(100)])
    assert about(selection, np.where(np.arange(100) % 5 > 0, Y, (Y + 1) % 4)) == ""


def test_folds_whose_head_did_not_finish_are_counted(selected: Choose) -> None:
    selection = selected(Y)
    found = predictions(selection, Y)
    stopped = OutOfFold(found.rows, found.predicted, None, found.fold, found.params, unfinished=("2", "4"))
    lines = guards.about_score(selection, stopped, assess(selection, stopped, seed=0))
    assert "the head stopped at its iteration limit in 2 of 5 folds" in lines
