"""Two columns on the same clips, from their saved predictions; and a correlation over data sets."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mxt.core.reprs import short_repr
from mxt.evaluation import metrics, statistics
from mxt.evaluation.comparison import Difference, against_best, parts_of
from mxt.evaluation.groups import Codes
from mxt.evaluation.interval import Interval
from mxt.evaluation.statistics import Judged

Arrays = Mapping[str, npt.NDArray[Any]]
SCORE = "accuracy"
RESAMPLES = 2000
MOST_ORDERS = 5040  # of up to seven data sets, every order is tried; of more, so many at random
WIDTH = 2 * 1.96  # standard errors in a 95 % interval


def paired(
    first: Arrays, second: Arrays, *, key: Callable[[str], str] = str, seed: int = 0
) -> Difference | None:
    """The accuracy of `first` minus that of `second`, on the clips and runs that both have.

    Parameters
    ----------
    first, second : mapping
        Saved predictions: ``clip``, ``fold``, ``y_true``, ``y_predicted``, ``unit``, ``classes``.
    key : callable
        From a clip's id to what both call it.
    seed : int
        Of the random signs.

    Returns
    -------
    Difference or None
        With the interval and the p-value of `mxt.evaluation.comparison.against_best`, over units (clips, or
        groups of clips) and runs; ``None`` where there is no common clip.
    """
    common = _Common.of((first, second), key)
    if common is None:
        return None
    parts = np.stack([parts_of(judged, SCORE) for judged in common.judged], axis=1)
    compared = against_best([_accuracy(judged) for judged in common.judged], parts, seed=seed)
    difference = compared.differences[1 - compared.best]
    assert difference is not None
    interval = difference.interval if compared.best == 1 else _negative(difference.interval)
    return Difference(common.allowing(interval), difference.p)


def paired_changes(
    first: tuple[Arrays, Arrays], second: tuple[Arrays, Arrays], *, key: Callable[[str], str], seed: int = 0
) -> Interval | None:
    """How `first` changes, minus how `second` changes; each is predictions after and before."""
    common = _Common.of((*first, *second), key)
    return None if common is None else common.contrast((1, -1, -1, 1), seed)


@dataclass(frozen=True, eq=False)
class _Common:
    """Several predictions of the same clips and runs."""

    judged: tuple[Judged, ...]
    __repr__ = short_repr

    @classmethod
    def of(cls, every: Sequence[Arrays], key: Callable[[str], str]) -> _Common | None:
        rows = [{pair: row for row, pair in enumerate(_pairs(arrays, key))} for arrays in every]
        pairs = [pair for pair in rows[0] if all(pair in others for others in rows[1:])]
        if not pairs:
            return None
        names = sorted({name for arrays in every for name in arrays["classes"].tolist()})
        taken = [np.array([of_one[pair] for pair in pairs]) for of_one in rows]
        y, unit_of = _codes(every[0], "y_true", names)[taken[0]], every[0]["unit"][taken[0]]
        run_of = np.unique([run for _, run in pairs], return_inverse=True)[1]
        return cls(
            tuple(
                Judged(
                    "classification",
                    y,
                    _codes(arrays, "y_predicted", names)[own],
                    unit_of,
                    len(names),
                    run_of=run_of,
                )
                for arrays, own in zip(every, taken, strict=True)
            )
        )

    def contrast(self, signs: Sequence[int], seed: int) -> Interval:
        """The signed sum of accuracies, with its interval over the same resamples of units and runs."""
        value, samples = 0.0, np.zeros(statistics.RESAMPLES)
        for sign, judged in zip(signs, self.judged, strict=True):
            value += sign * _accuracy(judged)
            samples += sign * statistics.resample(judged, seed=seed).scores[SCORE]
        return self.allowing(statistics.interval(value, samples, self.units))

    @property
    def units(self) -> int:
        """How many of the clips can be drawn independently."""
        return len(np.unique(self.judged[0].unit_of))

    def allowing(self, interval: Interval) -> Interval:
        """The interval; where no unit differs from another, what their number still allows."""
        if interval.low < interval.high:
            return interval
        value, allowed = interval.value, 1 - statistics.perfect_interval(1.0, self.units).low
        return Interval(value, max(-1.0, value - allowed), min(1.0, value + allowed))


def _accuracy(judged: Judged) -> float:
    """The accuracy of predictions."""
    scores = metrics.pooled("classification", judged.y, judged.predicted, n_classes=judged.n_classes)
    return scores[SCORE]


def _negative(interval: Interval) -> Interval:
    return Interval(-interval.value, -interval.high, -interval.low)


def _pairs(arrays: Arrays, key: Callable[[str], str]) -> list[tuple[str, str]]:
    """Clip and run of every prediction."""
    clips, runs = arrays["clip"].tolist(), arrays["fold"].tolist()
    return [(key(clip), run) for clip, run in zip(clips, runs, strict=True)]


def _codes(arrays: Arrays, name: str, names: Sequence[str]) -> Codes:
    """Class numbers among `names`."""
    code = np.array([names.index(known) for known in arrays["classes"].tolist()], np.int64)
    return np.asarray(code[arrays[name]])


def rank_correlation(
    x: Sequence[Interval], y: Sequence[Interval], *, seed: int = 0
) -> tuple[Interval, float]:
    """Spearman's rank correlation over data sets, with a bootstrap interval, and its p-value.

    Resamples draw data sets, and their values from what their intervals allow, so that data sets with few
    clips count for less. The two-sided p-value is that of a permutation test.
    """
    rng = np.random.default_rng(seed)
    values = [np.array([one.value for one in of]) for of in (x, y)]
    errors = [np.nan_to_num([(one.high - one.low) / WIDTH for one in of]) for of in (x, y)]
    n = len(x)
    samples = np.empty(RESAMPLES)
    for number in range(RESAMPLES):
        drawn = rng.integers(n, size=n)
        a, b = (v[drawn] + e[drawn] * rng.standard_normal(n) for v, e in zip(values, errors, strict=True))
        samples[number] = _spearman(a, b)
    rho = _spearman(*values)
    orders = _orders(n, rng)
    larger = sum(abs(_spearman(values[0][order], values[1])) >= abs(rho) - 1e-12 for order in orders)
    return statistics.interval(rho, samples, n), larger / len(orders)


def _orders(n: int, rng: np.random.Generator) -> list[npt.NDArray[np.int64]]:
    from itertools import permutations
    from math import factorial

    if factorial(n) <= MOST_ORDERS:
        return [np.array(order) for order in permutations(range(n))]
    return [np.arange(n), *(rng.permutation(n) for _ in range(MOST_ORDERS - 1))]


def _spearman(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> float:
    """NaN where all values of one are equal."""
    from scipy.stats import rankdata

    a, b = rankdata(x), rankdata(y)
    a, b = a - a.mean(), b - b.mean()
    norm = np.sqrt((a @ a) * (b @ b))
    return float(a @ b / norm) if norm else float("nan")
