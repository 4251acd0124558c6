"""Reads people's tables: encoding, byte order mark and delimiter are found out; rows keep their line."""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from mxt.core.errors import TableError, UsageError
from mxt.core.files import read_whole
from mxt.core.records import Remark
from mxt.core.text import parse_json
from mxt.stages.datasets.suffixes import suffix

DELIMITERS = {",": "comma", "\t": "tab", ";": "semicolon", "|": "bar"}
SAMPLE_CHARACTERS, SAMPLE_ROWS = 200_000, 200
COMMON = "cp1252"
FURTHER = (
    "cp1250",
    "cp1251",
    "cp1253",
    "cp1254",
    "cp1257",
    "cp932",
    "gb18030",
    "cp949",
    "big5",
    "mac_roman",
    "cp850",
    "koi8_r",
)
MOST_TELLING = 100  # names of files that are looked for in a table of unknown encoding
ZEROS_IN_UTF_16 = 0.2  # least share of zeros among every other byte; a lone NUL in other text is none
TOO_FEW = "row with too few columns"
LARGEST_FIELD = 16 << 20  # characters; the csv module's own limit is 131,072
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True)
class Rows:
    """A table as read.

    Parameters
    ----------
    path : str
        Of the table, below the data set's root.
    headings : tuple of str
        Each once.
    rows : list of dict
        Heading to text (a CSV), or to any JSON value.
    lines : list of int
        Line of each row, from 1.
    encoding, delimiter : str
        As found out; the delimiter's name, empty for JSON Lines.
    remarks : tuple of Remark
        Uneven rows, headings that are there twice.
    """

    path: str
    headings: tuple[str, ...]
    rows: list[dict[str, Any]]
    lines: list[int]
    encoding: str
    delimiter: str
    remarks: tuple[Remark, ...] = ()

    @property
    def decimal_comma(self) -> bool:
        """Tables with semicolons are written where ``3,5`` is a number."""
        return self.delimiter == "semicolon"


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
    return _decoded(raw, path, encoding, known)


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


def _decoded(raw: bytes, path: Path, encoding: str, known: frozenset[str]) -> tuple[str, str]:
    encoding = encoding or next((name for mark, name in _MARKS if raw.startswith(mark)), "")
    encoding = encoding or _sixteen_bits(raw[:4096])
    if encoding:
        try:
            return raw.decode(encoding), encoding.removesuffix("-sig")
        except LookupError as error:
            raise UsageError(f"no encoding is called {encoding!r}") from error
        except ValueError as error:
            why = (
                f"{error.reason} at byte {error.start}"
                if isinstance(error, UnicodeDecodeError)
                else str(error)
            )
            raise TableError(f"{path} is not {encoding} text: {why}") from error
    try:
        return raw.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        return _guessed(raw, known)


def _sixteen_bits(raw: bytes) -> str:
    """UTF-16 without a byte order mark: every other byte of ASCII letters and delimiters is zero."""
    for name, half in (("utf-16-le", raw[1::2]), ("utf-16-be", raw[::2])):
        if half.count(0) > ZEROS_IN_UTF_16 * len(half):
            return name
    return ""


def _guessed(raw: bytes, known: frozenset[str]) -> tuple[str, str]:
    """Text that is not UTF-8: in the encoding in which it names existing files, or the most plausible one."""
    from charset_normalizer import from_bytes

    found = list(from_bytes(raw[: 1 << 18]))
    equals = [
        match for match in found if (match.chaos, match.coherence) == (found[0].chaos, found[0].coherence)
    ]
    common = any(
        COMMON in match.could_be_from_charset for match in equals
    )  # among equals, the most common one
    likely = (
        COMMON if common or not found else found[0].encoding,
        COMMON,
        *(match.encoding for match in found),
        *FURTHER,
    )
    telling = [name for name in known if not name.isascii()][:MOST_TELLING]
    readings = {name: text for name in dict.fromkeys(likely) if (text := _reading(raw, name)) is not None}
    for name, text in readings.items():
        if any(word in text for word in telling):
            return text, name.replace("_", "-")
    name = next(iter(readings), "latin-1")  # any bytes are latin-1
    return raw.decode(name), name.replace("_", "-")


def _reading(raw: bytes, encoding: str) -> str | None:
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError:
        return None


def _json_lines(text: str, name: str, encoding: str) -> Rows:
    rows, lines = [], []
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
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quoting=quoting)
    cells, lines = [], []
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                cells.append([cell.strip() for cell in row])
                lines.append(reader.line_num)
    except csv.Error as error:
        raise TableError(f"{name}, line {reader.line_num}: {error}") from error
    if not cells:
        raise TableError(f"{name} is empty")
    remarks = []
    if any(cell.replace("\\", "/").rsplit("/", 1)[-1] in known for cell in cells[0] if cell):
        headings = [f"column {number}" for number in range(1, len(cells[0]) + 1)]
        remarks.append(
            Remark("table without headings", f"{name}: its columns are called column 1, column 2, …")
        )
    else:
        headings, lines = _headings(cells.pop(0), name, remarks), lines[1:]
    rows = [_row(headings, row, name, line, remarks) for row, line in zip(cells, lines, strict=True)]
    return Rows(name, tuple(headings), rows, lines, encoding, DELIMITERS[delimiter], tuple(remarks))


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


def _row(
    headings: Sequence[str], cells: list[str], name: str, line: int, remarks: list[Remark]
) -> dict[str, Any]:
    if len(cells) > len(headings) and any(cells[len(headings) :]):
        remarks.append(
            Remark(
                "row with too many columns", f"{name}, line {line}: {len(cells)} instead of {len(headings)}"
            )
        )
    elif len(cells) < len(headings):
        remarks.append(Remark(TOO_FEW, f"{name}, line {line}: {len(cells)} instead of {len(headings)}"))
    return dict(zip(headings, [*cells, *[""] * (len(headings) - len(cells))], strict=False))
