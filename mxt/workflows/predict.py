"""`mxt predict`: what bundles say of recordings, clip by clip or as a timeline."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mxt.core.cores import cores
from mxt.core.errors import InputError
from mxt.core.identity import sha256_file, sha256_text
from mxt.core.progress import SILENT, Progress
from mxt.core.reprs import short_repr
from mxt.extraction.direct import direct
from mxt.extraction.plan import choose_device
from mxt.extraction.records import Failure
from mxt.models.bundle import read_bundle
from mxt.models.model import Model
from mxt.models.thresholds import Threshold, threshold_at, threshold_for
from mxt.models.timeline import Prediction, Rules, predictions
from mxt.registry import Registry
from mxt.store.layout import Store
from mxt.workflows.inference import Inference
from mxt.workflows.journal import Journal
from mxt.workflows.model_recipes import open_recipes
from mxt.workflows.predict_files import write_predictions
from mxt.workflows.predict_request import PredictRequest
from mxt.workflows.recordings import Recordings, catalogued_recordings, given_recordings

LONG = 3.0  # times as long as the longest learning clip: a recording that is better cut into windows


@dataclass(frozen=True, eq=False)
class Predicted:
    """Predictions for recordings.

    Parameters
    ----------
    models : tuple of Model
    thresholds : tuple of Threshold, optional
        Of each model; ``None`` where there is none.
    rows : tuple of Prediction
        By recording, model and start.
    recordings : int
        That were labelled.
    seconds : float
        Of their audio.
    failures : tuple of Failure
        Recordings that could not be used, or not to their end.
    others : int
        Files beside them that are no audio.
    resumed, from_store : int
        Clips or windows known from a run that was stopped, and clips whose features were in the store.
    long : int
        Recordings much longer than what was learnt from, labelled as a whole.
    wall_seconds, cpu_seconds : float
    written : tuple of str
        Files that were written.
    """

    models: tuple[Model, ...]
    thresholds: tuple[Threshold | None, ...]
    rows: tuple[Prediction, ...]
    recordings: int
    seconds: float
    failures: tuple[Failure, ...]
    others: int
    resumed: int
    from_store: int
    long: int
    wall_seconds: float
    cpu_seconds: float
    written: tuple[str, ...] = ()
    __repr__ = short_repr


def predict(
    store_path: Path, request: PredictRequest, registry: Registry, *, progress: Progress = SILENT
) -> Predicted:
    """Label recordings with bundles.

    Parameters
    ----------
    store_path : Path
        A store whose features are used where it has them; with `request.dataset`, the one that has the clips.
    request : PredictRequest
        What is wanted.
    registry : Registry
        Where the stages of the bundles' pipelines are found.
    progress : Progress
        Told clip by clip, or window by window.

    Returns
    -------
    Predicted

    Raises
    ------
    BundleError
        A bundle cannot be read.
    WeightsError, PluginError
        Features would not be those that a bundle was fitted to.
    InputError, UsageError, Refused
        Nothing to label; what is asked for does not go together; a file is there already.
    """
    begun, cpu_begun = time.monotonic(), sum(os.times()[:4])
    inferred = infer(store_path, request, registry, progress)
    finished = False
    try:
        rows = tuple(_rows(inferred, request))
        written = _write(rows, request)
        finished = True
    finally:
        inferred.journal.close(done=finished)
    inference, recordings = inferred.inference, inferred.recordings
    return Predicted(
        models=inferred.models,
        thresholds=inferred.thresholds,
        rows=rows,
        recordings=inference.labelled,
        seconds=inference.seconds,
        failures=tuple(recordings.failures),
        others=recordings.others,
        resumed=inference.resumed,
        from_store=inference.from_store,
        long=_long(inferred, request),
        wall_seconds=time.monotonic() - begun,
        cpu_seconds=sum(os.times()[:4]) - cpu_begun,
        written=written,
    )


@dataclass(frozen=True, slots=True, eq=False)
class Inferred:
    """Outputs of models for recordings, before labels are decided."""

    models: tuple[Model, ...]
    thresholds: tuple[Threshold | None, ...]
    recordings: Recordings
    inference: Inference
    journal: Journal
    dataset: str
    __repr__ = short_repr


def infer(store_path: Path, request: PredictRequest, registry: Registry, progress: Progress) -> Inferred:
    """Outputs of bundles for recordings; see `predict`. The journal stays open."""
    request.check()
    models = tuple(read_bundle(path) for path in request.bundles)
    thresholds = tuple(_threshold(model, request) for model in models)
    recipes = open_recipes(models, request, registry, progress)
    store = _store(store_path, needed=request.from_dataset)
    journal = Journal(request.journal, _run(request))
    try:
        recordings = _recordings(store, request, models, journal, progress)
        inference = Inference(models, recordings, request.cut, journal, store)
        if inference.to_do:
            with direct(recipes(choose_device(request.device)), request.jobs or cores()) as engine:
                inference.compute(engine, progress)
    except BaseException:
        journal.close(done=False)
        raise
    dataset = store.catalogue.dataset(request.dataset).name if store and request.from_dataset else ""
    return Inferred(models, thresholds, recordings, inference, journal, dataset)


def _threshold(model: Model, request: PredictRequest) -> Threshold | None:
    if request.precision is not None:
        return threshold_for(model, request.precision)
    return None if request.threshold is None else threshold_at(model, request.threshold)


def _run(request: PredictRequest) -> str:
    """Equal for runs that compute the same of a recording."""
    bundles = [sha256_file(path) for path in request.bundles]
    return sha256_text(f"{bundles} {request.window} {request.hop}")


def _store(path: Path, *, needed: bool) -> Store | None:
    """The store, where there is one."""
    if not needed and not (path / "mxt.json").exists():
        return None
    return Store.open(path, read_only=True)


def _recordings(
    store: Store | None,
    request: PredictRequest,
    models: Sequence[Model],
    journal: Journal,
    progress: Progress,
) -> Recordings:
    if request.from_dataset:
        assert store is not None
        without = models[0].target if request.unlabelled else None
        return catalogued_recordings(store, request.dataset, without=without, whole=request.cut is not None)
    found = given_recordings(
        request.paths, known=journal.finished, jobs=request.jobs or cores(), progress=progress
    )
    if not found.usable and not found.failures:
        raise InputError(f"no audio in {', '.join(map(str, request.paths))}")
    return found


def _rows(inferred: Inferred, request: PredictRequest) -> Iterator[Prediction]:
    rules = Rules(reject=request.reject, further=request.top - 1, joined=request.cut is not None)
    for outputs in inferred.inference.by_name().values():
        for model, threshold, one in zip(inferred.models, inferred.thresholds, outputs, strict=True):
            own = rules if threshold is None else replace(rules, threshold=threshold.value)
            yield from predictions(model, one, own)


def _write(rows: Sequence[Prediction], request: PredictRequest) -> tuple[str, ...]:
    if request.out is None:
        return ()
    return write_predictions(request.out, request.format, rows, yes=request.yes)


def _long(inferred: Inferred, request: PredictRequest) -> int:
    """Recordings much longer than what was learnt from, where they are labelled as a whole."""
    if request.cut is not None:
        return 0
    most = LONG * max(model.card.seconds[2] for model in inferred.models)
    return sum(recording.clip.duration > most for recording in inferred.recordings.usable)
