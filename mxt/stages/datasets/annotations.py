"""Clips that are annotated stretches of recordings: Raven, Audacity, tables of times."""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mxt.core.errors import TableError, UnclearTimes, UnknownName, UsageError
from mxt.core.records import Annotation, Clip, Detection, Listing, Remark, Target
from mxt.stages.annotations import audacity, spans
from mxt.stages.annotations.columns import SpanNames, label_column, likely_spans
from mxt.stages.annotations.recordings import recording_named, recording_of
from mxt.stages.annotations.sources import Source, described, unmatched
from mxt.stages.annotations.stretches import OVERLAPS, Stretch, gaps, stretches
from mxt.stages.datasets.columns import file_column
from mxt.stages.datasets.matching import FileIndex, tidy
from mxt.stages.datasets.suffixes import ANNOTATIONS, TABLES, may_be_sound, suffix
from mxt.stages.datasets.table_reading import parse_table, read_text
from mxt.stages.datasets.table_rows import Rows
from mxt.stages.datasets.targets import split_name, typed

LARGEST = 200 << 20  # bytes
LOOKED_AT = 20  # files that decide whether these are annotations
ENOUGH = 0.5  # share of the recordings that are annotated; below, class folders and tables are surer
LABEL = "label"


@dataclass(frozen=True)
class Annotations:
    """Loader of annotations beside recordings; see its spec for the parameters."""

    table: str = ""
    file_column: str = ""
    target: tuple[str, ...] = ()
    group_column: str = ""
    start_column: str = ""
    end_column: str = ""
    duration_column: str = ""
    time_unit: str = "auto"
    background: str = ""
    several_labels: bool = False
    encoding: str = ""

    def detect(self, listing: Listing) -> Detection:
        """Sure where most recordings have annotations of their own name; less of a table that names files."""
        index, named = FileIndex.of_recordings(listing.files), listing.table or self.table
        recordings: set[str] = set()
        surest, reason = 0.0, "no annotations beside the recordings"
        paths = sorted(self._paths(listing), key=lambda path: not recording_of(path, index).path)
        for path in paths[:LOOKED_AT]:
            try:
                source = self._read(listing, path, index)
            except (TableError, UnknownName) as error:
                reason = str(error)
                continue
            except UnclearTimes as error:
                return Detection(0.55, f"perhaps annotations: {error.question}")
            own = recording_of(path, index).path
            files = {match.path for match in source.matches(index).values()} - {""}
            if own or len(source.annotations) > len(files) > 0:  # one row per file: a table of excerpts
                # a table that names files may have folds and splits, which the loader of tables reads
                surest = max(surest, 1.0 if own or suffix(path) not in TABLES else 0.7)
                recordings |= files | ({own} - {""})
        if not recordings:
            return Detection(0.0, reason)
        sounds = sum(may_be_sound(path) for path in listing.files)
        few = len(recordings) < min(LOOKED_AT, ENOUGH * sounds)
        at_least = "at least " if len(paths) > LOOKED_AT else ""
        reason = f"annotations of {at_least}{len(recordings):,} of {sounds:,} recordings"
        return Detection(surest if named else min(surest, 0.55 if few else 0.92), reason)

    def clips(self, listing: Listing) -> Iterator[Clip | Remark]:
        """One clip per annotated stretch; annotations of a recording that is not there are missing clips."""
        index = FileIndex.of_recordings(listing.files)
        sources, remarks = self._sources(listing, index)
        yield from remarks
        by_recording: dict[str, list[Annotation]] = defaultdict(list)
        for source in sources:
            yield from source.remarks
            yield from described(source)
            if own := recording_of(source.path, index).path:
                by_recording.setdefault(own, [])
            matches = source.matches(index)
            yield from unmatched(source, matches)
            for annotation in source.annotations:
                match = matches[annotation.file]
                if match.how != "ambiguous":
                    missing = recording_named if annotation.file == source.path else tidy
                    by_recording[match.path or missing(annotation.file)].append(annotation)
        items = list(self._annotated(by_recording, self._targets(sources)))
        yield from items
        if self.background:
            present = {path: boxes for path, boxes in by_recording.items() if path in index}
            yield from self._background(present, [item for item in items if isinstance(item, Clip)])

    def _sources(self, listing: Listing, index: FileIndex) -> tuple[list[Source], list[Remark]]:
        """The table named; else every file that holds annotations."""
        named = listing.table or self.table
        if named and named not in listing.files:
            raise TableError(f"{listing.root}: there is no table {named}")
        sources, remarks = [], []
        error: TableError | UnknownName = TableError(f"{listing.root}: no file of annotations")
        for path in self._paths(listing):
            try:
                sources.append(self._read(listing, path, index))
            except (TableError, UnknownName) as unusable:
                error = unusable
                if recording_of(path, index).path:
                    remarks.append(Remark("file of a recording that gives no annotations", str(error)))
        if not sources:
            raise error
        return sources, remarks

    def _paths(self, listing: Listing) -> list[str]:
        named = listing.table or self.table
        paths = [path for path in (named,) if path in listing.files] if named else listing.files
        return [path for path in paths if suffix(path) in ANNOTATIONS]

    def _read(self, listing: Listing, path: str, index: FileIndex) -> Source:
        """A file of annotations, whichever its format.

        Raises
        ------
        TableError
            It is something else, or cannot be read.
        UnknownName
            It has no column of a name that was given.
        UnclearTimes
            It belongs to a recording, and has columns that may be times and labels.
        """
        file_path, named = Path(listing.root, path), listing.table or self.table
        if not named and file_path.stat().st_size > LARGEST:
            raise TableError(
                f"{path} is too large to look into ({LARGEST >> 20} MB at most); name it as PATH"
            )
        text, encoding = read_text(file_path, encoding=self.encoding)
        if audacity.is_label_track(text):
            annotations, remarks = audacity.read(text, path)
            return Source(path, annotations, LABEL, remarks=remarks)
        rows = parse_table(text, encoding, path, form=suffix(path))
        times = SpanNames(self.start_column, self.end_column, self.duration_column, self.time_unit)
        own = recording_of(path, index).path
        file = self.file_column or ("" if own else _file_column(rows, index))
        label = next((name for name in rows.headings if name.lower() in _lower(self.target[:1])), "")
        try:
            columns = spans.columns_of(rows, spans.Named(times, label, file))
        except TableError:
            pair = likely_spans(rows, set())
            if pair and own and label_column(rows, set(pair)):
                raise UnclearTimes(path, pair, 1) from None
            raise
        if self.target and not label:
            columns = replace(columns, label=None)
        annotations, remarks = spans.read(rows, columns)
        return Source(path, annotations, columns.label or "", rows.headings, remarks)

    def _targets(self, sources: Sequence[Source]) -> tuple[str, ...]:
        """Names of the targets; where files call their labels differently, it is called label.

        Raises
        ------
        UnknownName
            No file has a column that was named.
        """
        headings = dict.fromkeys(name for source in sources for name in source.headings)
        for name in self.target:
            if name.lower() not in _lower((*headings, LABEL)):
                raise UnknownName("column of the annotations", name, headings)
        if self.group_column and self.group_column not in headings:
            raise UnknownName("column of the annotations", self.group_column, headings)
        labels = {source.label for source in sources if source.label}
        return self.target or (labels.pop() if len(labels) == 1 else LABEL,)

    def _annotated(
        self, by_recording: Mapping[str, Sequence[Annotation]], targets: Sequence[str]
    ) -> Iterator[Clip | Remark]:
        annotated = [(path, stretch) for path, boxes in by_recording.items() for stretch in stretches(boxes)]
        columns: dict[str, list[Target]] = {}
        for name, column in zip(targets, (None, *targets[1:]), strict=True):
            values = [stretch.values(column) for _, stretch in annotated]
            if not self.several_labels:
                yield from _ambiguous(annotated, values)
            columns[name], meaning = typed(values if self.several_labels else [_only(v) for v in values])
            if meaning.kind == "numbered classes" or meaning.separator:
                yield Remark("target", f"{name}: {meaning}")
        for number, (path, stretch) in enumerate(annotated):
            fields = stretch.fields
            yield Clip(
                path,
                start=stretch.start,
                end=stretch.end,
                targets={name: column[number] for name, column in columns.items()},
                split=split_name(fields.pop("split", "")),
                fold=fields.pop("fold", None),
                group=fields.pop(self.group_column or "group", None),
                fields={name: text for name, text in fields.items() if name not in targets},
            )

    def _background(
        self, by_recording: Mapping[str, Sequence[Annotation]], clips: Sequence[Clip]
    ) -> Iterator[Clip]:
        """What no annotation of a recording covers, with the split, fold and group of its first one.

        Raises
        ------
        UsageError
            The labels are numbers.
        """
        first = {clip.path: clip for clip in reversed(clips)}
        target = next((name for clip in clips for name in clip.targets), LABEL)
        values = [clip.targets[target] for clip in clips]
        if any(isinstance(value, float) for value in values):
            raise UsageError(f"--background makes a class, but the labels ({target}) are numbers")
        several = any(isinstance(value, tuple) for value in values)
        label = (self.background,) if several else self.background
        for path, boxes in by_recording.items():
            like = replace(first.get(path, Clip(path)), targets={target: label}, fields={OVERLAPS: "0"})
            yield from (replace(like, start=start, end=end) for start, end in gaps(stretches(boxes)))


def _file_column(rows: Rows, index: FileIndex) -> str:
    """The column whose values mean recordings; empty where none does."""
    try:
        return file_column(rows, index, folder=posixpath.dirname(rows.path))
    except TableError:
        return ""


def _lower(names: Iterable[str]) -> list[str]:
    return [name.lower() for name in names]


def _only(values: Sequence[str]) -> str:
    """The value where there is only one, so that it is known which is right."""
    return values[0] if len(values) == 1 else ""


def _ambiguous(annotated: Sequence[tuple[str, Stretch]], values: Sequence[Sequence[str]]) -> Iterator[Remark]:
    for (path, stretch), several in zip(annotated, values, strict=True):
        if len(several) > 1:
            yield Remark(
                "stretch with several labels",
                f"{path}, {stretch.start:g} to {stretch.end:g} s: {', '.join(several)}; taken as unlabelled "
                "(--set several_labels=yes keeps them all)",
            )
