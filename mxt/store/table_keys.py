"""The keys of rows: 32 bytes each, and which row has which."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from mxt.core.identity import KEY_BYTES

Keys: TypeAlias = npt.NDArray[np.uint8]  # [n, 32]


def as_keys(keys: Sequence[bytes] | Keys) -> Keys:
    """Keys as an array, uint8 [n, 32]."""
    if isinstance(keys, np.ndarray):
        return keys
    return np.frombuffer(b"".join(keys), np.uint8).reshape(-1, KEY_BYTES)


def find_rows(among: Keys, keys: Sequence[bytes] | Keys) -> npt.NDArray[np.int64]:
    """Row of each key among others, uint8 [rows, 32]: int64 [n]; -1 where it is not there."""
    keys = as_keys(keys)
    there, wanted = (np.ascontiguousarray(array).view("<u8") for array in (among, keys))
    # hashes: the first eight bytes tell them apart, but for what is no hash
    order = np.argsort(there[:, 0], kind="stable")
    begins = there[order, 0]
    if not len(order) or (begins[1:] == begins[:-1]).any():
        row_of = {key.tobytes(): row for row, key in enumerate(among)}
        return np.array([row_of.get(key.tobytes(), -1) for key in keys], np.int64)
    rows = order[np.minimum(np.searchsorted(begins, wanted[:, 0]), len(order) - 1)]
    equal = np.ones(len(rows), bool)
    for column in range(there.shape[1]):  # column by column takes little memory
        equal &= there[rows, column] == wanted[:, column]
    rows[~equal] = -1
    return np.asarray(rows, np.int64)


def first_of_each(keys: Keys) -> Keys:
    """The different ones of some keys, in order of their first appearance: uint8 [m, 32]."""
    _, first = np.unique(np.ascontiguousarray(keys).view(f"V{KEY_BYTES}")[:, 0], return_index=True)
    return keys[np.sort(first)]
