"""Data sets that mirdata knows: its index says which files there are, its tracks what is known of them."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import ModuleType
from typing import Any

from mxt.core.errors import InputError, UnknownName, UsageError, listed
from mxt.core.records import Clip, Detection, Listing, Remark, Target
from mxt.core.requirements import imported
from mxt.stages.datasets.columns import TARGET_HEADINGS
from mxt.stages.datasets.matching import FileIndex, Match, match_rows
from mxt.stages.datasets.specs import MIRDATA
from mxt.stages.datasets.suffixes import without_sound_suffix
from mxt.stages.datasets.table_reading import cell_text
from mxt.stages.datasets.targets import split_name, typed

TARGETS = (*TARGET_HEADINGS, "instrument_full", "stroke_name", "key", "raga", "raaga", "tempo")
GROUPS = (
    "artist",
    "artists",
    "performer",
    "player_id",
    "drummer",
    "singer_id",
    "musician",
    "composer",
    "song_id",
)
SPLITS = ("split", "subset", "data_split")
RECORDINGS = ("audio_path", "audio_mix_path", "mix_path", "audio_mic_path", "audio_path_stereo")
LOOKED_AT = 20  # tracks that decide which of their attributes are columns
HIGHEST = 3  # folders above the one that was given in which the data set may begin
_NO_COLUMNS = ("annotations", "Tuple", "Dict", "ndarray", "DataFrame")  # in the type of an attribute


@dataclass(frozen=True)
class Mirdata:
    """Loader of the data sets of mirdata; see its spec for the parameters."""

    dataset: str = ""
    target: tuple[str, ...] = ()
    group_column: str = ""

    def detect(self, listing: Listing) -> Detection:
        """Never sure by itself: which data set it is has to be said."""
        if not self.dataset:
            return Detection(0.0, "mirdata reads a data set that is named: mirdata:NAME")
        return Detection(1.0 if listing.files else 0.0, f"named: mirdata:{self.dataset}")

    def clips(self, listing: Listing) -> Iterator[Clip | Remark]:
        """One clip per track of the index; a track whose recording is not there is a missing clip.

        Raises
        ------
        UsageError
            No data set was named, or mirdata knows none of this name.
        PluginError
            mirdata is not installed.
        InputError
            The data set's index is not here, or its tracks cannot be read.
        """
        tracks, matches = self._tracks(listing)
        there = [track for track, match in zip(tracks, matches, strict=True) if match.how != "none"]
        columns, unread = _columns(_spread(there))
        targets = self._targets(columns)
        group = self._named(self.group_column, columns) or next((g for g in GROUPS if g in columns), "")
        yield Remark("mirdata", f"{self.dataset}: {len(there):,} of {len(tracks):,} recordings are here")
        if there and not targets:
            yield Remark("no label column found", f"columns are {listed(columns)}; name one with --target")
        others = [name for name in TARGETS if name in columns and name not in targets]
        if targets and others and not self.target:
            yield Remark("target", f"{targets[0]}; --target chooses another one: {listed(others)}")
        rows, incomplete = _rows(there, columns)
        yield from (*unread, *incomplete)
        labels = {name: typed([row[name] for row in rows])[0] for name in targets}
        numbers = {track.track_id: number for number, track in enumerate(there)}
        for track, match in zip(tracks, matches, strict=True):
            number = numbers.get(track.track_id)
            if number is None:
                yield Clip(_below(_recording(track), listing.root), targets=dict.fromkeys(targets))
            elif match.how == "ambiguous":
                yield Remark("ambiguous track", f"{track.track_id} may be {' or '.join(match.candidates)}")
            else:
                row = rows[number]
                yield _clip(match.path, row, {name: labels[name][number] for name in targets}, group)

    def published_md5(self, listing: Listing) -> Mapping[str, str]:
        """Those of mirdata's index, of files that are there under the name they are distributed by."""
        tracks, matches = self._tracks(listing)
        return {
            match.path: md5
            for track, match in zip(tracks, matches, strict=True)
            if match.how == "path" and (md5 := _md5(track)) and _recording(track).endswith(match.path)
        }

    def _tracks(self, listing: Listing) -> tuple[list[Any], list[Match]]:
        """The tracks that have a recording, and where each lies in the listing."""
        tracks = _with_recordings(self.dataset, Path(listing.root))
        top = _top(Path(listing.root), listing.files, [_below(_recording(t), listing.root) for t in tracks])
        if top != Path(listing.root):
            tracks = _with_recordings(self.dataset, top)
        paths = [_below(_recording(track), listing.root) for track in tracks]
        return tracks, match_rows(FileIndex.of_recordings(listing.files), paths)

    def _targets(self, columns: Sequence[str]) -> tuple[str, ...]:
        """Those that were named; else the first that is called as labels are."""
        named = tuple(self._named(name, columns) for name in self.target)
        return named or tuple(name for name in TARGETS if name in columns)[:1]

    def _named(self, name: str, columns: Sequence[str]) -> str:
        if name and columns and name not in columns:
            raise UnknownName(f"column of mirdata:{self.dataset}", name, columns)
        return name


def _library() -> ModuleType:
    """mirdata, which sets up logging for the whole program when it is imported."""
    root = logging.getLogger()
    before = root.level, list(root.handlers)
    try:
        return imported("mirdata", MIRDATA)
    finally:
        root.setLevel(before[0])
        root.handlers[:] = before[1]


