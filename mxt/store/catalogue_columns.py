"""The clips of a data set read from the catalogue as columns."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from mxt.core.clips import Clips
from mxt.core.columns import Column, Rows
from mxt.core.identity import KEY_BYTES
from mxt.core.made import Made
from mxt.core.records import FileKind
from mxt.store.catalogue_connection import CatalogueFile
from mxt.store.catalogue_rows import (
    CLIP_COLUMNS,
    FILE_COLUMNS,
    clip_records,
    clips_where,
    fields_of,
    targets_of,
    text_of,
)

BLOCK = 4096  # rows read, and records made, at a time
Value = TypeVar("Value")
_TEXT = pa.dictionary(pa.int32(), pa.large_string())
_BYTES = pa.dictionary(pa.int32(), pa.large_binary())  # texts that may not be UTF-8
_CLIP_TYPES = {
    "id": _BYTES,
    "path": _BYTES,
    "key": pa.binary(KEY_BYTES),
    "reason": pa.int32(),
    "detail": _BYTES,
    "start_us": pa.int64(),
    "end_us": pa.int64(),
}
_FILE_TYPES = {
    "path": _BYTES,
    "size": pa.int64(),
    "mtime_ns": pa.int64(),
    "inode": pa.int64(),
    "reason": pa.int32(),
    "detail": _BYTES,
    "sha256": pa.large_string(),
    "duration": pa.float64(),
    "sample_rate": pa.int32(),
    "channels": pa.int32(),
    "frames": pa.int64(),
    "peak": pa.float64(),
    "mono_peak": pa.float64(),
    "rms": pa.float64(),
    "sampled": pa.int32(),
}
_SCHEMA = pa.schema(
    [(name, _CLIP_TYPES.get(name, _TEXT)) for name in CLIP_COLUMNS]
    + [(f"file.{name}", _FILE_TYPES.get(name, _TEXT)) for name in FILE_COLUMNS]
)


def read_clips(db: sqlite3.Connection, name: str, file: CatalogueFile) -> Clips:
    """The clips of a data set in catalogue order; `file` tells of values that are damaged."""
    cursor = db.execute(clips_where(), (name,))
    with file.translating_damage():
        table = pa.Table.from_batches(_batches(cursor), _SCHEMA).unify_dictionaries().combine_chunks()
        pa.default_memory_pool().release_unused()  # of the batches: as much as the table itself
        if table["file.size"].null_count:
            raise ValueError("a clip has no file")

    def column(name: str, decode: Callable[[Any], Value]) -> Column[Value]:
        coded = _whole(table[name])
        values = _Values(coded.dictionary, decode, file)
        return Column(coded.indices.fill_null(len(coded.dictionary)).to_numpy(), values)

    return Clips(
        ids=column("id", text_of),
        paths=column("path", text_of),
        keys=_keys(table["key"]),
        usable=_there(table["key"]),
        has_audio=_there(table["file.sha256"]),
        is_clip=column("file.kind", FileKind).array(lambda kind: kind is FileKind.CLIP, bool),
        durations=_durations(table),
        splits=column("split", _as_it_is),
        folds=column("fold", _as_it_is),
        groups=column("group", _as_it_is),
        targets=column("targets", targets_of),
        fields=column("fields", fields_of),
        rows=np.arange(len(table), dtype=np.int64),
        records=lambda rows: file.records(clip_records(_rows(table, rows))),
    )


class _Values(Made[Value], Generic[Value]):
    """The different values of a column, and ``None``, each decoded when it is asked for."""

    def __init__(self, stored: pa.Array, decode: Callable[[Any], Value], file: CatalogueFile) -> None:
        self._stored, self._decode, self._file = stored, decode, file

    def __len__(self) -> int:
        return len(self._stored) + 1

    def make(self, row: int) -> Value:
        with self._file.translating_damage():
            return self._decode(self._stored[row].as_py() if row < len(self._stored) else None)


def _batches(cursor: sqlite3.Cursor) -> Iterator[pa.RecordBatch]:
    while rows := cursor.fetchmany(BLOCK):
        columns = zip(_SCHEMA, zip(*rows, strict=True), strict=True)
        yield pa.record_batch([_array(field.type, values) for field, values in columns], _SCHEMA)


def _array(kind: pa.DataType, values: Sequence[Any]) -> pa.Array:
    if kind == _BYTES:
        values = [value.encode() if isinstance(value, str) else value for value in values]
    return pa.array(values, kind)


def _rows(table: pa.Table, rows: Rows) -> Iterator[tuple[Any, ...]]:
    """Rows as `clips_where` gives them."""
    for first in range(0, len(rows), BLOCK):
        some = table.take(rows[first : first + BLOCK])
        yield from zip(*(column.to_pylist() for column in some.columns), strict=True)


def _whole(column: pa.ChunkedArray) -> pa.Array:
    """A column in one piece."""
    return column.chunk(0) if column.num_chunks else pa.array([], column.type)


def _there(column: pa.ChunkedArray) -> npt.NDArray[np.bool_]:
    return np.asarray(column.is_valid().to_numpy())


def _keys(column: pa.ChunkedArray) -> npt.NDArray[np.uint8]:
    keys = _whole(column).fill_null(bytes(KEY_BYTES))
    begin = keys.offset * KEY_BYTES
    data = np.frombuffer(keys.buffers()[1] or b"", np.uint8)
    return data[begin : begin + len(keys) * KEY_BYTES].reshape(-1, KEY_BYTES)


def _durations(table: pa.Table) -> npt.NDArray[np.float64]:
    """As `ClipRecord.duration` says."""
    start, end = (table[name].to_numpy() / 1e6 for name in ("start_us", "end_us"))  # NaN where there is none
    whole = table["file.duration"].fill_null(0.0).to_numpy()
    return np.asarray(np.maximum(np.fmin(end, whole) - np.nan_to_num(start), 0.0))


def _as_it_is(value: str | None) -> str | None:
    return value
