"""The finished folds of an evaluation that is not finished: each fold is one file, whole or not there."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from mxt.core.errors import StoreError
from mxt.core.files import OwnedLock, atomic_write, translate_os_errors
from mxt.store.serialise import dump_json, load_arrays, no_objects, safe_name

_PLAIN, _FOLD = (
    "__plain__",
    "__fold__",
)  # entries of a fold's file: all but its arrays, as JSON; which fold it is


class Scratch:
    """Finished folds of one evaluation.

    Parameters
    ----------
    path : Path
        Its folder, made when the first fold is put.
    read_only : bool
        Where the store cannot be written, nothing is kept and nothing is an error.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self.path, self.read_only = path, read_only
        self._lock: OwnedLock | None = None

    def get(self, fold: int | str) -> dict[str, Any] | None:
        """What was put for a fold; ``None`` where nothing was, or its file is damaged."""
        self._claim()
        try:
            arrays = load_arrays(self._file(fold))
            plain = json.loads(bytes(arrays.pop(_PLAIN)))
            return {**plain, **arrays} if plain.pop(_FOLD) == [self.path.name, str(fold)] else None
        except Exception:  # whatever damaged bytes make of an archive
            return None

    def put(self, fold: int | str, outcome: Mapping[str, Any]) -> None:
        """Keep what a fold gave: arrays (no objects) and JSON values."""
        if self.read_only:
            return
        arrays = {name: value for name, value in outcome.items() if isinstance(value, np.ndarray)}
        rest = {name: value for name, value in outcome.items() if name not in arrays}
        # which fold it is, so that a file under the name of another one is not taken for it
        plain = dump_json(rest | {_FOLD: [self.path.name, str(fold)]})
        with translate_os_errors("keeping a finished fold in", self.path):
            self.path.mkdir(parents=True, exist_ok=True)
            self._claim()
            with atomic_write(self._file(fold)) as file:
                np.savez(
                    file, **no_objects({**arrays, _PLAIN: np.frombuffer(plain.encode("utf-8"), np.uint8)})
                )

    def clear(self) -> None:
        """Forget all folds."""
        if self._lock is not None:
            self._lock.__exit__()
        if not self.read_only:
            shutil.rmtree(self.path, ignore_errors=True)

    def _claim(self) -> None:
        """Hold the folder's lock as long as this process lives, so that no other process removes it."""
        if self._lock is None and not self.read_only and self.path.is_dir():
            with suppress(StoreError):  # another process does the same evaluation: its lock is as good
                self._lock = OwnedLock(self.path / "lock", "this evaluation").__enter__()

    def _file(self, fold: int | str) -> Path:
        return self.path / f"{safe_name(str(fold))}.npz"
