"""Rendering: lines, tables and JSON, on standard output; warnings on standard error."""

from __future__ import annotations

import dataclasses
import itertools
import json
import math
import os
import shlex
import struct
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
BLOCK = 1000  # rows of a table that are printed at a time
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


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table with numbers aligned right, or a few lines for each row where a table would be too wide.

    Parameters
    ----------
    title : str
        Line above it; empty for none.
    columns : sequence of str
        Headings; a column without one is left out where it is empty.
    rows : iterable of sequences
        Cells: text, numbers, or ``None`` for an empty cell. They are iterated over twice, and none is kept.
    """
    from rich.text import Text

    described = [_Column(visible(heading)) for heading in columns]
    for row in rows:
        for column, cell in zip(described, row, strict=True):
            column.add(cell)
    kept = [index for index, column in enumerate(described) if column.heading or column.is_filled]
    described = [described[index] for index in kept]
    texts = ([_cell(row[index]) for index in kept] for row in rows)
    out = console()
    widths = _widths(described, out.width)
    if any(column.is_filled for column in described) and sum(widths) + GAP * (len(widths) - 1) > out.width:
        _rows_as_lines(title, [column.heading for column in described], texts, out.width)
        return
    if title:
        out.print(Text(visible(title), style="bold"))
    blocks = iter(lambda: list(itertools.islice(texts, BLOCK)), [])
    for number, block in enumerate(itertools.chain([next(blocks, [])], blocks)):
        grid = _grid(described, block, widths, with_head=number == 0)
        if out.is_terminal:
            out.print(grid)
            continue
        with out.capture() as captured:
            out.print(grid)
        for line in captured.get().splitlines():
            say(line.rstrip())


class _Column:
    """What has to be known of a column before its first row is printed."""

    def __init__(self, heading: str) -> None:
        from rich.cells import cell_len

        self._length = cell_len
        self.heading, self.is_filled, self.is_text = heading, False, False
        self.longest, self.longest_word = 0, 0
        self._measure(heading)

    @property
    def has_numbers(self) -> bool:
        """Whether it holds numbers, and nothing else."""
        return self.is_filled and not self.is_text

    def add(self, cell: object) -> None:
        """Look at one cell more."""
        if cell is None:
            return
        self.is_filled = self.is_filled or cell != ""
        self.is_text = self.is_text or not isinstance(cell, (int, float)) or isinstance(cell, bool)
        self._measure(_cell(cell))

    def _measure(self, text: str) -> None:
        length = self._length(text)
        self.longest = max(self.longest, length)
        if length > self.longest_word:
            self.longest_word = max([self.longest_word, *map(self._length, text.split())])


def _grid(
    columns: Sequence[_Column], texts: Sequence[Sequence[str]], widths: Sequence[int], *, with_head: bool
) -> Table:
    from rich.table import Table
    from rich.text import Text

    grid = Table(box=None, pad_edge=False, header_style="bold", show_header=with_head)
    for column, width in zip(columns, widths, strict=True):
        side: JustifyMethod = "right" if column.has_numbers else "left"
        grid.add_column(Text(column.heading), justify=side, overflow="fold", width=width)
    for row in texts:
        grid.add_row(*map(Text, row))
    return grid


def _rows_as_lines(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]], width: int) -> None:
    if title:
        say(title)
    for first, *others in rows:
        say(first)
        cells = " · ".join(
            f"{heading} {cell}".strip() for heading, cell in zip(columns[1:], others, strict=True) if cell
        )
        for line in wrapped(f"  {cells}", width) if cells else ():
            say(line)


def _widths(columns: Sequence[_Column], room: int) -> list[int]:
    """Width of each column: at least its longest word; short cells stay whole, long texts share the rest."""
    widths = [column.longest_word for column in columns]
    needs = [column.longest - column.longest_word for column in columns]
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
    r"""Print records, mappings and lists as JSON; NaN as ``null``, the unprintable as ``\u`` and its code.

    An iterator is a list whose items are printed as they come.
    """
    for line in _json_items(value) if isinstance(value, Iterator) else _json_lines(value):
        shown = line if line.isprintable() else "".join(map(_json_character, line))
        sys.stdout.write(f"{shown}\n")


def _json_lines(value: object) -> list[str]:
    in_unicode = (sys.stdout.encoding or "").lower().startswith("utf")
    return json.dumps(plain(value), indent=2, ensure_ascii=not in_unicode, allow_nan=False).split("\n")


def _json_items(items: Iterator[object]) -> Iterator[str]:
    """The lines of a list, each when its item is there."""
    last = "["
    for item in items:
        yield last if last == "[" else f"{last},"
        *lines, last = (f"  {line}" for line in _json_lines(item))
        yield from lines
    if last == "[":
        yield "[]"
    else:
        yield from (last, "]")


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
