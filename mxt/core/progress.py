"""How work tells a person how far it is, without knowing who listens."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol


class Step(Protocol):
    """One counted piece of work."""

    def advance(self, n: int = 1) -> None:
        """`n` more are done."""


class Progress(Protocol):
    """Whoever shows progress."""

    def step(self, what: str, total: int | None, *, unit: str = "") -> AbstractContextManager[Step]:
        """Begin a piece of work of `total` `unit` (``None``: not known)."""

    def say(self, line: str) -> None:
        """Tell one line while work goes on."""


class _SilentStep:
    def advance(self, n: int = 1) -> None:
        """Show nothing."""


class Silent:
    """Shows nothing."""

    @contextmanager
    def step(self, what: str, total: int | None, *, unit: str = "") -> Iterator[Step]:
        """Show nothing."""
        yield _SilentStep()

    def say(self, line: str) -> None:
        """Say nothing."""


SILENT = Silent()
