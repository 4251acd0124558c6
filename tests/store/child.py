"""A synthetic extraction, run here or in a process of its own that kills itself at a fault point.

``python child.py STORE CLIPS [POINT NTH]`` prints the rows it computed. Tables of more than a thousand clips
have larger chunks.
"""

from __future__ import annotations

import hashlib
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from mxt.core.errors import Reason
from mxt.core.specs import Layer
from mxt.store.features import FeatureTable
from mxt.store.layout import Store
from mxt.store.table_writer import no_fault

LAYERS = (Layer(1, "one", 3), Layer(2, "two", 5, labels=("a", "b", "c", "d", "e")))
FINGERPRINT = "ab" * 32


def make_table(store: Store, clips: int = 0) -> FeatureTable:
    attributes = {"pipeline": {"backbone": "synthetic"}, "kind": "extracted"}
    rows = 10_000 if clips > 1000 else clips
    return store.features.create(FINGERPRINT, "synthetic", attributes, LAYERS, rows=rows)


def key_of(clip: int) -> bytes:
    return hashlib.sha256(str(clip).encode()).digest()


def features_of(key: bytes) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(list(key))
    return {layer.name: rng.normal(size=layer.dimension).astype(np.float32) for layer in LAYERS}


def fails(key: bytes) -> bool:
    return key[0] % 16 == 0


def run(table: FeatureTable, clips: int, *, fault: Callable[[str], None] = no_fault) -> list[int]:
    """Compute what is open among the first `clips` clips; return the rows computed."""
    keys = [key_of(clip) for clip in range(clips)]
    computed = []
    with table.writer(fault=fault) as writer:
        key_at = dict(zip(writer.assign(keys).tolist(), keys, strict=True))
        for row in writer.open_rows().tolist():
            computed.append(row)
            if fails(key_at[row]):
                writer.fail(row, Reason.NOT_AUDIO)
            else:
                writer.put(row, features_of(key_at[row]))
    return computed


def killing(point: str, nth: int) -> Callable[[str], None]:
    """A fault that kills this process the `nth` time `point` is reached."""
    seen = 0

    def fault(reached: str) -> None:
        nonlocal seen
        seen += reached == point
        if seen == nth:
            os.kill(os.getpid(), signal.SIGKILL)

    return fault


if __name__ == "__main__":
    root, clips, *rest = sys.argv[1:]
    opened = make_table(Store.open(Path(root), create=True), int(clips))
    fault = killing(rest[0], int(rest[1])) if rest else no_fault
    print(*run(opened, int(clips), fault=fault))  # noqa: T201
