"""What an evaluation found."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from mxt.core.errors import UnknownName
from mxt.core.records import Task
from mxt.core.reprs import short_repr
from mxt.evaluation.assess import Assessment, Score
from mxt.evaluation.comparison import Difference
from mxt.evaluation.interval import Interval
from mxt.evaluation.left_out import LeftOut
from mxt.results.audit_records import Audit
from mxt.results.audit_words import complaints
from mxt.results.request import EvaluateRequest

if TYPE_CHECKING:
    from mxt.store.catalogue import Catalogue


@dataclass(frozen=True, slots=True)
class Provenance:
    """What a result rests on.

    Parameters
    ----------
    created : str
        When it was saved, ISO 8601 in UTC; empty where it was not.
    argv : tuple of str
        The arguments that mxt was started with.
    versions : mapping
        Of mxt, Python and the libraries.
    fingerprints : mapping
        Label of each feature table to its fingerprint.
    targets_hash : str
        Of the clips and targets of the whole data set.
    sample_sha256 : str
        Of the clips that took part, their audio, targets and units.
    key : str
        Equal for searches, or evaluations of a view, that give the same result.
    """

    created: str = ""
    argv: tuple[str, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    fingerprints: Mapping[str, str] = field(default_factory=dict)
    targets_hash: str = ""
    sample_sha256: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class FoldSize:
    """A fold: its name, and how many clips it learns from and tests."""

    name: str
    learn: int
    test: int


@dataclass(frozen=True, slots=True)
class Compared:
    """A view of an evaluation: its main score, and its difference to the best view, if it is another."""

    view: str
    score: Interval
    difference: Difference | None


@dataclass(frozen=True, eq=False)
class ViewResult:
    """What one view gave.

    Parameters
    ----------
    view : str
    columns : int
    assessment : Assessment
        Without samples where it was read from a store.
    params : tuple of mapping
        Chosen in each fold.
    cautions : tuple of str
        About this view's score.
    difference : Difference, optional
        To the best view of the same evaluation; ``None`` for that one, or where there is one view.
    resumed : int
        Folds that had been finished by an evaluation that was stopped.
    seconds : float
        Of learning and predicting.
    result_id : str
        Under which it was saved; empty where the store cannot be written.
    audit : Audit, optional
        What in the data or its folds may explain the score; ``None`` in results saved before there was any.
    """

    view: str
    columns: int
    assessment: Assessment
    params: tuple[Mapping[str, Any], ...]
    cautions: tuple[str, ...]
    difference: Difference | None
    resumed: int = 0
    seconds: float = 0.0
    result_id: str = ""
    audit: Audit | None = None
    __repr__ = short_repr

    @property
    def complaints(self) -> tuple[str, ...]:
        """What the audit complains of, one line each."""
        return () if self.audit is None else tuple(complaints(self.audit))


@dataclass(frozen=True, eq=False)
class DatasetResult:
    """What an evaluation of one data set gave, all views on the same clips and folds.

    Parameters
    ----------
    request : EvaluateRequest
        That gives it again, with everything that mxt chose written out.
    dataset, target, task, protocol : str
        What was evaluated, with what was chosen for the user.
    stage : mapping
        Identity of the head: ``name``, ``version``, ``distribution``, ``params``.
    head_was_chosen, several_targets : bool
        Whether the default head was taken, and whether there were other targets.
    folds : str
        In words.
    grouping : str
        What clips were kept together by, in words; empty where no groups are known.
    fold_sizes : tuple of FoldSize
    clips, classes : int
        That took part.
    left_out : tuple of LeftOut
    cautions : tuple of str
        About clips and folds.
    views : tuple of ViewResult
        In the order asked for; the one that was saved where it was read from a store.
    best : int
        Place of the best view.
    compared : tuple of Compared
        All views of the evaluation; empty where there was one.
    others : tuple of str
        Views extracted for the data set that were not asked for.
    runs : int
        How often the cross-validation was repeated, with fresh folds or with other seeds of the head.
    detectable : float
        The smallest difference to the best view that would be clear, the median over the views: half the
        width that a simultaneous interval has where it just reaches zero. NaN where there is one view.
    noise : float
        Differences smaller than this the protocol takes for chance; 0: it says nothing of that.
    provenance : Provenance
    """

    kind: ClassVar[str] = "evaluation"
    request: EvaluateRequest
    dataset: str
    target: str
    task: Task
    stage: Mapping[str, Any]
    protocol: str
    folds: str
    fold_sizes: tuple[FoldSize, ...]
    clips: int
    classes: int
    left_out: tuple[LeftOut, ...]
    cautions: tuple[str, ...]
    head_was_chosen: bool = False
    several_targets: bool = False
    views: tuple[ViewResult, ...] = ()
    best: int = 0
    compared: tuple[Compared, ...] = ()
    others: tuple[str, ...] = ()
    runs: int = 1
    detectable: float = math.nan
    noise: float = 0.0
    grouping: str = ""
    provenance: Provenance = field(default_factory=Provenance)
    __repr__ = short_repr

    @property
    def head(self) -> str:
        """The head's name."""
        return str(self.stage["name"])

    @property
    def view(self) -> str:
        """The best view, or the one that was saved."""
        return self.views[self.best].view

    @property
    def all_cautions(self) -> tuple[str, ...]:
        """Those about the clips, then those about each view."""
        own = (line for view in self.views for line in (*view.cautions, *view.complaints))
        return (*self.cautions, *own)

    @property
    def first(self) -> Score:
        """The main score of the best view."""
        return self.views[self.best].assessment.first


@dataclass(frozen=True, eq=False)
class Evaluated:
    """All data sets of an evaluation, and what should be said about it as a whole."""

    datasets: tuple[DatasetResult, ...]
    remarks: tuple[str, ...] = ()
    __repr__ = short_repr

    @property
    def clean(self) -> bool:
        """Whether the audits of the best views have nothing to complain of."""
        return not any(result.views[result.best].complaints for result in self.datasets)


def stale(dataset: str, target: str, targets_hash: str, catalogue: Catalogue) -> str:
    """Why a saved result does not belong to the catalogue any more.

    Parameters
    ----------
    dataset, target, targets_hash : str
        What the result was saved with.
    catalogue : Catalogue

    Returns
    -------
    str
        Empty where it does belong; else e.g. ``"labels or clips changed since"``.
    """
    try:
        now = catalogue.targets_hash(dataset, target)
    except UnknownName:
        return "its data set is not in the catalogue any more"
    return "" if now == targets_hash else "labels or clips changed since"
