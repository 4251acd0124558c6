"""What binds a row of a feature table to its place.

A checksum tells that a chunk is intact, not that it is the right one. A seal is a short hash over the table's
fingerprint, the audio key of the row and what was computed for it: a chunk copied over another one, or
brought from another table, has none that fits. Each row has one seal for its outcome (state and reason) and
one for each layer, so that readers check only what they read.
"""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt

BLOCK = 4096  # rows joined at a time

Seals = npt.NDArray[np.uint32]
Bytes = npt.NDArray[np.uint8]


def outcome_seals(fingerprint: str, keys: Bytes, states: Bytes, reasons: Bytes) -> Seals:
    """Seals of the outcome of each row.

    Parameters
    ----------
    fingerprint : str
        Of the table.
    keys : uint8 [n, 32]
        Audio keys.
    states, reasons : uint8 [n]
        As stored.

    Returns
    -------
    uint32 [n]
        BLAKE2b of four bytes, read as little-endian numbers.
    """
    return _seals(f"{fingerprint} outcome", keys, states[:, None], reasons[:, None])


def layer_seals(fingerprint: str, array: str, keys: Bytes, values: npt.NDArray[np.float32]) -> Seals:
    """Seals, uint32 [n], of features of one layer, float32 [n, dimension], in the array called `array`."""
    return _seals(f"{fingerprint} {array}", keys, values.astype("<f4", copy=False))


def _seals(what: str, *parts: npt.NDArray[np.generic]) -> Seals:
    begun = hashlib.blake2b(what.encode(), digest_size=4)
    seals = bytearray()
    for start in range(0, len(parts[0]), BLOCK):
        block = [np.ascontiguousarray(part[start : start + BLOCK]) for part in parts]
        rows = np.hstack([part.view(np.uint8).reshape(len(part), -1) for part in block])
        data, width = memoryview(rows.tobytes()), rows.shape[1]
        for first in range(0, len(data), width):
            one = begun.copy()
            one.update(data[first : first + width])
            seals += one.digest()
    return np.frombuffer(bytes(seals), "<u4").astype(np.uint32, copy=False)
