"""Columns of many clips, in which each different value is held once."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import Any, Generic, TypeVar, overload

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.int64]
Value = TypeVar("Value", covariant=True)
Other = TypeVar("Other")
_BLOCK = 8192  # values that are made at a time


class Column(Sequence[Value], Generic[Value]):
    """A sequence in which values may recur: the place of each, and the different values.

    Parameters
    ----------
    codes : int32 [n]
        Place of each value among `values`.
    values : sequence
        All different; some may not occur.

    Examples
    --------
    >>> column = Column.of(["rock", "pop", "rock"])
    >>> column[2], column.codes.tolist(), column.distinct()
    ('rock', [0, 1, 0], ['rock', 'pop'])
    >>> list(column.map(str.upper))
    ['ROCK', 'POP', 'ROCK']
    """

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, codes: npt.NDArray[np.int32], values: Sequence[Value]) -> None:
        self.codes, self.values = codes, values

    @classmethod
    def of(cls, values: Iterable[Any], key: Callable[[Any], Hashable] | None = None) -> Column[Any]:
        """The column of these values, which are themselves where they are one already.

        Values are equal where what `key` gives of them is, and where they are of one type.
        """
        if isinstance(values, Column):
            return values
        codes, distinct = _numbered(values, key)
        return Column(codes, distinct)

    def __len__(self) -> int:
        return len(self.codes)

    @overload
    def __getitem__(self, rows: int) -> Value: ...
    @overload
    def __getitem__(self, rows: slice | npt.NDArray[Any]) -> Column[Value]: ...
    def __getitem__(self, rows: int | slice | npt.NDArray[Any]) -> Value | Column[Value]:
        """The value of one row; the column of several (a slice, row numbers or a mask)."""
        if isinstance(rows, (slice, np.ndarray)):
            return Column(self.codes[rows], self.values)
        return self.values[int(self.codes[rows])]

    def __iter__(self) -> Iterator[Value]:
        for first in range(0, len(self), _BLOCK):
            yield from map(self.values.__getitem__, self.codes[first : first + _BLOCK].tolist())

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Column) and other.values is self.values:
            return np.array_equal(self.codes, other.codes)
        if not isinstance(other, Sequence) or isinstance(other, str):
            return NotImplemented
        return len(self) == len(other) and all(a == b for a, b in zip(self, other, strict=True))

    def __repr__(self) -> str:
        return f"<{len(self):,} values>"

    def firsts(self) -> Rows:
        """The first row of each value that occurs, in this order: int64."""
        first = np.full(len(self.values), -1, dtype=np.int64)
        first[self.codes[::-1]] = np.arange(len(self) - 1, -1, -1)
        return np.sort(first[first >= 0])

    def distinct(self) -> list[Value]:
        """The different values, in order of their first appearance."""
        return list(self[self.firsts()])

    def map(self, give: Callable[[Value], Other]) -> Column[Other]:
        """The column of what `give` gives of each value; it is asked once for each different one."""
        codes = self.codes[self.firsts()]
        new, distinct = _numbered(map(give, map(self.values.__getitem__, codes.tolist())), None)
        place = np.zeros(len(self.values), dtype=np.int32)
        place[codes] = new
        return Column(place[self.codes], distinct)

    def where(self, is_wanted: Callable[[Value], bool]) -> npt.NDArray[np.bool_]:
        """Rows whose value is wanted, a mask: bool [n]."""
        return self.array(is_wanted, bool)

    def array(self, give: Callable[[Value], Any], dtype: npt.DTypeLike) -> npt.NDArray[Any]:
        """What `give` gives of each value, as an array [n]; it is asked once for each different one."""
        codes = self.codes[self.firsts()]
        given = np.array([give(self.values[code]) for code in codes.tolist()], dtype=dtype)
        place = np.zeros(len(self.values), dtype=np.int32)
        place[codes] = np.arange(len(codes))
        return np.asarray(given[place[self.codes]])


def _numbered(
    values: Iterable[Other], key: Callable[[Other], Hashable] | None
) -> tuple[npt.NDArray[np.int32], list[Other]]:
    """Values by number, in order of their first appearance, and the different ones."""
    seen: dict[Hashable, int] = {}
    distinct: list[Other] = []
    codes = array("i")
    for value in values:
        code = seen.setdefault((type(value), value if key is None else key(value)), len(distinct))
        if code == len(distinct):
            distinct.append(value)
        codes.append(code)
    return np.frombuffer(codes, dtype=np.int32) if codes else np.zeros(0, np.int32), distinct
