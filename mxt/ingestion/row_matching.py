"""Which row of a file of features belongs to which clip."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mxt.core.clips import Clips
from mxt.core.errors import InputError, UsageError
from mxt.core.records import ClipRecord
from mxt.core.text import written
from mxt.ingestion.feature_files import FeatureFile
from mxt.stages.datasets.matching import FileIndex, match_rows

if TYPE_CHECKING:
    import numpy.typing as npt

TOLERANCE = 0.0011  # seconds that a row may miss the start or the end of its clip: tables round


@dataclass(frozen=True)
class MatchedRows:
    """Rows of a file, and the clips they belong to.

    Parameters
    ----------
    of_clip : mapping
        Id of a usable clip to its row.
    matched : mapping
        ``path``, ``name``, ``stem`` or ``order`` to the rows that were matched so.
    unknown, ambiguous, repeated : tuple of str
        Ids that belong to no usable clip, that may belong to several, and that repeat an earlier row.
    """

    of_clip: Mapping[str, int]
    matched: Mapping[str, int]
    unknown: tuple[str, ...] = ()
    ambiguous: tuple[str, ...] = ()
    repeated: tuple[str, ...] = ()


def match_rows_to_clips(path: Path, features: FeatureFile, clips: Clips, *, in_order: bool) -> MatchedRows:
    """Match rows by their order, by the segments they name, or by clip ids.

    Raises
    ------
    UsageError, InputError
        Nothing tells which row is which clip; rows are missing or contradict each other.
    """
    if in_order:
        return match_in_order(path, features, clips)
    return (
        match_by_ids(path, features, clips)
        if features.spans is None
        else match_by_spans(path, features, clips)
    )


def match_in_order(path: Path, features: FeatureFile, clips: Clips) -> MatchedRows:
    """Row i belongs to clip i of all clips, or of the usable ones: the number of rows tells which.

    Raises
    ------
    InputError
        There are as many rows as neither.
    """
    usable = clips[clips.usable]
    for order in (usable, clips):
        if features.rows == len(order):
            return MatchedRows({name: row for row, name in enumerate(order.ids)}, {"order": features.rows})
    of_all = f", or all {len(clips):,}" if len(clips) > len(usable) else ""
    raise InputError(
        f"{path}: {features.rows:,} rows; the data set has {len(usable):,} usable clips{of_all} "
        "(mxt ls --clips): which is which?"
    )


def match_by_ids(path: Path, features: FeatureFile, clips: Clips) -> MatchedRows:
    """Match rows by clip id; by file name, with or without suffix, where only one clip has it.

    Raises
    ------
    UsageError
        The file has no clip ids.
    InputError
        A row has none, or one is there twice with different numbers.
    """
    if features.ids is None:
        raise UsageError(
            f"{path.name} has no clip ids: name their column with --id-column, or, if its rows are the clips "
            "in the order of mxt ls --clips, add --in-catalogue-order"
        )
    ids, repeated = _first_rows(path, features)
    matches = match_rows(FileIndex(map(written, clips.ids)), list(ids))
    usable = {written(name): name for name in clips[clips.usable].ids}
    matched = [
        (usable[m.path], row, m.how) for row, m in zip(ids.values(), matches, strict=True) if m.path in usable
    ]
    others = [
        (text, m.how)
        for text, m in zip(ids, matches, strict=True)
        if m.how == "ambiguous" or m.path not in usable
    ]
    return MatchedRows(
        {clip: row for clip, row, _ in matched},
        dict(Counter(how for _, _, how in matched)),
        tuple(text for text, how in others if how != "ambiguous"),
        tuple(text for text, how in others if how == "ambiguous"),
        repeated,
    )


def match_by_spans(path: Path, features: FeatureFile, clips: Clips) -> MatchedRows:
    """Match rows by the file they name, and by start and end to a millisecond.

    A file that is one whole clip and has one row belongs to it, whatever part of it the row is of.

    Raises
    ------
    InputError
        Two rows of one clip have different numbers.
    """
    assert features.ids is not None
    assert features.spans is not None
    of_file: dict[str, list[ClipRecord]] = {}
    for clip in clips:
        of_file.setdefault(written(clip.file.path), []).append(clip)
    texts = list(dict.fromkeys(features.ids))
    files = dict(zip(texts, match_rows(FileIndex(of_file), texts), strict=True))
    rows_of, at = Counter(features.ids), {name: _Spans(own) for name, own in of_file.items()}
    of_clip: dict[str, int] = {}
    how: Counter[str] = Counter()
    others: dict[str, list[str]] = {"unknown": [], "ambiguous": [], "repeated": []}
    for row, (text, (start, end)) in enumerate(zip(features.ids, features.spans.tolist(), strict=True)):
        file, name = files[text], f"{text}#{start:g}-{end:g}"
        segment = at[file.path].clip(start, end, alone=rows_of[text] == 1) if file.path else None
        if segment is None or not segment.usable:
            others["ambiguous" if file.how == "ambiguous" else "unknown"].append(name)
        elif (first := of_clip.setdefault(segment.id, row)) == row:
            how[file.how] += 1
        else:
            _check_equal(path, features, name, first, row)
            others["repeated"].append(name)
    return MatchedRows(of_clip, how, *(tuple(others[kind]) for kind in ("unknown", "ambiguous", "repeated")))


class _Spans:
    """The clips of one file, by where they begin and end."""

    def __init__(self, clips: Sequence[ClipRecord]) -> None:
        self.whole = clips[0] if len(clips) == 1 and clips[0].whole else None
        self._at: dict[tuple[int, int], list[tuple[float, float, ClipRecord]]] = {}
        for clip in clips:
            start = (clip.start_us or 0) / 1e6
            end = start + clip.duration if clip.has_audio or clip.end_us is None else clip.end_us / 1e6
            self._at.setdefault(_milliseconds(start, end), []).append((start, end, clip))

    def clip(self, start: float, end: float, *, alone: bool) -> ClipRecord | None:
        """The clip nearest to a span in seconds (NaN: to the file's start, end); ``None``: none is near."""
        if self.whole is not None and (alone or math.isnan(end)):
            return self.whole
        if not math.isfinite(start) or not math.isfinite(end):
            return None
        first, last = _milliseconds(start, end)
        near = [
            (abs(begin - start) + abs(stop - end), number, clip)
            for number, (a, b) in enumerate(
                product((first, first - 1, first + 1), (last, last - 1, last + 1))
            )
            for begin, stop, clip in self._at.get((a, b), ())
            if max(abs(begin - start), abs(stop - end)) <= TOLERANCE
        ]
        return min(near, key=lambda one: one[:2])[2] if near else None


def _milliseconds(start: float, end: float) -> tuple[int, int]:
    return round(start * 1000), round(end * 1000)


def _first_rows(path: Path, features: FeatureFile) -> tuple[dict[str, int], tuple[str, ...]]:
    """Id to its first row; ids that are there again with equal numbers."""
    rows: dict[str, int] = {}
    repeated = []
    for row, text in enumerate(features.ids or ()):
        if not text.strip():
            raise InputError(f"{path}: row {row + 1} has no clip id")
        first = rows.setdefault(text, row)
        if first == row:
            continue
        _check_equal(path, features, text, first, row)
        repeated.append(text)
    return rows, tuple(repeated)


def _check_equal(path: Path, features: FeatureFile, name: str, first: int, row: int) -> None:
    if not all(_equal(values[first], values[row]) for values in features.arrays.values()):
        raise InputError(
            f"{path}: {name} is there twice, in rows {first + 1} and {row + 1}, with different numbers"
        )


def _equal(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> bool:
    return bool(np.array_equal(a, b, equal_nan=a.dtype.kind == "f"))
