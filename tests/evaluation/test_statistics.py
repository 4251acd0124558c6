from __future__ import annotations

import numpy as np
import pytest

from mxt.evaluation.interval import Interval
from mxt.evaluation.statistics import Judged, interval, perfect_interval, resample, resample_fold_mean


def bounds(samples: np.ndarray) -> tuple[float, float]:
    found = interval(0.0, samples, 1000)
    return found.low, found.high


def covers(rng: np.random.Generator, *, group_size: int) -> bool:
    """Whether the interval of a classifier that is right in 70 % of 200 clips contains 0.7."""
    right = np.repeat(rng.random(200 // group_size) < 0.7, group_size)
    y = rng.integers(2, size=200)
    units = np.arange(200) // group_size
    low, high = bounds(
        resample(
            Judged("classification", y, np.where(right, y, 1 - y), units, n_classes=2),
            seed=int(rng.integers(1000)),
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
        resample(Judged("classification", y, predicted, np.arange(400), n_classes=2), seed=0).scores[
            "accuracy"
        ]
    )
    assert (high - low) / 2 == pytest.approx(1.96 * np.sqrt(0.8 * 0.2 / 400), rel=0.08)


def test_clips_of_a_group_are_drawn_together() -> None:
    y, predicted = np.zeros(100, dtype=int), np.repeat([0, 1], 50)
    wide = resample(
        Judged("classification", y, predicted, np.repeat(np.arange(4), 25), n_classes=2), seed=0
    ).scores["accuracy"]
    narrow = resample(Judged("classification", y, predicted, np.arange(100), n_classes=2), seed=0).scores[
        "accuracy"
    ]
    assert wide.std() > 4 * narrow.std()
    assert set(np.unique(wide)) == {0.0, 0.25, 0.5, 0.75, 1.0}


def test_views_on_the_same_clips_are_resampled_alike() -> None:
    rng = np.random.default_rng(0)
    y = rng.integers(3, size=150)
    predicted = np.where(rng.random(150) < 0.6, y, 0)
    units = rng.integers(40, size=150)
    found = [
        resample(Judged("classification", y, predicted, units, n_classes=3), seed=5).scores["macro_f1"]
        for _ in range(2)
    ]
    assert np.array_equal(*found)


def test_regression_and_rankings_are_resampled_too() -> None:
    rng = np.random.default_rng(0)
    y = rng.normal(size=300)
    low, high = bounds(
        resample(
            Judged("regression", y, y + rng.normal(size=300), np.arange(300), n_classes=0), seed=0
        ).scores["r2"]
    )
    assert low < 0 < high
    labels = rng.random((300, 4)) < 0.3
    low, high = bounds(
        resample(
            Judged("multilabel", labels, rng.random((300, 4)), np.arange(300), n_classes=4), seed=0
        ).scores["roc_auc"]
    )
    assert low < 0.5 < high


def test_the_mean_itself_explains_nothing_in_every_resample() -> None:
    y = np.random.default_rng(0).normal(size=40)
    assert bounds(
        resample(Judged("regression", y, np.full(40, y.mean()), np.arange(40), n_classes=0), seed=0).scores[
            "r2"
        ]
    ) == (0.0, 0.0)
    fold = np.arange(40) % 4
    means = (np.bincount(fold, weights=y) / 10)[fold]
    assert bounds(resample_fold_mean(Judged("regression", y, means, np.arange(40), fold=fold), seed=0)) == (
        0.0,
        0.0,
    )


def covers_r2(rng: np.random.Generator) -> bool:
    """Whether the interval of a prediction that explains 9 % of the variance contains 0.09; 100 clips."""
    y = rng.normal(size=100)
    predicted = 0.09 * y + 0.3 * np.sqrt(0.91) * rng.normal(size=100)
    low, high = bounds(
        resample(
            Judged("regression", y, predicted, np.arange(100), n_classes=0), seed=int(rng.integers(1000))
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


@pytest.mark.parametrize(("n_units", "outside"), [(1_000_000, 0.025), (60, 0.0218), (10, 0.0086)])
def test_intervals_of_few_units_reach_further(n_units: int, outside: float) -> None:
    found = interval(0.5, np.linspace(0, 1, 100_001), n_units)
    assert (found.low, found.high) == pytest.approx((outside, 1 - outside), abs=1e-4)


def test_each_resample_is_of_one_repetition() -> None:
    y, run_of = np.zeros(200, dtype=int), np.repeat([0, 1], 100)
    predicted = np.repeat([0, 1], 100)  # all right in one repetition, all wrong in the other
    judged = Judged("classification", y, predicted, np.tile(np.arange(100), 2), 2, run_of=run_of)
    shares, counts = np.unique(resample(judged, seed=0).scores["accuracy"], return_counts=True)
    assert shares.tolist() == [0.0, 1.0]
    assert counts / counts.sum() == pytest.approx([0.5, 0.5], abs=0.05)


def test_repetitions_that_agree_leave_the_interval_as_it_is() -> None:
    rng = np.random.default_rng(0)
    y, predicted = rng.integers(3, size=80), rng.integers(3, size=80)
    once = resample(Judged("classification", y, predicted, np.arange(80), 3), seed=1)
    twice = Judged(
        "classification",
        np.tile(y, 2),
        np.tile(predicted, 2),
        np.tile(np.arange(80), 2),
        3,
        run_of=np.repeat([0, 1], 80),
    )
    for name, scores in resample(twice, seed=1).scores.items():
        np.testing.assert_allclose(scores, once.scores[name])


def test_labels_are_resampled_with_repetitions_too() -> None:
    rng = np.random.default_rng(0)
    y, scores = rng.random((60, 3)) < 0.4, rng.random((120, 3))
    judged = Judged(
        "multilabel", np.tile(y, (2, 1)), scores, np.tile(np.arange(60), 2), run_of=np.repeat([0, 1], 60)
    )
    found = resample(judged, seed=0).scores["roc_auc"]
    assert 0.3 < np.quantile(found, 0.01) < 0.5 < np.quantile(found, 0.99) < 0.7
