from __future__ import annotations

import numpy as np
import pytest

from mxt.evaluation.interval import Interval
from mxt.evaluation.statistics import (
    bootstrap_p,
    holm,
    interval,
    perfect_interval,
    permutation_p,
    resample,
    resample_fold_mean,
)


def bounds(samples: np.ndarray) -> tuple[float, float]:
    found = interval(0.0, samples)
    return found.low, found.high


def covers(rng: np.random.Generator, *, group_size: int) -> bool:
    """Whether the interval of a classifier that is right in 70 % of 200 clips contains 0.7."""
    right = np.repeat(rng.random(200 // group_size) < 0.7, group_size)
    y = rng.integers(2, size=200)
    units = np.arange(200) // group_size
    low, high = bounds(
        resample(
            "classification", y, np.where(right, y, 1 - y), units, n_classes=2, seed=int(rng.integers(1000))
        ).scores["accuracy"]
    )
    return low <= 0.7 <= high


@pytest.mark.parametrize("group_size", [1, 4])
def test_95_percent_intervals_contain_the_truth_about_that_often(group_size: int) -> None:
    rng = np.random.default_rng(0)
    assert 0.90 <= np.mean([covers(rng, group_size=group_size) for _ in range(150)]) <= 0.985


def test_the_interval_of_a_share_is_as_wide_as_the_binomial_distribution() -> None:
    y = np.arange(400) % 2
    predicted = np.where(np.arange(400) < 320, y, 1 - y)
    low, high = bounds(
        resample("classification", y, predicted, np.arange(400), n_classes=2, seed=0).scores["accuracy"]
    )
    assert (high - low) / 2 == pytest.approx(1.96 * np.sqrt(0.8 * 0.2 / 400), rel=0.08)


def test_clips_of_a_group_are_drawn_together() -> None:
    y, predicted = np.zeros(100, dtype=int), np.repeat([0, 1], 50)
    wide = resample("classification", y, predicted, np.repeat(np.arange(4), 25), n_classes=2, seed=0).scores[
        "accuracy"
    ]
    narrow = resample("classification", y, predicted, np.arange(100), n_classes=2, seed=0).scores["accuracy"]
    assert wide.std() > 4 * narrow.std()
    assert set(np.unique(wide)) == {0.0, 0.25, 0.5, 0.75, 1.0}


def test_views_on_the_same_clips_are_resampled_alike() -> None:
    rng = np.random.default_rng(0)
    y = rng.integers(3, size=150)
    predicted = np.where(rng.random(150) < 0.6, y, 0)
    units = rng.integers(40, size=150)
    found = [
        resample("classification", y, predicted, units, n_classes=3, seed=5).scores["macro_f1"]
        for _ in range(2)
    ]
    assert np.array_equal(*found)


def test_regression_and_rankings_are_resampled_too() -> None:
    rng = np.random.default_rng(0)
    y = rng.normal(size=300)
    low, high = bounds(
        resample("regression", y, y + rng.normal(size=300), np.arange(300), n_classes=0, seed=0).scores["r2"]
    )
    assert low < 0 < high
    labels = rng.random((300, 4)) < 0.3
    low, high = bounds(
        resample("multilabel", labels, rng.random((300, 4)), np.arange(300), n_classes=4, seed=0).scores[
            "roc_auc"
        ]
    )
    assert low < 0.5 < high


def test_the_mean_itself_explains_nothing_in_every_resample() -> None:
    y = np.random.default_rng(0).normal(size=40)
    assert bounds(
        resample("regression", y, np.full(40, y.mean()), np.arange(40), n_classes=0, seed=0).scores["r2"]
    ) == (0.0, 0.0)
    fold = np.arange(40) % 4
    means = (np.bincount(fold, weights=y) / 10)[fold]
    assert bounds(resample_fold_mean(y, means, np.arange(40), fold, seed=0)) == (0.0, 0.0)


def covers_r2(rng: np.random.Generator) -> bool:
    """Whether the interval of a prediction that explains 9 % of the variance contains 0.09; 100 clips."""
    y = rng.normal(size=100)
    predicted = 0.09 * y + 0.3 * np.sqrt(0.91) * rng.normal(size=100)
    low, high = bounds(
        resample(
            "regression", y, predicted, np.arange(100), n_classes=0, seed=int(rng.integers(1000))
        ).scores["r2"]
    )
    return low <= 0.09 <= high


def test_intervals_of_r2_contain_the_truth_about_that_often() -> None:
    rng = np.random.default_rng(0)
    assert 0.90 <= np.mean([covers_r2(rng) for _ in range(150)]) <= 0.985


def test_a_perfect_score_keeps_an_honest_lower_bound() -> None:
    from scipy.stats import binomtest

    exact = binomtest(60, 60).proportion_ci(0.95, method="exact")
    assert perfect_interval(1.0, 60) == Interval(1.0, pytest.approx(exact.low), 1.0)
    assert perfect_interval(0.0, 60) == Interval(0.0, 0.0, pytest.approx(1 - exact.low))


def paired(rng: np.random.Generator, better: float) -> float:
    y = rng.integers(4, size=200)
    first = np.where(rng.random(200) < 0.6, y, (y + 1) % 4)
    second = np.where(rng.random(200) < 0.6 + better, y, (y + 2) % 4)
    return permutation_p(
        "classification", y, first, second, np.arange(200), n_classes=4, seed=0, score="accuracy"
    )


def test_the_paired_test_rarely_finds_a_difference_where_there_is_none() -> None:
    rng = np.random.default_rng(1)
    assert np.mean([paired(rng, 0.0) < 0.05 for _ in range(100)]) <= 0.11


def test_the_paired_test_finds_a_large_difference() -> None:
    assert paired(np.random.default_rng(0), 0.3) < 0.001


def test_equal_predictions_differ_by_chance_for_certain() -> None:
    y = np.arange(40) % 2
    assert (
        permutation_p("classification", y, y, y, np.arange(40), n_classes=2, seed=0, score="accuracy") == 1.0
    )


def test_few_groups_cannot_give_a_small_p_value() -> None:
    y = np.zeros(60, dtype=int)
    worse = np.ones(60, dtype=int)
    p = permutation_p(
        "classification", y, y, worse, np.repeat(np.arange(3), 20), n_classes=2, seed=0, score="accuracy"
    )
    assert p == pytest.approx(2 / 2**3, abs=0.03)


def test_differences_on_one_side_of_zero_are_unlikely_to_be_chance() -> None:
    assert bootstrap_p(np.full(1999, 0.1)) == pytest.approx(0.001)
    assert bootstrap_p(np.linspace(-1, 1, 1001)) == 1.0


def test_several_comparisons_are_adjusted_as_holm_says() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
