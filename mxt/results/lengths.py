"""Scores by the length of the clips: what was asked, and what came out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mxt.core.reprs import short_repr
from mxt.evaluation.interval import Interval
from mxt.results.records import DatasetResult
from mxt.results.request import EvaluateRequest

if TYPE_CHECKING:
    from mxt.evaluation.assess import Score


@dataclass(frozen=True, slots=True)
class LengthsRequest:
    """What is asked of ``mxt lengths``.

    Parameters
    ----------
    seconds : tuple of float
        Lengths of the excerpts.
    study : EvaluateRequest
        Data set, views (default: every view extracted), and how they are evaluated.
    start : float
        Where the excerpts begin, in seconds.
    device : str
        Where features are computed.
    """

    seconds: tuple[float, ...]
    study: EvaluateRequest = field(default_factory=EvaluateRequest)
    start: float = 0.0
    device: str = "auto"


@dataclass(frozen=True, eq=False)
class AtLength:
    """What clips of one length gave: the derived data set and its evaluation."""

    seconds: float
    dataset: str
    result: DatasetResult
    __repr__ = short_repr

    def score(self, view: str) -> Score | None:
        """The main score of a view."""
        return next((each.assessment.first for each in self.result.views if each.view == view), None)


@dataclass(frozen=True, eq=False)
class Lengths:
    """Scores by clip length.

    Parameters
    ----------
    dataset : str
        The data set whose clips were shortened.
    rows : tuple of AtLength
        The shortest first.
    changes : mapping
        View to the difference of its main scores, longest minus shortest, paired clip by clip.
    computed : int
        Features that had to be computed.
    """

    dataset: str
    rows: tuple[AtLength, ...]
    changes: Mapping[str, Interval]
    computed: int
    __repr__ = short_repr

    @property
    def first(self) -> DatasetResult:
        """The evaluation of the shortest clips, whose target, head, folds and views all lengths share."""
        return self.rows[0].result

    @property
    def views(self) -> tuple[str, ...]:
        """The views, in the order asked for."""
        return tuple(view.view for view in self.first.views)

    @property
    def main(self) -> str:
        """The name of the main score."""
        return self.first.views[0].assessment.main

    @property
    def chance(self) -> float:
        """The score of guessing."""
        return self.first.views[0].assessment.baselines["chance"]
