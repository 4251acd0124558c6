"""Figures of a data set, written with its clips: what is asked often is known without reading a clip."""

from __future__ import annotations

import json
import sqlite3
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from mxt.core.records import ClipRecord
from mxt.store.catalogue_hashes import FIRST_PARTS, PARTS, changed_parts, has_figures, seal
from mxt.store.catalogue_rows import FIGURES, INDEX_LEFT_OUT, clip_records, clips_where


@dataclass(frozen=True, slots=True)
class Figures:
    """A data set in figures.

    Parameters
    ----------
    clips, used, audio : int
        Its clips, those that can be used, and those of them that have audio.
    seconds : float
        Of the clips that can be used.
    about : mapping
        What whoever wrote the clips wants to know again: plain values. Empty in catalogues of schema 3 and
        older, and in those that were migrated, until it is written again.
    """

    clips: int = 0
    used: int = 0
    audio: int = 0
    seconds: float = 0.0
    about: Mapping[str, Any] = field(default_factory=dict)


class Count:
    """Counts clips while they pass."""

    def __init__(self) -> None:
        self.clips = self.used = self.audio = 0
        self.seconds = 0.0

    def passing(self, clips: Iterable[ClipRecord]) -> Iterator[ClipRecord]:
        """The same clips, counted."""
        for clip in clips:
            self.clips += clip.is_clip
            self.used += clip.usable
            self.audio += clip.usable and clip.has_audio
            self.seconds += clip.duration if clip.usable else 0.0
            yield clip

    def figures(self, about: Mapping[str, Any]) -> Figures:
        """What was counted."""
        return Figures(self.clips, self.used, self.audio, self.seconds, about)


def counted(clips: Iterable[ClipRecord]) -> Figures:
    """The figures of these clips."""
    count = Count()
    deque(count.passing(clips), maxlen=0)
    return count.figures({})


def write_figures(db: sqlite3.Connection, number: int, figures: Figures) -> None:
    """Write or replace the figures of data set `number`."""
    db.execute(
        "INSERT OR REPLACE INTO figures VALUES (?, ?, ?, ?, ?, ?)",
        (
            number,
            figures.clips,
            figures.used,
            figures.audio,
            figures.seconds,
            json.dumps(dict(figures.about)),
        ),
    )


def read_figures(db: sqlite3.Connection, name: str) -> Figures | None:
    """The figures of the data set `name`; ``None`` where none were written."""
    if not has_figures(db):
        return None
    query = (
        "SELECT clips, used, audio, seconds, about FROM figures "
        "WHERE dataset = (SELECT id FROM datasets WHERE name = ?)"
    )
    row = db.execute(query, (name,)).fetchone()
    if row is None:
        return None
    clips, used, audio, seconds, about = row
    return Figures(clips, used, audio, seconds, json.loads(about))


def add_figures(db: sqlite3.Connection) -> None:
    """Bring a catalogue of schema 3 to schema 4; what was damaged before is named as before."""
    db.execute("BEGIN IMMEDIATE")
    if not has_figures(db):
        datasets = db.execute("SELECT id, name FROM datasets WHERE ready").fetchall()
        changed = {name: changed_parts(db, name, FIRST_PARTS) for _, name in datasets}
        for statement in filter(str.strip, (INDEX_LEFT_OUT + FIGURES).split(";")):
            db.execute(statement)
        for number, name in datasets:
            with suppress(Exception):  # a value that never had a hash cannot be read: mxt verify names it
                write_figures(db, number, counted(clip_records(db.execute(clips_where(), (name,)))))
            seal(db, number, [part for part in PARTS if part not in changed[name]])
    db.execute("COMMIT")
