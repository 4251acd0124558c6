"""Writing features that were computed elsewhere into a feature table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mxt.core.errors import Reason
from mxt.core.progress import SILENT, Progress
from mxt.store.features import OPEN, FeatureTable

if TYPE_CHECKING:
    import numpy.typing as npt

KIND = "imported"


def single(values: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """`values` in single precision; what does not fit becomes infinite."""
    with np.errstate(over="ignore"):
        return np.asarray(values, np.float32)


def finite_rows(layers: Mapping[str, npt.NDArray[np.float32]]) -> npt.NDArray[np.bool_]:
    """Rows that are finite in all layers, bool [n]."""
    return np.asarray(
        np.logical_and.reduce([np.isfinite(values).all(axis=1) for values in layers.values()]), bool
    )


def fill(
    table: FeatureTable,
    keys: Sequence[bytes],
    layers: Mapping[str, npt.NDArray[np.float32]],
    *,
    progress: Progress = SILENT,
) -> int:
    """Store the rows of `keys` that are open, or mark them failed where a number is not finite.

    Parameters
    ----------
    table : FeatureTable
    keys : sequence of bytes
        Row keys, each once.
    layers : mapping
        Layer name to float32 [n, dimension].

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
    good = finite_rows(layers)
    with table.writer() as writer, progress.step(f"import {table.label}", len(keys), unit="clips") as step:
        assigned = writer.assign(keys)
        open_rows = set(writer.open_rows().tolist())
        for index, row in enumerate(assigned.tolist()):
            step.advance()
            if row not in open_rows:
                continue
            if good[index]:
                writer.put(row, {name: values[index] for name, values in layers.items()})
            else:
                writer.fail(row, Reason.NOT_FINITE)
    return len(open_rows.intersection(assigned.tolist()))
