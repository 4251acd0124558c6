"""What is summed over clips, so that metrics can be computed of any resample: counts, sums, and ranks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mxt.core.records import Task
from mxt.core.reprs import short_repr

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False, slots=True)
class Counts:
    """Of a classification, [..., classes]: clips of a class, those predicted right, those predicted as it."""

    true: Array
    right: Array
    predicted: Array
    __repr__ = short_repr


@dataclass(frozen=True, eq=False, slots=True)
class Sums:
    """Of a regression, each [...].

    Parameters
    ----------
    n : float64
        Clips.
    variation : float64
        Sum of (y - mean y)^2; NaN where all values are equal.
    squared, absolute : float64
        Sums of the squared and of the absolute errors.
    """

    n: Array
    variation: Array
    squared: Array
    absolute: Array
    __repr__ = short_repr


@dataclass(frozen=True, eq=False, slots=True)
class Ranks:
    """Of one label, by falling score, [resamples, scores]: clips that have it, and clips that do not."""

    positive: Array
    negative: Array
    __repr__ = short_repr


def contributions(
    task: Task,
    y: npt.NDArray[Any],
    predicted: npt.NDArray[Any],
    *,
    n_classes: int,
    center: float | Array = 0.0,
) -> Any:
    """What each clip adds to the sums that scores are computed from.

    Parameters
    ----------
    task : {"classification", "regression"}
        Rankings (multilabel) are no functions of sums.
    y, predicted : [n]
        Class numbers, or values.
    n_classes : int
        Of a classification.
    center : float or float64 [n]
        Of a regression: subtracted before squaring, for accuracy; any constant gives the same scores, unless
        they are `centered`.

    Returns
    -------
    float64 [n, K], a sparse matrix
        Classification: one-hot class, one-hot class where right, one-hot prediction (K = 3 classes).
        Regression: 1, y, y^2, squared error, absolute error.
    """
    from scipy.sparse import csr_matrix

    n = len(y)
    if task == "regression":
        error, value = predicted - y, y - center
        return csr_matrix(np.stack([np.ones(n), value, value**2, error**2, np.abs(error)], axis=1))
    right = np.flatnonzero(predicted == y)
    rows = np.concatenate([np.arange(n), right, np.arange(n)])
    columns = np.concatenate([y, n_classes + y[right], 2 * n_classes + predicted])
    return csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(n, 3 * n_classes))


def totals_of(task: Task, totals: Array, *, centered: bool = False) -> Counts | Sums:
    """Sums of contributions by their names.

    Parameters
    ----------
    task : {"classification", "regression"}
    totals : float64 [..., K]
    centered : bool
        True: r² is measured against the center that was subtracted, not against the mean of the clips summed.
        The mean of a resample fits it better than the mean of the sample that it stands for: measured against
        that, r² came out too low, below 0 for a prediction that is the mean itself.
    """
    if task != "regression":
        return Counts(*np.split(totals, 3, axis=-1))
    n, y, y2, squared, absolute = np.moveaxis(totals, -1, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        variation = y2 if centered else y2 - y**2 / n
        varies = variation > 1e-12 * np.maximum(y2, 1e-300)
    return Sums(n, np.where(varies, variation, np.nan), squared, absolute)


def ranked(y: npt.NDArray[np.bool_], score: npt.NDArray[Any], weights: Array) -> Ranks:
    """Clips of one label by falling score; those with equal scores are one step."""
    order = np.argsort(-score, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(score[order]) != 0])
    weighed = weights[:, order]
    positive = np.add.reduceat(weighed * y[order], starts, axis=1)
    return Ranks(positive, np.add.reduceat(weighed, starts, axis=1) - positive)
