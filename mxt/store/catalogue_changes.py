"""What differs in a data set after its clips were replaced: compared by SQLite, so that no clip is held."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass

from mxt.core.records import FileKind
from mxt.store.catalogue_rows import text_of

_CLIPS = (
    "SELECT clips.id, clips.position, clips.key, clips.reason, clips.targets FROM clips JOIN files "
    "ON files.dataset = clips.dataset AND files.path = clips.path "
    f"WHERE clips.dataset = ? AND files.kind = '{FileKind.CLIP}'"
)
_OTHERS = "SELECT id FROM {among} WHERE id NOT IN (SELECT id FROM {known}) ORDER BY position"
_BOTH = "FROM now JOIN before ON before.id = now.id WHERE {differ} ORDER BY now.position"
_CHANGED = "SELECT now.id " + _BOTH.format(differ="now.key IS NOT before.key OR now.reason <> before.reason")
_RELABELLED = "SELECT now.id, before.targets, now.targets " + _BOTH.format(
    differ="now.targets IS NOT before.targets"
)


@dataclass
class ClipChanges:
    """Ids of clips that are new, changed, gone or have other targets; hidden and other files do not count."""

    new: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    relabelled: tuple[str, ...] = ()

    def remember(self, db: sqlite3.Connection, number: int) -> None:
        """Keep the clips of data set `number` as they are, before they are replaced."""
        _copy(db, number, "before")

    def compare(self, db: sqlite3.Connection, number: int) -> None:
        """Find what differs between the clips that were kept and those of now."""
        _copy(db, number, "now")
        self.new = _ids(db, _OTHERS.format(among="now", known="before"))
        self.gone = _ids(db, _OTHERS.format(among="before", known="now"))
        self.changed = _ids(db, _CHANGED)
        self.relabelled = tuple(
            text_of(id_) for id_, *both in db.execute(_RELABELLED) if _targets(both[0]) != _targets(both[1])
        )


def _copy(db: sqlite3.Connection, number: int, table: str) -> None:
    db.execute(f"CREATE TEMP TABLE {table} AS {_CLIPS}", (number,))
    db.execute(f"CREATE INDEX temp.{table}_ids ON {table} (id)")


def _ids(db: sqlite3.Connection, query: str) -> tuple[str, ...]:
    return tuple(text_of(id_) for (id_,) in db.execute(query))


def _targets(text: str) -> object:
    return json.loads(text) if text else {}
