"""UrbanSound8K in the layout it is distributed in."""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mxt.core.errors import InputError, TableError, listed
from mxt.core.records import Clip, Detection, Listing, Remark
from mxt.stages.datasets.expected import INCOMPLETE, TOO_MANY
from mxt.stages.datasets.suffixes import SOUND, suffix
from mxt.stages.datasets.table_reading import read_table

CLASSES = (
    "air_conditioner",
    "car_horn",
    "children_playing",
    "dog_bark",
    "drilling",
    "engine_idling",
    "gun_shot",
    "jackhammer",
    "siren",
    "street_music",
)
FOLD_CLIPS = {1: 873, 2: 888, 3: 925, 4: 990, 5: 936, 6: 823, 7: 838, 8: 806, 9: 816, 10: 837}
TABLE = "urbansound8k.csv"
_PATH = re.compile(r"(?:.*/)?fold(10|[1-9])/((\d+)-(\d)-\d+-\d+)\.\w+", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True)
class UrbanSound8K:
    """Loader of ``audio/fold1`` to ``fold10`` and ``metadata/UrbanSound8K.csv``."""

    def detect(self, listing: Listing) -> Detection:
        """Sure where nearly all audio files have such names and folders, more so with the metadata."""
        found = sum(_PATH.fullmatch(path) is not None for path in listing.files)
        sounds = sum(suffix(path) in SOUND for path in listing.files)
        if not found or found < 0.9 * sounds:
            return Detection(0.0, "not named fold<1 to 10>/<fsID>-<classID>-<occurrence>-<slice>.wav")
        table = _metadata(listing)
        return Detection(
            0.97 if table else 0.93,
            f"fold folders of UrbanSound8K{'' if table else ', without their metadata'}",
        )

    def clips(self, listing: Listing) -> Iterator[Clip | Remark]:
        """Whole files with class, fold, and the recording they were cut from (``fsID``) as group.

        ``start`` and ``end`` of the metadata are times in the original recording: fields, no segments. Rows
        whose file is not there are clips that are missing.
        """
        there = {posixpath.basename(path).lower(): path for path in listing.files if _PATH.fullmatch(path)}
        table = _metadata(listing)
        clips: dict[str, Clip] = {}
        if table:
            root = posixpath.dirname(posixpath.dirname(table))
            for row, line in _rows(listing, table):
                path = there.get(str(row["slice_file_name"]).lower()) or _place(root, row)
                clips.setdefault(path, _from_row(path, row, f"{table}, line {line}"))
        else:
            yield Remark(
                "no metadata",
                "metadata/UrbanSound8K.csv is missing: class, fold and recording are taken from the names",
            )
        for path in there.values():
            if path not in clips:
                clips[path] = _from_name(path)
                if table:
                    yield Remark("file without a row", path)
        yield from clips.values()
        yield from _remarks([clip for clip in clips.values() if clip.path in set(there.values())])


def _metadata(listing: Listing) -> str:
    return next((path for path in listing.files if posixpath.basename(path).lower() == TABLE), "")


def _rows(listing: Listing, table: str) -> Iterator[tuple[dict[str, Any], int]]:
    rows = read_table(Path(listing.root, table), table)
    missing = [
        name for name in ("slice_file_name", "fsID", "fold", "classID", "class") if name not in rows.headings
    ]
    if missing:
        raise TableError(f"{table}: no column {', '.join(missing)}; there are {listed(rows.headings)}")
    yield from zip(rows.rows, rows.lines, strict=True)


def _place(root: str, row: dict[str, Any]) -> str:
    return posixpath.join(
        root, "audio", f"fold{str(row['fold']).strip()}", str(row["slice_file_name"]).strip()
    )


def _from_row(path: str, row: dict[str, Any], where: str) -> Clip:
    words = {name: "" if value is None else str(value).strip() for name, value in row.items()}
    if not words["class"] or not words["slice_file_name"]:
        raise InputError(f"{where}: a row needs slice_file_name and class")
    fields = {
        "original_start": words.get("start", ""),
        "original_end": words.get("end", ""),
        "salience": words.get("salience", ""),
        "classID": words["classID"],
    }
    return Clip(
        path,
        targets={"class": words["class"]},
        fold=words["fold"],
        group=words["fsID"],
        fields={name: value for name, value in fields.items() if value},
    )


def _from_name(path: str) -> Clip:
    match = _PATH.fullmatch(path)
    assert match is not None
    fold, _, recording, number = match.groups()
    return Clip(
        path, targets={"class": CLASSES[int(number)]}, fold=fold, group=recording, fields={"classID": number}
    )


def _remarks(clips: list[Clip]) -> Iterator[Remark]:
    """What is missing by fold: published scores are means over these ten."""
    counts = Counter(clip.fold for clip in clips)
    total, missing = (
        sum(FOLD_CLIPS.values()),
        sum(max(0, number - counts[str(fold)]) for fold, number in FOLD_CLIPS.items()),
    )
    empty = [str(fold) for fold in FOLD_CLIPS if not counts[str(fold)]]
    if missing:
        gone = f"; nothing of fold {', '.join(empty)}" if empty else ""
        yield Remark(INCOMPLETE, f"{len(clips):,} of {total:,} clips, {missing:,} are missing{gone}")
    for fold, number in FOLD_CLIPS.items():
        if counts[str(fold)] > number:
            yield Remark(TOO_MANY, f"fold {fold} has {counts[str(fold)]:,} clips instead of {number:,}")
