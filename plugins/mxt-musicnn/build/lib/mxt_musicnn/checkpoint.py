"""TensorFlow checkpoints read without TensorFlow.

A checkpoint is two files: ``.index``, an uncompressed table of the LevelDB format that names the tensors, and
``.data-00000-of-00001``, their values one after the other.

References
----------
LevelDB, doc/table_format.md; TensorFlow, core/protobuf/tensor_bundle.proto and core/framework/types.proto.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mxt.plugin import WeightsError

FOOTER_BYTES = 48
MAGIC = 0xDB4775248B80FB57
DT_FLOAT, DT_INT32, DT_INT64 = 1, 3, 9
DTYPES: dict[int, str] = {DT_FLOAT: "<f4", DT_INT32: "<i4", DT_INT64: "<i8"}


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a tensor lies: its type (TensorFlow's number), shape, and place in the data file in bytes."""

    dtype: int
    shape: tuple[int, ...]
    offset: int
    size: int
    shard: int = 0


def read_checkpoint(index: bytes, data: bytes, *, name: str) -> dict[str, npt.NDArray[np.generic]]:
    """All tensors of a checkpoint, by name.

    Parameters
    ----------
    index, data : bytes
        Contents of the two files.
    name : str
        What is read, for messages.

    Returns
    -------
    dict
        Read-only arrays of the stored type and shape.

    Raises
    ------
    WeightsError
        Not a checkpoint, compressed, cut, or of types other than float32, int32 and int64.
    """
    return {key: _tensor(key, entry, data, name) for key, entry in read_index(index, name=name).items()}


def _tensor(key: str, entry: Entry, data: bytes, name: str) -> npt.NDArray[np.generic]:
    what = f"{name}: tensor {key!r}"
    if entry.dtype not in DTYPES:
        raise WeightsError(
            f"{what} has TensorFlow's type {entry.dtype}, which is not one of {', '.join(map(str, DTYPES))}"
        )
    dtype = np.dtype(DTYPES[entry.dtype])
    count = 1
    for length in entry.shape:
        count *= length
    if entry.size != count * dtype.itemsize:
        raise WeightsError(
            f"{what} of shape {entry.shape} takes {count * dtype.itemsize} bytes, the index says {entry.size}"
        )
    if entry.shard or entry.offset + entry.size > len(data):
        raise WeightsError(
            f"{what} ends at byte {entry.offset + entry.size} of its data, which has {len(data)}: it is cut"
        )
    return np.frombuffer(data, dtype, count, entry.offset).reshape(entry.shape)


def read_index(index: bytes, *, name: str) -> dict[str, Entry]:
    """The tensors that an ``.index`` file names.

    Raises
    ------
    WeightsError
        See `read_checkpoint`.
    """
    try:
        return {
            key.decode(): _entry(value) for key, value in _table(index) if key
        }  # the empty key is the bundle's header
    except (IndexError, ValueError, struct.error) as error:
        raise WeightsError(f"{name}: its index is no TensorFlow checkpoint's: {error}") from error


def _table(table: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Keys and values of a LevelDB table, in its order."""
    footer = table[-FOOTER_BYTES:]
    if len(footer) < FOOTER_BYTES or struct.unpack("<Q", footer[-8:])[0] != MAGIC:
        raise ValueError("it does not end as a LevelDB table does")
    at = 0
    for _ in range(2):  # the handle of the block of metadata, which is not needed
        _, at = _varint(footer, at)
    for _, handle in _block(table, *_handle(footer, at)):
        yield from _block(table, *_handle(handle, 0))


def _handle(text: bytes, at: int) -> tuple[int, int]:
    offset, at = _varint(text, at)
    size, _ = _varint(text, at)
    return offset, size


def _block(table: bytes, offset: int, size: int) -> Iterator[tuple[bytes, bytes]]:
    """Keys and values of one block. Keys share their beginnings with the key before."""
    if offset + size >= len(table):
        raise ValueError("a block lies beyond its end")
    if table[offset + size]:  # the byte after a block is the kind of its compression
        raise ValueError("it is compressed")
    block = table[offset : offset + size]
    end = size - 4 * (
        1 + struct.unpack("<I", block[-4:])[0]
    )  # behind the entries: restart points, and their number
    at, key = 0, b""
    while at < end:
        shared, at = _varint(block, at)
        added, at = _varint(block, at)
        length, at = _varint(block, at)
        if shared > len(key) or at + added + length > end:
            raise ValueError("a key or a value is cut")
        key = key[:shared] + block[at : at + added]
        at += added
        yield key, block[at : at + length]
        at += length


def _entry(message: bytes) -> Entry:
    """A ``BundleEntryProto``: dtype 1, shape 2, shard 3, offset 4, size 5, checksum 6."""
    found: dict[int, int] = {}
    shape: tuple[int, ...] = ()
    for number, value in _fields(message):
        if isinstance(value, int):
            found[number] = value
        elif number == 2:
            shape = tuple(_dimension(size) for field, size in _fields(value) if field == 2)
    return Entry(found.get(1, 0), shape, found.get(4, 0), found.get(5, 0), found.get(3, 0))


def _dimension(message: int | bytes) -> int:
    """A dimension of a ``TensorShapeProto``: size 1; zero is not written."""
    if isinstance(message, int):
        raise ValueError("a shape is not written as one")
    return next((value for field, value in _fields(message) if field == 1 and isinstance(value, int)), 0)


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Numbers and values of a protocol buffer's fields."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        number, wire = tag >> 3, tag & 7
        if wire == 0:
            value, at = _varint(message, at)
            yield number, value
        elif wire == 2:
            length, at = _varint(message, at)
            yield number, _taken(message, at, length)
            at += length
        elif wire in (1, 5):
            width = 8 if wire == 1 else 4
            yield number, _taken(message, at, width)
            at += width
        else:
            raise ValueError(f"a field of wire type {wire}")


def _taken(message: bytes, at: int, length: int) -> bytes:
    if at + length > len(message):
        raise ValueError("a field is cut")
    return message[at : at + length]


def _varint(text: bytes, at: int) -> tuple[int, int]:
    """A number in groups of seven bits, the lowest first; and the place behind it."""
    value = shift = 0
    while True:
        byte = text[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
        if shift > 63:
            raise ValueError("a number has too many digits")
