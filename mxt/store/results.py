"""Results: published whole by rename, without a lock; and the finished folds of an evaluation that goes on."""

from __future__ import annotations

import errno
import json
import re
import shutil
import tempfile
import zipfile
from collections.abc import Mapping
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mxt.core.errors import StoreDamaged, StoreReadOnly, UnknownName
from mxt.core.files import atomic_write, translate_os_errors
from mxt.core.identity import sha256_file, sha256_text
from mxt.core.text import written

Arrays = Mapping[str, npt.NDArray[Any]]
RESULT, PREDICTIONS = "result.json", "predictions.npz"
_PLAIN = "__plain__"  # the entry of a fold's file that holds everything but arrays, as JSON


class ResultStore:
    """All results of a store.

    Parameters
    ----------
    path : Path
        The folder ``results``.
    read_only : bool
        Whether writing is refused.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self.path, self.read_only = path, read_only

    def publish(self, result: Mapping[str, Any], predictions: Arrays) -> str:
        """Save a result; it is there as a whole or not at all.

        Parameters
        ----------
        result : mapping
            Command, spec, scores, folds, seeds, versions, fingerprints: JSON values. ``"dataset"``
            becomes a part of the id.
        predictions : mapping
            Arrays, numbers or text; no objects.

        Returns
        -------
        str
            The id: when, which data set, a short hash (``"20250131-174502-genres-1f0c"``).
        """
        self._check_writable()
        with translate_os_errors("saving a result in", self.path):
            self.path.mkdir(parents=True, exist_ok=True)
            partial = Path(tempfile.mkdtemp(dir=self.path, prefix=".", suffix=".partial"))
            try:
                folder = partial / "result"
                folder.mkdir()
                with atomic_write(folder / PREDICTIONS) as file:
                    np.savez_compressed(file, **_no_objects(predictions))
                text = dump_json({**result, "predictions_sha256": sha256_file(folder / PREDICTIONS)})
                with atomic_write(folder / RESULT, "w") as file:
                    file.write(text)
                return self._rename(folder, _stem(result, text))
            finally:
                shutil.rmtree(partial, ignore_errors=True)

    def list(self) -> list[str]:
        """Ids of all results, the oldest first."""
        if not self.path.is_dir():
            return []
        return sorted(folder.name for folder in self.path.iterdir() if folder.is_dir() and not folder.name.startswith("."))

    def find(self, text: str) -> str:
        """The id that is `text`, or the only one that begins or ends with it; ``"last"`` is the newest.

        Raises
        ------
        UnknownName
            None is, or several are.
        """
        known = self.list()
        if text in known:
            return text
        if text == "last" and known:
            return known[-1]
        meant = [name for name in known if name.startswith(text) or name.endswith("-" + text)]
        if len(meant) != 1:
            raise UnknownName("result", text, meant or known)
        return meant[0]

    def load(self, result_id: str) -> dict[str, Any]:
        """What was published under an id.

        Raises
        ------
        UnknownName, StoreDamaged
            There is none; its ``result.json`` is not readable.
        """
        path = self.path / self.find(result_id) / RESULT
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise StoreDamaged(f"{path} cannot be read ({error}); mxt rm {path.parent.name} removes it") from error
        if not isinstance(found, dict):
            raise StoreDamaged(f"{path} is not a result; mxt rm {path.parent.name} removes it")
        return found

    def predictions(self, result_id: str) -> dict[str, npt.NDArray[Any]]:
        """The arrays published under an id.

        Raises
        ------
        UnknownName, StoreDamaged
            There is none; its file is not readable.
        """
        path = self.path / self.find(result_id) / PREDICTIONS
        try:
            return _load_arrays(path)
        except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
            raise StoreDamaged(f"{path} cannot be read ({error}); evaluate again, mxt rm {path.parent.name} removes it") from error

    def damage(self, result_id: str) -> str:
        """What is wrong with a result on disk; empty where nothing is."""
        try:
            expected = self.load(result_id).get("predictions_sha256")
            self.predictions(result_id)
        except StoreDamaged as error:
            return str(error)
        changed = expected != sha256_file(self.path / result_id / PREDICTIONS)
        return f"{self.path / result_id / PREDICTIONS} is not what was written; evaluate again" if changed else ""

    def remove(self, result_id: str) -> None:
        """Remove a result."""
        self._check_writable()
        folder = self.path / self.find(result_id)
        gone = self.path / f".{folder.name}.removed"
        with translate_os_errors("removing", folder):
            folder.rename(gone)
        shutil.rmtree(gone, ignore_errors=True)

    def scratch(self, key: str) -> Scratch:
        """Where an evaluation keeps its finished folds, to continue when it was stopped.

        Parameters
        ----------
        key : str
            Equal for equal evaluations only: a hash of everything that decides a fold.
        """
        return Scratch(self.path / f".partial-{_safe(key)[:64]}", read_only=self.read_only)

    def partial(self) -> tuple[Path, ...]:
        """What evaluations that did not end left behind, and results half published or half removed."""
        if not self.path.is_dir():
            return ()
        hidden = [p for p in sorted(self.path.iterdir()) if p.name.startswith(".")]
        return tuple(p for p in hidden if p.name.startswith(".partial-") or p.suffix in (".partial", ".removed"))

    def _rename(self, folder: Path, stem: str) -> str:
        for number in count(1):
            name = stem if number == 1 else f"{stem}.{number}"
            try:
                folder.rename(self.path / name)
            except OSError as error:
                if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
                    raise
            else:
                return name
        raise AssertionError  # the loop returns or raises

    def _check_writable(self) -> None:
        if self.read_only:
            raise StoreReadOnly(f"{self.path.parent} is opened for reading only: no result can be saved")


class Scratch:
    """Finished folds of one evaluation; each is one file, whole or not there.

    Parameters
    ----------
    path : Path
        Its folder, made when the first fold is put.
    read_only : bool
        Where the store cannot be written, nothing is kept and nothing is an error.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self.path, self.read_only = path, read_only

    def get(self, fold: int | str) -> dict[str, Any] | None:
        """What was put for a fold; ``None`` where nothing was, or its file is damaged."""
        try:
            arrays = _load_arrays(self._file(fold))
            return {**json.loads(bytes(arrays.pop(_PLAIN))), **arrays}
        except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile):
            return None

    def put(self, fold: int | str, outcome: Mapping[str, Any]) -> None:
        """Keep what a fold gave: arrays (no objects) and JSON values."""
        if self.read_only:
            return
        arrays = {name: value for name, value in outcome.items() if isinstance(value, np.ndarray)}
        plain = dump_json({name: value for name, value in outcome.items() if name not in arrays})
        with translate_os_errors("keeping a finished fold in", self.path):
            self.path.mkdir(parents=True, exist_ok=True)
            with atomic_write(self._file(fold)) as file:
                np.savez(file, **_no_objects({**arrays, _PLAIN: np.frombuffer(plain.encode("utf-8"), np.uint8)}))

    def clear(self) -> None:
        """Forget all folds."""
        if not self.read_only:
            shutil.rmtree(self.path, ignore_errors=True)

    def _file(self, fold: int | str) -> Path:
        return self.path / f"{_safe(str(fold))}.npz"


def _load_arrays(path: Path) -> dict[str, npt.NDArray[Any]]:
    with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def dump_json(value: Any) -> str:
    """JSON of plain values and NumPy numbers, sorted; NaN is ``null``."""
    return json.dumps(_plain(value), sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {written(str(name)): _plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return written(value) if isinstance(value, str) else value


def _no_objects(arrays: Arrays) -> dict[str, Any]:
    found = {name: np.asarray(array) for name, array in arrays.items()}
    for name, array in found.items():
        if array.dtype.hasobject:
            raise TypeError(f"{name} holds Python objects, which are not saved; numbers or text (dtype str) are")
    return found


def _stem(result: Mapping[str, Any], text: str) -> str:
    now = datetime.now().astimezone()
    return f"{now:%Y%m%d-%H%M%S}-{_safe(str(result.get('dataset') or 'result'))[:40]}-{sha256_text(text)[:4]}"


def _safe(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "_", text) or "_"
