"""The codec and the rows per chunk belong to the array: readers, writers and verify ask it."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from mxt.core.errors import StoreDamaged
from mxt.store import table_chunks
from mxt.store.table_arrays import open_array
from mxt.store.table_chunks import CODECS, Chunking, chunking_of, decode, encode, new_chunking, recognised
from mxt.store.verify import Problem, verify

PLAIN = {"zstd": {"level": 3, "checksum": True}}
ZSTD_9 = {"zstd": {"level": 9, "checksum": True}, "crc32c": {}}
ARRAYS = ("audio", "audio_copy", "layer1.one", "layer2.two", "seal", "reason", "state")


def contents(folder):
    return {
        str(p.relative_to(folder)): p.read_bytes()
        for p in sorted(folder.rglob("*"))
        if p.is_file() and not p.name.startswith("lock")
    }


def chunk_file(table, array, chunk):
    return next(p for p in (table.path / array).glob("c.*") if p.name.split(".")[1] == str(chunk))


def add_codecs(monkeypatch, *codecs):
    """What a new line in `CODECS` does."""
    monkeypatch.setattr(table_chunks, "CODECS", (*CODECS, *codecs))


@pytest.fixture(params=[PLAIN, ZSTD_9], ids=["plain", "zstd-9"])
def other(request, monkeypatch, store, child):
    """A table of 150 rows with another codec and 128 rows per chunk; and the codec."""
    add_codecs(monkeypatch, request.param)
    with monkeypatch.context() as only_for_this_table:
        only_for_this_table.setattr(table_chunks, "NEW_TABLES", Chunking(128, request.param))
        table = child.make_table(store)
    child.run(table, 150)
    return table, request.param


def test_a_table_with_another_codec_is_read_and_extended_with_it(other, child):
    table, codec = other
    assert child.run(table, 300) == list(range(150, 300))
    for name in ARRAYS:
        assert chunking_of(open_array(table.path, name)) == Chunking(128, codec)
        assert len(list((table.path / name).glob("c.*"))) == 3
        values = decode(codec, chunk_file(table, name, 1).read_bytes())
        assert values == np.asarray(open_array(table.path, name)[128:256]).tobytes()
    X, states = table.read([child.key_of(clip) for clip in range(300)], ["one", "two"])
    for clip in np.flatnonzero(states == 1):
        np.testing.assert_array_equal(
            X[clip], np.concatenate(list(child.features_of(child.key_of(clip)).values()))
        )


@pytest.mark.parametrize("array", ARRAYS)
def test_a_damaged_chunk_is_repaired_with_the_codec_of_its_array(array, other, store, child):
    table, codec = other
    assert verify(store).findings == ()
    before = contents(table.path)
    path = chunk_file(table, array, 0)
    path.write_bytes(path.read_bytes()[:-3])
    assert [(f.part, f.first, f.last) for f in verify(store).findings] == [(array, 0, 127)]
    assert verify(store, repair=True).sound
    assert verify(store).findings == ()
    child.run(table, 150)
    assert contents(table.path) == before
    assert decode(codec, path.read_bytes())


@pytest.mark.parametrize("array", ARRAYS)
def test_lost_metadata_are_written_back_with_the_codec_of_the_chunks(array, other, store, child):
    table, _ = other
    before = contents(table.path)
    (table.path / array / "zarr.json").unlink()
    assert [f.part for f in verify(store).findings] == [f"{array}/zarr.json"]
    assert verify(store, repair=True).sound
    assert contents(table.path) == before
    assert child.run(table, 150) == []


@pytest.mark.parametrize(
    ("old", "new"), [("128", "64"), (r'"level": \d', '"level": 7'), ('"zstd"', '"blosc"')]
)
def test_metadata_that_name_another_chunk_or_codec_are_damaged(old, new, other, store, child):
    table, _ = other
    before = contents(table.path)
    path = table.path / "layer1.one" / "zarr.json"
    path.write_text(re.sub(old, new, path.read_text(), count=1))
    with pytest.raises(StoreDamaged, match="mxt verify"):
        child.run(table, 160)
    (finding,) = verify(store).findings
    assert (finding.part, finding.problem) == ("layer1.one/zarr.json", Problem.NOT_AS_WRITTEN)
    assert verify(store, repair=True).sound
    assert contents(table.path) == before


def test_arrays_of_one_table_may_have_codecs_of_their_own(store, filled, child, monkeypatch):
    add_codecs(monkeypatch, PLAIN)
    folder = filled.path / "layer2.two"
    metadata = json.loads((folder / "zarr.json").read_text())
    metadata["codecs"][1:] = [{"name": "zstd", "configuration": PLAIN["zstd"]}]
    for path in folder.glob("c.*"):
        values = np.frombuffer(decode(CODECS[0], path.read_bytes()), np.float32)
        path.write_bytes(encode(PLAIN, values))
    (folder / "zarr.json").write_text(json.dumps(metadata, indent=2))
    assert verify(store).findings == ()
    assert chunking_of(open_array(filled.path, "layer2.two")).codec == PLAIN
    before = contents(filled.path)
    (folder / "zarr.json").unlink()
    assert verify(store, repair=True).sound
    assert contents(filled.path) == before
    child.run(filled, 160)
    assert chunking_of(open_array(filled.path, "layer2.two")).codec == PLAIN
    assert verify(store).findings == ()


def test_the_codec_of_a_chunk_is_recognised(monkeypatch):
    add_codecs(monkeypatch, PLAIN)
    for codec in (CODECS[0], PLAIN):
        assert recognised(encode(codec, np.arange(40)), CODECS[0]) == codec
    assert recognised(b"damaged", PLAIN) == PLAIN


@pytest.mark.parametrize("row_bytes", [4, 640, 12_000, 30_000])
@pytest.mark.parametrize("rows", [0, 1, 999, 9_999, 10_000, 123_456, 1_000_000])
def test_chunks_grow_with_the_rows_that_are_planned_and_a_commit_stays_small(rows, row_bytes):
    chunk = new_chunking(rows, row_bytes).rows
    if rows < 10_000:
        assert chunk == 64
        return
    assert 64 <= chunk <= 4096
    assert chunk * row_bytes <= 4 << 20
    may_be_larger = chunk < 4096 and 2 * chunk * row_bytes <= 4 << 20
    assert not may_be_larger or -(-rows // chunk) <= 10
