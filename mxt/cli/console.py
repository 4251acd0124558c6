"""Rendering: lines, tables and JSON, on standard output; warnings on standard error."""

from __future__ import annotations

import dataclasses
import json
import math
import os
import shlex
import struct
import sys
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from mxt.cli.terminal import on_terminal, unguarded, visible, wrapped
from mxt.core.text import written

if TYPE_CHECKING:
    from rich.console import Console, JustifyMethod
    from rich.table import Table

GAP = 2  # characters between columns of a table
UNBROKEN = 100_000  # columns where nobody looks at a terminal: nothing is wrapped


def console(*, stderr: bool = False) -> Console:
    """A rich console: as wide as the terminal, never wrapping into pipes and files; NO_COLOR counts."""
    from rich.console import Console

    stream = unguarded(sys.stderr if stderr else sys.stdout)
    columns = None if stream.isatty() or "COLUMNS" in os.environ else UNBROKEN
    return Console(file=stream, width=columns, highlight=False, soft_wrap=False)


def width() -> int:
    """Characters of a line: those of the terminal, or any number into pipes and files."""
    return console().width


def say(line: str = "") -> None:
    """Print one line on standard output.

    Whatever it is made of, it does not steer the terminal: control characters are written out. On a terminal
    it is wrapped between words, and some first words are coloured.
    """
    _write(line, sys.stdout)


def warn(line: str) -> None:
    """Print one line on standard error, as `say` does."""
    _write(line, sys.stderr)


def _write(line: str, stream: TextIO) -> None:
    unguarded(stream).write(f"{on_terminal(line, stream)}\n")


def next_line(command: str) -> None:
    """Print the command that usually comes next."""
    say(f"next: {command}")


def next_command(*words: str) -> None:
    """Print the command that usually comes next, its words quoted where a shell needs it."""
    next_line(shlex.join(words))


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table with numbers aligned right, or a few lines for each row where a table would be too wide.

    Parameters
    ----------
    title : str
        Line above it; empty for none.
    columns : sequence of str
        Headings; a column without one is left out where it is empty.
    rows : sequence of sequences
        Cells: text, numbers, or ``None`` for an empty cell.
    """
    from rich.text import Text

    kept = [
        index
        for index, heading in enumerate(columns)
        if heading or any(row[index] not in (None, "") for row in rows)
    ]
    columns = [visible(columns[index]) for index in kept]
    rows = [[row[index] for index in kept] for row in rows]
    texts = [[_cell(cell) for cell in row] for row in rows]
    out = console()
    widths = _widths([list(cells) for cells in zip(columns, *texts, strict=True)], out.width)
    if texts and sum(widths) + GAP * (len(widths) - 1) > out.width:
        _rows_as_lines(title, columns, texts, out.width)
        return
    if title:
        out.print(Text(visible(title), style="bold"))
    grid = _grid(columns, rows, texts, widths)
    if out.is_terminal:
        out.print(grid)
        return
    with out.capture() as captured:
        out.print(grid)
    for line in captured.get().splitlines():
        say(line.rstrip())


def _grid(
    columns: Sequence[str],
    rows: Sequence[Sequence[object]],
    texts: Sequence[Sequence[str]],
    widths: Sequence[int],
) -> Table:
    from rich.table import Table
    from rich.text import Text

    grid = Table(box=None, pad_edge=False, header_style="bold")
    for index, heading in enumerate(columns):
        cells = [row[index] for row in rows if row[index] is not None]
        numbers = cells and all(
            isinstance(cell, (int, float)) and not isinstance(cell, bool) for cell in cells
        )
        side: JustifyMethod = "right" if numbers else "left"
        grid.add_column(Text(heading), justify=side, overflow="fold", width=widths[index])
    for row in texts:
        grid.add_row(*map(Text, row))
    return grid


def _rows_as_lines(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> None:
    if title:
        say(title)
    for first, *others in rows:
        say(first)
        cells = " · ".join(
            f"{heading} {cell}".strip() for heading, cell in zip(columns[1:], others, strict=True) if cell
        )
        for line in wrapped(f"  {cells}", width) if cells else ():
            say(line)


def _widths(columns: Sequence[Sequence[str]], room: int) -> list[int]:
    """Width of each column: at least its longest word; short cells stay whole, long texts share the rest."""
    from rich.cells import cell_len

    widths = [max(map(cell_len, " ".join(cells).split()), default=0) for cells in columns]
    needs = [max(map(cell_len, cells)) - width for cells, width in zip(columns, widths, strict=True)]
    left = max(0, room - GAP * (len(columns) - 1) - sum(widths))
    for done, index in enumerate(sorted(range(len(columns)), key=needs.__getitem__)):
        more = min(max(0, needs[index]), left // (len(columns) - done))
        widths[index], left = widths[index] + more, left - more
    return widths


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:.3f}"
    return visible(str(value))


def size_text(n_bytes: int) -> str:
    """Bytes for people.

    Examples
    --------
    >>> size_text(1_234_567)
    '1.2 MB'
    """
    amount = float(n_bytes)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} B" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


def seconds_text(seconds: float) -> str:
    """A duration for people.

    Examples
    --------
    >>> seconds_text(75), seconds_text(30_000)
    ('1 min 15 s', '8 h 20 min')
    """
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600:,} h {whole % 3600 // 60} min"


def emit_json(value: object) -> None:
    r"""Print records, mappings and lists as JSON; NaN as ``null``, the unprintable as ``\u`` and its code."""
    in_unicode = (sys.stdout.encoding or "").lower().startswith("utf")
    text = json.dumps(plain(value), indent=2, ensure_ascii=not in_unicode, allow_nan=False)
    for line in text.split("\n"):
        shown = line if line.isprintable() else "".join(map(_json_character, line))
        sys.stdout.write(f"{shown}\n")


def _json_character(character: str) -> str:
    if character.isprintable():
        return character
    return "".join(
        f"\\u{unit:04x}"
        for (unit,) in struct.iter_unpack(">H", character.encode("utf-16-be", "surrogatepass"))
    )


def plain(value: object) -> Any:
    """`value` as JSON knows it: dataclasses as objects, paths and dates as text, bytes in hexadecimal."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {written(str(key)): plain(item) for key, item in value.items()}
    if isinstance(value, Enum):
        return plain(value.value) if isinstance(value.value, str) else value.name.lower()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, str):
        return written(value)
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).hex()
    if isinstance(value, (Path, date, datetime)):
        return written(str(value))
    if hasattr(value, "tolist"):  # NumPy arrays and scalars
        return plain(value.tolist())
    if isinstance(value, (Sequence, set, frozenset)):
        items = sorted(value, key=str) if isinstance(value, (set, frozenset)) else value
        return [plain(item) for item in items]
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")
