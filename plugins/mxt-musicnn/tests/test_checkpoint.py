from __future__ import annotations

import struct
from contextlib import suppress

import numpy as np
import pytest
from mxt_musicnn.checkpoint import read_checkpoint, read_index

from mxt.plugin import WeightsError

TENSORS = {
    "conv2d/bias": np.arange(3, dtype=np.float32),
    "conv2d/kernel": np.arange(24, dtype=np.float32).reshape(2, 3, 4),
    "conv2d_1/bias": np.array([-1.5], np.float32),
    "global_step": np.array(70_000, np.int64),
}


def test_tensors_come_back_with_their_names_types_and_shapes(write_checkpoint):
    found = read_checkpoint(*write_checkpoint(TENSORS), name="net")
    assert list(found) == list(TENSORS)
    for name, values in TENSORS.items():
        assert found[name].dtype == values.dtype
        np.testing.assert_array_equal(found[name], values)


def test_data_that_is_cut_names_the_tensor(write_checkpoint):
    index, data = write_checkpoint(TENSORS)
    with pytest.raises(
        WeightsError,
        match=r"net: tensor 'global_step' ends at byte 120 of its data, which has 119: it is cut",
    ):
        read_checkpoint(index, data[:-1], name="net")


@pytest.mark.parametrize("length", [0, 10, 47, 100])
def test_an_index_that_is_cut_is_refused(write_checkpoint, length):
    index, _ = write_checkpoint(TENSORS)
    with pytest.raises(WeightsError, match="net: its index is no TensorFlow checkpoint's"):
        read_index(index[:length], name="net")


@pytest.mark.parametrize("place", range(0, 200, 7))
def test_an_index_with_a_changed_byte_is_refused_or_read_but_never_breaks(write_checkpoint, place):
    index, data = write_checkpoint(TENSORS)
    broken = index[:place] + bytes([index[place] ^ 0xFF]) + index[place + 1 :]
    with suppress(WeightsError):
        read_checkpoint(broken, data, name="net")


def test_a_compressed_block_is_refused(write_checkpoint):
    index, _ = write_checkpoint({"a": TENSORS["conv2d/bias"]})
    first = (
        index.index(struct.pack("<II", 0, 1)) + 8
    )  # behind the first block stands the kind of its compression
    with pytest.raises(WeightsError, match="it is compressed"):
        read_index(index[:first] + b"\x01" + index[first + 1 :], name="net")


def test_a_type_that_is_not_known_is_named(write_checkpoint):
    index, data = write_checkpoint({"half": np.zeros(2, np.float16)})
    with pytest.raises(WeightsError, match=r"tensor 'half' has TensorFlow's type 19"):
        read_checkpoint(index, data, name="net")
