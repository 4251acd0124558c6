"""Chunks that are written without zarr are those that it writes."""

from __future__ import annotations

import numpy as np
import pytest
import zarr
from zarr.storage import LocalStore

from mxt.store.arrays import create_array, write_chunk

KINDS = {"wide": ((1280,), "float32", np.nan), "narrow": ((1,), "float32", np.nan), "state": ((), "uint8", 0)}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("content", ["random", "fill value", "half of it"])
def test_a_chunk_has_the_bytes_that_zarr_writes(tmp_path, kind, content):
    shape, dtype, fill = KINDS[kind]
    zarr.create_group(LocalStore(tmp_path), zarr_format=3)
    theirs, ours = (create_array(tmp_path, name, KINDS[kind], rows=150) for name in ("theirs", "ours"))
    rng = np.random.default_rng(0)
    for chunk, rows in enumerate((64, 64, 22)):  # the last one is not full
        block = (rng.standard_normal((rows, *shape)) * 50).astype(dtype)
        if content != "random":
            block[: rows if content == "fill value" else rows // 2] = fill
        theirs[chunk * 64 : chunk * 64 + rows] = block
        write_chunk(ours, chunk, block)
        write_chunk(ours, chunk, block)  # in place of the earlier one
    found = {
        name: {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()}
        for name in ("theirs", "ours")
    }
    assert found["ours"] == found["theirs"]
    assert len(found["ours"]) == (1 if content == "fill value" else 4)
    np.testing.assert_array_equal(ours[:], theirs[:])


def test_a_chunk_that_becomes_empty_goes(tmp_path):
    zarr.create_group(LocalStore(tmp_path), zarr_format=3)
    array = create_array(tmp_path, "layer", KINDS["wide"], rows=64)
    write_chunk(array, 0, np.ones((64, 1280), np.float32))
    write_chunk(array, 0, np.full((64, 1280), np.nan, np.float32))
    assert np.isnan(array[:]).all()
    assert [path.name for path in (tmp_path / "layer").iterdir()] == ["zarr.json"]