def _with_recordings(name: str, top: Path) -> list[Any]:
    """The tracks of a data set that lies in the folder `top`, without those that have no recording."""
    library = _library()
    if not name:
        raise UsageError("mirdata has many data sets: name one, mxt ingest mirdata:NAME PATH")
    if name not in library.list_datasets():
        raise UnknownName("data set of mirdata", name, library.list_datasets())
    dataset = library.initialize(name, data_home=str(top))
    try:
        return [track for id_ in dataset.track_ids if _recording(track := dataset.track(id_))]
    except FileNotFoundError as error:
        fetch = f"python -c \"import mirdata; mirdata.initialize('{name}').download(['index'])\""
        raise InputError(f"mirdata's index of {name} is not on this machine; to fetch it: {fetch}") from error
    except Exception as error:
        raise InputError(f"mirdata cannot read {name}: {error}") from error


def _recording(track: Any) -> str:
    """Absolute path of a track's recording, of its mix where there are several; empty if it has none."""
    attributes = vars(track)
    others = sorted(name for name in attributes if name.startswith("audio") and name.endswith("_path"))
    paths = (attributes.get(name) for name in (*RECORDINGS, *others))
    return next((path for path in paths if isinstance(path, str)), "")


def _md5(track: Any) -> str:
    """The hash of a track's recording that mirdata's index has; it says so in a private place only."""
    entries = getattr(track, "_track_paths", {}).values()
    named = (entry for entry in entries if isinstance(entry, list) and len(entry) == 2 and all(entry))
    return next((md5 for path, md5 in named if _recording(track).endswith(path)), "")


def _top(root: Path, files: Iterable[str], paths: Sequence[str]) -> Path:
    """The folder that the index counts from: the root, or one above it, where most recordings then are."""
    there = {without_sound_suffix(path) for path in files}
    best, most = root, 0
    for up, top in enumerate([root, *root.parents][: HIGHEST + 1]):
        below = "".join(f"{part}/" for part in root.parts[len(root.parts) - up :])
        inside = (path[len(below) :] for path in paths if path.startswith(below))
        count = sum(without_sound_suffix(path) in there for path in inside)
        if count > most:
            best, most = top, count
    return best


def _below(path: str, root: str) -> str:
    """An absolute path as it is written from the root, ``/``-separated."""
    return PurePosixPath(os.path.relpath(path, root)).as_posix()


def _spread(tracks: Sequence[Any]) -> Sequence[Any]:
    """At most `LOOKED_AT` tracks, from all parts of the data set."""
    return tracks[:: max(1, len(tracks) // LOOKED_AT)][:LOOKED_AT]


def _columns(tracks: Sequence[Any]) -> tuple[list[str], list[Remark]]:
    """Attributes that are text, a number or a list of words in one of these tracks; those nobody can read."""
    columns, unread = [], []
    for name in dict.fromkeys(name for track in tracks for name in _attributes(track)):
        values, error = _read(tracks, name)
        if any(value is not None for value in values):
            columns.append(name)
        elif error:
            unread.append(Remark("column that mirdata cannot read", f"{name}: {error}"))
    return columns, unread


def _attributes(track: Any) -> Iterator[str]:
    """Names of what mirdata tells of a track, other than its recordings, files and timed annotations."""
    properties = {
        name: getattr(value, "fget", None) or getattr(value, "func", None)
        for kind in type(track).__mro__
        for name, value in vars(kind).items()
    }
    for name in dict.fromkeys((*vars(track), *properties)):
        function = properties.get(name)
        told = name in vars(track) or function is not None
        returns = str(getattr(function, "__annotations__", {}).get("return", ""))
        is_file = "audio" in name or name.endswith(("_path", "_paths", "_filename"))
        if told and not name.startswith("_") and not is_file and not any(w in returns for w in _NO_COLUMNS):
            yield name


def _read(tracks: Sequence[Any], name: str) -> tuple[list[Any], str]:
    """An attribute of each track, `None` where it is nothing that a column holds, and the first error."""
    values, first = [], ""
    for track in tracks:
        try:
            values.append(_value(getattr(track, name)))
        except Exception as error:  # the code of a data set: a file that is not here, a field that is missing
            values.append(None)
            first = first or f"{track.track_id}: {error}"
    return values, first


def _value(value: Any) -> Any:
    value = value.item() if hasattr(value, "item") and not getattr(value, "ndim", 0) else value
    words = isinstance(value, (list, tuple)) and value and all(isinstance(word, str) for word in value)
    return value if words or isinstance(value, (str, int, float)) else None


def _rows(tracks: Sequence[Any], columns: Sequence[str]) -> tuple[list[dict[str, Any]], list[Remark]]:
    """The columns of each track, and a remark on each column that could not be read everywhere."""
    read = {name: _read(tracks, name) for name in columns}
    rows = [{name: values[number] for name, (values, _) in read.items()} for number in range(len(tracks))]
    return rows, [
        Remark("column that is not complete", f"{name}: {error}")
        for name, (_, error) in read.items()
        if error
    ]


def _clip(path: str, row: Mapping[str, Any], targets: Mapping[str, Target], group: str) -> Clip:
    part = next((cell_text(row[name]) for name in SPLITS if row.get(name) is not None), "")
    return Clip(
        path,
        targets=targets,
        split=split_name(part),
        fold=part if part.isdigit() else None,
        group=cell_text(row[group]) or None if group else None,
        fields={
            name: cell_text(value)
            for name, value in row.items()
            if name not in targets and value not in (None, "")
        },
    )
