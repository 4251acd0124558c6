"""From what was asked to what is computed: the clips and folds of a protocol, its head, and their identity."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from mxt.core.errors import EvaluationError, MxtError, PluginError, stage_failures
from mxt.core.identity import canonical_json, sha256_text
from mxt.core.pipeline import Chosen
from mxt.core.records import ClipRecord, DatasetRecord, Task
from mxt.core.reprs import short_repr
from mxt.core.stages import Evaluation
from mxt.evaluation.columns import choose_target, group_values, read_folds
from mxt.evaluation.search import Learner, expand
from mxt.evaluation.selection import LeftOut, Selection, select
from mxt.registry import Registry, split_settings
from mxt.results.records import LARGEST_SVM, Request
from mxt.results.views import Matrix
from mxt.store.layout import Store

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
        return Learner(
            make=lambda: self.stage.estimator(targets.task, seed=self.seed),
            grid=expand(self.stage.grid(targets.task, n_features=n_columns)),
            task=targets.task,
            n_classes=len(targets.classes),
            standardise=self.evaluation.standardise,
            score=self.evaluation.score,
            make_run=lambda run: self.stage.estimator(targets.task, seed=self.seed + run),
        )

    def rows(self, matrix: Matrix) -> Any:
        """Features of the selected clips, float32 [n, d]."""
        row_of = {clip.id: row for row, clip in enumerate(matrix.clips)}
        return matrix.X[[row_of[clip.id] for clip in self.selection.clips]]

    def key(self, X: Any, **more: Any) -> str:
        """Equal for evaluations whose folds give the same predictions."""
        from importlib.metadata import (
            version,
        )  # of what is not imported: a search that is in the store answers at once

        digest = hashlib.sha256()
        for array in (X, self.selection.sample.targets.y, *_plan_arrays(self.selection)):
            digest.update(repr((array.shape, array.dtype.str)).encode())
            digest.update(np.ascontiguousarray(array).tobytes())
        evaluation = self.evaluation
        choices: Mapping[str, Any] = {
            "data": digest.hexdigest(),
            "head": self.head.identity(),
            "task": self.selection.sample.targets.task,
            "nested": evaluation.nested,
            "standardise": evaluation.standardise,
            "seed": self.seed,
            "scikit-learn": version("scikit-learn"),
            "folds": [fold.name for fold in self.selection.plan.folds],
            **more,
        }
        return sha256_text(canonical_json(choices))


def open_store(path: Path) -> Store:
    """A store to be written, where results can be saved in it; else one to be read."""
    writable = all(os.access(folder, os.W_OK) for folder in (path, path / "results") if folder.exists())
    return Store.open(path, read_only=not writable)


def prepare(
    registry: Registry, request: Request, record: DatasetRecord, clips: Sequence[ClipRecord], protocol: str
) -> Prepared:
    """Choose clips, folds and head as `protocol` says.

    Parameters
    ----------
    registry : Registry
    request : Request
        What was asked for.
    record : DatasetRecord
    clips : sequence of ClipRecord
        With features.
    protocol : str
        One of the request's.
    """
    column = choose_target(clips, record.targets, request.target)
    built = registry.build(_stage(registry, request, "protocol", protocol))
    choices = {task: built.choices(task) for task in TASKS}
    selection = select(
        clips,
        column=column,
        task=request.task,
        is_target=column in record.targets,
        groups=group_values(clips, request.group_by),
        folds=read_folds(request.folds) if request.folds else None,
        choices=choices,
        seed=request.seed,
    )
    evaluation = choices[selection.sample.targets.task]
    default = "svm" if len(selection.clips) <= LARGEST_SVM else "linear"
    name = request.head or evaluation.head or default
    head = _stage(
        registry, request, "head", name, dict(evaluation.head_params) if name == evaluation.head else {}
    )
    was_chosen = request.head is None and not evaluation.head
    return Prepared(protocol, selection, evaluation, head, was_chosen, registry.build(head), request.seed)


def count_unusable(clips: Sequence[ClipRecord]) -> int:
    """Clips without features for want of usable audio; tables and hidden files beside the audio are none."""
    return sum(not clip.usable and clip.is_clip for clip in clips)


def common_clips(
    record: DatasetRecord, matrices: Sequence[Matrix], unusable: int
) -> tuple[list[ClipRecord], list[LeftOut]]:
    """Clips that have all views, in catalogue order, and how many lack which."""
    without = []
    if unusable:
        without.append(LeftOut(f"cannot be used (mxt info {record.name} --failures)", unusable))
    for matrix in matrices:
        if matrix.n_missing:
            without.append(LeftOut(f"not extracted yet ({matrix.view})", matrix.n_missing))
        if matrix.n_failed:
            without.append(LeftOut(f"extraction failed ({matrix.view})", matrix.n_failed))
    common = set.intersection(*(set(matrix.ids) for matrix in matrices))
    clips = [clip for clip in matrices[0].clips if clip.id in common]
    if not clips:
        views = " and ".join(matrix.view for matrix in matrices)
        raise EvaluationError(
            f"no clip of {record.name} has features of {views}; run mxt extract for it first"
        )
    return clips, without


@contextmanager
def naming(without: Sequence[LeftOut]) -> Iterator[None]:
    """What cannot be evaluated for want of clips is said together with the clips that are not there."""
    try:
        yield
    except EvaluationError as error:
        if not without:
            raise
        missing = "; ".join(f"{left.count:,} clips: {left.why}" for left in without)
        raise EvaluationError(f"{error} (not there: {missing})") from error


@contextmanager
def blame(head: Chosen) -> Iterator[None]:
    """What the code of a plugin's head raises becomes a `PluginError` that names it."""
    try:
        yield
    except MxtError:
        raise
    except stage_failures() as error:
        if head.distribution == "mxt":
            raise
        raise PluginError(
            f"head {head.spec.name!r} of {head.distribution} failed: {type(error).__name__}: {error}"
        ) from error


def _stage(
    registry: Registry,
    request: Request,
    kind: Any,
    name: str,
    brought_along: Mapping[str, Any] = MappingProxyType({}),
) -> Chosen:
    """A stage with its share of ``--set``; the settings of all that may take part are looked at together.

    `brought_along` are a protocol's own settings of its head; ``--set`` comes before them.
    """
    spec = registry.find(kind, name).spec
    protocols = [registry.find("protocol", each).spec for each in request.protocols]
    heads = list(request.heads) or ([request.head] if request.head else ["svm", "linear"])
    if not request.head:
        brought = [
            registry.build(registry.choose("protocol", each.name, {})).choices("classification").head
            for each in protocols
        ]
        heads = ([] if all(brought) else heads) + list(dict.fromkeys(each for each in brought if each))
    shared = split_settings(
        request.settings, [*protocols, *(registry.find("head", each).spec for each in heads)]
    )
    return registry.choose(kind, name, {**brought_along, **shared[spec.name]})


def _plan_arrays(selection: Selection) -> list[Any]:
    return [
        rows
        for fold in selection.plan.folds
        for rows in (fold.learn, fold.test, *(part for pair in fold.inner for part in pair))
    ]
