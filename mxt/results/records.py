"""What an evaluation is told and what it tells."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mxt.core.errors import UnknownName
from mxt.core.records import Task
from mxt.core.reprs import short_repr

if TYPE_CHECKING:
    from mxt.evaluation.assess import Assessment, Difference
    from mxt.evaluation.selection import LeftOut
    from mxt.store.catalogue import Catalogue

LARGEST_SVM = 5000  # clips up to which the default head is the support vector machine


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked of `evaluate`, as plain values (see the options of ``mxt eval``).

    `heads` are evaluated one after the other in place of `head`.
    """

    datasets: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    target: str | None = None
    task: Task | None = None
    group_by: str | None = None
    folds: Path | None = None
    head: str | None = None
    protocols: tuple[str, ...] = ("nested",)
    settings: tuple[str, ...] = ()
    seed: int = 0
    heads: tuple[str, ...] = ()

    def each_head(self) -> tuple[Request, ...]:
        """One request a head."""
        return tuple(replace(self, head=head) for head in self.heads) or (self,)

    def command(self, dataset: str, views: tuple[str, ...], head: str) -> str:
        """The command that computes the same again, with everything that was chosen written out."""
        words = ["mxt", "eval", "--dataset", dataset]
        words += [word for view in views for word in ("--features", view)]
        protocols = self.protocols if self.protocols != ("nested",) else ()
        for option, value in (
            ("--target", self.target),
            ("--task", self.task),
            ("--group-by", self.group_by),
            ("--folds", self.folds),
            *(("--head", name) for name in self.heads or (head,)),
            *(("--protocol", name) for name in protocols),
            ("--seed", self.seed or None),
        ):
            words += [] if value is None else [option, str(value)]
        words += [word for setting in self.settings for word in ("--set", setting)]
        return shlex.join(words)


@dataclass(frozen=True, eq=False)
class ViewResult:
    """What one view gave.

    Parameters
    ----------
    view : str
    columns : int
    assessment : Assessment
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
    """

    view: str
    columns: int
    assessment: Assessment
    params: tuple[Mapping[str, Any], ...]
    cautions: tuple[str, ...]
    difference: Difference | None
    resumed: int
    seconds: float
    result_id: str
    __repr__ = short_repr


@dataclass(frozen=True, eq=False)
class DatasetResult:
    """What an evaluation of one data set gave, all views on the same clips and folds.

    Parameters
    ----------
    dataset, target, task, head, protocol : str
        What was evaluated, with what was chosen for the user.
    head_was_chosen, several_targets : bool
        Whether the default head was taken, and whether there were other targets.
    folds : str
        In words.
    clips, classes : int
        That took part.
    left_out : tuple of LeftOut
    cautions : tuple of str
        About clips and folds.
    views : tuple of ViewResult
        In the order asked for.
    best : int
        Place of the best view.
    others : tuple of str
        Views extracted for the data set that were not asked for.
    runs : int
        How often every fold was learnt; scores are means over them.
    noise : float
        Differences smaller than this the protocol takes for chance; 0: it says nothing of that.
    """

    dataset: str
    target: str
    task: Task
    head: str
    head_was_chosen: bool
    several_targets: bool
    protocol: str
    folds: str
    clips: int
    classes: int
    left_out: tuple[LeftOut, ...]
    cautions: tuple[str, ...]
    views: tuple[ViewResult, ...]
    best: int
    others: tuple[str, ...] = ()
    runs: int = 1
    noise: float = 0.0
    __repr__ = short_repr


@dataclass(frozen=True, eq=False)
class Evaluated:
    """All data sets of an evaluation, and what should be said about it as a whole."""

    datasets: tuple[DatasetResult, ...]
    remarks: tuple[str, ...] = ()
    __repr__ = short_repr


def stale(result: Mapping[str, Any], catalogue: Catalogue) -> str:
    """Whether a saved result still belongs to the catalogue.

    Parameters
    ----------
    result : mapping
        As `ResultStore.load` gives it.
    catalogue : Catalogue

    Returns
    -------
    str
        Empty where it does; else why not, e.g. ``"labels or clips changed since"``.
    """
    try:
        now = catalogue.targets_hash(str(result.get("dataset", "")), result.get("target"))
    except UnknownName:
        return "its data set is not in the catalogue any more"
    return "" if now == result.get("targets_hash") else "labels or clips changed since"
