"""How work reports its progress, without knowing who shows it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol


class Step(Protocol):
    """One counted piece of work."""

    def advance(self, n: int = 1) -> None:
        """Count `n` more as done."""

    def workers(self, n: int) -> None:
        """Say that `n` workers elsewhere are at it now."""


class Progress(Protocol):
    """Something that shows progress."""

    def step(self, what: str, total: int | None, *, unit: str = "") -> AbstractContextManager[Step]:
        """Begin a piece of work of `total` `unit` (``None``: of unknown length)."""

    def say(self, line: str) -> None:
        """Show one line while work goes on."""


class _SilentStep:
    def advance(self, n: int = 1) -> None:
        """Show nothing."""

    def workers(self, n: int) -> None:
        """Show nothing."""


class Silent:
    """Shows nothing."""

    @contextmanager
    def step(self, what: str, total: int | None, *, unit: str = "") -> Iterator[Step]:
        """Show nothing."""
        yield _SilentStep()

    def say(self, line: str) -> None:
        """Say nothing."""


class Titled:
    """Progress whose pieces of work go by another title than those who do them give.

    Parameters
    ----------
    progress : Progress
    title : str
    """

    def __init__(self, progress: Progress, title: str) -> None:
        self.progress, self.title = progress, title

    def step(self, what: str, total: int | None, *, unit: str = "") -> AbstractContextManager[Step]:
        """Begin a piece of work under the title."""
        return self.progress.step(self.title, total, unit=unit)

    def say(self, line: str) -> None:
        """Show one line while work goes on."""
        self.progress.say(line)


SILENT = Silent()
