"""What is odd about a matrix of features: columns that say nothing, rows far from all others."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from mxt.evaluation.groups import Codes

FAR = 5.0  # distance to the nearest row, in medians of that distance, from which a row lies apart


def constant_columns(X: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Columns that never change: bool [d]."""
    return np.asarray(np.ptp(X, axis=0) == 0)


def equal_columns(X: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Columns that change and equal an earlier one: bool [d]."""
    seen: set[bytes] = set()
    repeated = np.zeros(X.shape[1], dtype=bool)
    for place in np.flatnonzero(~constant_columns(X)):
        column = np.ascontiguousarray(X[:, place]).tobytes()
        repeated[place] = column in seen
        seen.add(column)
    return repeated


def outliers(X: npt.NDArray[Any], neighbour: Codes) -> npt.NDArray[np.int64]:
    """Rows far from every other row, the farthest first.

    Parameters
    ----------
    X : float [n, d]
    neighbour : int64 [n]
        The nearest other row of each.
    """
    Z = X.astype(np.float64)
    Z = Z / np.where(constant_columns(X), 1.0, Z.std(axis=0))
    distance = np.linalg.norm(Z - Z[neighbour], axis=1)
    far = (
        np.flatnonzero(distance > FAR * np.median(distance)) if np.median(distance) > 0 else np.array([], int)
    )
    return far[np.argsort(-distance[far])]
