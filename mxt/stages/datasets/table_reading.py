"""Reads people's tables: encoding, byte order mark and delimiter are found out; rows keep their line."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any, Literal

from mxt.core.errors import TableError
from mxt.core.files import read_whole
from mxt.core.records import Remark
from mxt.core.text import parse_json
from mxt.stages.datasets.encoding import decoded
from mxt.stages.datasets.suffixes import suffix
from mxt.stages.datasets.table_rows import CellRows, ObjectRows, Rows

DELIMITERS = {",": "comma", "\t": "tab", ";": "semicolon", "|": "bar"}
SAMPLE_CHARACTERS, SAMPLE_ROWS = 200_000, 200
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
TOO_FEW = "row with too few columns"
LARGEST_FIELD = 16 << 20  # characters; the csv module's own limit is 131,072


def read_table(path: Path, name: str, *, known: frozenset[str] = frozenset(), encoding: str = "") -> Rows:
    """Read a CSV, TSV or JSON Lines table.

    Parameters
    ----------
    path : Path
        Where it is.
    name : str
        What it is called in messages and remarks.
    known : frozenset of str
        Names of files: a first row that holds one is no heading.
    encoding : str
        Where it is known; empty: found out.

    Raises
    ------
    TableError
        It cannot be read, or a line is not what it should be; the line is named.
    """
    text, encoding = read_text(path, known=known, encoding=encoding)
    table = parse_table(text, encoding, name, form=suffix(path.name), known=known)
    if table.headings and not table.rows:
        raise TableError(f"{name} has headings ({', '.join(table.headings)[:80]}) and no rows")
    return table


def read_text(path: Path, *, known: frozenset[str] = frozenset(), encoding: str = "") -> tuple[str, str]:
    """The text of a table, and its encoding.

    Raises
    ------
    TableError
        It cannot be read, or is not text in the encoding that was given.
    """
    try:
        raw = read_whole(path)
    except OSError as error:
        raise TableError(f"{path} cannot be read: {error.strerror}") from error
    return decoded(raw, path, encoding, known)


def parse_table(
    text: str, encoding: str, name: str, *, form: str, known: frozenset[str] = frozenset()
) -> Rows:
    """The rows of a table from its text; there may be none below its headings.

    `form` is the suffix of its file.

    Raises
    ------
    TableError
        It is empty, or a line is not what it should be; the line is named.
    """
    nulls = text.count("\0")
    text = text.replace("\0", "")
    is_json = form == "jsonl" or text.lstrip()[:1] == "{"
    table = _json_lines(text, name, encoding) if is_json else _separated(text, form, name, encoding, known)
    return (
        table
        if not nulls
        else replace(table, remarks=(Remark("NUL bytes ignored", f"{name}: {nulls:,}"), *table.remarks))
    )


def cell_text(value: object) -> str:
    """A value as text: lists and objects as JSON, whole numbers without a point."""
    if value is None:
        return ""
    if isinstance(value, (dict, list, bool)):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _json_lines(text: str, name: str, encoding: str) -> Rows:
    rows, lines = ObjectRows(), []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = parse_json(line)
        except ValueError as error:
            raise TableError(
                f"{name}, line {number}: not JSON ({error}); JSON Lines has one object per line"
            ) from error
        if not isinstance(row, dict):
            raise TableError(f"{name}, line {number}: an object is expected, got {line.strip()[:60]}")
        rows.append(row)
        lines.append(number)
    return Rows(name, tuple(dict.fromkeys(key for row in rows for key in row)), rows, lines, encoding, "")


def _separated(text: str, form: str, name: str, encoding: str, known: frozenset[str]) -> Rows:
    quoting: Literal[0, 3] = (
        csv.QUOTE_NONE if text.count('"') % 2 else csv.QUOTE_MINIMAL
    )  # a lone quote would swallow the rest
    delimiter = _delimiter(text[:SAMPLE_CHARACTERS], quoting, prefer="\t" if form == "tsv" else "")
    csv.field_size_limit(LARGEST_FIELD)
    reader = csv.reader(_lines(text), delimiter=delimiter, quoting=quoting)
    filled: Iterator[tuple[int, list[str]]] = _filled(reader, name)
    if (first := next(filled, None)) is None:
        raise TableError(f"{name} is empty")
    remarks: list[Remark] = []
    if any(cell.replace("\\", "/").rsplit("/", 1)[-1] in known for cell in first[1] if cell):
        headings = [f"column {number}" for number in range(1, len(first[1]) + 1)]
        remarks.append(
            Remark("table without headings", f"{name}: its columns are called column 1, column 2, …")
        )
        filled = chain([first], filled)
    else:
        headings = _headings(first[1], name, remarks)
    rows = CellRows(headings)
    for line, cells in filled:
        _check_width(headings, cells, name, line, remarks)
        rows.append(line, cells)
    return Rows(name, tuple(headings), rows, rows.lines, encoding, DELIMITERS[delimiter], tuple(remarks))


def _lines(text: str) -> Iterator[str]:
    """The lines of a text with their ends, one after the other."""
    return (match[0] for match in _LINE.finditer(text))


def _filled(reader: Any, name: str) -> Iterator[tuple[int, list[str]]]:
    """Line and cells of each row of a csv reader that is not empty."""
    try:
        for row in reader:
            if any(cells := [cell.strip() for cell in row]):
                yield reader.line_num, cells
    except csv.Error as error:
        raise TableError(f"{name}, line {reader.line_num}: {error}") from error


def _delimiter(sample: str, quoting: Literal[0, 3], *, prefer: str) -> str:
    """The delimiter that gives most rows the number of columns of the first."""
    best, best_score = prefer or ",", (0.0, 0)
    for delimiter in DELIMITERS:
        rows: list[list[str]] = []
        reader = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter, quoting=quoting)
        try:
            for row in reader:
                if row:
                    rows.append(row)
                if len(rows) >= SAMPLE_ROWS:
                    break
        except csv.Error:
            continue
        if not rows or len(rows[0]) < 2:
            continue
        even = sum(len(row) == len(rows[0]) for row in rows) / len(rows)
        score = (round(even + (0.5 if delimiter == prefer else 0.0), 1), len(rows[0]))
        if score > best_score:
            best, best_score = delimiter, score
    return best


def _headings(cells: Sequence[str], name: str, remarks: list[Remark]) -> list[str]:
    """Headings, each once: those that are there again get a number, empty ones are called by theirs."""
    counts: Counter[str] = Counter()
    found = []
    for number, cell in enumerate(cells, 1):
        heading = cell or f"column {number}"
        counts[heading] += 1
        if counts[heading] > 1:
            remarks.append(Remark("repeated heading", f"{name}: {heading}"))
            heading = f"{heading} {counts[heading]}"
        found.append(heading)
    return found


def _check_width(
    headings: Sequence[str], cells: list[str], name: str, line: int, remarks: list[Remark]
) -> None:
    if len(cells) > len(headings) and any(cells[len(headings) :]):
        remarks.append(
            Remark(
                "row with too many columns", f"{name}, line {line}: {len(cells)} instead of {len(headings)}"
            )
        )
    elif len(cells) < len(headings):
        remarks.append(Remark(TOO_FEW, f"{name}, line {line}: {len(cells)} instead of {len(headings)}"))
