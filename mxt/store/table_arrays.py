"""The Zarr arrays of a feature table: made, opened, read, written and checked chunk by chunk."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import zarr
from zarr.core.sync import sync
from zarr.storage import LocalStore, MemoryStore

from mxt.core.errors import StoreDamaged
from mxt.core.files import atomic_write, translate_damage
from mxt.core.specs import Layer
from mxt.store.table_chunks import Chunking, ZarrArray, chunking_of, encode, new_chunking
from mxt.store.table_schema import AUDIO, COPY, ArrayKind, array_kinds


def create_array(
    folder: Path | MemoryStore, name: str, kind: ArrayKind, chunking: Chunking, *, rows: int = 0
) -> ZarrArray:
    """Make one array, without any chunk, in a folder or in memory."""
    row, dtype, fill = kind
    return zarr.create_array(
        folder if isinstance(folder, MemoryStore) else LocalStore(folder),
        name=name,
        shape=(rows, *row),
        chunks=(chunking.rows, *row),
        dtype=dtype,
        fill_value=fill,
        compressors=[{"name": step, "configuration": dict(c)} for step, c in chunking.codec.items()],
        # all chunks of an array in one folder
        chunk_key_encoding={"name": "default", "separator": "."},
    )


def write_table(folder: Path, attributes: Mapping[str, Any], layers: Sequence[Layer], rows: int) -> None:
    """Make the group and its empty arrays, which are planned to get so many rows.

    The copy of the keys also carries a copy of the attributes.
    """
    chunking = new_chunking(rows, 4 * sum(layer.dimension for layer in layers))
    zarr.create_group(LocalStore(folder), attributes=dict(attributes), zarr_format=3)
    for name, kind in array_kinds(layers).items():
        array = create_array(folder, name, kind, chunking)
        if name == COPY:
            array.update_attributes(dict(attributes))


def open_array(folder: Path, name: str, *, kind: ArrayKind | None = None, write: bool = False) -> ZarrArray:
    """Open one array.

    Raises
    ------
    StoreDamaged
        Its metadata are missing, not readable, or not of this `kind`; to `write`: mxt never used their codec.
    OSError
        They may be whole, but cannot be reached now: no permission, a drive that is gone.
    """
    with translate_damage(
        lambda error: f"array {name} of {folder} cannot be opened ({_cause(error)}); mxt verify tells more"
    ):
        array = zarr.open_array(
            LocalStore(folder, read_only=not write), path=name, mode="r+" if write else "r", zarr_format=3
        )
    if kind is not None and (array.shape[1:], array.dtype.name) != kind[:2]:
        raise StoreDamaged(
            f"array {name} of {folder} is described as {array.dtype.name} {array.shape}; "
            "mxt verify tells more"
        )
    if write and not chunking_of(array).is_known:
        raise StoreDamaged(
            f"array {name} of {folder} is described with a codec that mxt never used "
            f"({chunking_of(array).codec}); mxt verify tells more"
        )
    return array


def assigned_rows(folder: Path, array: ZarrArray) -> int:
    """Rows of a table, as the array of its keys has them.

    Raises
    ------
    StoreDamaged
        Neither the keys nor their copy have a chunk for the last of them.
    """
    rows = rows_in(array)
    last = chunk_path(array, (rows - 1) // rows_per_chunk(array)).name
    if rows and not any(os.path.lexists(folder / name / last) for name in (AUDIO, COPY)):
        raise StoreDamaged(
            f"array {AUDIO} of {folder} is described as {rows} rows long, but ends earlier; "
            "mxt verify tells more"
        )
    return rows


def rows_in(array: ZarrArray) -> int:
    """Length of the first axis."""
    return int(array.shape[0])


def rows_per_chunk(array: ZarrArray) -> int:
    """Rows of one chunk."""
    return int(array.chunks[0])


def chunks_of(array: ZarrArray, start: int, stop: int) -> range:
    """Numbers of the chunks that hold rows `start` to `stop`, `stop` excluded."""
    rows = rows_per_chunk(array)
    return range(start // rows, -(-stop // rows))


def chunk_path(array: ZarrArray, chunk: int) -> Path:
    """The file of a chunk, there or not."""
    return _folder(array) / array.metadata.encode_chunk_key((chunk, *(0,) * (array.ndim - 1)))


def chunk_files(folder: Path) -> Iterator[tuple[int, Path]]:
    """Numbers and files of the chunks that one array has."""
    for path in folder.iterdir():
        if (number := re.fullmatch(r"c\.(\d+)(\.0)*", path.name)) is not None:
            yield int(number[1]), path


def set_rows(array: ZarrArray, rows: int) -> None:
    """Make `array` `rows` long; what is cut off is cleared first, so that it does not come back later."""
    old, kept = rows_in(array), len(chunks_of(array, 0, rows))
    if old == rows:
        return
    if old > rows:
        array[rows : min(old, kept * rows_per_chunk(array))] = array.fill_value
        for number, path in chunk_files(_folder(array)):
            if number >= kept:
                path.unlink()
    # zarr itself goes through all chunks there could be, which takes for ever where a length is damaged
    sync(array.async_array.resize((rows, *array.shape[1:]), delete_outside_chunks=False))


def write_chunk(array: ZarrArray, chunk: int, rows: npt.NDArray[Any]) -> None:
    """Write the rows of one chunk: the bytes that zarr writes, without going through its event loop.

    That takes a millisecond per array and changes threads a dozen times, for which the workers of an
    extraction have to wait.
    """
    whole = np.full(array.chunks, array.fill_value, array.dtype)
    whole[: len(rows)] = rows
    if np.array_equal(whole, np.full_like(whole, array.fill_value), equal_nan=whole.dtype.kind == "f"):
        start = chunk * rows_per_chunk(array)
        array[start : start + len(rows)] = rows  # zarr has no file for such a chunk
        return
    with atomic_write(chunk_path(array, chunk)) as file:
        file.write(encode(chunking_of(array).codec, whole))


def read_rows(array: ZarrArray, start: int, stop: int) -> npt.NDArray[Any]:
    """Rows of an array; the fill value behind its end.

    Raises
    ------
    StoreDamaged
        A chunk is not what was written; its rows are named.
    """
    end = min(stop, rows_in(array))
    values = np.full((max(stop - start, 0), *array.shape[1:]), array.fill_value, dtype=array.dtype)
    if end > start:
        with _damage_named(array, start, end):
            values[: end - start] = array[start:end]
    return values


def _damage_named(array: ZarrArray, start: int, stop: int) -> AbstractContextManager[None]:
    """Name the rows of the chunks that cannot be read."""

    def message(error: Exception) -> str:
        first, last = start, stop - 1
        if bad := [chunk for chunk in chunks_of(array, start, stop) if chunk_error(array, chunk)]:
            first, last = bad[0] * rows_per_chunk(array), (bad[-1] + 1) * rows_per_chunk(array) - 1
        return (
            f"{_folder(array)}: rows {first} to {last} are not what was written ({_cause(error)}); "
            "mxt verify --repair opens them again, the next extract restores them"
        )

    return translate_damage(message)


def chunk_error(array: ZarrArray, chunk: int) -> str:
    """Why a chunk cannot be read; empty where it can.

    Raises
    ------
    OSError
        It may be whole, but cannot be reached now: no permission, a drive that is gone.
    """
    rows = rows_per_chunk(array)
    try:
        with translate_damage(_cause):
            array[chunk * rows : (chunk + 1) * rows]
    except StoreDamaged as error:
        return str(error)
    return ""


def _folder(array: ZarrArray) -> Path:
    return Path(str(getattr(array.store, "root", "")), array.path)


def _cause(error: Exception) -> str:
    """What a codec or the system says, without the bytes of checksums."""
    words = getattr(error, "strerror", None) or str(error).partition(". Stored: ")[0]
    return words or type(error).__name__


def remove_partial_files(folder: Path) -> int:
    """Remove the half-written files of a killed run: zarr's and mxt's temporary names end in ``.partial``."""
    removed = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            if name.endswith(".partial"):
                Path(parent, name).unlink(missing_ok=True)
                removed += 1
    return removed
