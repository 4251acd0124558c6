"""Clips named by a table of files and labels."""

from __future__ import annotations

import math
import posixpath
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mxt.core.errors import TableError, UnclearTimes, UnknownName, listed
from mxt.core.records import Clip, Detection, Listing, Remark, Target
from mxt.stages.annotations.columns import SpanColumns, SpanNames, find_spans, likely_spans
from mxt.stages.annotations.quantities import number
from mxt.stages.annotations.stretches import OVERLAPS, band_fields, overlaps
from mxt.stages.datasets.columns import Columns, file_column, find_columns
from mxt.stages.datasets.matching import FileIndex, Match, match_rows, tidy
from mxt.stages.datasets.suffixes import TABLES, may_be_sound, suffix
from mxt.stages.datasets.table_reading import cell_text, read_table
from mxt.stages.datasets.table_rows import Rows
from mxt.stages.datasets.targets import Numbers, split_name, typed

MOST_TABLES = 20
LARGEST_TABLE = 200 << 20  # bytes
AUDIOFOLDER = "file_name"  # the heading of Hugging Face's metadata.csv and metadata.jsonl
_CANONICAL = ("split", "fold", "group")


@dataclass(frozen=True)
class Source:
    """A table with the columns chosen and the file of each row."""

    rows: Rows
    columns: Columns
    matches: list[Match]

    @property
    def found(self) -> int:
        """Rows whose file is there."""
        return sum(bool(match.path) for match in self.matches)


@dataclass(frozen=True)
class Table:
    """Loader of tables; see its spec for the parameters."""

    table: str = ""
    file_column: str = ""
    target: tuple[str, ...] = ()
    group_column: str = ""
    split_column: str = ""
    fold_column: str = ""
    start_column: str = ""
    end_column: str = ""
    duration_column: str = ""
    time_unit: str = "auto"
    encoding: str = ""
    segments: str = "auto"
    numbers: Numbers = "auto"

    def detect(self, listing: Listing) -> Detection:
        """Sure of a table that was given and of metadata.csv; else where a table names most of the files."""
        if named := listing.table or self.table:
            return Detection(self._sure_of(listing, named), "a table")
        try:
            sources, _ = self._sources(listing)
        except (TableError, UnknownName) as error:
            return Detection(0.0, str(error))
        names = listed(source.rows.path for source in sources)
        if _is_audiofolder(sources[0].rows):
            return Detection(0.95, f"{names} of an audiofolder")
        files = {match.path for source in sources for match in source.matches if match.path}
        share = len(files) / max(1, sum(may_be_sound(path) for path in listing.files))
        labelled = bool(sources[0].columns.targets)
        return Detection(
            0.8 if share >= 0.5 and labelled else 0.4,
            f"{names} names {share:.0%} of the files".replace("%", " %"),
        )

    def clips(self, listing: Listing) -> Iterator[Clip | Remark]:
        """One clip per row, in the order of the table; a row without its file is a missing clip."""
        sources, remarks = self._sources(listing)
        yield from remarks
        for source in sources:
            self._check_times(source)
            yield from source.rows.remarks
            yield from _described(source)
            yield from _with_overlaps(list(self._of(source)))

    def _sure_of(self, listing: Listing, path: str) -> float:
        """Sure of a table by its suffix, unless it has times and no column that names files: annotations."""
        is_table = suffix(path) in TABLES
        try:
            rows = self._read(listing, path, frozenset())
            spans = find_spans(rows, self._times)
        except (TableError, UnknownName):
            return 1.0 if is_table else 0.0
        try:
            file_column(rows, FileIndex.of_recordings(listing.files), folder=posixpath.dirname(path))
        except TableError:
            if not self.file_column:
                return 0.0 if not is_table else 0.85 if spans is not None and spans.bounded else 1.0
        return 1.0 if is_table else 0.85

    @property
    def _times(self) -> SpanNames:
        return SpanNames(self.start_column, self.end_column, self.duration_column, self.time_unit)

    def _sources(self, listing: Listing) -> tuple[list[Source], list[Remark]]:
        """The table named; else all metadata of an audiofolder; else the one that names the most files."""
        index = FileIndex.of_recordings(listing.files)
        known = frozenset(posixpath.basename(path) for path in listing.files if may_be_sound(path))
        if named := listing.table or self.table:
            if named not in listing.files:
                raise TableError(f"{listing.root}: there is no table {named}")
            return [self._source(self._read(listing, named, known), index)], []
        paths = sorted(
            (path for path in listing.files if _is_table(listing, path)),
            key=lambda path: (path.count("/"), path),
        )
        read, wrong = [], []
        for path in paths[:MOST_TABLES]:
            try:
                read.append(self._source(self._read(listing, path, known), index))
            except (TableError, UnknownName) as error:
                wrong.append(error)
        folders = [source for source in read if _is_audiofolder(source.rows) and source.found]
        if folders:
            return folders, []
        read = sorted((source for source in read if source.found), key=lambda source: -source.found)
        if not read:
            raise wrong[0] if wrong else TableError(f"{listing.root}: no table (.csv, .tsv, .jsonl)")
        return read[:1], [
            Remark("another table", f"{s.rows.path} names {s.found:,} of the files; to use it, give its path")
            for s in read[1:]
        ]

    def _read(self, listing: Listing, path: str, known: frozenset[str]) -> Rows:
        return read_table(Path(listing.root, path), path, known=known, encoding=self.encoding)

    def _source(self, rows: Rows, index: FileIndex) -> Source:
        folder = posixpath.dirname(rows.path)
        named = Columns(self.file_column, self.target, self.split_column, self.fold_column, self.group_column)
        times = self._times if self.segments != "no" else None
        columns = find_columns(rows, index, named, folder=folder, times=times)
        files = [cell_text(value) for value in rows.column(columns.file)]
        return Source(rows, columns, match_rows(index, files, folder=folder))

    def _check_times(self, source: Source) -> None:
        """Refuse rows that give one file several labels, where columns that were not recognised may be times.

        Raises
        ------
        UnclearTimes
        """
        rows, columns = source.rows, source.columns
        if columns.spans is not None or self.segments == "no" or not columns.targets:
            return
        labels: dict[str, set[str]] = defaultdict(set)
        for row, match in zip(rows.rows, source.matches, strict=True):
            labels[match.path].add(cell_text(row.get(columns.targets[0])))
        several = sum(len(words) > 1 for path, words in labels.items() if path)
        if several and (pair := likely_spans(rows, columns.used)):
            raise UnclearTimes(rows.path, pair, several)

    def _of(self, source: Source) -> Iterator[Clip | Remark]:
        rows, columns = source.rows, source.columns
        values: dict[str, list[Target]] = {}
        for name in columns.targets:
            values[name], meaning = typed(
                rows.column(name), numbers=self.numbers, decimal_comma=rows.decimal_comma
            )
            if meaning.kind not in ("classes", "numbers"):
                numbered = meaning.kind == "numbered classes"
                hint = "; --set numbers=values makes them values" if numbered else ""
                yield Remark("target", f"{name}: {meaning}{hint}")
        for index, (row, match) in enumerate(zip(rows.rows, source.matches, strict=True)):
            where = f"{rows.path}, line {rows.lines[index]}"
            text = cell_text(row.get(columns.file))
            if not tidy(text):
                yield Remark("row without a file name", where)
            elif match.how == "ambiguous":
                yield Remark("ambiguous row", f"{where}: {text} may be {' or '.join(match.candidates)}")
            else:
                yield self._clip(
                    row, columns, match, {name: column[index] for name, column in values.items()}, where
                )

    def _clip(
        self, row: dict[str, Any], columns: Columns, match: Match, targets: dict[str, Target], where: str
    ) -> Clip:
        split = cell_text(row.get(columns.split)) if columns.split else ""
        path = match.path or tidy(cell_text(row.get(columns.file)))
        left = set(columns.targets)
        if match.how == "path":
            left.add(columns.file)
        left |= {
            name
            for name in (columns.split, columns.fold, columns.group)
            if name and name.lower() in _CANONICAL
        }
        start, end = _span(row, columns.spans, where)
        low, high = columns.spans.band(row) if columns.spans else (None, None)
        return Clip(
            path,
            start=start,
            end=end,
            targets=targets,
            split=(split_name(split) or split) if split else _split_folder(path),
            fold=cell_text(row.get(columns.fold)) or None if columns.fold else None,
            group=cell_text(row.get(columns.group)) or None if columns.group else None,
            fields={
                name: cell_text(value)
                for name, value in row.items()
                if name not in left and value not in (None, "")
            }
            | band_fields(low, high),
        )


