"""Fingerprints of recordings, and how alike pairs of them are: computed once, kept by audio key.

The file is a cache: it may be deleted at any time, and what cannot be written or read is computed again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import numpy as np
import numpy.typing as npt

Peaks = npt.NDArray[np.uint16]
Pair = tuple[bytes, bytes]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS peaks (key BLOB PRIMARY KEY, peaks BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS similarities (first BLOB, second BLOB, similarity REAL NOT NULL,
    PRIMARY KEY (first, second)) WITHOUT ROWID;
"""
_EMPTY = "DROP TABLE IF EXISTS peaks; DROP TABLE IF EXISTS similarities;"


class Fingerprints:
    """The fingerprints of a store.

    Parameters
    ----------
    path : Path
        ``fingerprints.sqlite``; made when something is kept.
    version : int
        Of the fingerprints; those of another version are forgotten.
    read_only : bool
        Whether nothing is kept.
    """

    def __init__(self, path: Path, *, version: int, read_only: bool = False) -> None:
        self.path, self.version, self.read_only = path, version, read_only

    def peaks(self, keys: Iterable[bytes]) -> dict[bytes, Peaks]:
        """What is kept of these audio keys: uint16 [n, 2] of each."""
        rows: list[tuple[bytes, bytes]] = []
        with self._connected() as db:
            for key in keys:
                rows += db.execute("SELECT key, peaks FROM peaks WHERE key = ?", (key,))
        return {key: np.frombuffer(peaks, dtype="<u2").reshape(-1, 2) for key, peaks in rows}

    def known(self, keys: Iterable[bytes]) -> set[bytes]:
        """Those of these audio keys of which peaks are kept."""
        known: set[bytes] = set()
        with self._connected() as db:
            for key in keys:
                known.update(key for _ in db.execute("SELECT 1 FROM peaks WHERE key = ?", (key,)))
        return known

    def keep_peaks(self, peaks: Mapping[bytes, Peaks]) -> None:
        """Keep fingerprints by audio key."""
        rows = [(key, value.astype("<u2").tobytes()) for key, value in peaks.items()]
        self._write("INSERT OR REPLACE INTO peaks VALUES (?, ?)", rows)

    def similarities(self, pairs: Iterable[Pair]) -> dict[Pair, float]:
        """What is kept of pairs of audio keys."""
        found = {}
        with self._connected() as db:
            for pair in pairs:
                query = "SELECT similarity FROM similarities WHERE first = ? AND second = ?"
                for (value,) in db.execute(query, pair):
                    found[pair] = float(value)
        return found

    def keep_similarities(self, similarities: Mapping[Pair, float]) -> None:
        """Keep how alike pairs are."""
        rows = [(*pair, value) for pair, value in similarities.items()]
        self._write("INSERT OR REPLACE INTO similarities VALUES (?, ?, ?)", rows)

    def _write(self, statement: str, rows: Sequence[tuple[object, ...]]) -> None:
        if not self.read_only and rows:
            with self._connected() as db, db:
                db.executemany(statement, rows)

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        """The file, or an empty one in memory; what SQLite refuses to read or write is not there."""
        with closing(self._open()) as db, suppress(sqlite3.Error):
            yield db

    def _open(self) -> sqlite3.Connection:
        with suppress(sqlite3.Error):
            return self._open_file()
        db = sqlite3.connect(":memory:")
        db.executescript(_SCHEMA)
        return db

    def _open_file(self) -> sqlite3.Connection:
        """The file, emptied where it holds fingerprints of another version; a damaged one is removed."""
        mode = "ro" if self.read_only else "rwc"
        db = sqlite3.connect(f"{self.path.absolute().as_uri()}?mode={mode}", uri=True, timeout=30)
        try:
            if db.execute("PRAGMA user_version").fetchone()[0] != self.version:
                db.executescript(f"{_EMPTY} {_SCHEMA} PRAGMA user_version = {self.version};")
        except sqlite3.Error as error:
            db.close()
            if error.sqlite_errorcode in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
                with suppress(OSError):
                    self.path.unlink()
            raise
        return db
