"""Whether a catalogue is what was written: hashes of its parts, and SQLite's own checks."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from pathlib import Path

from mxt.core.errors import StoreDamaged
from mxt.store.catalogue_connection import CatalogueFile, damaged, is_false_alarm
from mxt.store.catalogue_hashes import PARTS, changed_datasets, changed_parts, damage, lost_datasets

AGAIN = "ingest it again, or derive it again: no feature is computed again"


class CatalogueChecks:
    """What finds damage in a catalogue.

    Parameters
    ----------
    path : Path
    read_only : bool
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self.path, self.read_only = Path(path), read_only
        self._file = CatalogueFile(self.path, read_only=read_only)

    def damage(self) -> dict[str, list[str]]:
        """Data sets that are not what was written, and which parts of them."""
        with self._file.reading() as db:
            return damage(db)

    def gone(self) -> int:
        """Number of data sets that were written and are not listed any more."""
        with self._file.reading() as db:
            return lost_datasets(db)

    def structure(self) -> list[str]:
        """What SQLite finds wrong with its file; empty where nothing is."""
        with self._file.reading() as db:
            lines = [line for (line,) in db.execute("PRAGMA integrity_check(20)")]
            return [line for line in lines if line != "ok" and not is_false_alarm(db, line)]

    def changed(self, name: str, parts: Iterable[str] = tuple(PARTS)) -> list[str]:
        """Parts of data set `name` that are not what was written; none if the data set is unknown."""
        with self._file.reading() as db:
            return changed_parts(db, name, parts)

    def _check(self, db: sqlite3.Connection, name: str, parts: Iterable[str]) -> None:
        if changed := changed_parts(db, name, parts):
            raise self._changed(name, *changed)

    def _changed(self, name: str, *parts: str) -> StoreDamaged:
        return StoreDamaged(
            f"{self.path}: {' and '.join(parts)} of data set {name} are not what was written; {AGAIN}"
        )

    def _check_datasets(self) -> None:
        with self._file.reading() as db:
            changed, gone = changed_datasets(db), lost_datasets(db)
        if changed:
            raise StoreDamaged(
                f"{self.path}: data set {changed[0]} is not what was written; "
                f"mxt rm {changed[0]}, then {AGAIN}"
            )
        if gone:
            raise damaged(self.path, f"{gone} data sets are gone")