def _with_overlaps(items: Sequence[Clip | Remark]) -> Iterator[Clip | Remark]:
    """The same, with the number of overlaps as a field of clips where a file has several segments."""
    spans: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for item in items:
        if isinstance(item, Clip):
            spans[item.path].append((item.start or 0.0, math.inf if item.end is None else item.end))
    counts = {path: iter(overlaps(of_file)) for path, of_file in spans.items() if len(set(of_file)) > 1}
    for item in items:
        if isinstance(item, Clip) and item.path in counts:
            yield replace(item, fields={**item.fields, OVERLAPS: str(next(counts[item.path]))})
        else:
            yield item


def _is_table(listing: Listing, path: str) -> bool:
    """Whether to look into a file nobody named: a table of a size that labels have."""
    return suffix(path) in TABLES and Path(listing.root, path).stat().st_size <= LARGEST_TABLE


def _is_audiofolder(rows: Rows) -> bool:
    return (
        posixpath.splitext(posixpath.basename(rows.path))[0].lower() == "metadata"
        and AUDIOFOLDER in rows.headings
    )


def _described(source: Source) -> Iterator[Remark]:
    """Remarks about what was detected, how rows were matched, and a missing label."""
    rows, columns = source.rows, source.columns
    counts = Counter(match.how for match in source.matches)
    how = ", ".join(f"{counts[key]:,} by {key}" for key in ("path", "name", "stem") if counts[key])
    form = ", ".join(
        word
        for word in (
            rows.delimiter and f"{rows.delimiter}s",
            rows.encoding if rows.encoding != "utf-8" else "",
        )
        if word
    )
    yield Remark(
        "table",
        f"{rows.path}: {len(rows.rows):,} rows{f' ({form})' if form else ''}; "
        f"files in {columns.file!r}: {how or 'none'}",
    )
    if not columns.targets:
        yield Remark("no label column found", f"columns are {listed(rows.headings)}; name one with --target")


def _span(row: dict[str, Any], spans: SpanColumns | None, where: str) -> tuple[float | None, float | None]:
    """Start and end in seconds; `None` where the row has none, or NaN.

    Raises
    ------
    TableError
        A time is none.
    """
    if spans is None:
        return None, None
    times = {
        name: "" if (text := cell_text(row.get(name))).lower() == "nan" else text for name in spans.times
    }
    for name, text in times.items():
        if text and not math.isfinite(number(text)):
            raise TableError(
                f"{where}: {name} is a time in seconds, not {text!r} (--set segments=no ignores the column)"
            )
    return spans.span(times)


def _split_folder(path: str) -> str | None:
    """The split a file lies in where its first folder is called like one (the layout of audiofolder)."""
    first, slash, _ = path.partition("/")
    return split_name(first) if slash else None
