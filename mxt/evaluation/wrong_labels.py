"""Labels that are probably wrong, by out-of-fold probabilities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Suspect:
    """A row whose label is probably wrong: the likelier class, and how well the given one fits, 0 to 1."""

    row: int
    suggested: int
    quality: float


def find_suspects(probabilities: npt.NDArray[Any], y: npt.NDArray[Any]) -> list[Suspect]:
    """Rows that look more like another class than clips of that class usually do, the worst first.

    The quality of a label is its out-of-fold probability. Of labels changed at random this finds more than
    the margin to the likeliest other class does (measured by ``tests/benchmarks/planted_labels.py``).

    Parameters
    ----------
    probabilities : float [rows, classes]
        Of a head that did not see the row; rows sum to 1.
    y : int64 [rows]
        Given classes.

    References
    ----------
    Northcutt, Jiang, Chuang, Confident learning, JAIR 2021: a class is suggested from the mean probability of
    its own clips on.

    Examples
    --------
    >>> p = np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.9, 0.1]])
    >>> find_suspects(p, np.array([0, 0, 1, 1]))
    [Suspect(row=3, suggested=0, quality=0.1)]
    """
    quality = ranked(probabilities, y)
    suggested = probabilities.argmax(axis=1)
    usual = np.array(
        [probabilities[y == i, i].mean() if (y == i).any() else 1.0 for i in range(probabilities.shape[1])]
    )
    sure = probabilities[np.arange(len(y)), suggested] >= usual[suggested]
    rows = np.flatnonzero((suggested != y) & sure)
    order = rows[np.argsort(quality[rows], kind="stable")]
    return [Suspect(int(row), int(suggested[row]), float(quality[row])) for row in order]


def ranked(probabilities: npt.NDArray[Any], y: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """How well each label fits: its probability, float64 [rows]."""
    return np.asarray(probabilities[np.arange(len(y)), y], dtype=np.float64)
