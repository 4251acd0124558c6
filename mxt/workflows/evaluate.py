"""`mxt eval`: a score with an interval for every view of every data set, and what may be wrong with it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy.typing as npt

from mxt.core.cores import cores
from mxt.core.engines import THREADS, EngineChoice
from mxt.core.errors import InputError, UnknownName
from mxt.core.progress import SILENT, Progress
from mxt.evaluation import guards
from mxt.evaluation.assess import Assessment, assess, compare
from mxt.evaluation.crossval import OutOfFold, cross_validate
from mxt.evaluation.engine import Engine
from mxt.evaluation.search import first_best
from mxt.evaluation.selection import Selection
from mxt.ingestion.lineage import outdated
from mxt.registry import Registry
from mxt.results.audit import by_clip
from mxt.results.audit_study import audit_study
from mxt.results.records import Compared, DatasetResult, Evaluated, FoldSize, ViewResult
from mxt.results.request import EvaluateRequest
from mxt.results.saving import out_of_fold_probabilities, provenance, save, saved_evaluation
from mxt.results.study import Catalogued, Study, begin, open_store
from mxt.results.views import Matrix, load_view
from mxt.store.layout import Store
from mxt.store.scratch import Scratch
from mxt.workflows.engines import fits_engine


def evaluate(
    store_path: Path,
    request: EvaluateRequest,
    registry: Registry,
    *,
    jobs: int | None = None,
    engine: EngineChoice = THREADS,
    reuse: bool = False,
    thorough: bool = False,
    progress: Progress = SILENT,
) -> Evaluated:
    """Evaluate views of data sets.

    Parameters
    ----------
    store_path : Path
        The store's folder.
    request : EvaluateRequest
        What is wanted; an empty one: every view of the data set last ingested.
    registry : Registry
        Where heads and protocols are found.
    jobs : int, optional
        Folds computed at a time (default: one per core). Results do not depend on it.
    engine : EngineChoice
        What computes the folds; nor do results depend on that.
    reuse : bool
        Whether results of exactly these evaluations that were saved earlier are read instead.
    thorough : bool
        Whether recordings are compared by their sound however long that takes.
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
    store = open_store(store_path)
    remarks: list[str] = []
    results = []
    with fits_engine(engine, jobs, progress) as fits:
        how = _How(fits, jobs or cores(), thorough, progress)
        for name in request.datasets or (None,):
            dataset = Catalogued.read(store, name)
            matrices, gone = _matrices(store, dataset, request, progress)
            remarks += [*gone, *filter(None, [outdated(dataset.record, store.catalogue)])]
            views = store.catalogue.views(dataset.record.name)
            for protocol in request.protocols:
                for single in request.each_head():
                    study = begin(store, registry, single, dataset, matrices, protocol)
                    saved = _saved(study) if reuse else None
                    results.append(saved or _evaluated(study, views, how))
    if not all(view.result_id for result in results for view in result.views):
        remarks.append(f"{store_path} cannot be written: the results are not saved")
    return Evaluated(tuple(results), tuple(remarks))


@dataclass(frozen=True, slots=True)
class _How:
    """Where folds are computed; how many threads audit, how thoroughly; and what is told of it."""

    engine: Engine
    jobs: int
    thorough: bool
    progress: Progress


def _matrices(
    store: Store, dataset: Catalogued, request: EvaluateRequest, progress: Progress
) -> tuple[list[Matrix], list[str]]:
    """The views asked for, or all extracted for the data set; and remarks on those that are gone."""
    record, clips = dataset.record, dataset.clips
    if request.features:
        asked = [
            load_view(store, record.name, view, clips=clips, progress=progress) for view in request.features
        ]
        return list({matrix.view: matrix for matrix in asked}.values()), []
    matrices: dict[str, Matrix] = {}
    gone = []
    unreadable = next(iter(store.features.unreadable().values()), None)
    for view in store.catalogue.views(record.name):
        try:
            matrix = load_view(store, record.name, view, clips=clips, progress=progress)
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


def _saved(study: Study) -> DatasetResult | None:
    """The results of a study, one view each, where all of them were saved."""
    known = [
        saved_evaluation(
            study.store, study.prepared.key(study.prepared.rows(matrix)), study.record.name, matrix.view
        )
        for matrix in study.matrices
    ]
    saved = [result for result in known if result is not None]
    if len(saved) < len(known):
        return None
    views = tuple(view for result in saved for view in result.views)
    return replace(saved[0], views=views, best=first_best([view.assessment.first.value for view in views]))


