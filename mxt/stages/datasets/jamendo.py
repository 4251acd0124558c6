"""Jamendo vocal detection as distributed: segments of tracks, from the annotations of singing."""

from __future__ import annotations

import math
import posixpath
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mxt.core.errors import InputError
from mxt.core.records import Clip, Detection, Listing, Remark
from mxt.stages.datasets.expected import class_remarks, count_remarks
from mxt.stages.datasets.suffixes import SOUND, suffix
from mxt.stages.datasets.targets import split_name

TRACKS = {"train": 61, "valid": 16, "test": 16}
SEGMENTS = 4086
LABELS = ("sing", "nosing")
LISTS = ("filelists", "lists")


@dataclass(frozen=True)
class Jamendo:
    """Loader of ``{train,valid,test}/*.ogg`` or ``.mp3`` with a ``.lab`` of the same name in any folder."""

    def detect(self, listing: Listing) -> Detection:
        """Sure where nearly all audio files have a ``.lab`` that says ``sing`` or ``nosing``."""
        sounds = [path for path in listing.files if suffix(path) in SOUND]
        labs = _labs(listing)
        with_lab = [path for path in sounds if _stem(path) in labs]
        if not with_lab or len(with_lab) < 0.9 * len(sounds):
            return Detection(0.0, "no .lab for most audio files")
        lines, _ = _segments(listing, labs[_stem(with_lab[0])])
        if not lines:
            return Detection(0.0, f"{labs[_stem(with_lab[0])]} does not say sing or nosing")
        return Detection(0.96, f"{len(with_lab)} tracks with singing annotations")

    def clips(self, listing: Listing) -> Iterator[Clip | Remark]:
        """One clip per segment, grouped by track; the split is that of the folder or of published lists."""
        labs, lists = _labs(listing), _lists(listing)
        tracks: Counter[str] = Counter()
        segments = 0
        for path in listing.files:
            if suffix(path) not in SOUND:
                continue
            stem = _stem(path)
            split = _folder_split(path) or lists.get(stem)
            tracks[split or "none"] += 1
            if stem not in labs:
                yield Remark("track without annotations", path)
                continue
            lines, remarks = _segments(listing, labs[stem])
            yield from remarks
            segments += len(lines)
            for start, end, label in lines:
                yield Clip(path, start=start, end=end, targets={"singing": label}, split=split, group=stem)
        if tracks["none"]:
            yield Remark(
                "no split",
                f"{tracks['none']} tracks are not in a folder train, valid or test, nor in a list",
            )
        elif short := list(class_remarks(tracks.elements(), TRACKS, unit="tracks")):
            yield from short
        else:
            yield from count_remarks(segments, SEGMENTS)


def _stem(path: str) -> str:
    return posixpath.splitext(posixpath.basename(path))[0]


def _labs(listing: Listing) -> dict[str, str]:
    """Name of a track to the path of its annotations."""
    return {_stem(path): path for path in listing.files if suffix(path) == "lab"}


def _folder_split(path: str) -> str | None:
    return next((split for folder in reversed(path.split("/")[:-1]) if (split := split_name(folder))), None)


def _lists(listing: Listing) -> dict[str, str]:
    """Name of a track to its split, from the published lists (``filelists/train`` etc.)."""
    found = {}
    for path in listing.files:
        split = split_name(_stem(path))
        if (
            split
            and posixpath.basename(posixpath.dirname(path)).lower() in LISTS
            and suffix(path) not in SOUND
        ):
            for line in _text(listing, path).splitlines():
                if line.strip():
                    found[_stem(line.strip())] = split
    return found


def _text(listing: Listing, path: str) -> str:
    try:
        return Path(listing.root, path).read_text(encoding="utf-8-sig", errors="replace")
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error


def _segments(listing: Listing, path: str) -> tuple[list[tuple[float, float, str]], list[Remark]]:
    """Start, end (seconds) and label of each line; lines that are none, or empty, are remarked upon."""
    found, remarks = [], []
    for number, line in enumerate(_text(listing, path).splitlines(), 1):
        words = line.split()
        if not words:
            continue
        start, end = _seconds(words[0]), _seconds(words[1]) if len(words) > 1 else math.nan
        if len(words) != 3 or words[2] not in LABELS or not 0 <= start <= end:
            remarks.append(
                Remark(
                    "line that is not a segment",
                    f"{path}, line {number}: start, end and sing or nosing, not {line.strip()[:60]!r}",
                )
            )
        elif start == end:
            remarks.append(Remark("segment without length", f"{path}, line {number}"))
        else:
            found.append((start, end, words[2]))
    return found, remarks


def _seconds(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
