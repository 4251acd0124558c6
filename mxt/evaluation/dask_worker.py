"""What a worker of a Dask cluster computes of an evaluation: items of a work that it keeps in memory."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from mxt.core.cluster_worker import seen_here
from mxt.evaluation.crossval import calm
from mxt.evaluation.engine import OnFit


@dataclass(frozen=True, slots=True)
class Plugins:
    """Files and folders of plugins, and the function that loads them."""

    paths: tuple[Path, ...]
    load: Callable[[Sequence[Path]], object]


@dataclass(frozen=True, slots=True)
class Computed:
    """What came of an item, and the number of fits."""

    value: Any
    fits: int


def compute(work: Path, item: bytes, plugins: Plugins) -> Computed:
    """Compute an item of the work in a file, both pickled with large arrays in files; a worker runs this."""
    _calm_for_good()
    counted: list[None] = []
    value = _prepared(work, plugins)(_unpickled(item), lambda: counted.append(None))
    return Computed(value, len(counted))


_lock = Lock()
_in_memory: dict[Path, Callable[[Any, OnFit], Any]] = {}  # of this process: the last work at most


def _prepared(work: Path, plugins: Plugins) -> Callable[[Any, OnFit], Any]:
    with _lock:
        if work not in _in_memory:
            _in_memory.clear()
            if plugins.paths:
                plugins.load([seen_here(path) for path in plugins.paths])
            _in_memory[work] = _unpickled(seen_here(work).read_bytes()).prepared()
        return _in_memory[work]


def _unpickled(pickled: bytes) -> Any:
    return _Unpickler(BytesIO(pickled)).load()


class _Unpickler(pickle.Unpickler):
    def persistent_load(self, pid: Any) -> Any:
        """An array from its file, which is mapped: workers of one machine share the memory."""
        return np.load(seen_here(Path(pid)), mmap_mode="r").view(np.ndarray)


@lru_cache(maxsize=1)
def _calm_for_good() -> None:
    """One thread of linear algebra per worker, and no warnings of iteration limits, as with threads."""
    calm().__enter__()
