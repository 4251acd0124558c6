"""Sequences whose items are made when they are asked for."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import TypeVar, overload

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
