from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxt.evaluation import metrics
from mxt.evaluation.comparison import Comparison, against_best, corrected_p, parts_of
from mxt.evaluation.statistics import Judged


def compared(right: np.ndarray, seed: int = 0) -> Comparison:
    """Views by the clips they are right in: bool [clips, views]."""
    return against_best(right.mean(axis=0).tolist(), right / len(right), seed=seed)


def answers(rng: np.random.Generator, accuracies: list[float], clips: int = 100) -> np.ndarray:
    """Answers of views that find the same clips hard."""
    hard = rng.random((clips, 1))
    alone = rng.random((clips, len(accuracies)))
    return np.where(rng.random(alone.shape) < 0.5, hard, alone) < np.array(accuracies)


@given(st.integers(0, 2**32 - 1), st.integers(2, 6), st.integers(1, 60), st.floats(0.05, 0.95))
def test_an_interval_without_zero_and_p_below_005_are_the_same_statement(
    seed: int, views: int, clips: int, worst: float
) -> None:
    rng = np.random.default_rng(seed)
    found = compared(answers(rng, np.linspace(worst, 0.9, views).tolist(), clips), seed)
    for difference in found.differences:
        if difference is not None:
            assert difference.interval.clear == (difference.p < 0.05) == difference.clear
            assert difference.interval.low <= difference.value <= difference.interval.high


@pytest.mark.parametrize("views", [2, 8])
def test_equal_views_are_rarely_called_clearly_different(views: int) -> None:
    rng = np.random.default_rng(views)
    wrong = [
        any(one.clear for one in compared(answers(rng, [0.7] * views)).differences if one) for _ in range(60)
    ]
    assert np.mean(wrong) <= 0.11


def test_a_large_difference_is_found() -> None:
    (first, second) = compared(answers(np.random.default_rng(0), [0.9, 0.5])).differences
    assert first is None
    assert second is not None
    assert second.clear
    assert second.p < 0.001


def test_more_views_to_choose_the_best_from_need_a_larger_difference() -> None:
    rng = np.random.default_rng(0)
    right = answers(rng, [0.8, 0.68, *[0.7] * 8])
    few, many = compared(right[:, :2]), compared(right)
    assert few.differences[1] is not None
    assert many.differences[1] is not None
    assert few.differences[1].value == pytest.approx(many.differences[1].value)
    assert few.differences[1].p < many.differences[1].p
    assert few.detectable < many.detectable


def test_the_p_value_of_two_views_is_that_of_the_sign_test_on_clips_they_differ_in() -> None:
    from scipy.stats import binomtest

    right = np.zeros((50, 2), dtype=bool)
    right[:9, 0], right[9:12, 1] = True, True
    difference = compared(right).differences[1]
    assert difference is not None
    assert difference.p == pytest.approx(binomtest(3, 12).pvalue, abs=0.02)


def test_equal_predictions_differ_by_chance_for_certain() -> None:
    same = np.repeat(np.arange(40)[:, None] % 2 == 0, 3, axis=1)
    for difference in compared(same).differences[1:]:
        assert difference is not None
        assert (difference.p, difference.value) == (1.0, 0.0)
    assert math.isnan(compared(same).detectable)


def test_few_groups_cannot_give_a_small_p_value() -> None:
    difference = compared(np.array([[True, False]] * 3)).differences[1]
    assert difference is not None
    assert difference.p == pytest.approx(2 / 2**3, abs=0.03)
    assert difference.interval.high >= 0


def test_what_can_be_told_apart_is_where_the_interval_reaches_zero() -> None:
    rng = np.random.default_rng(3)
    for below in range(1, 30):
        right = np.ones((100, 2), dtype=bool)
        right[:below, 1] = False
        found = compared(right, int(rng.integers(100)))
        assert found.differences[1] is not None
        assert found.differences[1].clear == (below / 100 > found.detectable)


@pytest.mark.parametrize("runs", [1, 4])
@pytest.mark.parametrize("metric", ["accuracy", "r2", "r2_fold_mean", "roc_auc"])
def test_what_units_add_sums_to_the_score(metric: str, runs: int) -> None:
    rng, n = np.random.default_rng(0), 120
    task = metrics.METRICS[metric].task
    units, run_of, fold = rng.integers(30, size=n), np.arange(n) % runs, rng.integers(5, size=n)
    if task == "multilabel":
        y, predicted = rng.random((n, 3)) < 0.3, rng.random((n, 3)).round(1)
    elif task == "regression":
        y = rng.normal(size=n)
        predicted = y + rng.normal(size=n)
    else:
        y, predicted = rng.integers(3, size=n), rng.integers(3, size=n)
    parts = parts_of(Judged(task, y, predicted, units, 3, fold, run_of), metric)
    split = [(y[fold == i], predicted[fold == i]) for i in range(5)]
    score = (
        metrics.fold_mean(task, *zip(*split, strict=True), n_classes=0)
        if metric == "r2_fold_mean"
        else metrics.pooled(task, y, predicted, n_classes=3)[metric]
    )
    assert len(parts) == 30 + (runs if runs > 1 else 0)
    assert parts.sum() == pytest.approx(score)


def test_parts_of_roc_auc_vary_as_delong_says() -> None:
    rng = np.random.default_rng(1)
    spread, said = [], []
    for _ in range(200):
        y = np.arange(100)[:, None] < 40
        scores = rng.normal(size=(100, 1)) + y
        judged = Judged("multilabel", y, scores, np.arange(100))
        parts = parts_of(judged, "roc_auc")
        spread.append(parts.sum())
        said.append(np.sum((parts - parts.mean()) ** 2))
    assert np.sqrt(np.mean(said)) == pytest.approx(np.std(spread), rel=0.15)


def test_the_variance_of_repetitions_counts() -> None:
    rng = np.random.default_rng(0)
    y, units, run_of = np.zeros(400, dtype=int), np.tile(np.arange(100), 4), np.repeat(np.arange(4), 100)
    first = Judged("classification", y, np.zeros(400, dtype=int), units, 2, run_of=run_of)
    steady = (rng.permutation(np.tile(np.arange(10) == 0, 10))).astype(int)
    wild = np.concatenate([np.arange(100) < share for share in (0, 0, 20, 20)]).astype(int)
    halves = []
    for predicted in (np.tile(steady, 4), wild):
        parts = [
            parts_of(one, "accuracy")
            for one in (first, Judged("classification", y, predicted, units, 2, run_of=run_of))
        ]
        difference = against_best([1.0, 0.9], np.stack(parts, axis=1), seed=0).differences[1]
        assert difference is not None
        assert difference.value == pytest.approx(-0.1)
        halves.append(difference.interval.high - difference.value)
    assert halves[1] > 1.2 * halves[0]


def test_the_corrected_t_test_is_the_plain_one_without_overlap_and_more_careful_with_it() -> None:
    from scipy.stats import ttest_1samp

    gaps = np.random.default_rng(0).normal(0.05, 0.08, size=30)
    assert corrected_p(gaps.tolist(), 0.0) == pytest.approx(ttest_1samp(gaps, 0).pvalue)
    statistic = gaps.mean() / math.sqrt((1 / 30 + 1 / 9) * gaps.var(ddof=1))
    from scipy.stats import t

    assert corrected_p(gaps.tolist(), 1 / 9) == pytest.approx(2 * t.sf(statistic, 29))
    assert corrected_p([0.1], 1 / 9) is None
    assert corrected_p([0.0, 0.0], 1 / 9) == 1.0
