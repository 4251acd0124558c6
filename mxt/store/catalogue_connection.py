"""The catalogue's SQLite file: opened for one transaction at a time; its errors as one clear line."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Any, TypeVar

from mxt.core.errors import StoreBusy, StoreDamaged, StoreError, StoreFull, StoreReadOnly
from mxt.core.files import translate_damage
from mxt.store.catalogue_kinds import show_kinds
from mxt.store.catalogue_rows import SCHEMA

BUSY_SECONDS = 30.0

Record = TypeVar("Record")


class CatalogueFile:
    """The SQLite file of a catalogue.

    Parameters
    ----------
    path : Path
        The file; created at the first use unless `read_only`.
    read_only : bool
        Whether writing raises `StoreReadOnly`.
    """

    def __init__(self, path: Path, *, read_only: bool) -> None:
        self.path, self.read_only = path, read_only

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection that sees the file as it is at one moment."""
        with self.connected("reading") as db:
            db.execute("BEGIN")
            yield db

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A connection whose changes are all written at the end, or none of them."""
        if self.read_only:
            raise StoreReadOnly(f"{self.path} is open for reading only")
        with self.connected("writing") as db:
            db.execute("BEGIN IMMEDIATE")
            yield db
            db.execute("COMMIT")

    @contextmanager
    def connected(self, what: str) -> Iterator[sqlite3.Connection]:
        """A connection that is closed at the end, which takes back what was not committed."""
        connect = connect_to_read if self.read_only else connect_to_write
        try:
            with closing(connect(self.path)) as db:
                yield db
        except sqlite3.Error as error:
            raise translate(error, what, self.path) from error

    def rows(self, query: str, values: Sequence[object] = ()) -> list[Any]:
        """All rows that a query gives."""
        with self.reading() as db:
            return db.execute(query, values).fetchall()

    def records(self, records: Iterable[Record]) -> Iterator[Record]:
        """The same records, made from rows; a row with anything but what mxt writes is damage."""
        with self.translating_damage():
            yield from records

    def translating_damage(self) -> AbstractContextManager[None]:
        """Whatever is raised within for values that mxt never writes becomes `StoreDamaged`."""
        return translate_damage(lambda error: _damage_text(self.path, f"{type(error).__name__}: {error}"))


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
    """The error for a catalogue of which nothing can be trusted."""
    return StoreDamaged(_damage_text(path, why))


def _damage_text(path: Path, why: str) -> str:
    return f"{path} is damaged ({why}); move it away and ingest again: features are found again by content"


def translate(error: sqlite3.Error, what: str, path: Path) -> StoreError:
    """SQLite's error as one clear line."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_FULL:
        return StoreFull(
            f"no space left while {what} {path}; what is finished is kept: "
            "free some space and run the same command again"
        )
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return StoreBusy(
            f"{path} has been in use by another process for more than {BUSY_SECONDS:g} s; "
            "wait for it or stop it"
        )
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH, sqlite3.SQLITE_CANTOPEN):
        way = "readable" if what == "reading" else "writable"
        return StoreReadOnly(f"no permission while {what} {path}; make it {way} or use another --store")
    # no such table or column; or, without a code, text that is not UTF-8
    if code in (0, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR):
        return damaged(path, str(error))
    return StoreError(f"{what} {path} failed: {error}")


def is_false_alarm(db: sqlite3.Connection, line: str) -> bool:
    """SQLite 3.40 reports NULLs that are not there, in tables WITHOUT ROWID with a key of later columns."""
    if (column := re.fullmatch(r"NULL value in (\w+)\.(\w+)", line)) is None:
        return False
    return not db.execute(f'SELECT 1 FROM "{column[1]}" WHERE "{column[2]}" IS NULL LIMIT 1').fetchall()
