"""How unusual a clip is beside what was learnt: by its nearest neighbours among the learning clips.

Distances are taken relative to those that the neighbours have from their own neighbours, so that what lies
beside a dense class is told apart as well as what lies beside a wide one.

References
----------
M. Breunig et al., LOF: Identifying Density-Based Local Outliers, SIGMOD 2000 (here with mean distances).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mxt.core.reprs import short_repr

Floats = npt.NDArray[np.float64]
NEAREST = 10  # learning clips whose mean distance counts
MOST = 2000  # learning clips that are kept
_AT_ONCE = 1 << 22  # distances held at once


@dataclass(frozen=True, eq=False)
class Likeness:
    """Learning clips to be compared with, and how unusual such clips are among one another.

    Parameters
    ----------
    rows : float32 [kept, columns]
        Standardised features of learning clips, `MOST` at most, spread over the classes.
    reach : float32 [kept]
        Mean distance of each from its nearest ones that do not belong together with it.
    unusual : float32 [n]
        Of learning clips: mean distance from the nearest ones, relative to the reach of these; sorted.
    """

    rows: npt.NDArray[np.float32]
    reach: npt.NDArray[np.float32]
    unusual: npt.NDArray[np.float32]
    __repr__ = short_repr

    def shares(self, X: npt.NDArray[Any]) -> Floats:
        """The share of learning clips that are at least as unusual as each row X [n, columns].

        Small for a clip unlike all that was learnt; never less than 1 / (learning clips + 1).
        """
        distance, nearest = _nearest(X, self.rows)
        unusual = (distance / self.reach[nearest].mean(axis=1)).astype(np.float32)
        n = len(self.unusual)
        return np.asarray((1 + n - np.searchsorted(self.unusual, unusual, side="left")) / (n + 1))

    def is_unlike(self, shares: npt.NDArray[Any], reject: float) -> npt.NDArray[np.bool_]:
        """Where `shares` are those of clips more unusual than all but a share `reject` of what was learnt."""
        least = 1 / (len(self.unusual) + 1)
        return np.asarray(shares <= max(reject, least) + 1e-9) if reject > 0 else np.zeros(len(shares), bool)


def learn_likeness(
    X: npt.NDArray[Any], unit_of: npt.NDArray[Any], class_of: npt.NDArray[Any], *, seed: int
) -> Likeness:
    """Keep learning clips, and measure how unusual each is beside those of other units.

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
    distances, nearest = _nearest(X, X[kept], unit_of, unit_of[kept])
    reach = np.maximum(distances[kept], np.finfo(np.float32).tiny).astype(np.float32)
    unusual = np.sort(distances / reach[nearest].mean(axis=1))
    return Likeness(X[kept], reach, unusual.astype(np.float32))


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
    unit_of: npt.NDArray[Any] | None = None,
    unit_of_rows: npt.NDArray[Any] | None = None,
) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Mean distance of each X from its nearest rows, and which these are; with units, of other units."""
    squares = (rows.astype(np.float64) ** 2).sum(axis=1)
    step = max(1, _AT_ONCE // len(rows))
    others = len(rows)
    if unit_of_rows is not None:
        others -= int(np.unique(unit_of_rows, return_counts=True)[1].max())
    number = max(1, min(NEAREST, others))
    distances, nearest = np.empty(len(X)), np.empty((len(X), number), dtype=np.int64)
    for first in range(0, len(X), step):
        here = slice(first, first + step)
        part = X[here].astype(np.float64)
        squared = (part**2).sum(axis=1)[:, None] + squares - 2 * part @ rows.T.astype(np.float64)
        if unit_of is not None:
            squared[unit_of[here, None] == unit_of_rows] = np.inf
        nearest[here] = np.argpartition(squared, number - 1, axis=1)[:, :number]
        found = np.take_along_axis(squared, nearest[here], axis=1)
        distances[here] = np.sqrt(np.maximum(found, 0)).mean(axis=1)
    return distances, nearest
