"""The rows most like another: exact search in blocks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]
BLOCK_VALUES = 1 << 22  # numbers that are compared at a time: 16 MB


def nearest(
    X: npt.NDArray[Any], query: npt.NDArray[Any], count: int, *, left_out: npt.NDArray[np.bool_] | None = None
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """The rows most like `query`: by the cosine of the angle between standardised columns.

    Every row is compared. Beside `X`, which may be mapped from a file, a few blocks of it are in memory.

    Parameters
    ----------
    X : float [n, d]
        Finite.
    query : float [d]
    count : int
        Rows that are wanted; fewer where there are no more.
    left_out : bool [n], optional
        Rows that are not wanted. They count for the standardisation.

    Returns
    -------
    rows : int64 [count]
        The most similar first, of equal ones the first.
    similarity : float64 [count]
        -1 to 1; 0 where all columns of a row are at their means.

    Examples
    --------
    >>> X = np.array([[0.0, 1.0], [1.0, 0.0], [0.1, 0.9]])
    >>> nearest(X, X[0], 2)[0].tolist()
    [0, 2]
    """
    mean, scale = _standard(X)
    z = ((np.asarray(query, np.float64) - mean) * scale).astype(np.float32)
    length = float(np.linalg.norm(z))
    kept_rows, kept = np.zeros(0, np.int64), np.zeros(0, np.float64)
    for first, block in _blocks(X):
        Z = (block - mean.astype(np.float32)) * scale.astype(np.float32)
        lengths = np.sqrt(np.einsum("ij,ij->i", Z, Z)).astype(np.float64) * length
        similarity = np.divide(Z @ z, lengths, out=np.zeros(len(Z)), where=lengths > 0).clip(-1, 1)
        rows = np.arange(first, first + len(Z))
        if left_out is not None:
            wanted = ~left_out[first : first + len(Z)]
            rows, similarity = rows[wanted], similarity[wanted]
        rows, similarity = np.concatenate([kept_rows, rows]), np.concatenate([kept, similarity])
        order = np.argsort(-similarity, kind="stable")[:count]
        kept_rows, kept = rows[order], similarity[order]
    return kept_rows, kept


def _standard(X: npt.NDArray[Any]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Mean of each column, and the factor that makes its deviation 1; 0 for a constant column."""
    total = np.zeros(X.shape[1])
    origin = np.asarray(X[0], np.float64) if len(X) else total  # near the mean, so that squares stay small
    squares = np.zeros(X.shape[1])
    for _, block in _blocks(X):
        shifted = block - origin.astype(np.float32)
        total += shifted.sum(axis=0, dtype=np.float64)
        squares += np.einsum("ij,ij->j", shifted, shifted, dtype=np.float64)
    number = max(1, len(X))
    variance = squares / number - (total / number) ** 2
    # below what single precision tells apart, a column is constant
    tiny = 1e-12 * (squares / number + origin**2)
    scale = np.where(variance > tiny, 1 / np.sqrt(np.maximum(variance, np.finfo(float).tiny)), 0.0)
    return origin.astype(np.float32) + total / number, scale


def _blocks(X: npt.NDArray[Any]) -> Iterator[tuple[int, Array]]:
    size = max(1, BLOCK_VALUES // max(1, X.shape[1]))
    for first in range(0, len(X), size):
        yield first, np.asarray(X[first : first + size], np.float32)
