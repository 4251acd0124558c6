"""What a search found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from mxt.core.records import Task
from mxt.evaluation.assess import Score
from mxt.evaluation.interval import Interval
from mxt.evaluation.left_out import LeftOut
from mxt.results.records import Provenance
from mxt.results.request import SearchRequest


@dataclass(frozen=True, slots=True)
class StrategyResult:
    """What one candidate gave.

    Parameters
    ----------
    name : str
        The layers, and what was joined to them.
    columns : int
        That the head learns from.
    score : Interval
        The main score.
    per_fold : tuple of float
    behind : Interval
        Score minus that of the best candidate, paired.
    chosen : int
        Folds in which it was the one chosen.
    params : mapping
        Where all folds share them.
    recalls : mapping
        Class to recall.
    layers : tuple of str
        Its layers, as they are written in names.
    weights : mapping
        Layer to the weight that was learnt for it, the mean over folds; empty where layers are joined.
    """

    name: str
    columns: int
    score: Interval
    per_fold: tuple[float, ...]
    behind: Interval
    chosen: int
    params: Mapping[str, Any]
    recalls: Mapping[str, float]
    layers: tuple[str, ...] = ()
    weights: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SearchResult:
    """What a search of one backbone on one data set by one protocol gave.

    Parameters
    ----------
    request : SearchRequest
        That gives it again.
    stage : mapping
        Identity of the head.
    scores : tuple of Score
        Of the search as a whole: nested, the candidate is chosen inside each learning part; else the best
        one's.
    chosen : tuple of str
        The candidate of each fold.
    rows : tuple of StrategyResult
        Every candidate, its parameters chosen by the protocol.
    best : int
        Place of the candidate that is best in hindsight.
    cost : Interval
        Its score minus that of the search as a whole: what choosing costs.
    layers : tuple of str
        The layers searched, as they are written in names, from the input on.
    grouping : str
        What clips were kept together by, in words; empty where no groups are known.
    fits, spared : int
        Fits done, and those that could not have won any more.
    from_store : bool
        Whether nothing was computed.
    """

    kind: ClassVar[str] = "search"
    request: SearchRequest
    dataset: str
    target: str
    task: Task
    view: str
    beside: tuple[str, ...]
    stage: Mapping[str, Any]
    protocol: str
    nested: bool
    folds: str
    clips: int
    scores: tuple[Score, ...]
    chance: float
    chosen: tuple[str, ...]
    fold_names: tuple[str, ...]
    rows: tuple[StrategyResult, ...]
    best: int
    cost: Interval
    cautions: tuple[str, ...]
    left_out: tuple[LeftOut, ...]
    layers: tuple[str, ...] = ()
    grouping: str = ""
    fits: int = 0
    spared: int = 0
    seconds: float = 0.0
    provenance: Provenance = field(default_factory=Provenance)
    result_id: str = ""
    from_store: bool = False

    @property
    def head(self) -> str:
        """The head's name."""
        return str(self.stage["name"])

    @property
    def first(self) -> Score:
        """The main score of the search as a whole."""
        return self.scores[0]

    @property
    def main(self) -> str:
        """The name of the main score."""
        return self.first.name

    @property
    def all_cautions(self) -> tuple[str, ...]:
        """What the score may suffer from."""
        return self.cautions

    def row(self, name: str) -> StrategyResult | None:
        """The candidate called `name`, where it was tried."""
        return next((row for row in self.rows if row.name == name), None)


@dataclass(frozen=True, slots=True)
class Searched:
    """All searches of a command, and what should be said of them as a whole."""

    results: tuple[SearchResult, ...]
    remarks: tuple[str, ...] = ()
