"""A study: the clips, folds and head of one protocol on one data set, and where its results are kept."""

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
from mxt.core.records import ClipRecord, DatasetRecord, Task, is_other
from mxt.core.reprs import short_repr
from mxt.core.stages import Evaluation
from mxt.evaluation.columns import choose_target, group_values, read_folds
from mxt.evaluation.left_out import LeftOut, Why
from mxt.evaluation.search import Learner, expand
from mxt.evaluation.selection import Selection, select
from mxt.registry import Registry, split_settings
from mxt.results.request import LARGEST_SVM, EvaluateRequest
from mxt.results.views import Matrix
from mxt.store.layout import Store
from mxt.store.scratch import Scratch

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


@dataclass(frozen=True, eq=False)
class Catalogued:
    """A data set as catalogued, with all its clips."""

    record: DatasetRecord
    clips: Sequence[ClipRecord]
    __repr__ = short_repr

    @classmethod
    def read(cls, store: Store, name: str | None) -> Catalogued:
        """A data set of a store; ``None``: the one last ingested."""
        record = store.catalogue.dataset(name)
        return cls(record, store.catalogue.clips(record.name))


@dataclass(frozen=True, eq=False)
class Study:
    """One protocol and head on the clips of a data set that have all views.

    Parameters
    ----------
    store : Store
    request : EvaluateRequest
        What was asked, with one `head` where several were.
    record : DatasetRecord
    matrices : tuple of Matrix
        Features of the views.
    prepared : Prepared
    left_out : tuple of LeftOut
        What takes no part, for want of features or by the protocol.
    """

    store: Store
    request: EvaluateRequest
    record: DatasetRecord
    matrices: tuple[Matrix, ...]
    prepared: Prepared
    left_out: tuple[LeftOut, ...]
    __repr__ = short_repr

    @property
    def selection(self) -> Selection:
        """The clips that take part, with their folds."""
        return self.prepared.selection

    @property
    def folds(self) -> str:
        """The protocol and its folds in words."""
        return f"{self.prepared.protocol} {self.selection.plan.words}"

    @contextmanager
    def scratch(self, key: str) -> Iterator[Scratch]:
        """Where finished parts of the work `key` are kept; errors of a plugin's head are named as such."""
        with _blame(self.prepared.head):
            yield self.store.results.scratch(key)

    def common(self) -> dict[str, Any]:
        """What every result of the study says."""
        targets = self.selection.sample.targets
        return {
            "dataset": self.record.name,
            "target": targets.column,
            "task": targets.task,
            "stage": self.prepared.head.identity(),
            "protocol": self.prepared.protocol,
            "clips": len(self.selection.plan.tested),
            "left_out": self.left_out,
        }


def open_store(path: Path) -> Store:
    """A store to be written, where results can be saved in it; else one to be read."""
    writable = all(os.access(folder, os.W_OK) for folder in (path, path / "results") if folder.exists())
    return Store.open(path, read_only=not writable)


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


def _common_clips(record: DatasetRecord, matrices: Sequence[Matrix]) -> list[ClipRecord]:
    """Clips that have all views, in catalogue order."""
    common = set.intersection(*(set(matrix.ids) for matrix in matrices))
    clips = [clip for clip in matrices[0].clips if clip.id in common]
    if not clips:
        views = " and ".join(matrix.view for matrix in matrices)
        raise EvaluationError(
            f"no clip of {record.name} has features of {views}; run mxt extract for it first"
        )
    return clips


def _without(
    record: DatasetRecord, clips: Sequence[ClipRecord], matrices: Sequence[Matrix]
) -> Iterator[LeftOut]:
    """How many clips of a data set lack which features; tables and hidden files beside the audio are no clips."""
    if unusable := sum(not clip.usable and not is_other(clip.file) for clip in clips):
        yield LeftOut(Why.UNUSABLE, unusable, record.name)
    for matrix in matrices:
        if matrix.n_missing:
            yield LeftOut(Why.NOT_EXTRACTED, matrix.n_missing, matrix.view)
        if matrix.n_failed:
            yield LeftOut(Why.FAILED, matrix.n_failed, matrix.view)


def begin(
    store: Store,
    registry: Registry,
    request: EvaluateRequest,
    dataset: Catalogued,
    matrices: Sequence[Matrix],
    protocol: str,
) -> Study:
    """Prepare a study of the clips that have all views."""
    record = dataset.record
    without = tuple(_without(record, dataset.clips, matrices))
    common = _common_clips(record, matrices)
    with _naming(without):
        prepared = prepare(registry, request, record, common, protocol)
    left_out = (*without, *prepared.selection.left_out)
    return Study(store, request, record, tuple(matrices), prepared, left_out)


@contextmanager
def _naming(without: Sequence[LeftOut]) -> Iterator[None]:
    """An error for want of clips also names the clips that are not there."""
    try:
        yield
    except EvaluationError as error:
        if not without:
            raise
        missing = "; ".join(f"{left.count:,} clips: {left.words}" for left in without)
        raise EvaluationError(f"{error} (not there: {missing})") from error


@contextmanager
def _blame(head: Chosen) -> Iterator[None]:
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
