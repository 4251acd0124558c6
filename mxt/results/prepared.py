"""A protocol on the clips of a data set, ready to be carried out: clips, folds, head, and their identity."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from mxt.core.clips import Clips
from mxt.core.errors import InputError, listed
from mxt.core.identity import canonical_json, sha256_text
from mxt.core.pipeline import Chosen
from mxt.core.records import ClipRecord, DatasetRecord, Task
from mxt.core.reprs import short_repr
from mxt.core.stages import Evaluation
from mxt.core.text import written
from mxt.evaluation.columns import LEAVE_ONE_GROUP_OUT, choose_target, group_values, read_folds
from mxt.evaluation.fitting import Learner
from mxt.evaluation.many_rows import MANY_ROWS, learn_from
from mxt.evaluation.search import expand
from mxt.evaluation.selection import Selection, select
from mxt.registry import Registry, split_settings
from mxt.results.request import LARGEST_SVM, EvaluateRequest
from mxt.results.views import Matrix
from mxt.stages.datasets.matching import FileIndex, match_rows
from mxt.stages.heads.linear import Linear

TASKS: tuple[Task, ...] = ("classification", "multilabel", "regression")


@dataclass(frozen=True, eq=False)
class Prepared:
    """One protocol on one data set, ready to be carried out.

    Parameters
    ----------
    protocol : str
    selection : Selection
        Clips with their folds.
    evaluation : Evaluation
        What the protocol chose for their task.
    head : Chosen
    head_was_chosen : bool
        Whether mxt's default head was taken.
    stage : Head
        The head, built.
    seed : int
    """

    protocol: str
    selection: Selection
    evaluation: Evaluation
    head: Chosen
    head_was_chosen: bool
    stage: Any
    seed: int
    __repr__ = short_repr

    def learner(self, n_columns: int) -> Learner:
        """The head as evaluation uses it, for views of so many columns."""
        targets = self.selection.sample.targets
        make_run = partial(_of_run, self.stage, targets.task, self.seed)
        return Learner(
            make=partial(make_run, 0),
            grid=expand(self.stage.grid(targets.task, n_features=n_columns)),
            task=targets.task,
            n_classes=len(targets.classes),
            standardise=self.evaluation.standardise,
            score=self.evaluation.score,
            make_run=make_run,
        )

    def weighting(self, n_layers: int, n_added: int) -> Learner:
        """A weighting of layers, learnt with a linear head: this one where it is, else mxt's own.

        Parameters
        ----------
        n_layers : int
        n_added : int
            Columns after those of the layers.
        """
        sound = isinstance(self.stage, Linear) and self.stage.preset == "sound"
        linear = self.stage if sound else Linear()
        task = self.selection.sample.targets.task
        return Learner(
            make=partial(linear.weighting, task, n_layers=n_layers, n_added=n_added),
            grid=expand(linear.grid(task, n_features=n_added)),
            task=task,
            n_classes=len(self.selection.sample.targets.classes),
            standardise=self.evaluation.standardise,
            score=self.evaluation.score,
        )

    def rows(self, matrix: Matrix) -> Any:
        """Features of the selected clips, float32 [n, d]; the matrix itself where it has no others."""
        rows = matrix.clips.rows_of(self.selection.clips)
        whole = len(rows) == len(matrix.X) and bool((rows == np.arange(len(rows))).all())
        return matrix.X if whole else matrix.X[rows]

    def key(self, X: Any, **more: Any) -> str:
        """Equal for evaluations whose folds give the same predictions."""
        from importlib.metadata import (
            version,
        )  # of what is not imported: a search that is in the store answers at once

        digest = hashlib.sha256()
        for array in (X, self.selection.sample.targets.y, *_plan_arrays(self.selection)):
            digest.update(repr((array.shape, array.dtype.str)).encode())
            digest.update(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
        evaluation, folds = self.evaluation, self.selection.plan.folds
        if max(len(fold.learn) for fold in folds) > MANY_ROWS:
            more = {"many rows": 1, **more}  # raised when results of many rows change
        choices: Mapping[str, Any] = {
            "data": digest.hexdigest(),
            "head": self.head.identity(),
            "task": self.selection.sample.targets.task,
            "nested": evaluation.nested,
            "standardise": evaluation.standardise,
            "seed": self.seed,
            "scikit-learn": version("scikit-learn"),
            "folds": [fold.name for fold in folds],
            **more,
        }
        return sha256_text(canonical_json(choices))


def prepare(
    registry: Registry,
    request: EvaluateRequest,
    record: DatasetRecord,
    clips: Sequence[ClipRecord],
    protocol: str,
) -> Prepared:
    """Choose clips, folds and head as `protocol` says.

    Parameters
    ----------
    registry : Registry
    request : EvaluateRequest
        What was asked for.
    record : DatasetRecord
    clips : sequence of ClipRecord
        With features.
    protocol : str
        One of the request's.
    """
    clips = Clips.of(clips)
    column = choose_target(clips, record.targets, request.target)
    built = registry.build(_stage(registry, request, "protocol", protocol))
    choices = {task: built.choices(task) for task in TASKS}
    selection = select(
        clips,
        column=column,
        task=request.task,
        is_target=column in record.targets,
        groups=group_values(clips, request.group_by),
        folds=_folds(request.folds, clips),
        leave_one_out=request.folds == LEAVE_ONE_GROUP_OUT,
        choices=choices,
        seed=request.seed,
        repeats=request.repeats,
    )
    evaluation = choices[selection.sample.targets.task]
    default = "svm" if len(selection.clips) <= LARGEST_SVM else "linear"
    name = request.head or evaluation.head or default
    head = _stage(
        registry, request, "head", name, dict(evaluation.head_params) if name == evaluation.head else {}
    )
    was_chosen = request.head is None and not evaluation.head
    stage = registry.build(head)
    if most := getattr(stage, "MOST_ROWS", 0):
        plan = learn_from(selection.plan, selection.sample, most, request.seed)
        selection = replace(selection, plan=plan)
    return Prepared(protocol, selection, evaluation, head, was_chosen, stage, request.seed)


def _of_run(head: Any, task: Task, seed: int, run: int) -> Any:
    """The estimator of a repetition; a function that workers in other processes can be sent."""
    return head.estimator(task, seed=seed + run)


def _folds(path: Path | None, clips: Clips) -> dict[str, str] | None:
    """Clip id to fold, from a table that names clips, or files with all their segments, as people do."""
    if path is None or path == LEAVE_ONE_GROUP_OUT:
        return None
    rows = read_folds(path)
    meant: dict[str, list[str]] = {}
    for id_, path_ in zip(map(written, clips.ids), map(written, clips.paths), strict=True):
        for name in dict.fromkeys((id_, path_)):
            meant.setdefault(name, []).append(id_)
    folds: dict[str, str] = {}
    for (text, fold), match in zip(rows.items(), match_rows(FileIndex(meant), list(rows)), strict=True):
        if match.how == "ambiguous":
            raise InputError(f"--folds {path}: {text} may mean {listed(match.candidates, 3)}; write the path")
        folds |= dict.fromkeys(meant.get(match.path, [text]), fold)
    return folds


def _stage(
    registry: Registry,
    request: EvaluateRequest,
    kind: Any,
    name: str,
    own: Mapping[str, Any] = MappingProxyType({}),
) -> Chosen:
    """A stage with its share of ``--set``; the settings of all that may take part are looked at together.

    `own` are a protocol's settings of its head; ``--set`` comes before them.
    """
    spec = registry.find(kind, name).spec
    protocols = [registry.find("protocol", protocol).spec for protocol in request.protocols]
    heads = list(request.heads) or ([request.head] if request.head else ["svm", "linear"])
    if not request.head:
        brought = [
            registry.build(registry.choose("protocol", protocol.name, {})).choices("classification").head
            for protocol in protocols
        ]
        heads = ([] if all(brought) else heads) + list(dict.fromkeys(filter(None, brought)))
    shared = split_settings(
        request.settings, [*protocols, *(registry.find("head", head).spec for head in heads)]
    )
    return registry.choose(kind, name, {**own, **shared[spec.name]})


def _plan_arrays(selection: Selection) -> list[Any]:
    return [
        rows
        for fold in selection.plan.folds
        for rows in (fold.learn, fold.test, *(part for pair in fold.inner for part in pair))
    ]
