"""Kinds of files in catalogues of schema 2 and older, where only the wording of a detail tells them."""

from __future__ import annotations

import sqlite3

from mxt.core.errors import Reason
from mxt.core.records import FileKind
from mxt.store.catalogue_hashes import changed_parts, seal

_OLD_DETAIL = "not opened: another kind of file"  # how schema 2 began the detail of such a file
_KIND = (
    f"CASE WHEN reason = {Reason.HIDDEN.value} THEN '{FileKind.HIDDEN}' "
    f"WHEN substr(CAST(detail AS TEXT), 1, {len(_OLD_DETAIL)}) = '{_OLD_DETAIL}' THEN '{FileKind.OTHER}' "
    f"ELSE '{FileKind.CLIP}' END"
)


def show_kinds(db: sqlite3.Connection) -> None:
    """Let a connection that only reads see the files of an old catalogue with their kinds."""
    if _lacks_kinds(db):
        db.execute("PRAGMA temp_store = MEMORY")
        db.execute(f"CREATE TEMP VIEW files AS SELECT *, {_KIND} AS kind FROM main.files")


def add_kinds(db: sqlite3.Connection) -> None:
    """Bring a catalogue of schema 2 to schema 3; files that were damaged before are named as before."""
    db.execute("BEGIN IMMEDIATE")
    if _lacks_kinds(db):
        hashed = db.execute(
            "SELECT id, name FROM datasets WHERE id IN (SELECT dataset FROM hashes WHERE part = 'files')"
        ).fetchall()
        intact = [dataset for dataset, name in hashed if not changed_parts(db, name, ("files",))]
        db.execute(f"ALTER TABLE files ADD COLUMN kind TEXT NOT NULL DEFAULT '{FileKind.CLIP}'")
        db.execute(f"UPDATE files SET kind = {_KIND}")
        for dataset in intact:
            seal(db, dataset, ("files",))
    db.execute("COMMIT")


def _lacks_kinds(db: sqlite3.Connection) -> bool:
    columns = [column[1] for column in db.execute("PRAGMA main.table_info(files)")]
    return bool(columns) and "kind" not in columns
