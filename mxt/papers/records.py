"""What a reproduction tells: cells, tasks, findings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mxt.core.reprs import short_repr
from mxt.papers.choi2017_tasks import Task
from mxt.results.search_record import SearchResult

CLOSE = 0.002  # a published cell is met within this


@dataclass(frozen=True, slots=True)
class Cell:
    """One strategy: mxt's score, the published one (``None`` where none is), and their difference."""

    strategy: str
    score: float
    published: float | None
    unpublished_standardised: float | None = None
    nested: float | None = None

    @property
    def difference(self) -> float | None:
        """Mxt's score minus the published one."""
        return None if self.published is None else self.score - self.published

    @property
    def met(self) -> bool:
        """Whether the published score is met."""
        return self.difference is not None and abs(self.difference) <= CLOSE


@dataclass(frozen=True, slots=True)
class Finding:
    """A statement recomputed from the store.

    Parameters
    ----------
    name, says : str
        Under what it goes, and what was found, in words.
    source : str
        The published source that states or shows it.
    holds : bool or None
        Whether the store supports it; ``None`` where it cannot be told.
    numbers : mapping
        What it rests on.
    """

    name: str
    says: str
    source: str
    holds: bool | None
    numbers: Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class TaskReproduction:
    """One task: every strategy, the searches it rests on, and how many clips the store has of it."""

    task: Task
    cells: tuple[Cell, ...]
    released: SearchResult
    standardised: SearchResult | None
    nested: SearchResult | None
    clips: int
    __repr__ = short_repr

    @property
    def published(self) -> list[Cell]:
        """Cells that were published."""
        return [cell for cell in self.cells if cell.published is not None]


@dataclass(frozen=True, eq=False)
class Reproduction:
    """All tasks that are in the store, their findings, and those that are not there."""

    tasks: tuple[TaskReproduction, ...]
    findings: tuple[Finding, ...]
    absent: tuple[str, ...]
    __repr__ = short_repr
