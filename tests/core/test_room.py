"""Room for arrays, in memory or in a file that goes by itself."""

from __future__ import annotations

import errno
import os

import numpy as np
import pytest

from mxt.core import room
from mxt.core.errors import StoreFull


def test_small_arrays_are_in_memory(tmp_path):
    array = room.make_room((10, 3), tmp_path)
    assert (array.shape, array.dtype, type(array)) == ((10, 3), np.float32, np.ndarray)


@pytest.mark.parametrize("fallocate", [True, False])
def test_large_arrays_are_in_a_file_without_a_name(tmp_path, monkeypatch, fallocate):
    monkeypatch.setattr(room, "IN_MEMORY", 100)
    if not fallocate:
        monkeypatch.delattr(os, "posix_fallocate")
    array = room.make_room((1000, 300), tmp_path)
    assert isinstance(array, np.memmap)
    array[:] = np.arange(300)
    assert array[999].tolist() == list(range(300))
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_told_before_anything_is_computed(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(room, "IN_MEMORY", 100)
    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(StoreFull, match="no space left while making room for"):
        room.make_room((1000, 300), tmp_path)
