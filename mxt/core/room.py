"""Room for arrays: in memory, or for large ones in a file."""

from __future__ import annotations

import os
import tempfile
from math import prod
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mxt.core.files import translate_os_errors

IN_MEMORY = 1 << 30  # bytes of an array up to which it is held in memory


def make_room(shape: tuple[int, ...], folder: Path | None = None) -> npt.NDArray[np.float32]:
    """An array to be filled, float32; from `IN_MEMORY` bytes on it lies in a file.

    The file has no name: the system removes it as soon as nothing uses the array, also if mxt is killed.

    Parameters
    ----------
    shape : tuple of int
    folder : Path, optional
        Where the file is made; by default where the system keeps temporary files.

    Raises
    ------
    StoreFull, StoreReadOnly
        There is no space, or no permission.
    """
    size = 4 * prod(shape)
    if size <= IN_MEMORY:
        return np.empty(shape, dtype=np.float32)
    where = folder or Path(tempfile.gettempdir())
    with (
        translate_os_errors(f"making room for {size / 2**30:.1f} GiB of features in", where),
        tempfile.TemporaryFile(dir=where) as file,
    ):
        # now rather than when a page is written, which would end the process
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, size)
        else:
            block = bytes(1 << 20)
            for first in range(0, size, len(block)):
                file.write(block[: size - first])
            file.flush()
        return np.memmap(file, dtype=np.float32, mode="r+", shape=shape)
