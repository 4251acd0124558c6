"""The Zarr arrays of a feature table: how they are made, opened, kept equally long and checked chunk by chunk."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import zarr
from numcodecs import Zstd
from numcodecs.checksum32 import CRC32C
from zarr.codecs import Crc32cCodec, ZstdCodec
from zarr.core.sync import sync
from zarr.storage import LocalStore, MemoryStore

from mxt.core.errors import MxtError, StoreDamaged
from mxt.core.files import atomic_write, is_damage
from mxt.core.specs import Layer
from mxt.store.schema import AUDIO, CHUNK, COPY, ArrayKind, array_kinds

_ZSTD, _CRC32C = Zstd(level=1, checksum=True), CRC32C()  # as `create_array` says it to zarr
ZarrArray: TypeAlias = "zarr.Array[Any]"  # not generic yet in zarr 3.1.3


def create_array(place: Path | MemoryStore, name: str, kind: ArrayKind, *, rows: int = 0) -> ZarrArray:
    """Make one array, without any chunk, in a folder or in memory."""
    row, dtype, fill = kind
    return zarr.create_array(
        place if isinstance(place, MemoryStore) else LocalStore(place),
        name=name,
        shape=(rows, *row),
        chunks=(CHUNK, *row),
        dtype=dtype,
        fill_value=fill,
        # verified whenever a chunk is read; zstd's own checksum misses a few bits of its header, crc32c
        # covers every byte
        compressors=[ZstdCodec(level=1, checksum=True), Crc32cCodec()],
        # all chunks of an array in one folder
        chunk_key_encoding={"name": "default", "separator": "."},
    )


def write_table(folder: Path, attributes: Mapping[str, Any], layers: Sequence[Layer]) -> None:
    """Make the group and its empty arrays; the copy of the keys also carries a copy of the attributes."""
    zarr.create_group(LocalStore(folder), attributes=dict(attributes), zarr_format=3)
    for name, kind in array_kinds(layers).items():
        array = create_array(folder, name, kind)
        if name == COPY:
            array.update_attributes(dict(attributes))


def open_array(folder: Path, name: str, *, kind: ArrayKind | None = None, write: bool = False) -> ZarrArray:
    """Open one array.

    Raises
    ------
    StoreDamaged
        Its metadata are missing, not readable, or not of this `kind`.
    OSError
        They may be whole, but cannot be reached now: no permission, a drive that has gone.
    """
    try:
        array = zarr.open_array(
            LocalStore(folder, read_only=not write), path=name, mode="r+" if write else "r", zarr_format=3
        )
    except OSError as error:
        if not is_damage(error):
            raise
        raise StoreDamaged(
            f"array {name} of {folder} is missing or its zarr.json is damaged; mxt verify tells more"
        ) from error
    except Exception as error:  # whatever zarr raises on a file that is not its own
        raise StoreDamaged(
            f"array {name} of {folder} cannot be opened ({_why(error)}); mxt verify tells more"
        ) from error
    if kind is not None and (array.shape[1:], array.dtype.name) != kind[:2]:
        raise StoreDamaged(
            f"array {name} of {folder} is described as {array.dtype.name} {array.shape}; mxt verify tells more"
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
    last = array.metadata.encode_chunk_key(((rows - 1) // CHUNK, 0))
    if rows and not any(os.path.lexists(folder / name / last) for name in (AUDIO, COPY)):
        raise StoreDamaged(
            f"array {AUDIO} of {folder} is described as {rows} rows long, which it is not; mxt verify tells more"
        )
    return rows


def rows_in(array: ZarrArray) -> int:
    """Length of the first axis."""
    return int(array.shape[0])


def set_rows(array: ZarrArray, rows: int) -> None:
    """Make `array` `rows` long; what is cut off is cleared first, so that nothing old comes back when it grows."""
    old = rows_in(array)
    if old == rows:
        return
    if old > rows:
        array[rows : min(old, -(-rows // CHUNK) * CHUNK)] = array.fill_value
        for number, path in chunk_files(_folder(array)):
            if number >= -(-rows // CHUNK):
                path.unlink()
    # zarr itself goes through all chunks there could be, which takes for ever where a length is damaged
    sync(array.async_array.resize((rows, *array.shape[1:]), delete_outside_chunks=False))


def chunk_files(folder: Path) -> Iterator[tuple[int, Path]]:
    """Numbers and files of the chunks of one array that are there."""
    for path in folder.iterdir():
        if (number := re.fullmatch(r"c\.(\d+)(\.0)*", path.name)) is not None:
            yield int(number[1]), path


def write_chunk(array: ZarrArray, chunk: int, rows: npt.NDArray[Any]) -> None:
    """Write the rows of one chunk: the bytes that zarr writes, without the way through its event loop.

    That takes a millisecond an array and changes threads a dozen times, for which the workers of an
    extraction have to wait.
    """
    whole = np.full(array.chunks, array.fill_value, array.dtype)
    whole[: len(rows)] = rows
    if np.array_equal(whole, np.full_like(whole, array.fill_value), equal_nan=whole.dtype.kind == "f"):
        array[chunk * CHUNK : chunk * CHUNK + len(rows)] = rows  # zarr has no file for such a chunk
        return
    content = _CRC32C.encode(_ZSTD.encode(whole))
    with atomic_write(
        _folder(array) / array.metadata.encode_chunk_key((chunk, *(0,) * (whole.ndim - 1)))
    ) as file:
        file.write(content)


def read_rows(array: ZarrArray, start: int, stop: int) -> npt.NDArray[Any]:
    """Rows of an array; the fill value behind its end.

    Raises
    ------
    StoreDamaged
        A chunk is not what was written; the rows concerned are named.
    """
    stop_here = min(stop, rows_in(array))
    found = np.full((max(stop - start, 0), *array.shape[1:]), array.fill_value, dtype=array.dtype)
    if stop_here > start:
        with damage_named(array, start, stop_here):
            found[: stop_here - start] = array[start:stop_here]
    return found


@contextmanager
def damage_named(array: ZarrArray, start: int, stop: int) -> Iterator[None]:
    """Turn what codecs raise on damaged bytes into `StoreDamaged`, naming chunks."""
    try:
        yield
    except MxtError:
        raise
    except Exception as error:
        if isinstance(error, OSError) and not is_damage(error):
            raise
        bad = [chunk for chunk in range(start // CHUNK, -(-stop // CHUNK)) if chunk_error(array, chunk)]
        named = (
            f"rows {bad[0] * CHUNK} to {bad[-1] * CHUNK + CHUNK - 1}"
            if bad
            else f"rows {start} to {stop - 1}"
        )
        raise StoreDamaged(
            f"{_folder(array)}: {named} are not what was written ({_why(error)}); "
            "mxt verify --repair opens them again, the next extract restores them"
        ) from error


def _folder(array: ZarrArray) -> Path:
    return Path(str(getattr(array.store, "root", "")), array.path)


def chunk_error(array: ZarrArray, chunk: int) -> str:
    """Why a chunk cannot be read; empty where it can.

    Raises
    ------
    OSError
        It may be whole, but cannot be reached now: no permission, a drive that has gone.
    """
    try:
        array[chunk * CHUNK : (chunk + 1) * CHUNK]
    except OSError as error:
        if not is_damage(error):
            raise
        return str(error.strerror or error)
    except Exception as error:
        return _why(error)
    return ""


def _why(error: Exception) -> str:
    """What a codec says, without the bytes of the checksums."""
    return str(error).partition(". Stored: ")[0] or type(error).__name__


def remove_partial_files(folder: Path) -> int:
    """Remove the files that a kill left half-written (zarr's and mxt's temporary names end in ``.partial``)."""
    removed = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            if name.endswith(".partial"):
                Path(parent, name).unlink(missing_ok=True)
                removed += 1
    return removed
