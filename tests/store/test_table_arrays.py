"""Chunks that are written without zarr are those that it writes, for every codec."""

from __future__ import annotations

import numpy as np
import pytest
import zarr
from zarr.storage import LocalStore

from mxt.store.table_arrays import create_array, write_chunk
from mxt.store.table_chunks import CODECS, NEW_TABLES, Chunking

KINDS = {"wide": ((1280,), "float32", np.nan), "narrow": ((1,), "float32", np.nan), "state": ((), "uint8", 0)}
PLAIN = {"zstd": {"level": 3, "checksum": True}}  # never written by mxt
CHUNKINGS = [*(Chunking(64, codec) for codec in CODECS), Chunking(128, PLAIN)]


@pytest.mark.parametrize("chunking", CHUNKINGS, ids=lambda chunking: "-".join(chunking.codec))
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("content", ["random", "fill value", "half of it"])
def test_a_chunk_has_the_bytes_that_zarr_writes(tmp_path, kind, content, chunking):
    shape, dtype, fill = KINDS[kind]
    size = chunking.rows
    zarr.create_group(LocalStore(tmp_path), zarr_format=3)
    theirs, ours = (
        create_array(tmp_path, name, KINDS[kind], chunking, rows=2 * size + 22) for name in ("theirs", "ours")
    )
    rng = np.random.default_rng(0)
    for chunk, rows in enumerate((size, size, 22)):  # the last one is not full
        block = (rng.standard_normal((rows, *shape)) * 50).astype(dtype)
        if content != "random":
            block[: rows if content == "fill value" else rows // 2] = fill
        theirs[chunk * size : chunk * size + rows] = block
        write_chunk(ours, chunk, block)
        write_chunk(ours, chunk, block)  # in place of the earlier one
    files = {
        name: {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()}
        for name in ("theirs", "ours")
    }
    assert files["ours"] == files["theirs"]
    assert len(files["ours"]) == (1 if content == "fill value" else 4)
    np.testing.assert_array_equal(ours[:], theirs[:])


def test_a_chunk_that_becomes_empty_goes(tmp_path):
    zarr.create_group(LocalStore(tmp_path), zarr_format=3)
    array = create_array(tmp_path, "layer", KINDS["wide"], NEW_TABLES, rows=64)
    write_chunk(array, 0, np.ones((64, 1280), np.float32))
    write_chunk(array, 0, np.full((64, 1280), np.nan, np.float32))
    assert np.isnan(array[:]).all()
    assert [path.name for path in (tmp_path / "layer").iterdir()] == ["zarr.json"]


def test_new_arrays_are_described_as_they_always_were(tmp_path):
    create_array(tmp_path, "layer", KINDS["narrow"], NEW_TABLES, rows=64)
    metadata = zarr.open_array(tmp_path / "layer", mode="r").metadata.to_dict()
    assert metadata["chunk_grid"] == {"name": "regular", "configuration": {"chunk_shape": (64, 1)}}
    assert metadata["codecs"] == (
        {"name": "bytes", "configuration": {"endian": "little"}},
        {"name": "zstd", "configuration": {"level": 1, "checksum": True}},
        {"name": "crc32c"},
    )
