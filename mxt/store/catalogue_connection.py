"""Opens the catalogue's SQLite file, and says what went wrong with it."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

from mxt.core.errors import StoreBusy, StoreDamaged, StoreError, StoreFull, StoreReadOnly
from mxt.store.catalogue_kinds import show_kinds
from mxt.store.catalogue_rows import SCHEMA

BUSY_SECONDS = 30.0


def connect_to_write(path: Path) -> sqlite3.Connection:
    """Open a catalogue for writing; made where there is none."""
    db = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        if not db.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()[0]:
            db.executescript("BEGIN IMMEDIATE;" + SCHEMA + "COMMIT;")
    except BaseException:
        db.close()
        raise
    return db


def connect_to_read(path: Path) -> sqlite3.Connection:
    """Open a catalogue for reading, also on read-only media; an empty one where there is none."""
    if not path.exists():
        return _empty()
    address = path.absolute().as_uri()
    # a journal left by a killed writer cannot be rolled back on read-only media: "immutable" reads what the
    # file holds
    for mode in ("?mode=ro", "?mode=ro&immutable=1"):
        db = sqlite3.connect(
            address + mode, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        try:
            with closing(db.execute("SELECT COUNT(*) FROM sqlite_master")) as cursor:
                tables = cursor.fetchone()[0]
            show_kinds(db)
        except sqlite3.Error as error:
            db.close()
            if "immutable" in mode or not isinstance(error, sqlite3.OperationalError):
                raise
        else:
            if tables:
                return db
            db.close()  # made on a full disk: there was no room for its tables
            return _empty()
    raise AssertionError  # the loop returns or raises


def _empty() -> sqlite3.Connection:
    db = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    db.executescript(SCHEMA)
    return db


def damaged(path: Path, why: str) -> StoreDamaged:
    """What to do with a catalogue of which nothing can be trusted."""
    return StoreDamaged(
        f"{path} is damaged ({why}); move it away and ingest again: features are found again by content"
    )


def translate(error: sqlite3.Error, what: str, path: Path) -> StoreError:
    """SQLite's error as one clear line."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_FULL:
        return StoreFull(
            f"no space left while {what} {path}; what is finished is kept: free some space and run the same command again"
        )
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return StoreBusy(
            f"{path} has been written by another process for more than {BUSY_SECONDS:g} s; wait for it or stop it"
        )
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH, sqlite3.SQLITE_CANTOPEN):
        way = "readable" if what == "reading" else "writable"
        return StoreReadOnly(f"no permission while {what} {path}; make it {way} or use another --store")
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR) or not hasattr(
        error, "sqlite_errorcode"
    ):
        return damaged(
            path, str(error)
        )  # no such table or column; or, without a code, text that is not UTF-8
    return StoreError(f"{what} {path} failed: {error}")


def is_false_alarm(db: sqlite3.Connection, line: str) -> bool:
    """SQLite 3.40 calls values NULL that are not, in tables WITHOUT ROWID whose key is not their first columns."""
    found = re.fullmatch(r"NULL value in (\w+)\.(\w+)", line)
    return (
        found is not None
        and not db.execute(f'SELECT 1 FROM "{found[1]}" WHERE "{found[2]}" IS NULL LIMIT 1').fetchall()
    )
