"""How far a clip lies from what was learnt: by its nearest neighbours among the learning clips."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mxt.core.reprs import short_repr

NEAREST = 3  # learning clips whose mean distance counts
MOST = 2000  # learning clips that are kept
_AT_ONCE = 1 << 22  # distances held at once


@dataclass(frozen=True, eq=False)
class Likeness:
    """Learning clips to be compared with, and how far such clips lie from one another.

    Parameters
    ----------
    rows : float32 [kept, columns]
        Standardised features of learning clips, `MOST` at most, spread over the classes.
    distances : float32 [n]
        Of learning clips from the nearest ones that do not belong together with them, sorted.
    """

    rows: npt.NDArray[np.float32]
    distances: npt.NDArray[np.float32]
    __repr__ = short_repr

    def shares(self, X: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """The share of learning clips that lie at least as far off as each row X [n, columns].

        Small for a clip unlike all that was learnt; never less than 1 / (learning clips + 1).
        """
        distance = _nearest(X, self.rows, None, None)
        n = len(self.distances)
        return np.asarray((1 + n - np.searchsorted(self.distances, distance, side="left")) / (n + 1))

    def is_unlike(self, shares: npt.NDArray[Any], reject: float) -> npt.NDArray[np.bool_]:
        """Where `shares` are those of clips farther off than all but a share `reject` of what was learnt."""
        least = 1 / (len(self.distances) + 1)
        return np.asarray(shares <= max(reject, least) + 1e-9) if reject > 0 else np.zeros(len(shares), bool)


def learn_likeness(
    X: npt.NDArray[Any], unit_of: npt.NDArray[Any], class_of: npt.NDArray[Any], *, seed: int
) -> Likeness:
    """Keep learning clips, and measure how far each lies from those of other units.

    Parameters
    ----------
    X : [n, columns]
        Standardised features.
    unit_of : [n]
        Equal for clips that belong together.
    class_of : [n]
        What the clips that are kept are spread over.
    seed : int
        Of drawing them.
    """
    X = np.asarray(X, dtype=np.float32)
    kept = _spread(class_of, seed) if len(X) > MOST else np.arange(len(X))
    distances = _nearest(X, X[kept], unit_of, unit_of[kept])
    return Likeness(X[kept], np.sort(distances[np.isfinite(distances)]).astype(np.float32))


def _spread(class_of: npt.NDArray[Any], seed: int) -> npt.NDArray[np.int64]:
    """Rows taken in turn from the classes, drawn in each, sorted."""
    order = np.random.default_rng(seed).permutation(len(class_of))
    _, of_class = np.unique(class_of[order], return_inverse=True)
    by_class = np.argsort(of_class, kind="stable")
    starts = np.searchsorted(of_class[by_class], np.arange(of_class.max() + 1))
    turn = np.empty(len(order), dtype=np.int64)
    turn[by_class] = np.arange(len(order)) - starts[of_class[by_class]]
    return np.sort(order[np.argsort(turn, kind="stable")[:MOST]])


def _nearest(
    X: npt.NDArray[Any],
    rows: npt.NDArray[np.float32],
    unit_of: npt.NDArray[Any] | None,
    unit_of_rows: npt.NDArray[Any] | None,
) -> npt.NDArray[np.float32]:
    """Mean distance of each X from its nearest rows; with units, from those of other units."""
    squares = (rows.astype(np.float64) ** 2).sum(axis=1)
    step = max(1, _AT_ONCE // len(rows))
    nearest = min(NEAREST, len(rows) - (unit_of is not None)) or 1
    parts = []
    for first in range(0, len(X), step):
        part = X[first : first + step].astype(np.float64)
        distances = (part**2).sum(axis=1)[:, None] + squares - 2 * part @ rows.T.astype(np.float64)
        if unit_of is not None and unit_of_rows is not None:
            distances[unit_of[first : first + step, None] == unit_of_rows] = np.inf
        smallest = np.partition(distances, nearest - 1, axis=1)[:, :nearest]
        parts.append(np.sqrt(np.maximum(smallest, 0)).mean(axis=1))
    return np.concatenate(parts).astype(np.float32) if parts else np.zeros(0, np.float32)