def _evaluated(study: Study, others: Sequence[str], how: _How) -> DatasetResult:
    """Evaluate all views of a study, and save one result for each."""
    selection, seed = study.selection, study.request.seed
    predictions, seconds, scratches = [], [], []
    for matrix in study.matrices:
        begun = time.monotonic()
        predicted, scratch = _cross_validate(study, matrix, how)
        predictions.append(predicted)
        scratches.append(scratch)
        seconds.append(time.monotonic() - begun)
    score = study.prepared.evaluation.score
    assessed = [
        assess(selection, predicted, seed=seed, score=score, progress=how.progress)
        for predicted in predictions
    ]
    compared = compare(selection, predictions, assessed, seed=seed)
    audits = audit_study(
        study,
        [_probabilities(selection, predicted) for predicted in predictions],
        thorough=how.thorough,
        jobs=how.jobs,
        progress=how.progress,
    )
    views = [
        ViewResult(
            view=matrix.view,
            columns=matrix.X.shape[1],
            assessment=assessment,
            params=predicted.params,
            cautions=tuple(_cautions(study, predicted, assessment)),
            difference=difference,
            resumed=predicted.resumed,
            seconds=took,
            audit=found,
        )
        for matrix, predicted, assessment, difference, took, found in zip(
            study.matrices, predictions, assessed, compared.differences, seconds, audits, strict=True
        )
    ]
    result = replace(
        _outline(study, others), views=tuple(views), best=compared.best, detectable=compared.detectable
    )
    result = _save(study, result, predictions)
    for scratch in scratches:
        scratch.clear()
    return result


def _cross_validate(study: Study, matrix: Matrix, how: _How) -> tuple[OutOfFold, Scratch]:
    prepared = study.prepared
    X = prepared.rows(matrix)
    with study.scratch(prepared.key(X)) as scratch:
        predicted = cross_validate(
            prepared.learner(X.shape[1]),
            X,
            study.selection.sample.targets.y,
            study.selection.plan,
            engine=how.engine,
            nested=prepared.evaluation.nested,
            scratch=scratch,
            progress=how.progress,
            what=f"eval {matrix.view}",
        )
    return predicted, scratch


def _cautions(study: Study, predicted: OutOfFold, assessment: Assessment) -> list[str]:
    nested = study.prepared.evaluation.nested
    chosen = nested and any(dict(one) for one in predicted.params)
    return [
        *guards.about_score(study.selection, predicted, assessment, nested=nested),
        *(guards.about_choice(study.selection) if chosen else ()),
    ]


def _probabilities(selection: Selection, predicted: OutOfFold) -> npt.NDArray[Any] | None:
    """Out-of-fold probabilities of the clips of a selection, where there are classes and scores."""
    if predicted.scores is None or selection.sample.targets.task != "classification":
        return None
    probabilities = out_of_fold_probabilities(selection, predicted)
    return by_clip(predicted.rows, probabilities, len(selection.clips))


def _outline(study: Study, others: Sequence[str]) -> DatasetResult:
    """The result of a study, without its views."""
    plan, views = study.selection.plan, tuple(matrix.view for matrix in study.matrices)
    comma = "" if len(plan.folds) > 1 else ","
    head = study.prepared.head.spec.name
    return DatasetResult(
        request=study.request.resolved(study.record.name, views, head),
        **study.common(),
        folds=f"{study.prepared.protocol}{comma} {plan.words}",
        fold_sizes=tuple(FoldSize(fold.name, len(fold.learn), len(fold.test)) for fold in plan.folds),
        classes=len(study.selection.sample.targets.classes),
        cautions=tuple(guards.about_clips(study.selection)),
        head_was_chosen=study.prepared.head_was_chosen,
        several_targets=len(study.record.targets) > 1,
        others=tuple(sorted(set(others) - set(views))),
        runs=plan.runs,
        noise=study.prepared.evaluation.noise,
    )


def _save(study: Study, result: DatasetResult, predictions: Sequence[OutOfFold]) -> DatasetResult:
    if len(result.views) > 1:
        compared = tuple(
            Compared(view.view, view.assessment.first.interval, view.difference) for view in result.views
        )
        result = replace(result, compared=compared)
    fingerprints = {label: value for matrix in study.matrices for label, value in matrix.fingerprints.items()}
    rests_on = provenance(study.store, study.selection, result.dataset, fingerprints)
    saved = []
    for view, matrix, predicted in zip(result.views, study.matrices, predictions, strict=True):
        key = study.prepared.key(study.prepared.rows(matrix))
        own = replace(rests_on, fingerprints=dict(matrix.fingerprints), key=key)
        alone = replace(result, views=(view,), best=0, provenance=own)
        saved.append(replace(view, result_id=save(study.store, alone, study.selection, predicted)))
    return replace(result, views=tuple(saved), provenance=rests_on)
