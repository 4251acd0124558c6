"""Clips that are the same recording, seen in their features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[Any]
# Standardised distance in 120 columns below which two clips are taken for one recording. Measured on
# published MFCCs: copies in GTZAN genre lie up to 0.40 apart, the next pairs at 0.52 and 1.29 (in one run
# with copies, so likely copies too), 2.7, 3.0 and 4.0; the nearest clips of GTZAN speech/music are 6.9 apart,
# those of emoMusic 5.9.
NEAR = 0.5
COLUMNS = 120
IDENTICAL = 1e-6
LARGEST = 10_000  # rows up to which `mxt eval` looks
BEYOND = 5  # pairs above the limit that are named
_BLOCK = 1024


@dataclass(frozen=True, slots=True)
class Pair:
    """Two rows and the Euclidean distance of their standardised features."""

    first: int
    second: int
    distance: float

    @property
    def identical(self) -> bool:
        """Whether the features are equal."""
        return self.distance <= IDENTICAL


@dataclass(frozen=True, slots=True)
class Duplicates:
    """Pairs below the limit, nearest first, and the nearest above it: they show how safe the limit is."""

    pairs: tuple[Pair, ...]
    limit: float
    beyond: tuple[Pair, ...]

    def conflicts(self, y: Sequence[Any] | Matrix) -> list[Pair]:
        """Pairs with different targets."""
        return [pair for pair in self.pairs if y[pair.first] != y[pair.second]]

    def beyond_first(self, n: int) -> npt.NDArray[np.bool_]:
        """Rows that are a copy of an earlier one: bool [n]."""
        copy = np.zeros(n, dtype=bool)
        copy[[pair.second for pair in self.pairs]] = True
        return copy


def find_duplicates(X: Matrix, *, near: float = NEAR) -> Duplicates:
    """Pairs of rows nearer than `near`, scaled to the number of columns.

    Parameters
    ----------
    X : float [n, d]
        Columns that do not vary are left out.
    near : float
        Standardised distance in 120 columns; in d columns that times sqrt(d / 120).

    Returns
    -------
    Duplicates
        ``beyond`` holds the five nearest pairs above the limit.
    """
    X = X.astype(np.float64)
    spread = X.std(axis=0)
    X = X[:, spread > 1e-12]
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    limit = near * (max(X.shape[1], 1) / COLUMNS) ** 0.5
    squares = (X**2).sum(axis=1)
    near_pairs: list[Pair] = []
    beyond: list[Pair] = []
    for start in range(0, len(X), _BLOCK):
        rows = X[start : start + _BLOCK]
        # |a - b|^2 = |a|^2 + |b|^2 - 2 a.b; small ones are computed again without cancellation
        square = squares[start : start + len(rows), None] + squares[None, start:] - 2 * rows @ X[start:].T
        square[np.tril_indices(len(rows), m=square.shape[1])] = np.inf
        small = np.flatnonzero(square < 1.1 * limit**2 + 1e-6)
        kth = min(len(small) + BEYOND, square.size - 1)
        nearest = np.argpartition(square, kth, axis=None)[: kth + 1]
        for flat in np.union1d(small, nearest[np.isfinite(square.ravel()[nearest])]):
            i, j = divmod(int(flat), square.shape[1])
            pair = Pair(start + i, start + j, float(np.linalg.norm(rows[i] - X[start + j])))
            (near_pairs if pair.distance < limit else beyond).append(pair)
    return Duplicates(_nearest(near_pairs), limit, _nearest(beyond)[:BEYOND])


def _nearest(pairs: list[Pair]) -> tuple[Pair, ...]:
    return tuple(sorted(pairs, key=lambda pair: (pair.distance, pair.first)))
