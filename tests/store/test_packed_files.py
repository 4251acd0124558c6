"""Packed records of files are those that were packed, and take little memory."""

from __future__ import annotations

import tracemalloc

import numpy as np

from mxt.core.errors import Reason
from mxt.core.records import FileKind, FileRecord, Measurement
from mxt.store.packed_files import PackedFiles

MEASURED = Measurement(
    "ab" * 32,
    1.5,
    44100,
    2,
    66150,
    0.5,
    np.float64(0.25),
    0.1,
    sampled=True,
    notes=("silent", "clipped"),
)
FILES = [
    FileRecord("a/1.wav", 10**11, 10**18, 2**64 - 5, MEASURED),
    FileRecord("a/\udce9.wav", 0, -1, 7, reason=Reason.DECODER_FAILED, detail="why \udcff"),
    FileRecord(".hidden", 1, 2, 3, reason=Reason.HIDDEN, kind=FileKind.HIDDEN),
]


def test_records_come_back_as_they_were() -> None:
    packed = PackedFiles(FILES)
    assert list(packed.values()) == FILES
    assert ("a/1.wav" in packed, "a/2.wav" in packed, packed.get("a/2.wav"), len(packed)) == (
        True,
        False,
        None,
        3,
    )
    packed.add([FileRecord("a/1.wav", 5, 6, 7)])
    assert packed["a/1.wav"] == FileRecord("a/1.wav", 5, 6, 7)


def test_a_file_takes_some_hundred_bytes() -> None:
    paths = [f"some/folder/{i:06}.wav" for i in range(5000)]
    tracemalloc.start()
    packed = PackedFiles(
        FileRecord(
            path,
            16_044,
            10**18 + i,
            i,
            Measurement(f"{i:064x}", 1.0 + i, 8000, 1, i, 0.5, 0.4, 0.1 / (i + 1)),
        )
        for i, path in enumerate(paths)
    )
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(packed) == 5000
    assert size / 5000 < 350
