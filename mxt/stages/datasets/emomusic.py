"""emoMusic (1000 songs for emotional analysis of music) in the layout it is distributed in."""

from __future__ import annotations

import math
import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mxt.core.errors import TableError, listed
from mxt.core.records import Clip, Detection, Listing, Remark
from mxt.stages.datasets.expected import count_remarks
from mxt.stages.datasets.suffixes import SOUND, suffix
from mxt.stages.datasets.table_reading import read_table

CLIPS = 744
SCALE = 9.0
"""Ratings are means on a scale from 1 to 9; the paper's targets are the mean divided by 9."""
STATIC, SONGS = "static_annotations.csv", "songs_info.csv"
_PATH = re.compile(r"(?:.*/)?(\d+)\.\w+", re.DOTALL)
_FIELDS = {
    "Artist": "artist",
    "Song title": "title",
    "Genre": "genre",
    "Mediaeval 2013 set": "mediaeval_2013_set",
}


@dataclass(frozen=True)
class EmoMusic:
    """Loader of ``clips_45seconds/<id>.mp3`` with ``annotations/static_annotations.csv``."""

    def detect(self, listing: Listing) -> Detection:
        """Sure where the averaged annotations are there and nearly all audio files are called by numbers."""
        sounds = [path for path in listing.files if suffix(path) in SOUND]
        if not _table(listing, STATIC) or sum(
            _PATH.fullmatch(path) is not None for path in sounds
        ) < 0.9 * max(1, len(sounds)):
            return Detection(0.0, f"no {STATIC} beside clips named by numbers")
        return Detection(0.96, f"{STATIC} of emoMusic")

    def clips(self, listing: Listing) -> Iterator[Clip | Remark]:
        """The annotated clips with arousal and valence, divided by 9, grouped by artist where it is known.

        Raises
        ------
        TableError
            The annotations cannot be read.
        """
        table = _table(listing, STATIC)
        if not table:
            raise TableError(
                f"{listing.root}: {STATIC} is missing; it comes with the annotations of emoMusic"
            )
        there = {match.group(1): path for path in _sounds(listing) if (match := _PATH.fullmatch(path))}
        folder = posixpath.dirname(next(iter(there.values()), "clips_45seconds/"))
        songs = _songs(listing)
        found = 0
        for number, values in _annotations(listing, table):
            song = songs.get(number, {})
            found += number in there
            yield Clip(
                there.get(number) or posixpath.join(folder, f"{number}.mp3"),
                targets=values,
                group=song.get("artist"),
                fields={"id": number, **song},
            )
        if not songs:
            yield Remark(
                "no metadata",
                f"{SONGS} is missing: artists are not known, and may be in both training and test data",
            )
        yield from count_remarks(found, CLIPS)


def _sounds(listing: Listing) -> list[str]:
    """Audio files; the 45 s clips only where other versions lie beside them."""
    sounds = [path for path in listing.files if suffix(path) in SOUND]
    return [
        path for path in sounds if posixpath.basename(posixpath.dirname(path)) == "clips_45seconds"
    ] or sounds


def _table(listing: Listing, name: str) -> str:
    return next((path for path in listing.files if posixpath.basename(path).lower() == name), "")


def _annotations(listing: Listing, table: str) -> Iterator[tuple[str, dict[str, float]]]:
    rows = read_table(Path(listing.root, table), table)
    needed = ("song_id", "mean_arousal", "mean_valence")
    if missing := [name for name in needed if name not in rows.headings]:
        raise TableError(f"{table}: no column {', '.join(missing)}; there are {listed(rows.headings)}")
    for row, line in zip(rows.rows, rows.lines, strict=True):
        yield (
            str(row["song_id"]).strip(),
            {name: _rating(row, f"mean_{name}", f"{table}, line {line}") for name in ("arousal", "valence")},
        )


def _rating(row: Mapping[str, Any], column: str, where: str) -> float:
    """A mean rating divided by 9.

    Raises
    ------
    TableError
        It is not a number from 1 to 9.
    """
    try:
        rating = float(str(row[column]))
    except ValueError:
        rating = math.nan
    if not 1 <= rating <= SCALE:
        raise TableError(f"{where}: {column} is a mean of ratings from 1 to 9, not {str(row[column])!r}")
    return rating / SCALE


def _songs(listing: Listing) -> dict[str, dict[str, str]]:
    """Id to artist, title, genre and the set of MediaEval 2013, as far as they are known."""
    table = _table(listing, SONGS)
    if not table:
        return {}
    found = {}
    for row in read_table(Path(listing.root, table), table).rows:
        words = {name: " ".join(str(row.get(column) or "").split()) for column, name in _FIELDS.items()}
        found[str(row.get("song_id") or "").strip()] = {name: value for name, value in words.items() if value}
    return found
