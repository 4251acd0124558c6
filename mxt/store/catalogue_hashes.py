"""Hashes of what the catalogue holds of each data set, so that a changed bit in a key or a label is noticed.

SQLite checks the structure of its file, not the values in it.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable
from operator import itemgetter

from mxt.core.identity import KEY_BYTES
from mxt.store.catalogue_rows import HASHES

# The parts of a data set, each hashed as a whole.
PARTS = {
    "data set": "SELECT * FROM datasets WHERE id = ?",
    "files": "SELECT * FROM main.files WHERE dataset = ? ORDER BY path",
    "clips": "SELECT * FROM clips WHERE dataset = ? ORDER BY position",
    "remarks": "SELECT * FROM remarks WHERE dataset = ? ORDER BY position",
    "views": "SELECT * FROM views WHERE dataset = ? ORDER BY position",
    "figures": "SELECT * FROM figures WHERE dataset = ?",
    "labels": "SELECT * FROM labels WHERE dataset = ? ORDER BY target",
    # the plus lets SQLite take the index of these clips instead of the primary key
    "clips left out": "SELECT * FROM clips WHERE +dataset = ? AND key IS NULL ORDER BY position",
}
KEYS = "keys"
PARTS[KEYS] = "SELECT key FROM clips WHERE dataset = ? AND key IS NOT NULL ORDER BY position"
FIRST_PARTS = ("data set", "files", "clips", "remarks", "views")  # those of schema 2
BLOCK = 1000  # rows hashed at a time


def seal(db: sqlite3.Connection, dataset: int, parts: Iterable[str] = tuple(PARTS)) -> None:
    """Write the hashes of some parts of a data set as they are now."""
    for part in parts:
        db.execute(
            "INSERT OR REPLACE INTO hashes VALUES (?, ?, ?)", (dataset, part, _hash(db, dataset, part))
        )


def changed_parts(db: sqlite3.Connection, name: str, parts: Iterable[str] = tuple(PARTS)) -> list[str]:
    """Parts of a data set that are not what was written; those without a hash are taken as they are."""
    row = db.execute("SELECT id FROM datasets WHERE name = ?", (name,)).fetchone()
    if row is None or not has_hashes(db):
        return []
    dataset = row[0]
    known = dict(db.execute("SELECT part, sha256 FROM hashes WHERE dataset = ?", (dataset,)))
    return [part for part in parts if part in known and known[part] != _hash(db, dataset, part)]


def changed_datasets(db: sqlite3.Connection) -> list[str]:
    """Data sets whose own row, which says where they are and how they were made, is not what was written."""
    return [
        name for (name,) in db.execute("SELECT name FROM datasets") if changed_parts(db, name, ("data set",))
    ]


def damage(db: sqlite3.Connection) -> dict[str, list[str]]:
    """Data sets that are not what was written, and which parts of them."""
    parts = {name: changed_parts(db, name) for (name,) in db.execute("SELECT name FROM datasets")}
    return {name: changed for name, changed in parts.items() if changed}


def lost_datasets(db: sqlite3.Connection) -> int:
    """Number of data sets that have hashes but are no longer listed."""
    query = (
        "SELECT COUNT(*) FROM hashes "
        "WHERE part = 'data set' AND dataset NOT IN (SELECT id FROM datasets WHERE ready)"
    )
    return int(db.execute(query).fetchone()[0]) if has_hashes(db) else 0


def add_hashes(db: sqlite3.Connection) -> None:
    """Bring a catalogue of a store of schema 1 up to date: what is in it now counts as what was written."""
    db.executescript("BEGIN IMMEDIATE;" + HASHES + "COMMIT;")
    for (dataset,) in db.execute("SELECT id FROM datasets WHERE ready").fetchall():
        seal(db, dataset, FIRST_PARTS)


def has_hashes(db: sqlite3.Connection) -> bool:
    """False for catalogues of stores of schema 1."""
    return db.execute("SELECT 1 FROM sqlite_master WHERE name = 'hashes'").fetchone() is not None


def has_figures(db: sqlite3.Connection) -> bool:
    """False for catalogues of stores of schema 3 and older."""
    return db.execute("SELECT 1 FROM sqlite_master WHERE name = 'figures'").fetchone() is not None


def keys_of(db: sqlite3.Connection, name: str) -> tuple[bytes, bool]:
    """The keys of the usable clips of a data set, one behind the other; whether they are what was written."""
    row = db.execute("SELECT id FROM datasets WHERE name = ?", (name,)).fetchone()
    if row is None:
        return b"", True
    keys = _keys(db, row[0])
    query = "SELECT sha256 FROM hashes WHERE dataset = ? AND part = ?"
    known = db.execute(query, (row[0], KEYS)).fetchone() if has_hashes(db) else None
    if known is None:
        return keys, len(keys) % KEY_BYTES == 0 and not changed_parts(db, name, ("clips",))
    return keys, known[0] == hashlib.sha256(keys).hexdigest()


def are_keys(db: sqlite3.Connection, name: str, keys: bytes) -> bool:
    """Whether these are the keys written for the usable clips of a data set; none of them is read."""
    query = "SELECT sha256 FROM hashes WHERE dataset = (SELECT id FROM datasets WHERE name = ?) AND part = ?"
    known = db.execute(query, (name, KEYS)).fetchone() if has_hashes(db) else None
    return known is not None and known[0] == hashlib.sha256(keys).hexdigest()


def _keys(db: sqlite3.Connection, dataset: int) -> bytes:
    rows, keys = db.execute(PARTS[KEYS], (dataset,)), bytearray()
    try:
        while block := rows.fetchmany(BLOCK):
            keys += b"".join(map(itemgetter(0), block))
    except TypeError:  # damage: a key that is no bytes
        return b""
    return bytes(keys)


def _hash(db: sqlite3.Connection, dataset: int, part: str) -> str:
    """Hash of the names and rows of a part: of `BLOCK` rows at a time, row by row in older catalogues."""
    if part == KEYS:
        return hashlib.sha256(_keys(db, dataset)).hexdigest()
    rows = db.execute(PARTS[part], (dataset,))
    digest = hashlib.sha256(json.dumps([column[0] for column in rows.description]).encode("ascii"))
    blocks = iter(lambda: rows.fetchmany(BLOCK), []) if has_figures(db) else rows
    for block in blocks:
        digest.update(json.dumps(block, default=bytes.hex).encode("ascii") + b"\n")
    return digest.hexdigest()
