"""Cuts of Lhotse: JSON Lines that name stretches of recordings, and what is said in them."""

from __future__ import annotations

import gzip
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mxt.core.errors import InputError, TableError, UnknownName, listed
from mxt.core.records import Clip, Detection, Listing, Remark
from mxt.core.text import parse_json
from mxt.stages.datasets.columns import TARGET_HEADINGS
from mxt.stages.datasets.matching import FileIndex
from mxt.stages.datasets.table_reading import cell_text
from mxt.stages.datasets.targets import split_name, typed

ENDINGS = (".jsonl", ".jsonl.gz")
LOOKED_AT = 20  # files whose first line is read
NOT_COLUMNS = ("id", "recording_id", "start", "duration", "channel", "custom", "alignment")
ROUNDING = 0.01  # seconds by which a cut may be shorter than its recording and still be all of it


@dataclass(frozen=True)
class Stretch:
    """A part of a recording in seconds, and what a manifest says of it."""

    source: str
    start: float
    end: float
    whole: bool
    split: str | None
    columns: Mapping[str, Any]


@dataclass(frozen=True)
class Lhotse:
    """Loader of manifests of cuts; see its spec for the parameters."""

    target: tuple[str, ...] = ()
    group_column: str = ""

    def detect(self, listing: Listing) -> Detection:
        """Sure where a file of JSON Lines begins with a cut."""
        manifests = _manifests(listing)
        if not manifests:
            return Detection(0.0, "no manifest of cuts (.jsonl, .jsonl.gz)")
        return Detection(1.0 if listing.table else 0.97, f"cuts in {listed(manifests)}")

    def clips(self, listing: Listing) -> Iterator[Clip | Remark]:
        """One clip per supervision, and per cut that has none; speakers are groups.

        Raises
        ------
        InputError
            A line is not a cut of one recording that is a file.
        UnknownName
            No supervision has a column of a name that was given.
        """
        stretches = [stretch for path in _manifests(listing) for stretch in _stretches(listing, path)]
        known = dict.fromkeys(name for stretch in stretches for name in stretch.columns)
        targets = tuple(_checked(name, known) for name in self.target)
        targets = targets or tuple(name for name in TARGET_HEADINGS if name in known)[:1]
        group = _checked(self.group_column, known) or ("speaker" if "speaker" in known else "")
        if stretches and not targets:
            yield Remark("no label column found", f"columns are {listed(known)}; name one with --target")
        labels = {name: typed([stretch.columns.get(name) for stretch in stretches])[0] for name in targets}
        index = FileIndex.of_recordings(listing.files)
        for number, stretch in enumerate(stretches):
            match = index.find(stretch.source)
            if match.how == "ambiguous":
                yield Remark("ambiguous cut", f"{stretch.source} may be {' or '.join(match.candidates)}")
                continue
            yield Clip(
                match.path or stretch.source.lstrip("/"),
                start=None if stretch.whole else stretch.start,
                end=None if stretch.whole else stretch.end,
                targets={name: labels[name][number] for name in targets},
                split=stretch.split,
                group=cell_text(stretch.columns.get(group)) or None if group else None,
                fields={
                    name: cell_text(value)
                    for name, value in stretch.columns.items()
                    if name not in targets and value not in (None, "")
                },
            )


def _checked(name: str, known: Mapping[str, Any]) -> str:
    if name and name not in known:
        raise UnknownName("column of the cuts", name, known)
    return name


def _manifests(listing: Listing) -> list[str]:
    """Files whose first line is a cut."""
    paths = [listing.table] if listing.table else listing.files
    named = [path for path in paths if path.endswith(ENDINGS)]
    return [path for path in named[:LOOKED_AT] if _begins_with_cut(Path(listing.root, path))]


def _begins_with_cut(path: Path) -> bool:
    try:
        first = next(iter(_lines(path)), "{}")
        return _is_cut(parse_json(first))
    except (ValueError, InputError):
        return False


def _is_cut(value: Any) -> bool:
    return isinstance(value, dict) and {"recording", "start", "duration"} <= value.keys()


def _lines(path: Path) -> Iterator[str]:
    try:
        with (
            gzip.open(path, "rt", encoding="utf-8")
            if path.suffix == ".gz"
            else open(path, encoding="utf-8") as file
        ):
            yield from (line for line in file if line.strip())
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read: {error}") from error


def _stretches(listing: Listing, path: str) -> Iterator[Stretch]:
    split = next(
        (s for word in path.replace("-", "_").split("_") if (s := split_name(word.split(".")[0]))), None
    )
    for number, line in enumerate(_lines(Path(listing.root, path)), 1):
        try:
            cut = parse_json(line)
            if not _is_cut(cut):
                raise ValueError("a cut of one recording is expected (mixed and padded cuts are not read)")
            (source,) = [
                source["source"] for source in cut["recording"]["sources"] if source["type"] == "file"
            ]
            yield from _of_cut(cut, str(source), split)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            cause = error if type(error) is ValueError else f"not a cut of one file ({error!r})"
            raise TableError(f"{path}, line {number}: {cause}") from error


def _of_cut(cut: Mapping[str, Any], source: str, split: str | None) -> Iterator[Stretch]:
    """The supervisions of a cut, or all of it; times of supervisions count from the beginning of the cut."""
    begin, lasts = float(cut["start"]), float(cut["duration"])
    whole = float(cut["recording"].get("duration", math.inf))
    for said in cut.get("supervisions") or [{"start": 0.0, "duration": lasts}]:
        start = begin + max(0.0, float(said["start"]))
        end = begin + min(lasts, float(said["start"]) + float(said["duration"]))
        columns = {name: value for name, value in said.items() if name not in NOT_COLUMNS}
        columns |= {**(cut.get("custom") or {}), **(said.get("custom") or {})}
        yield Stretch(source, start, end, start <= ROUNDING and end >= whole - ROUNDING, split, columns)
