"""`mxt eval`: a score with an interval for every view of every data set, and what may be wrong with it."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from mxt.core.errors import EvaluationError, InputError, StoreReadOnly, UnknownName
from mxt.core.identity import canonical_json, sha256_text
from mxt.core.pipeline import Chosen
from mxt.core.progress import SILENT, Progress
from mxt.core.records import ClipRecord, DatasetRecord, Task
from mxt.core.stages import Evaluation
from mxt.evaluation import guards
from mxt.evaluation.assess import Assessment, Difference, assess, compare
from mxt.evaluation.columns import choose_target, group_values, read_folds
from mxt.evaluation.crossval import OutOfFold, cross_validate
from mxt.evaluation.search import Learner, expand
from mxt.evaluation.selection import LeftOut, Selection, select
from mxt.registry import Registry, split_settings
from mxt.store.layout import Store
from mxt.store.results import Scratch
from mxt.workflows.evaluation import LARGEST_SVM, DatasetResult, Evaluated, Request, ViewResult, stale
from mxt.workflows.features import Matrix, load_view
from mxt.workflows.saving import result_record, save

__all__ = ["DatasetResult", "Evaluated", "Request", "ViewResult", "evaluate", "stale"]

TASKS: tuple[Task, ...] = ("classification", "multilabel", "regression")


def evaluate(
    store_path: Path, registry: Registry, request: Request | None = None, *, jobs: int | None = None, progress: Progress = SILENT
) -> Evaluated:
    """Evaluate views of data sets.

    Parameters
    ----------
    store_path : Path
        The store's folder.
    registry : Registry
        Where heads and protocols are found.
    request : Request, optional
        What is wanted; by default every view of the data set last ingested.
    jobs : int, optional
        Folds computed at a time; else one a core. Results do not depend on it.
    progress : Progress
        Told fit by fit.

    Returns
    -------
    Evaluated

    Raises
    ------
    EvaluationError, InputError, UsageError
        Nothing can be scored; the message says what to do.
    """
    request = request or Request()
    store = _open(store_path)
    remarks: list[str] = []
    found = []
    for name in request.datasets or (None,):
        record = store.catalogue.dataset(name)
        matrices, gone = _matrices(store, record, request)
        remarks += gone
        found.append(_Work(store, registry, request, record, matrices, jobs or _cores()).run(progress))
    if not all(view.result_id for each in found for view in each.views):
        remarks.append(f"{store_path} cannot be written: the results are not saved")
    return Evaluated(tuple(found), tuple(remarks))


def _open(path: Path) -> Store:
    try:
        return Store.open(path)
    except StoreReadOnly:
        return Store.open(path, read_only=True)


def _cores() -> int:
    from mxt.workflows.planning import cores

    return cores()


def _matrices(store: Store, record: DatasetRecord, request: Request) -> tuple[list[Matrix], list[str]]:
    """The views asked for; else all that were extracted for the data set and are still there."""
    if request.features:
        found = [load_view(store, record.name, view) for view in request.features]
        return list({matrix.view: matrix for matrix in found}.values()), []
    matrices: dict[str, Matrix] = {}
    gone = []
    for view in store.catalogue.views(record.name):
        try:
            matrix = load_view(store, record.name, view)
        except (UnknownName, InputError):
            gone.append(f"{view} was extracted for {record.name} once, its features are gone")
            continue
        matrices[matrix.view] = matrix
    if not matrices:
        raise InputError(f"no features of {record.name} yet; mxt extract --dataset {record.name} lists the backbones")
    return list(matrices.values()), gone


@dataclass(frozen=True)
class _Work:
    """The evaluation of one data set."""

    store: Store
    registry: Registry
    request: Request
    record: DatasetRecord
    matrices: Sequence[Matrix]
    jobs: int

    def run(self, progress: Progress) -> DatasetResult:
        clips, without = self._common_clips()
        selection, evaluation = self._select(clips)
        head, was_chosen = self._head(len(selection.clips))
        found, seconds, scratches = [], [], []
        for matrix in self.matrices:
            begun = time.monotonic()
            each, scratch = self._cross_validate(matrix, selection, head, evaluation, progress)
            found.append(each)
            scratches.append(scratch)
            seconds.append(time.monotonic() - begun)
        assessed = [assess(selection, each, seed=self.request.seed) for each in found]
        best, differences = compare(selection, found, assessed, seed=self.request.seed)
        outline = self._outline(selection, head, evaluation, without, was_chosen)
        views = [
            self._view(*each, evaluation=evaluation, selection=selection)
            for each in zip(self.matrices, found, assessed, differences, seconds, strict=True)
        ]
        result = self._save(replace(outline, views=tuple(views), best=best), selection, head, found)
        for scratch in scratches:
            scratch.clear()
        return result

    def _common_clips(self) -> tuple[list[ClipRecord], list[LeftOut]]:
        """Clips that have all views, in catalogue order, and how many lack which."""
        without = []
        for matrix in self.matrices:
            if matrix.n_missing:
                without.append(LeftOut(f"not extracted yet ({matrix.view})", matrix.n_missing))
            if matrix.n_failed:
                without.append(LeftOut(f"extraction failed ({matrix.view})", matrix.n_failed))
        common = set.intersection(*(set(matrix.ids) for matrix in self.matrices))
        clips = [clip for clip in self.matrices[0].clips if clip.id in common]
        if not clips:
            views = " and ".join(matrix.view for matrix in self.matrices)
            raise EvaluationError(f"no clip of {self.record.name} has features of {views}; run mxt extract for it first")
        return clips, without

    def _select(self, clips: list[ClipRecord]) -> tuple[Selection, Evaluation]:
        request = self.request
        column = choose_target(clips, self.record.targets, request.target)
        protocol = self._stage("protocol", request.protocol)
        choices = {task: self.registry.build(protocol).choices(task) for task in TASKS}
        selection = select(
            clips, column=column, task=request.task, is_target=column in self.record.targets,
            groups=group_values(clips, request.group_by), folds=read_folds(request.folds) if request.folds else None,
            choices=choices, seed=request.seed,
        )  # fmt: skip
        return selection, choices[selection.sample.targets.task]

    def _head(self, n_clips: int) -> tuple[Chosen, bool]:
        name = self.request.head or ("svm" if n_clips <= LARGEST_SVM else "linear")
        return self._stage("head", name), self.request.head is None

    def _stage(self, kind: Any, name: str) -> Chosen:
        """A stage with its share of ``--set``; the settings of all that take part are looked at together."""
        spec = self.registry.find(kind, name).spec
        heads = [self.registry.find("head", each).spec for each in ([self.request.head] if self.request.head else ("svm", "linear"))]
        protocol = self.registry.find("protocol", self.request.protocol).spec
        shared = split_settings(self.request.settings, [protocol, *heads])
        return self.registry.choose(kind, name, shared[spec.name])

    def _cross_validate(
        self, matrix: Matrix, selection: Selection, head: Chosen, evaluation: Evaluation, progress: Progress
    ) -> tuple[OutOfFold, Scratch]:
        targets, stage = selection.sample.targets, self.registry.build(head)
        rows = {clip.id: row for row, clip in enumerate(matrix.clips)}
        X = matrix.X[[rows[clip.id] for clip in selection.clips]]
        learner = Learner(
            make=lambda: stage.estimator(targets.task, seed=self.request.seed),
            grid=expand(stage.grid(targets.task, n_features=X.shape[1])),
            task=targets.task,
            n_classes=len(targets.classes),
            standardise=evaluation.standardise,
        )
        scratch = self.store.results.scratch(_scratch_key(X, selection, head, evaluation, self.request.seed))
        found = cross_validate(
            learner, X, targets.y, selection.plan, jobs=self.jobs, nested=evaluation.nested, scratch=scratch, progress=progress,
            what=f"eval {matrix.view}",
        )  # fmt: skip
        return found, scratch

    def _outline(
        self, selection: Selection, head: Chosen, evaluation: Evaluation, without: list[LeftOut], was_chosen: bool
    ) -> DatasetResult:
        targets = selection.sample.targets
        nested = self.request.protocol if len(selection.plan.folds) > 1 else f"{self.request.protocol},"
        return DatasetResult(
            dataset=self.record.name,
            target=targets.column,
            task=targets.task,
            head=head.spec.name,
            head_was_chosen=was_chosen,
            several_targets=len(self.record.targets) > 1,
            protocol=self.request.protocol,
            folds=f"{nested} {selection.plan.words}",
            clips=len(selection.plan.tested),
            classes=len(targets.classes),
            left_out=(*without, *selection.left_out),
            cautions=tuple(guards.about_clips(selection)),
            views=(),
            best=0,
            others=tuple(sorted(set(self.store.catalogue.views(self.record.name)) - {matrix.view for matrix in self.matrices})),
        )

    def _view(
        self, matrix: Matrix, found: OutOfFold, assessed: Assessment, difference: Difference | None, seconds: float, *,
        selection: Selection, evaluation: Evaluation,
    ) -> ViewResult:  # fmt: skip
        columns = matrix.X.shape[1]
        cautions = guards.about_score(selection, found, assessed, columns=columns, nested=evaluation.nested)
        return ViewResult(matrix.view, columns, assessed, found.params, tuple(cautions), difference, found.resumed, seconds, "")

    def _save(self, result: DatasetResult, selection: Selection, head: Chosen, found: Sequence[OutOfFold]) -> DatasetResult:
        saved = []
        target_hash = self.store.catalogue.targets_hash(self.record.name, result.target)
        for place, (matrix, each) in enumerate(zip(self.matrices, found, strict=True)):
            record = result_record(result, place, matrix, selection, head, self.request) | {"targets_hash": target_hash}
            saved.append(replace(result.views[place], result_id=save(self.store, record, selection, each)))
        return replace(result, views=tuple(saved))


def _scratch_key(X: Any, selection: Selection, head: Chosen, evaluation: Evaluation, seed: int) -> str:
    """Equal for evaluations whose folds give the same predictions."""
    import sklearn

    digest = hashlib.sha256()
    for array in (X, selection.sample.targets.y, *_plan_arrays(selection)):
        digest.update(repr((array.shape, array.dtype.str)).encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    choices: Mapping[str, Any] = {
        "data": digest.hexdigest(), "head": head.identity(), "task": selection.sample.targets.task, "nested": evaluation.nested,
        "standardise": evaluation.standardise, "seed": seed, "scikit-learn": sklearn.__version__,
        "folds": [fold.name for fold in selection.plan.folds],
    }  # fmt: skip
    return sha256_text(canonical_json(choices))


def _plan_arrays(selection: Selection) -> list[Any]:
    return [rows for fold in selection.plan.folds for rows in (fold.learn, fold.test, *(part for pair in fold.inner for part in pair))]
