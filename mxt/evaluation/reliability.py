"""Whether probabilities mean what they say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mxt.evaluation.interval import Interval

BINS = 10


@dataclass(frozen=True, slots=True)
class Bin:
    """Clips about which a classifier was equally sure.

    Parameters
    ----------
    clips : int
    stated : float
        Mean probability of the predicted class.
    right : Interval
        Share that was predicted right, with Wilson's 95 % interval.
    """

    clips: int
    stated: float
    right: Interval


@dataclass(frozen=True, slots=True)
class Reliability:
    """How far probabilities can be trusted.

    Parameters
    ----------
    bins : tuple of Bin
        By rising probability of the predicted class; empty ones are left out.
    brier : float
        Mean squared error of the probabilities, summed over classes: 0 is perfect, 2 always surely wrong.
    baseline : float
        The same of the classes' shares, which need no listening.
    gap : float
        Mean difference between the stated probability and the share that was right, over clips
        (the expected calibration error).
    """

    bins: tuple[Bin, ...]
    brier: float
    baseline: float
    gap: float


def reliability(probabilities: npt.NDArray[Any], y: npt.NDArray[Any], *, bins: int = BINS) -> Reliability:
    """Compare probabilities with what was true.

    Parameters
    ----------
    probabilities : float [n, classes]
        Rows sum to 1.
    y : int [n]
        True classes.
    bins : int
        Of equal width, from 0 to 1.

    Examples
    --------
    >>> sure = reliability(np.array([[0.8, 0.2]] * 5), np.array([0, 0, 0, 0, 1]))
    >>> round(sure.brier, 2), round(abs(sure.gap), 2)
    (0.32, 0.0)
    """
    p = probabilities.astype(np.float64)
    truth = np.eye(p.shape[1])[y]
    stated, right = p.max(axis=1), p.argmax(axis=1) == y
    bin_of = np.minimum((stated * bins).astype(int), bins - 1)
    filled = tuple(_bin(stated[bin_of == i], right[bin_of == i]) for i in np.unique(bin_of))
    return Reliability(
        bins=filled,
        brier=float(((p - truth) ** 2).sum(axis=1).mean()),
        baseline=float(((truth.mean(axis=0) - truth) ** 2).sum(axis=1).mean()),
        gap=sum(one.clips * abs(one.stated - one.right.value) for one in filled) / len(y),
    )


def _bin(stated: npt.NDArray[np.float64], right: npt.NDArray[np.bool_]) -> Bin:
    from scipy.stats import binomtest

    test = binomtest(int(right.sum()), len(right))
    low, high = test.proportion_ci(method="wilson")
    return Bin(len(right), float(stated.mean()), Interval(float(right.mean()), float(low), float(high)))
