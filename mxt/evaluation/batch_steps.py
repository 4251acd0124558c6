"""Whether features remember the batch they were computed in: a step in them at every so many rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from mxt.evaluation.groups import Codes

WINDOW = 12  # rows compared on either side
BATCHES = (32, 50, 64, 100, 128, 200, 250, 256, 500, 512, 1000, 1024, 2048)  # rows people compute together
CLEAR = 0.001  # catalogues have an order of their own: speakers, sessions


@dataclass(frozen=True, slots=True)
class StepTest:
    """Steps at the suspected rows against those at all other rows where a window fits into one class.

    Parameters
    ----------
    rows : tuple of int
        Suspected rows that could be tested.
    steps : tuple of float
        Mean squared standardised difference of the rows before and after, divided by the median of `others`.
    larger : tuple of float
        Share of other rows with a step at least as large.
    p : float
        Chance of such a mean step were the suspected rows like any other (rows drawn at random, 20,000
        times).
    others : int
        How many other rows they were compared with.
    """

    @property
    def every(self) -> int:
        """The distance of the suspected rows."""
        return int(np.gcd.reduce(self.rows))

    @property
    def clear(self) -> bool:
        """Whether chance is an unlikely explanation."""
        return self.p < CLEAR

    rows: tuple[int, ...]
    steps: tuple[float, ...]
    larger: tuple[float, ...]
    p: float
    others: int


def step_test(
    X: npt.NDArray[Any], y: Codes, *, every: int, beside: npt.NDArray[Any] | None = None, seed: int = 0
) -> StepTest | None:
    """Test for steps at rows `every`, 2 `every`, …

    Parameters
    ----------
    X : float [n, d]
        Rows in the order in which they were computed.
    y : int64 [n]
        Classes; windows lie within a run of one class, so that a change of class is not a step. All equal: no
        classes.
    every : int
        Rows computed together.
    beside : float [n, e], optional
        Features of the same clips that know of no batch: what they predict of `X` (ridge regression) is taken
        off first, so that a change in the music is not a step.
    seed : int
        Of the random draws.

    Returns
    -------
    StepTest or None
        ``None`` where no suspected row can be tested, or no column varies.
    """
    suspected, others = _testable(y, every)
    X = X if beside is None else _unexplained(X, beside)
    spread = X.std(axis=0)
    if not suspected or len(others) < 20 or not (spread > 1e-12).any():
        return None
    Z = X[:, spread > 1e-12] / spread[spread > 1e-12]
    if not Z.shape[1]:  # constant columns have no steps
        return None
    sums = np.vstack([np.zeros(Z.shape[1]), np.cumsum(Z, axis=0, dtype=np.float64)])

    def step(row: int) -> float:
        before, after = sums[row] - sums[row - WINDOW], sums[row + WINDOW] - sums[row]
        return float((((after - before) / WINDOW) ** 2).mean())

    found, usual = np.array([step(row) for row in suspected]), np.array([step(int(row)) for row in others])
    drawn = np.random.default_rng(seed).choice(usual, size=(20_000, len(found)))
    p = (1 + int((drawn.mean(axis=1) >= found.mean()).sum())) / 20_001
    larger = tuple(float((usual >= each).mean()) for each in found)
    return StepTest(tuple(suspected), tuple((found / np.median(usual)).tolist()), larger, p, len(usual))


def find_steps(
    X: npt.NDArray[Any], y: Codes, *, beside: npt.NDArray[Any] | None = None, seed: int = 0
) -> StepTest | None:
    """The clearest steps at every so many rows, for all usual sizes of a batch.

    Parameters
    ----------
    X : float [n, d]
        Rows in catalogue order.
    y : int64 [n]
        Classes. Where few rows of one class follow one another, differences of classes are taken off instead.
    beside : float [n, e], optional
        As for `step_test`.
    seed : int

    Returns
    -------
    StepTest or None
        Of at least two rows. Its `p` is adjusted for the number of sizes tried (Bonferroni). ``None`` where
        none can be tested.
    """
    X = X if beside is None else _unexplained(X, beside)
    if np.count_nonzero(np.diff(y)) * 3 * WINDOW > len(y):
        means = np.stack([X[y == one].mean(axis=0) for one in np.unique(y)])
        X, y = X - means[np.unique(y, return_inverse=True)[1]], np.zeros(len(y), dtype=np.int64)
    tests = [step_test(X, y, every=every, seed=seed) for every in BATCHES if every < len(X)]
    there = [test for test in tests if test is not None and len(test.rows) > 1]
    if not there:
        return None
    best = min(there, key=lambda test: (test.p, -float(np.mean(test.steps))))
    return replace(best, p=min(1.0, best.p * len(there)))


def _testable(y: Codes, every: int) -> tuple[list[int], npt.NDArray[np.int64]]:
    """Suspected rows, and all others away from them, with a window on either side within one class."""
    n = len(y)
    starts = np.flatnonzero(np.r_[True, y[1:] != y[:-1]])
    fits, near = np.zeros(n, dtype=bool), np.zeros(n, dtype=bool)
    for start, end in zip(starts, np.r_[starts[1:], n], strict=True):
        fits[start + WINDOW : max(end - WINDOW + 1, start + WINDOW)] = True
    for row in range(every, n, every):
        near[max(0, row - WINDOW) : row + WINDOW] = True
    return [row for row in range(every, n, every) if fits[row]], np.flatnonzero(fits & ~near)


def _unexplained(X: npt.NDArray[Any], beside: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    from sklearn.linear_model import RidgeCV
    from sklearn.preprocessing import StandardScaler

    B, Z = (
        StandardScaler().fit_transform(beside.astype(np.float64)),
        StandardScaler().fit_transform(X.astype(np.float64)),
    )
    return np.asarray(Z - RidgeCV(alphas=np.logspace(0, 4, 9)).fit(B, Z).predict(B))
