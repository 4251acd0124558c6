"""`mxt eval`: a score with an interval for every view of every data set, and what may be wrong with it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mxt.core.cores import cores
from mxt.core.errors import InputError, UnknownName
from mxt.core.pipeline import Chosen
from mxt.core.progress import SILENT, Progress
from mxt.core.records import ClipRecord, DatasetRecord
from mxt.evaluation import guards
from mxt.evaluation.assess import Assessment, Difference, assess, compare
from mxt.evaluation.crossval import OutOfFold, cross_validate
from mxt.evaluation.selection import LeftOut, Selection
from mxt.ingestion.lineage import outdated
from mxt.registry import Registry
from mxt.results.preparing import (
    Prepared,
    blame,
    common_clips,
    count_unusable,
    naming,
    open_store,
    prepare,
)
from mxt.results.records import DatasetResult, Evaluated, Request, ViewResult, stale
from mxt.results.saving import result_record, save
from mxt.results.views import Matrix, load_view
from mxt.store.layout import Store
from mxt.store.scratch import Scratch

__all__ = ["DatasetResult", "Evaluated", "Request", "ViewResult", "evaluate", "stale"]


def evaluate(
    store_path: Path,
    registry: Registry,
    request: Request | None = None,
    *,
    jobs: int | None = None,
    progress: Progress = SILENT,
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
    store = open_store(store_path)
    remarks: list[str] = []
    found = []
    for name in request.datasets or (None,):
        record = store.catalogue.dataset(name)
        clips = store.catalogue.clips(record.name)
        matrices, gone = _matrices(store, record, request, clips)
        remarks += [*gone, *filter(None, [outdated(record, store.catalogue)])]
        unusable = count_unusable(clips)
        found += [
            _Work(store, registry, each, record, protocol, matrices, unusable, jobs or cores()).run(progress)
            for protocol in request.protocols
            for each in request.each_head()
        ]
    if not all(view.result_id for each in found for view in each.views):
        remarks.append(f"{store_path} cannot be written: the results are not saved")
    return Evaluated(tuple(found), tuple(remarks))


def _matrices(
    store: Store, record: DatasetRecord, request: Request, clips: Sequence[ClipRecord]
) -> tuple[list[Matrix], list[str]]:
    """The views asked for; else all that were extracted for the data set and are still there."""
    if request.features:
        found = [load_view(store, record.name, view, clips=clips) for view in request.features]
        return list({matrix.view: matrix for matrix in found}.values()), []
    matrices: dict[str, Matrix] = {}
    gone = []
    unreadable = next(iter(store.features.unreadable().values()), None)
    for view in store.catalogue.views(record.name):
        try:
            matrix = load_view(store, record.name, view, clips=clips)
        except (UnknownName, InputError):
            gone.append(
                f"{view} was extracted for {record.name} once, {unreadable or 'its features are gone'}"
            )
            continue
        matrices[matrix.view] = matrix
    if not matrices and unreadable:
        raise unreadable
    if not matrices:
        raise InputError(
            f"no features of {record.name} yet; mxt extract --dataset {record.name} lists the backbones"
        )
    return list(matrices.values()), gone


@dataclass(frozen=True)
class _Work:
    """The evaluation of one data set by one protocol."""

    store: Store
    registry: Registry
    request: Request
    record: DatasetRecord
    protocol: str
    matrices: Sequence[Matrix]
    unusable: int
    jobs: int

    def run(self, progress: Progress) -> DatasetResult:
        clips, without = common_clips(self.record, self.matrices, self.unusable)
        with naming(without):
            prepared = prepare(self.registry, self.request, self.record, clips, self.protocol)
        selection, seed = prepared.selection, self.request.seed
        found, seconds, scratches = [], [], []
        for matrix in self.matrices:
            begun = time.monotonic()
            each, scratch = self._cross_validate(matrix, prepared, progress)
            found.append(each)
            scratches.append(scratch)
            seconds.append(time.monotonic() - begun)
        assessed = [assess(selection, each, seed=seed, score=prepared.evaluation.score) for each in found]
        best, differences = compare(selection, found, assessed, seed=seed)
        outline = self._outline(prepared, without)
        views = [
            self._view(*each, prepared=prepared)
            for each in zip(self.matrices, found, assessed, differences, seconds, strict=True)
        ]
        result = self._save(replace(outline, views=tuple(views), best=best), selection, prepared.head, found)
        for scratch in scratches:
            scratch.clear()
        return result

    def _cross_validate(
        self, matrix: Matrix, prepared: Prepared, progress: Progress
    ) -> tuple[OutOfFold, Scratch]:
        X = prepared.rows(matrix)
        scratch = self.store.results.scratch(prepared.key(X))
        with blame(prepared.head):
            found = cross_validate(
                prepared.learner(X.shape[1]),
                X,
                prepared.selection.sample.targets.y,
                prepared.selection.plan,
                jobs=self.jobs,
                nested=prepared.evaluation.nested,
                scratch=scratch,
                progress=progress,
                what=f"eval {matrix.view}",
            )
        return found, scratch

    def _outline(self, prepared: Prepared, without: list[LeftOut]) -> DatasetResult:
        selection = prepared.selection
        targets = selection.sample.targets
        name = self.protocol if len(selection.plan.folds) > 1 else f"{self.protocol},"
        return DatasetResult(
            dataset=self.record.name,
            target=targets.column,
            task=targets.task,
            head=prepared.head.spec.name,
            head_was_chosen=prepared.head_was_chosen,
            several_targets=len(self.record.targets) > 1,
            protocol=self.protocol,
            folds=f"{name} {selection.plan.words}",
            clips=len(selection.plan.tested),
            classes=len(targets.classes),
            left_out=(*without, *selection.left_out),
            cautions=tuple(guards.about_clips(selection)),
            views=(),
            best=0,
            others=tuple(
                sorted(
                    set(self.store.catalogue.views(self.record.name))
                    - {matrix.view for matrix in self.matrices}
                )
            ),
            runs=selection.plan.runs,
            noise=prepared.evaluation.noise,
        )

    def _view(
        self,
        matrix: Matrix,
        found: OutOfFold,
        assessed: Assessment,
        difference: Difference | None,
        seconds: float,
        *,
        prepared: Prepared,
    ) -> ViewResult:
        columns = matrix.X.shape[1]
        selection = prepared.selection
        cautions = guards.about_score(selection, found, assessed, nested=prepared.evaluation.nested)
        cautions += guards.about_features(selection, prepared.rows(matrix))
        return ViewResult(
            matrix.view,
            columns,
            assessed,
            found.params,
            tuple(cautions),
            difference,
            found.resumed,
            seconds,
            "",
        )

    def _save(
        self, result: DatasetResult, selection: Selection, head: Chosen, found: Sequence[OutOfFold]
    ) -> DatasetResult:
        saved = []
        target_hash = self.store.catalogue.targets_hash(self.record.name, result.target)
        for place, (matrix, each) in enumerate(zip(self.matrices, found, strict=True)):
            record = result_record(result, place, matrix, selection, head, self.request) | {
                "targets_hash": target_hash
            }
            saved.append(replace(result.views[place], result_id=save(self.store, record, selection, each)))
        return replace(result, views=tuple(saved))
