"""A reproduction: what was asked, and what came out for every task."""

from __future__ import annotations

from dataclasses import dataclass

from mxt.core.commands import typed
from mxt.core.reprs import short_repr
from mxt.papers.choi2017.findings import CLOSE, PublishedCells
from mxt.papers.choi2017.tasks import Task
from mxt.papers.finding import Finding
from mxt.results.search_record import SearchResult

DIGITS = 6  # of a published score


@dataclass(frozen=True, slots=True)
class ReproduceRequest:
    """What is asked of ``mxt reproduce choi2017``.

    Parameters
    ----------
    tasks : tuple of str
        Names of tasks or of their data sets (default: all that are in the store).
    features, mfcc : str
        The tables of the network and of the MFCCs, which are left out where a data set has none.
    quick : bool
        Only the published protocol: nothing standardised, nothing nested, no findings that need them.
    strategies : tuple of str
        Combinations by their published names, such as ``135`` or ``12345+mfcc`` (default: all).

    Examples
    --------
    >>> ReproduceRequest(tasks=("emoMusic",), quick=True).command()
    'mxt reproduce choi2017 --task emoMusic --quick'
    """

    tasks: tuple[str, ...] = ()
    features: str = "choi2017_convnet"
    mfcc: str = "choi2017_mfcc"
    quick: bool = False
    strategies: tuple[str, ...] = ()

    def command(self) -> str:
        """The command line that makes this request."""
        usual = ReproduceRequest()
        return typed(
            "reproduce",
            "choi2017",
            options=[
                *(("--task", task) for task in self.tasks),
                *(("--strategy", name) for name in self.strategies),
                ("--features", self.features if self.features != usual.features else None),
                ("--mfcc", self.mfcc if self.mfcc != usual.mfcc else None),
                ("--quick", self.quick),
            ],
        )


@dataclass(frozen=True, slots=True)
class Cell:
    """One combination of layers: mxt's score, the published one, and what it becomes otherwise."""

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

    @property
    def exact(self) -> bool:
        """Whether it is met to the last digit that was published."""
        return self.published is not None and round(self.score, DIGITS) == self.published


@dataclass(frozen=True, eq=False)
class TaskReproduction:
    """One task: every combination, the searches they come from, and the number of its clips in the store."""

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
    """How many scores are met, all tasks that are in the store, findings, and the names of other tasks."""

    cells: PublishedCells
    tasks: tuple[TaskReproduction, ...]
    findings: tuple[Finding, ...]
    absent: tuple[str, ...]
    __repr__ = short_repr
