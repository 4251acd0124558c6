"""Which row of a file of features belongs to which clip."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mxt.core.errors import InputError, UsageError
from mxt.core.records import ClipRecord
from mxt.core.text import written
from mxt.ingestion.feature_files import FeatureFile
from mxt.stages.datasets.matching import FileIndex, match_rows

if TYPE_CHECKING:
    import numpy.typing as npt


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


def match_in_order(path: Path, features: FeatureFile, clips: Sequence[ClipRecord]) -> MatchedRows:
    """Row i belongs to clip i of all clips, or of the usable ones: the number of rows tells which.

    Raises
    ------
    InputError
        There are as many rows as neither.
    """
    usable = [clip for clip in clips if clip.usable]
    for order in (usable, clips):
        if features.rows == len(order):
            return MatchedRows({clip.id: row for row, clip in enumerate(order)}, {"order": features.rows})
    of_all = f", or all {len(clips):,}" if len(clips) > len(usable) else ""
    raise InputError(
        f"{path}: {features.rows:,} rows; the data set has {len(usable):,} usable clips{of_all} "
        "(mxt ls --clips): which is which?"
    )


def match_by_ids(path: Path, features: FeatureFile, clips: Sequence[ClipRecord]) -> MatchedRows:
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
    matches = match_rows(FileIndex(written(clip.id) for clip in clips), list(ids))
    usable = {written(clip.id): clip.id for clip in clips if clip.usable}
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
        if not all(_equal(values[first], values[row]) for values in features.arrays.values()):
            raise InputError(
                f"{path}: {text} is there twice, in rows {first + 1} and {row + 1}, with different numbers"
            )
        repeated.append(text)
    return rows, tuple(repeated)


def _equal(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> bool:
    return bool(np.array_equal(a, b, equal_nan=a.dtype.kind == "f"))
