"""The rows of people's tables, as they were read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Any

from mxt.core.made import Made
from mxt.core.records import Remark

MOST_RECURRING = 4096  # different cells of a column that are looked for again


@dataclass(frozen=True)
class Rows:
    """A table as read.

    Parameters
    ----------
    path : str
        Of the table, below the data set's root.
    headings : tuple of str
        Each once.
    rows : CellRows or ObjectRows
        Heading to text (a CSV), or to any JSON value.
    lines : sequence of int
        Line of each row, from 1.
    encoding, delimiter : str
        As found out; the delimiter's name, empty for JSON Lines.
    remarks : tuple of Remark
        Uneven rows, headings that are there twice.
    """

    path: str
    headings: tuple[str, ...]
    rows: CellRows | ObjectRows
    lines: Sequence[int]
    encoding: str
    delimiter: str
    remarks: tuple[Remark, ...] = ()

    @property
    def decimal_comma(self) -> bool:
        """Tables with semicolons are written where ``3,5`` is a number."""
        return self.delimiter == "semicolon"

    def column(self, name: str) -> Sequence[Any]:
        """The values of a column, ``None`` where a row has none."""
        return self.rows.column(name)


class CellRows(Made[dict[str, str]]):
    """Rows of text in columns, in which cells that recur are held once; a row is made when it is asked for.

    Parameters
    ----------
    headings : sequence of str
        What the cells of a row are called; those that a row lacks are empty.
    """

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, headings: Sequence[str]) -> None:
        self.lines: list[int] = []
        self._headings = tuple(headings)
        self._number = {name: number for number, name in enumerate(headings)}
        self._columns: list[list[str]] = [[] for _ in headings]
        self._known: list[dict[str, str]] = [{} for _ in headings]

    def append(self, line: int, cells: Sequence[str]) -> None:
        """Add the cells of a line."""
        self.lines.append(line)
        for column, known, cell in zip(self._columns, self._known, chain(cells, repeat("")), strict=False):
            column.append(known.setdefault(cell, cell))
            if len(known) > MOST_RECURRING:  # they hardly recur
                known.clear()

    def column(self, name: str) -> Sequence[str]:
        """The cells of a column."""
        return self._columns[self._number[name]]

    def __len__(self) -> int:
        return len(self.lines)

    def make(self, row: int) -> dict[str, str]:
        """The cells of a row by their headings."""
        return dict(zip(self._headings, (column[row] for column in self._columns), strict=True))

    def __iter__(self) -> Iterator[dict[str, str]]:
        for cells in zip(*self._columns, strict=True):
            yield dict(zip(self._headings, cells, strict=True))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)


class ObjectRows(list[dict[str, Any]]):
    """Rows of JSON Lines, as they are: few are read so."""

    def column(self, name: str) -> list[Any]:
        """The values of a column, ``None`` where a row has none."""
        return [row.get(name) for row in self]
