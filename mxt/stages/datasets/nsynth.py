"""NSynth in the layout it is distributed in."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mxt.core.errors import InputError
from mxt.core.records import Clip, Detection, Listing, Remark, Target
from mxt.core.text import parse_json, shortened
from mxt.stages.datasets.suffixes import SOUND, suffix

FAMILIES = (
    "bass",
    "brass",
    "flute",
    "guitar",
    "keyboard",
    "mallet",
    "organ",
    "reed",
    "string",
    "synth_lead",
    "vocal",
)
SOURCES = ("acoustic", "electronic", "synthetic")
TABLE = "examples.json"
_NOTE = re.compile(rf"((?:{'|'.join(FAMILIES)})_(?:{'|'.join(SOURCES)})_\d+)-(\d+)-(\d+)")
_PARTS = {"nsynth-train": "train", "nsynth-valid": "valid", "nsynth-test": "test"}


@dataclass(frozen=True)
class NSynth:
    """Loader of ``audio/<family>_<source>_<number>-<pitch>-<velocity>.wav`` and ``examples.json``."""

    def detect(self, listing: Listing) -> Detection:
        """Sure where nearly all audio files are called so, the surer with their table."""
        sounds = [path for path in listing.files if suffix(path) in SOUND]
        found = sum(_NOTE.fullmatch(_stem(path)) is not None for path in sounds)
        if not found or found < 0.9 * len(sounds):
            return Detection(0.0, "not named <family>_<source>_<number>-<pitch>-<velocity>.wav")
        table = any(posixpath.basename(path) == TABLE for path in listing.files)
        return Detection(
            0.97 if table else 0.93, f"names of NSynth{'' if table else ', without examples.json'}"
        )

    def clips(self, listing: Listing) -> Iterator[Clip | Remark]:
        """Notes with family, source, pitch (MIDI) and velocity, grouped by instrument, split by folder.

        Notes whose file is not there are clips that are missing.

        Raises
        ------
        InputError
            ``examples.json`` cannot be read.
        """
        tables = {
            posixpath.dirname(path): _table(listing, path)
            for path in listing.files
            if posixpath.basename(path) == TABLE
        }
        there = {path for path in listing.files if suffix(path) in SOUND and _NOTE.fullmatch(_stem(path))}
        if not tables:
            yield Remark(
                "no metadata",
                f"{TABLE} is missing: family, source, pitch and velocity are taken from the names",
            )
        named = set()
        for folder, notes in tables.items():
            for note, entry in notes.items():
                path = posixpath.join(folder, "audio", f"{note}.wav")
                named.add(path)
                yield _clip(listing, path, note, entry)
        for path in sorted(there - named):
            if tables:
                yield Remark("note without an entry", path)
            yield _clip(listing, path, _stem(path), {})


def _stem(path: str) -> str:
    return posixpath.splitext(posixpath.basename(path))[0]


def _table(listing: Listing, path: str) -> Mapping[str, Mapping[str, Any]]:
    try:
        found = parse_json(Path(listing.root, path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(
            f"{path} cannot be read: {error}; fetch it again, or remove it to use the names"
        ) from error
    if not isinstance(found, dict) or not all(isinstance(entry, dict) for entry in found.values()):
        raise InputError(f"{path} should be an object of notes, as NSynth distributes it")
    return found


def _clip(listing: Listing, path: str, note: str, entry: Mapping[str, Any]) -> Clip:
    """A note by its entry; what that lacks is read from its name."""
    match = _NOTE.fullmatch(note)
    instrument, pitch, velocity = match.groups() if match else (note, None, None)
    family, source = "", ""
    if match:
        family, source, _ = instrument.rsplit("_", 2)
    targets: dict[str, Target] = {
        "family": str(entry.get("instrument_family_str") or family) or None,
        "source": str(entry.get("instrument_source_str") or source) or None,
        "instrument": str(entry.get("instrument_str") or instrument),
        "pitch": _number(entry.get("pitch", pitch), f"pitch of {note}"),
        "velocity": _number(entry.get("velocity", velocity), f"velocity of {note}"),
    }
    qualities = ",".join(map(str, entry.get("qualities_str") or ()))
    return Clip(
        path,
        targets=targets,
        split=_part(listing, path),
        group=str(targets["instrument"]),
        fields={"qualities": qualities} if qualities else {},
    )


def _number(value: object, what: str) -> float | None:
    try:
        return float(value) if isinstance(value, (int, float, str)) and value != "" else None
    except (ValueError, OverflowError):
        raise InputError(f"the {what} should be a number, not {shortened(str(value))!r}") from None


def _part(listing: Listing, path: str) -> str | None:
    """The part a folder is named after, at or below the root."""
    folders = [Path(listing.root).name, *path.split("/")[:-1]]
    return next((_PARTS[name] for name in folders if name in _PARTS), None)
