"""How the arrays of feature tables are cut into chunks, and how the chunks are compressed."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeAlias

import numcodecs
import numpy as np
import numpy.typing as npt
import zarr
from zarr.abc.codec import BytesBytesCodec

ZarrArray: TypeAlias = "zarr.Array[Any]"
Codec: TypeAlias = dict[str, dict[str, Any]]  # name and configuration of each step, in the order of writing

# Every codec mxt ever wrote chunks with: an array with another one is damaged. Equal values must give equal
# bytes (gzip, which writes the time, does not).
CODECS: tuple[Codec, ...] = (
    # both checksums are verified whenever a chunk is read; zstd's own misses a few bits of its header
    {"zstd": {"level": 1, "checksum": True}, "crc32c": {}},
)


@dataclass(frozen=True, slots=True)
class Chunking:
    """Rows per chunk, and the codec of the chunks. All arrays of a table have the same rows per chunk."""

    rows: int
    codec: Codec

    @property
    def is_known(self) -> bool:
        """Whether mxt ever wrote chunks with this codec."""
        return self.codec in CODECS


NEW_TABLES = Chunking(64, CODECS[0])
MANY_ROWS, MOST_CHUNKS = 10_000, 10  # from so many planned rows on: chunks of each array for so many rows
MOST_ROWS, MOST_BYTES = (
    4096,
    4 << 20,
)  # of a chunk of all layers: what a commit rewrites, and damage takes along


def new_chunking(rows: int, row_bytes: int) -> Chunking:
    """How the arrays of a new table are chunked.

    Parameters
    ----------
    rows : int
        That are planned.
    row_bytes : int
        Bytes of the features of a row, in all layers.

    Examples
    --------
    >>> [new_chunking(rows, row_bytes=640).rows for rows in (1_000, 10_000, 1_000_000)]
    [64, 1024, 4096]
    """
    size = NEW_TABLES.rows
    while rows >= MANY_ROWS and size * MOST_CHUNKS < rows and size < MOST_ROWS:
        if 2 * size * row_bytes > MOST_BYTES:
            break
        size *= 2
    return Chunking(size, NEW_TABLES.codec)


def chunking_of(array: ZarrArray) -> Chunking:
    """How an array is chunked, as its own metadata have it."""
    steps: list[Any] = [step.to_dict() for step in array.compressors if isinstance(step, BytesBytesCodec)]
    codec = {step["name"]: dict(step.get("configuration", {})) for step in steps}
    return Chunking(int(array.chunks[0]), codec)


def usual_chunking(chunkings: Sequence[Chunking]) -> Chunking:
    """How most arrays of a table are chunked."""
    rows = [chunking.rows for chunking in chunkings] or [NEW_TABLES.rows]
    codec = max(CODECS, key=[chunking.codec for chunking in chunkings].count)
    return Chunking(max(rows, key=rows.count), codec)


def encode(codec: Codec, chunk: npt.NDArray[Any]) -> bytes:
    """The bytes that Zarr writes for a chunk."""
    content: Any = np.ascontiguousarray(chunk)
    for name, configuration in codec.items():
        content = numcodecs.get_codec({"id": name, **configuration}).encode(content)
    return bytes(content)


def decode(codec: Codec, content: bytes) -> bytes:
    """The bytes of a chunk's values; raises whatever a codec raises on bytes that it has not written."""
    for name, configuration in reversed(codec.items()):
        content = numcodecs.get_codec({"id": name, **configuration}).decode(content)
    return bytes(content)


def recognised(content: bytes, usual: Codec) -> Codec:
    """The codec that wrote a chunk: `usual`, unless only another one of `CODECS` can read it."""
    for codec in (usual, *CODECS):
        with suppress(Exception):  # each codec has errors of its own
            decode(codec, content)
            return codec
    return usual
