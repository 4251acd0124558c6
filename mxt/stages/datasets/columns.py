"""The columns of a table: given by name, or detected by their headings and values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from mxt.core.errors import TableError, listed
from mxt.stages.annotations.columns import SpanColumns, SpanNames, find_spans, heading_named
from mxt.stages.datasets.matching import FileIndex, tidy
from mxt.stages.datasets.table_rows import Rows
from mxt.stages.datasets.targets import ValueKind, typed

FILE_HEADINGS = (
    "file_name",
    "filename",
    "file",
    "path",
    "filepath",
    "file_path",
    "audio",
    "audio_file",
    "audio_path",
    "audio_filename",
    "slice_file_name",
    "fname",
    "wav",
    "wav_file",
    "mp3",
    "clip",
    "recording",
    "sound",
    "track",
    "name",
    "id",
)
TARGET_HEADINGS = (
    "label",
    "labels",
    "class",
    "class_name",
    "classname",
    "target",
    "genre",
    "category",
    "tag",
    "tags",
    "emotion",
    "instrument",
    "species",
    "style",
    "mood",
    "y",
)
SPLIT_HEADINGS = ("split", "subset", "partition")
FOLD_HEADINGS = ("fold", "folds", "cv_fold")
GROUP_HEADINGS = ("group", "group_id")
LOOKED_AT = 300  # rows that decide which column names files
ENOUGH = 0.5


@dataclass(frozen=True)
class Columns:
    """Headings of columns by their purpose; empty or ``None`` for a column that is missing."""

    file: str
    targets: tuple[str, ...] = ()
    split: str | None = None
    fold: str | None = None
    group: str | None = None
    spans: SpanColumns | None = None

    @property
    def used(self) -> set[str]:
        """All of them."""
        times = self.spans.headings if self.spans else set()
        return {self.file, *self.targets, *times, self.split or "", self.fold or "", self.group or ""}


def find_columns(
    table: Rows,
    index: FileIndex,
    named: Columns,
    *,
    folder: str,
    times: SpanNames | None,
) -> Columns:
    """Choose the columns of `table`.

    Parameters
    ----------
    table : Rows
        The table.
    index : FileIndex
        The files that its rows may mean.
    named : Columns
        Those that were given by name; the others are detected.
    folder : str
        Folder of the table, below which files are looked for first.
    times : SpanNames, optional
        Columns of times that were given by name; `None` where nothing is cut.

    Raises
    ------
    UnknownName
        A column that does not exist.
    TableError
        No column names the files.
    """
    file = heading_named(table, named.file) if named.file else file_column(table, index, folder=folder)
    split = heading_named(table, named.split) if named.split else _by_heading(table, SPLIT_HEADINGS)
    fold = heading_named(table, named.fold) if named.fold else _by_heading(table, FOLD_HEADINGS)
    group = heading_named(table, named.group) if named.group else _by_heading(table, GROUP_HEADINGS)
    spans = find_spans(table, times) if times is not None else None
    targets = tuple(heading_named(table, target) for target in named.targets)
    chosen = Columns(file, targets, split, fold, group, spans)
    if targets:
        return chosen
    return replace(chosen, targets=_targets(table, [n for n in table.headings if n not in chosen.used]))


def file_column(table: Rows, index: FileIndex, *, folder: str) -> str:
    """The column in which most values mean a file; a heading people use for it decides between equals.

    Raises
    ------
    TableError
        Fewer than half of the rows mean a file, whichever the column.
    """
    shares = {name: _share_found(table, name, index, folder) for name in table.headings}
    ranks = {name: _rank(name, FILE_HEADINGS) for name in table.headings}
    best = max(table.headings, key=lambda name: (round(shares[name], 2), -ranks[name]), default="")
    if best and shares[best] >= ENOUGH:
        return best
    # a table of more files than there are: then its heading has to say it, and some rows must be found
    known = [name for name in table.headings if ranks[name] < len(FILE_HEADINGS) and shares[name] > 0]
    if known:
        return max(known, key=lambda name: (shares[name], -ranks[name]))
    raise TableError(
        f"{table.path}: no column names the files; its columns are {listed(table.headings)}: "
        "name one with --file-column"
    )


def _share_found(table: Rows, name: str, index: FileIndex, folder: str) -> float:
    sample = table.column(name)[:: max(1, len(table.rows) // LOOKED_AT)]
    values = [value for value in sample if isinstance(value, (str, int)) and tidy(str(value))]
    if not values:
        return 0.0
    found = [index.find(str(value), folder=folder).how for value in values]
    return sum(how not in ("none", "ambiguous") for how in found) / len(sample)


def _by_heading(table: Rows, known: Sequence[str]) -> str | None:
    ranked = sorted((rank, name) for name in table.headings if (rank := _rank(name, known)) < len(known))
    return ranked[0][1] if ranked else None


def _rank(name: str, known: Sequence[str]) -> int:
    word = name.strip().lower().replace(" ", "_").replace("-", "_")
    return known.index(word) if word in known else len(known)


def _targets(table: Rows, free: Sequence[str]) -> tuple[str, ...]:
    """The column headed as labels are, or the only column if its values differ, or all of numbers."""
    by_heading = sorted(
        (rank, name) for name in free if (rank := _rank(name, TARGET_HEADINGS)) < len(TARGET_HEADINGS)
    )
    if by_heading:
        return (by_heading[0][1],)
    if len(free) == 1:  # a value that is the same in every row is not a label: the recordist, the site
        values = {str(value) for value in table.column(free[0]) if value not in (None, "")}
        return (free[0],) if len(values) > 1 else ()
    numbers = [name for name in free if kind_of(table, name) == "numbers"]
    return tuple(numbers) if numbers and len(numbers) == len(free) else ()


def kind_of(table: Rows, name: str) -> ValueKind:
    """What the values of a column are."""
    return typed(table.column(name), decimal_comma=table.decimal_comma)[1].kind
