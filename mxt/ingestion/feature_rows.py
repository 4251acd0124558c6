"""Writing features that were computed elsewhere into a feature table."""

from __future__ import annotations

import mmap
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from mxt.core.errors import Reason
from mxt.core.progress import SILENT, Progress
from mxt.store.features import OPEN, FeatureTable
from mxt.store.table_keys import Keys

if TYPE_CHECKING:
    import numpy.typing as npt

    Rows = npt.NDArray[np.int64]

KIND = "imported"


BLOCK = 4096  # rows that are in memory at a time


def blocks(
    layers: Mapping[str, npt.NDArray[Any]], rows: Rows | None = None
) -> Iterator[tuple[int, dict[str, npt.NDArray[np.float32]], npt.NDArray[np.bool_]]]:
    """Rows of all layers in single precision, some at a time: a file that is mapped is never read whole.

    Parameters
    ----------
    layers : mapping
        Layer name to float [n, dimension].
    rows : int64 [m], optional
        Which rows, in which order; all of them by default.

    Yields
    ------
    first : int
        Number of the block's first row among `rows`.
    values : dict
        Layer name to float32 [at most `BLOCK`, dimension]; what does not fit becomes infinite.
    finite : bool [at most `BLOCK`]
        Rows that are finite in all layers.
    """
    number = len(next(iter(layers.values()))) if rows is None else len(rows)
    for first in range(0, number, BLOCK):
        part = slice(first, first + BLOCK) if rows is None else rows[first : first + BLOCK]
        with np.errstate(over="ignore"):
            values = {name: np.asarray(array[part], np.float32) for name, array in layers.items()}
        finite = np.logical_and.reduce([np.isfinite(array).all(axis=1) for array in values.values()])
        yield first, values, finite
        for array in layers.values():
            _let_go(array)


def _let_go(array: npt.NDArray[Any]) -> None:
    """Give the pages of a mapped file back, which count as memory until then."""
    if isinstance(array.base, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        array.base.madvise(mmap.MADV_DONTNEED)


def finite_rows(layers: Mapping[str, npt.NDArray[Any]], rows: Rows | None = None) -> npt.NDArray[np.bool_]:
    """Rows that are finite in all layers, in single precision, bool [n]."""
    return np.concatenate([finite for _, _, finite in blocks(layers, rows)] or [np.zeros(0, bool)])


def fill(
    table: FeatureTable,
    keys: Keys,
    layers: Mapping[str, npt.NDArray[Any]],
    *,
    rows: Rows | None = None,
    progress: Progress = SILENT,
) -> int:
    """Store the rows of `keys` that are open, or mark them failed where a number is not finite.

    Parameters
    ----------
    table : FeatureTable
    keys : uint8 [n, 32]
        Row keys, each once.
    layers : mapping
        Layer name to float [n, dimension].
    rows : int64 [keys], optional
        Row of each key in `layers`; by default they are in one order.

    Returns
    -------
    int
        Rows written now; the others were there.

    Raises
    ------
    StoreBusy
        Another process writes the table.
    """
    if (table.states_of(keys)[1] != OPEN).all():
        return 0
    with table.writer() as writer, progress.step(f"import {table.label}", len(keys), unit="clips") as step:
        assigned = writer.assign(keys)
        is_open = np.isin(assigned, writer.open_rows())
        for first, values, finite in blocks(layers, rows):
            some, wanted = assigned[first : first + len(finite)], is_open[first : first + len(finite)]
            good = wanted & finite
            writer.put_all(some[good], {name: array[good] for name, array in values.items()})
            for row in some[wanted & ~finite].tolist():
                writer.fail(row, Reason.NOT_FINITE)
            step.advance(len(finite))
    return int(is_open.sum())
