"""What a report holds: data sets, their results side by side, and what each says of which clip."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from mxt.core.records import Task
from mxt.core.reprs import short_repr
from mxt.evaluation.calibration import Calibration
from mxt.evaluation.comparison import Difference
from mxt.results.audit_records import Audit
from mxt.results.records import DatasetResult
from mxt.results.search_record import SearchResult


@dataclass(frozen=True, slots=True)
class Card:
    """A data set as catalogued.

    Parameters
    ----------
    name, loader, updated : str
        `updated` is empty where it is not in the catalogue any more.
    clips, files, used : int
    seconds : float
        Of the clips that can be used.
    classes : mapping
        Clips of each class or label of the target; empty for numbers.
    unlabelled : int
    failures : tuple of (str, str, str)
        Clips that cannot be used: id, reason, detail.
    rates : mapping
        Sample rate in Hz to the number of clips.
    """

    name: str
    loader: str = ""
    updated: str = ""
    clips: int = 0
    files: int = 0
    used: int = 0
    seconds: float = 0.0
    classes: Mapping[str, int] = field(default_factory=dict)
    unlabelled: int = 0
    failures: tuple[tuple[str, str, str], ...] = ()
    rates: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Table:
    """A feature table that a result rests on: what it was computed with."""

    label: str
    fingerprint: str
    facts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ShownClip:
    """A clip of the report: its group, and its seconds; 0 where it has no audio."""

    group: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, eq=False)
class Answers:
    """What a result says of the clips that are shown, the worst first.

    Parameters
    ----------
    clips : tuple of str
        Ids.
    true, predicted : tuple
        Of classes and labels: numbers of the classes, and pairs of class and share of the runs (of labels:
        the score). Of a regression: the numbers themselves.
    probabilities : float32 [n, classes], optional
        Out of fold; ``None`` for a regression, and where they were not kept.
    folds : tuple of str
        In which each clip was tested.
    classes : tuple of str
    tested : int
        Clips that were tested, of which those above are shown.
    """

    clips: tuple[str, ...]
    true: tuple[Any, ...]
    predicted: tuple[Any, ...]
    probabilities: npt.NDArray[np.float32] | None
    folds: tuple[str, ...]
    classes: tuple[str, ...]
    tested: int
    __repr__ = short_repr


@dataclass(frozen=True, eq=False)
class Map:
    """Clips as points of a plane, near each other where their features are alike.

    Parameters
    ----------
    clips : tuple of str
    points : mapping
        Method (``"pca"``, ``"tsne"``) to float64 [n, 2].
    """

    clips: tuple[str, ...]
    points: Mapping[str, npt.NDArray[np.float64]]
    __repr__ = short_repr


@dataclass(frozen=True, eq=False)
class Reported:
    """One evaluation.

    Parameters
    ----------
    id : str
    result : DatasetResult
        Of one view.
    stale : str
        Why it does not belong to the catalogue any more; empty where it does.
    answers : Answers, optional
        ``None`` where its predictions cannot be read.
    calibration : Calibration, optional
        How far its probabilities can be trusted.
    map : Map, optional
        ``None`` where its features are gone.
    tables : tuple of Table
    commands : tuple of str
        That make it again.
    """

    id: str
    result: DatasetResult
    stale: str
    answers: Answers | None
    calibration: Calibration | None
    map: Map | None
    tables: tuple[Table, ...]
    commands: tuple[str, ...]
    __repr__ = short_repr


@dataclass(frozen=True, eq=False)
class Searched:
    """One search of layers."""

    id: str
    result: SearchResult
    stale: str
    commands: tuple[str, ...]
    __repr__ = short_repr


@dataclass(frozen=True, slots=True)
class Comparison:
    """Results against the best of them.

    Parameters
    ----------
    clips : int
        On which they were compared.
    differences : mapping
        Id of a result to its difference to the best one; ``None`` for that one.
    together : bool
        Whether they are of one evaluation, with the same folds.
    """

    clips: int
    differences: Mapping[str, Difference | None]
    together: bool


@dataclass(frozen=True, eq=False)
class Chapter:
    """One target of one data set: its results, the best first.

    Parameters
    ----------
    card : Card
    target : str
    task : {"classification", "multilabel", "regression"}
    results : tuple of Reported
        By falling main score.
    comparison : Comparison, optional
        ``None`` where there is one result.
    searches : tuple of Searched
    audit : Audit, optional
        Of the best result.
    clips : mapping
        Id to clip, of all that are shown.
    """

    card: Card
    target: str
    task: Task
    results: tuple[Reported, ...]
    comparison: Comparison | None
    searches: tuple[Searched, ...]
    audit: Audit | None
    clips: Mapping[str, ShownClip]
    __repr__ = short_repr

    @property
    def best(self) -> Reported | None:
        """The result with the highest main score."""
        return self.results[0] if self.results else None


@dataclass(frozen=True, eq=False)
class Report:
    """Results to be read by others.

    Parameters
    ----------
    created, version : str
        When (ISO 8601, UTC), and by which mxt.
    command : str
        That writes it again.
    chapters : tuple of Chapter
    remarks : tuple of str
        Results that could not be read.
    """

    created: str
    version: str
    command: str
    chapters: tuple[Chapter, ...]
    remarks: tuple[str, ...] = ()
    __repr__ = short_repr
