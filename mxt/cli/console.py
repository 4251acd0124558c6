"""Rendering: lines, tables and JSON, on standard output; warnings on standard error."""

from __future__ import annotations

import dataclasses
import json
import math
import os
import struct
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from mxt.cli.terminal import on_terminal, unguarded, visible
from mxt.core.text import written

if TYPE_CHECKING:
    from rich.console import Console

LONGEST_VALUE = 26  # characters of a cell with spaces that is kept whole where there is room
LEAST_TEXT = 20  # columns left for each column of text before values are wrapped as well
UNBROKEN = 100_000  # columns where nobody looks at a terminal: nothing is wrapped


def console(*, stderr: bool = False) -> Console:
    """A rich console: as wide as the terminal, or without any wrapping into pipes and files; NO_COLOR is honoured."""
    from rich.console import Console

    stream = unguarded(sys.stderr if stderr else sys.stdout)
    columns = None if stream.isatty() or "COLUMNS" in os.environ else UNBROKEN
    return Console(file=stream, width=columns, highlight=False, soft_wrap=False)


def width() -> int:
    """Characters of a line: those of the terminal, or any number into pipes and files."""
    return console().width


def say(line: str = "") -> None:
    """One line on standard output, harmless whatever it is made of; on a terminal no word is cut, and some first words have a colour."""
    _write(line, sys.stdout)


def warn(line: str) -> None:
    """The same on standard error."""
    _write(line, sys.stderr)


def _write(line: str, stream: TextIO) -> None:
    unguarded(stream).write(f"{on_terminal(line, stream)}\n")


def next_line(command: str) -> None:
    """The command that usually comes next."""
    say(f"next: {command}")


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table; columns of numbers are set to the right.

    Parameters
    ----------
    title : str
        Line above it; empty for none.
    columns : sequence of str
        Headings; a column without one is left out where it is empty.
    rows : sequence of sequences
        Cells: text, numbers, or ``None`` for an empty cell.
    """
    from rich.table import Table
    from rich.text import Text

    kept = [place for place, heading in enumerate(columns) if heading or any(row[place] not in (None, "") for row in rows)]
    columns, rows = [visible(columns[place]) for place in kept], [[row[place] for place in kept] for row in rows]
    out = console()
    grid = Table(box=None, pad_edge=False, header_style="bold", title_justify="left", title_style="bold")
    texts = [[_cell(cell) for cell in row] for row in rows]
    whole = _kept_whole([heading, *(row[place] for row in texts)] for place, heading in enumerate(columns)) if texts else []
    fits = sum(width or LEAST_TEXT for width in whole) + 2 * len(whole) <= out.width
    for place, heading in enumerate(columns):
        cells = [row[place] for row in rows if row[place] is not None]
        numbers = bool(cells) and all(isinstance(cell, (int, float)) and not isinstance(cell, bool) for cell in cells)
        no_wrap = bool(fits and texts and whole[place])
        grid.add_column(Text(heading), justify="right" if numbers else "left", overflow="fold", no_wrap=no_wrap)
    for text in texts:
        grid.add_row(*map(Text, text))
    if title:
        out.print(Text(visible(title), style="bold"))
    if out.is_terminal:
        out.print(grid)
        return
    with out.capture() as captured:
        out.print(grid)
    for line in captured.get().splitlines():
        say(line.rstrip())


def _kept_whole(columns: Iterable[Sequence[str]]) -> list[int]:
    """The width of each column that is not to be wrapped, for it holds names or short values; 0 for those of text."""
    from rich.cells import cell_len

    widths = [(max(map(cell_len, cells)), any(" " in cell for cell in cells)) for cells in columns]
    return [0 if spaces and width > LONGEST_VALUE else width for width, spaces in widths]


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
    r"""Print records, mappings and lists as JSON; what is not a number becomes ``null``, what cannot be printed ``\u`` and its code."""
    in_unicode = (sys.stdout.encoding or "").lower().startswith("utf")
    text = json.dumps(plain(value), indent=2, ensure_ascii=not in_unicode, allow_nan=False)
    sys.stdout.write("\n".join(line if line.isprintable() else "".join(map(_json_character, line)) for line in text.split("\n")) + "\n")


def _json_character(character: str) -> str:
    if character.isprintable():
        return character
    return "".join(f"\\u{unit:04x}" for (unit,) in struct.iter_unpack(">H", character.encode("utf-16-be", "surrogatepass")))


def plain(value: object) -> Any:
    """Records as JSON knows them: dataclasses to objects, paths and dates to text, bytes to hexadecimal digits."""
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
        return [plain(item) for item in (sorted(value, key=str) if isinstance(value, (set, frozenset)) else value)]
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")
