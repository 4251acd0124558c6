"""Results: published whole by rename, without a lock."""

from __future__ import annotations

import errno
import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mxt.core.errors import MxtError, StoreDamaged, StoreReadOnly, UnknownName
from mxt.core.files import atomic_write, is_damage, translate_os_errors
from mxt.core.identity import sha256_file, sha256_text
from mxt.store.scratch import Scratch
from mxt.store.serialise import Arrays, dump_json, load_arrays, no_objects, safe_name

RESULT, PREDICTIONS = "result.json", "predictions.npz"
CHECKSUM = "checksum"


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
                    np.savez_compressed(file, **no_objects(predictions))
                text = _with_checksum({**result, "predictions_sha256": sha256_file(folder / PREDICTIONS)})
                with atomic_write(folder / RESULT, "w") as file:
                    file.write(text)
                return self._rename(folder, _stem(result, text))
            finally:
                shutil.rmtree(partial, ignore_errors=True)

    def list(self) -> list[str]:
        """Ids of all results, the oldest first."""
        with translate_os_errors("reading", self.path):
            if not self.path.is_dir():
                return []
            return sorted(
                folder.name
                for folder in self.path.iterdir()
                if folder.is_dir() and not folder.name.startswith(".")
            )

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
        UnknownName, StoreDamaged, StoreReadOnly
            There is none; its ``result.json`` is not what was written; no permission.
        """
        path = self.path / self.find(result_id) / RESULT
        with _reading(path, f"mxt rm {path.parent.name} removes it"):
            text = path.read_text(encoding="utf-8")
            result: dict[str, Any] = json.loads(text)
            if not _intact(result, text, path.parent.name):
                raise ValueError("it is not what was written")
        return result

    def predictions(self, result_id: str) -> dict[str, npt.NDArray[Any]]:
        """The arrays published under an id.

        Raises
        ------
        UnknownName, StoreDamaged, StoreReadOnly
            There is none; its file is not what was written; no permission.
        """
        expected = self.load(result_id).get("predictions_sha256")
        path = self.path / self.find(result_id) / PREDICTIONS
        with _reading(path, f"evaluate again, mxt rm {path.parent.name} removes it"):
            if sha256_file(path) != expected:
                raise ValueError("it is not what was written")
            return load_arrays(path)

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
        return Scratch(self.path / f".partial-{safe_name(key)[:64]}", read_only=self.read_only)

    def partial(self) -> tuple[Path, ...]:
        """What evaluations that did not end left behind, and results half published or half removed."""
        with translate_os_errors("reading", self.path):
            hidden = (
                [p for p in sorted(self.path.iterdir()) if p.name.startswith(".")]
                if self.path.is_dir()
                else []
            )
        return tuple(
            p for p in hidden if p.name.startswith(".partial-") or p.suffix in (".partial", ".removed")
        )

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


@contextmanager
def _reading(path: Path, advice: str) -> Iterator[None]:
    """Whatever a reader raises on damaged bytes becomes `StoreDamaged`; errors of the system do not."""
    try:
        yield
    except MxtError:
        raise
    except Exception as error:
        if isinstance(error, OSError) and not is_damage(error):
            with translate_os_errors("reading", path):
                raise
        raise StoreDamaged(f"{path} is damaged ({error or type(error).__name__}); {advice}") from error


def _with_checksum(result: Mapping[str, Any]) -> str:
    """The text of ``result.json``, with the hash of all the rest."""
    return dump_json({**result, CHECKSUM: sha256_text(dump_json(result))})


def _intact(result: Any, text: str, result_id: str) -> bool:
    """Whether a ``result.json`` is what was written under this id, which ends with digits of its hash."""
    if not isinstance(result, dict):
        return False
    rest = {name: value for name, value in result.items() if name != CHECKSUM}
    digits = result_id.rpartition("-")[2].partition(".")[0]
    # results of earlier versions have no checksum of their own
    return sha256_text(text).startswith(digits) and result.get(
        CHECKSUM, sha256_text(dump_json(rest))
    ) == sha256_text(dump_json(rest))


def _stem(result: Mapping[str, Any], text: str) -> str:
    now = datetime.now().astimezone()
    name = safe_name(str(result.get("dataset") or "result"))[:40]
    return f"{now:%Y%m%d-%H%M%S}-{name}-{sha256_text(text)[:4]}"
