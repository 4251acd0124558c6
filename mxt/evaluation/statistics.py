"""How sure a score is: bootstrap intervals over units, and tests of paired differences."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mxt.core.records import Task
from mxt.core.reprs import short_repr
from mxt.evaluation import metrics
from mxt.evaluation.groups import Codes
from mxt.evaluation.interval import Interval
from mxt.evaluation.metrics import Metric
from mxt.evaluation.totals import contributions

Array = npt.NDArray[np.float64]
RESAMPLES = 2000
FEWEST_RESAMPLES = 200
LEVEL = 0.95
METHOD = "percentile bootstrap"
_BLOCK = 2_000_000  # weights held at once
_RANKING_WORK = 400_000_000  # clips x labels x resamples


@dataclass(frozen=True, eq=False)
class Resampled:
    """Scores of bootstrap resamples.

    Parameters
    ----------
    scores : dict of float64 [resamples]
        Of all clips together, by the metric's name.
    classes : dict of float64 [resamples, classes]
        Of each class or label; NaN where it was not drawn.
    """

    scores: dict[str, Array]
    classes: dict[str, Array]
    __repr__ = short_repr


def resample(
    task: Task, y: npt.NDArray[Any], predicted: npt.NDArray[Any], unit_of: Codes, *, n_classes: int, seed: int
) -> Resampled:
    """Scores of bootstrap resamples of units.

    Two views evaluated on the same clips with the same seed are resampled alike, so that the
    difference of what this returns is the paired bootstrap of their difference.

    Parameters
    ----------
    y, predicted : [n] or [n, labels]
        Truth and out-of-fold predictions; for multilabel the scores of the labels.
    unit_of : int64 [n]
        Clips that are drawn together (a clip and its copies, a group).
    n_classes : int
        Of a classification.
    seed : int
        Of the drawing.
    """
    _, unit_of = np.unique(unit_of, return_inverse=True)
    n_units = int(unit_of.max()) + 1
    if task == "multilabel":
        n = max(FEWEST_RESAMPLES, min(RESAMPLES, _RANKING_WORK // y.size))
        blocks = [metrics.ranking(y, predicted, w[:, unit_of]) for w in _draws(n_units, n, seed, len(y))]
        labels = {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}
        return Resampled(metrics.macro(labels), labels)
    sums = unit_sums(task, y, predicted, unit_of, n_classes=n_classes)
    draws = _draws(n_units, RESAMPLES, seed, n_units)
    totals = np.concatenate([(sums.T @ weights.T).T for weights in draws])
    classes = metrics.class_scores(totals) if task == "classification" else {}
    return Resampled(metrics.from_totals(task, totals, centered=True), classes)


def resample_fold_mean(
    y: npt.NDArray[Any], predicted: npt.NDArray[Any], unit_of: Codes, fold: Codes, *, seed: int
) -> Array:
    """Mean r² of the folds, weighted by their sizes, of the same resamples as `resample` draws.

    Parameters
    ----------
    y, predicted : float64 [n]
    unit_of, fold : int64 [n]
    seed : int

    Returns
    -------
    float64 [resamples]
    """
    from scipy.sparse import hstack

    _, unit_of = np.unique(unit_of, return_inverse=True)
    numbers = np.unique(fold)
    means = np.bincount(fold, weights=y) / np.maximum(np.bincount(fold), 1)
    added = contributions("regression", y, predicted, n_classes=0, center=means[fold])
    parts = hstack([added.multiply((fold == number)[:, None]) for number in numbers]).tocsr()
    sums = _gather(unit_of) @ parts
    n_units = sums.shape[0]
    totals = np.concatenate([(sums.T @ weights.T).T for weights in _draws(n_units, RESAMPLES, seed, n_units)])
    totals = totals.reshape(len(totals), len(numbers), -1)
    scores = metrics.from_totals("regression", totals, centered=True)["r2"]
    weights = np.where(np.isfinite(scores), totals[..., 0], 0.0)
    return np.asarray((np.nan_to_num(scores) * weights).sum(axis=1) / weights.sum(axis=1))


def _gather(unit_of: Codes) -> Any:
    """Sums clips to units: a sparse matrix [units, clips]."""
    from scipy.sparse import csr_matrix

    n = len(unit_of)
    return csr_matrix((np.ones(n), (unit_of, np.arange(n))), shape=(int(unit_of.max()) + 1, n))


def unit_sums(
    task: Task, y: npt.NDArray[Any], predicted: npt.NDArray[Any], unit_of: Codes, *, n_classes: int
) -> Any:
    """Contributions summed over the clips of each unit: float64 [units, K], a sparse matrix."""
    center = float(y.mean()) if task == "regression" else 0.0
    return _gather(unit_of) @ contributions(task, y, predicted, n_classes=n_classes, center=center)


def interval(value: float, samples: Array) -> Interval:
    """An estimate with the middle 95 % of its resamples (percentile method).

    Parameters
    ----------
    value : float
        The estimate.
    samples : float64 [resamples]
        What resamples give for it; those that are not finite are left out.
    """
    finite = samples[np.isfinite(samples)]
    if not len(finite):
        return Interval(value, math.nan, math.nan)
    low, high = np.quantile(finite, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(value, float(low), float(high))


def score_interval(metric: Metric, value: float, samples: Array, n_units: int) -> Interval:
    """An estimate with its interval; where no resample differs from a perfect score, the exact one.

    Parameters
    ----------
    metric : Metric
        What was estimated.
    value : float
        The estimate.
    samples : float64 [resamples]
        What resamples give for it.
    n_units : int
        How many clips or groups can be drawn independently.
    """
    found = interval(value, samples)
    if metric.least is None or value not in (metric.least, 1.0) or found.low != found.high:
        return found
    return perfect_interval(value, n_units, least=metric.least)


def perfect_interval(value: float, n_units: int, *, least: float = 0.0) -> Interval:
    """Exact (Clopper-Pearson) interval of a share that is 0 or 1, where a bootstrap has nothing to vary.

    Parameters
    ----------
    value : float
        1, or `least`.
    n_units : int
        Units of which the share is.
    least : float
        The lowest value of a score that grows with the share: -1 of a correlation.

    References
    ----------
    C. J. Clopper and E. S. Pearson, Biometrika 26 (1934): with all of n right the lower bound p
    solves p^n = 0.025.

    Examples
    --------
    >>> print(perfect_interval(1.0, 100))
    1.000 (0.964 to 1.000)
    """
    bound = float(((1 - LEVEL) / 2) ** (1 / n_units))
    if value == 1:
        return Interval(value, least + (1 - least) * bound, 1.0)
    return Interval(value, least, least + (1 - least) * (1 - bound))


def permutation_p(
    task: Task,
    y: npt.NDArray[Any],
    first: npt.NDArray[Any],
    second: npt.NDArray[Any],
    unit_of: Codes,
    *,
    n_classes: int,
    seed: int,
    score: str,
) -> float:
    """Two-sided p-value of the difference of two views on the same clips.

    The two predictions of a unit are exchanged at random, `RESAMPLES` times: were the views equally
    good, the observed difference would be one among those.

    Returns
    -------
    float
        (1 + differences at least as large) / (1 + permutations).
    """
    _, unit_of = np.unique(unit_of, return_inverse=True)
    a = unit_sums(task, y, first, unit_of, n_classes=n_classes)
    b = unit_sums(task, y, second, unit_of, n_classes=n_classes)
    both, change = np.asarray((a + b).sum(axis=0)).ravel() / 2, (a - b).tocsr() / 2

    def difference(signed: Array) -> Array:
        return (
            metrics.from_totals(task, both + signed)[score] - metrics.from_totals(task, both - signed)[score]
        )

    observed = abs(float(difference(np.asarray(change.sum(axis=0)).ravel())))
    rng = np.random.default_rng(seed)
    larger = 0
    for rows in _block_sizes(RESAMPLES, len(unit_of)):
        signs = rng.integers(0, 2, size=(change.shape[0], rows), dtype=np.int8) * 2.0 - 1.0
        larger += int((np.abs(difference((change.T @ signs).T)) >= observed - 1e-12).sum())
    return (1 + larger) / (1 + RESAMPLES)


def bootstrap_p(differences: Array) -> float:
    """Two-sided p-value from resampled differences: twice the smaller share on either side of zero."""
    n = len(differences)
    side = min(int((differences <= 0).sum()), int((differences >= 0).sum()))
    return min(1.0, 2 * (1 + side) / (1 + n))


def holm(p_values: Sequence[float]) -> list[float]:
    """P-values for several comparisons together (Holm's step-down method).

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    order = np.argsort(p_values)
    adjusted, running = [1.0] * len(p_values), 0.0
    for rank, i in enumerate(order):
        running = max(running, min(1.0, (len(p_values) - rank) * p_values[i]))
        adjusted[i] = running
    return adjusted


def _draws(n_units: int, n_resamples: int, seed: int, width: int) -> Iterator[Array]:
    """How often each unit is drawn, float64 [some resamples, units], in blocks of bounded memory."""
    rng = np.random.default_rng(seed)
    for rows in _block_sizes(n_resamples, max(n_units, width)):
        drawn = rng.integers(n_units, size=(rows, n_units))
        drawn += np.arange(rows)[:, None] * n_units
        yield np.bincount(drawn.ravel(), minlength=rows * n_units).reshape(rows, n_units).astype(np.float64)


def _block_sizes(total: int, width: int) -> Iterator[int]:
    size = max(1, min(total, _BLOCK // max(width, 1)))
    for start in range(0, total, size):
        yield min(size, total - start)
