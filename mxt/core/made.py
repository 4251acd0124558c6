"""Sequences whose items are made when they are asked for."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar, overload

Item = TypeVar("Item", covariant=True)


class Made(Sequence[Item]):
    """A sequence that makes an item each time it is asked for; a slice is a list of items."""

    @abstractmethod
    def make(self, row: int) -> Item:
        """The item of a row, which is one of ``range(len(self))``."""

    @overload
    def __getitem__(self, rows: int) -> Item: ...
    @overload
    def __getitem__(self, rows: slice) -> list[Item]: ...
    def __getitem__(self, rows: int | slice) -> Item | list[Item]:
        """One item, or those of a slice."""
        chosen = range(len(self))[rows]
        return self.make(chosen) if isinstance(chosen, int) else [self.make(row) for row in chosen]


class Mapped(Made[Item]):
    """What a function gives of each item of another sequence.

    Examples
    --------
    >>> squares = Mapped(lambda number: number**2, range(4))
    >>> squares[-1], list(squares)
    (9, [0, 1, 4, 9])
    """

    def __init__(self, give: Callable[[Any], Item], items: Sequence[Any]) -> None:
        self._give, self._items = give, items

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Item]:
        return map(self._give, self._items)

    def make(self, row: int) -> Item:
        """What the function gives of one item."""
        return self._give(self._items[row])
