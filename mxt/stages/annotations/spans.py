"""Tables with one row per annotation: selection tables of Raven, onset and offset, start and duration."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from mxt.core.errors import TableError, listed
from mxt.core.records import Annotation, Remark
from mxt.stages.annotations.columns import (
    FILE,
    SpanColumns,
    SpanNames,
    by_words,
    find_spans,
    heading_named,
    label_column,
)
from mxt.stages.annotations.raven import SELECTION, VIEW
from mxt.stages.datasets.table_reading import TOO_FEW
from mxt.stages.datasets.table_rows import Rows


@dataclass(frozen=True, slots=True)
class Named:
    """Columns that were given by name; empty ones are detected."""

    spans: SpanNames
    label: str = ""
    file: str = ""


@dataclass(frozen=True, slots=True)
class AnnotationColumns:
    """The columns of a table of annotations; `None` for those that are missing."""

    spans: SpanColumns
    file: str | None
    label: str | None


def columns_of(rows: Rows, named: Named) -> AnnotationColumns:
    """Choose the columns of a table of annotations.

    Raises
    ------
    TableError
        No columns say where something begins and ends.
    UnknownName
        A column that was named does not exist.
    """
    spans = find_spans(rows, named.spans)
    if spans is None or not spans.bounded:
        raise TableError(
            f"{rows.path}: no columns of start and end, or start and duration; its columns are "
            f"{listed(rows.headings)}: name them with --start-column and --end-column"
        )
    file = heading_named(rows, named.file) if named.file else by_words(rows.headings, FILE)
    used = spans.headings | {file or ""}
    label = heading_named(rows, named.label) if named.label else label_column(rows, used)
    return AnnotationColumns(spans, file, label)


def read(rows: Rows, columns: AnnotationColumns) -> tuple[list[Annotation], list[Remark]]:
    """The annotations of a table.

    Returns
    -------
    annotations : list of Annotation
        In the order of the rows; `file` is that of the row, or else the table's path.
    remarks : list of Remark
        Rows without a time, each with its line; what was noticed while reading the table.
    """
    # programs leave out empty cells at the end of a row
    annotations, remarks = [], [remark for remark in rows.remarks if remark.kind != TOO_FEW]
    used = columns.spans.headings | {columns.file or "", columns.label or ""}
    for row, line in zip(rows.rows, rows.lines, strict=True):
        start, end = columns.spans.span(row)
        if start is None or end is None or not (math.isfinite(start) and math.isfinite(end)):
            times = listed(repr(str(row.get(name) or "")) for name in columns.spans.times)
            remarks.append(Remark("row without a time", f"{rows.path}, line {line}: {times}"))
            continue
        file = str(row.get(columns.file) or "") if columns.file else ""
        label = str(row.get(columns.label) or "").strip() if columns.label else ""
        low, high = columns.spans.band(row)
        fields = {
            name: str(value) for name, value in row.items() if name not in used and value not in (None, "")
        }
        annotations.append(Annotation(file or rows.path, start, end, label, low, high, fields))
    return list(_once(annotations)), remarks


def _once(annotations: Iterable[Annotation]) -> Iterable[Annotation]:
    """Selections once: Raven writes one row for each view in which a selection is shown."""
    seen = set()
    for annotation in annotations:
        selection = annotation.fields.get(SELECTION), annotation.start, annotation.end, annotation.label
        if annotation.fields.get(VIEW) is None or selection not in seen:
            yield annotation
        seen.add(selection)
