"""Hashes of labels, by which a result made of other labels is recognised; kept until the clips change."""

from __future__ import annotations

import hashlib
import heapq
import json
import sqlite3
from collections.abc import Iterator
from functools import lru_cache
from operator import itemgetter
from typing import Any

from mxt.core.identity import canonical_json
from mxt.store.catalogue_hashes import has_figures, seal
from mxt.store.catalogue_rows import text_of

_OF_IT = "(SELECT id FROM datasets WHERE name = ?)"
_CLIPS = f"(SELECT sha256 FROM hashes WHERE dataset = {_OF_IT} AND part = 'clips')"


def known_hash(db: sqlite3.Connection, name: str, target: str | None) -> str:
    """What `remember_hash` kept, if the clips are the same still; else empty."""
    if not has_figures(db):
        return ""
    query = f"SELECT sha256 FROM labels WHERE dataset = {_OF_IT} AND target = ? AND clips = {_CLIPS}"
    row = db.execute(query, (name, json.dumps(target), name)).fetchone()
    return "" if row is None else str(row[0])


def remember_hash(db: sqlite3.Connection, name: str, target: str | None, sha256: str, clips: str) -> None:
    """Keep the hash of the labels of `name` that was made of the clips with the hash `clips`."""
    if has_figures(db) and (row := db.execute(f"SELECT {_OF_IT}", (name,)).fetchone())[0] is not None:
        values = (row[0], json.dumps(target), sha256, clips)
        db.execute("INSERT OR REPLACE INTO labels VALUES (?, ?, ?, ?)", values)
        seal(db, row[0], ("labels",))


def clips_hash(db: sqlite3.Connection, name: str) -> str:
    """Hash of the clips of `name` as they were written; empty where there is none."""
    row = db.execute(f"SELECT {_CLIPS}", (name,)).fetchone() if has_figures(db) else None
    return "" if row is None else row[0] or ""


def remembered(db: sqlite3.Connection, name: str) -> list[str | None]:
    """The targets of `name` whose hashes are kept, also those of earlier clips."""
    query = f"SELECT target FROM labels WHERE dataset = {_OF_IT} ORDER BY target"
    return [json.loads(target) for (target,) in db.execute(query, (name,))]


def labels_hash(db: sqlite3.Connection, name: str, target: str | None) -> str:
    """SHA-256 of the canonical JSON of id, key and value of `target` of all usable clips, sorted by id.

    A column that is no target is looked up among the fields; ``None`` stands for all targets.
    """
    digest = hashlib.sha256(b"[")
    for number, (name_, key, targets, fields) in enumerate(_by_id(db, name)):
        value: Any = _loaded(targets)
        if target is not None:
            value = value[target] if target in value else _loaded(fields).get(target)
        pair = canonical_json([name_, key.hex(), value])
        digest.update(f"{',' if number else ''}{pair}".encode("utf-8", "surrogatepass"))
    digest.update(b"]")
    return digest.hexdigest()


def _by_id(db: sqlite3.Connection, name: str) -> Iterator[tuple[str, bytes, str, str]]:
    """Id, key, targets and fields of the usable clips, sorted as Python sorts ids."""
    query = (
        f"SELECT id, key, targets, fields FROM clips WHERE dataset = {_OF_IT} AND key IS NOT NULL "
        "AND typeof(id) {kind} 'blob' ORDER BY id, position"
    )
    odd = [(text_of(row[0]), *row[1:]) for row in db.execute(query.format(kind="="), (name,))]
    texts = db.execute(query.format(kind="<>"), (name,))
    return heapq.merge(texts, sorted(odd, key=itemgetter(0)), key=itemgetter(0))


@lru_cache(maxsize=4096)
def _loaded(text: str) -> dict[str, Any]:
    return json.loads(text) if text else {}
