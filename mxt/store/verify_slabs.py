"""Slabs of a feature table: some thousand rows of all arrays, read as far as possible, and written back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mxt.core.files import remove_entry
from mxt.store.table import FeatureTable
from mxt.store.table_arrays import (
    chunk_error,
    chunk_path,
    chunks_of,
    open_array,
    rows_in,
    rows_per_chunk,
)
from mxt.store.table_chunks import ZarrArray
from mxt.store.table_schema import AUDIO, COPY, REASON, SEAL, STATE

SLAB_ROWS = 4096

Mask = npt.NDArray[np.bool_]


@dataclass
class Slab:
    """Some whole chunks of all arrays.

    Parameters
    ----------
    table : FeatureTable
        The table.
    start, stop : int
        Its rows.
    chunk_rows : int
        Rows per chunk.
    """

    table: FeatureTable
    start: int
    stop: int
    chunk_rows: int
    values: dict[str, npt.NDArray[Any]] = field(default_factory=dict)
    unreadable: dict[str, dict[int, str]] = field(default_factory=dict)  # array -> chunk -> why

    def __len__(self) -> int:
        return self.stop - self.start

    @property
    def chunks(self) -> int:
        """Chunks of all arrays."""
        return len(self.values) * -(-len(self) // self.chunk_rows)

    @property
    def layers(self) -> list[str]:
        """Arrays of the layers, in the order of the columns of the seals."""
        return [name for name in self.table.kinds if name not in (STATE, REASON, SEAL, AUDIO, COPY)]

    @property
    def seals(self) -> npt.NDArray[np.uint32]:
        """Seals of the rows' outcomes, uint32 [n]; zeros where a table has none."""
        none = np.zeros(len(self), np.uint32)
        return np.asarray(self.values[SEAL][:, 0] if SEAL in self.values else none, np.uint32)

    def read(self, name: str, array: ZarrArray) -> None:
        """Read these rows of one array; the fill value stands for rows that cannot be read."""
        values = np.full((len(self), *array.shape[1:]), array.fill_value, array.dtype)
        stop = min(self.stop, rows_in(array))
        self.values[name], self.unreadable[name] = values, {}
        try:
            if stop > self.start:
                values[: stop - self.start] = array[self.start : stop]
        except Exception:  # whatever a codec or the disk raises: find out which chunks
            for chunk in chunks_of(array, self.start, stop):
                first, end = chunk * self.chunk_rows, min((chunk + 1) * self.chunk_rows, stop)
                if why := chunk_error(array, chunk):
                    self.unreadable[name][chunk] = why
                else:
                    values[first - self.start : end - self.start] = array[first:end]

    def lost(self, name: str) -> Mask:
        """Rows in chunks that cannot be read."""
        chunks = np.arange(self.start, self.stop) // self.chunk_rows
        return np.array(np.isin(chunks, list(self.unreadable.get(name, ()))))

    def empty(self, layer: str) -> Mask:
        """Rows without (all of) their values in a layer."""
        return np.array(np.isnan(self.values[layer]).any(axis=1))

    @property
    def complete(self) -> Mask:
        """Rows that have values in all layers."""
        complete = np.ones(len(self), bool)
        for name in self.layers:
            complete &= ~self.empty(name)
        return complete


def slabs(table: FeatureTable) -> Iterator[tuple[Slab, Mapping[str, ZarrArray]]]:
    """All rows of a table, some thousand at a time, not yet read; and its arrays."""
    # the state first: whatever it says is settled was written before it
    arrays = {name: open_array(table.path, name, kind=kind) for name, kind in reversed(table.kinds.items())}
    rows = min(rows_in(arrays[AUDIO]), rows_in(arrays[STATE]))  # an assignment of those behind was cut short
    chunk_rows = rows_per_chunk(arrays[AUDIO])
    step = max(1, SLAB_ROWS // chunk_rows) * chunk_rows
    for start in range(0, rows, step):
        yield Slab(table, start, min(start + step, rows), chunk_rows), arrays


def write_back(slab: Slab, folder: Path, name: str, values: npt.NDArray[Any]) -> None:
    """Write those chunks of one array that cannot be read or whose values change."""
    array = open_array(folder, name, write=True)
    before, unreadable = slab.values.get(name), slab.unreadable.get(name, {})
    for chunk in chunks_of(array, slab.start, slab.stop):
        first, stop = chunk * slab.chunk_rows, min((chunk + 1) * slab.chunk_rows, slab.stop)
        part = slice(first - slab.start, stop - slab.start)
        if chunk in unreadable:  # a part of a chunk is written by reading the rest
            remove_entry(chunk_path(array, chunk))
        elif before is not None and np.array_equal(values[part], before[part], equal_nan=name in slab.layers):
            continue
        array[first:stop] = values[part]
