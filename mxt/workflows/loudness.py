"""`mxt loudness`: how loud the classes of a data set are, and whether loudness alone tells them apart."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mxt.audio.level import to_db
from mxt.core.clips import Clips
from mxt.core.cores import cores
from mxt.core.errors import AudioError, InputError
from mxt.core.progress import SILENT, Progress
from mxt.core.records import DatasetRecord, Target
from mxt.core.stages import Levels
from mxt.evaluation.assess import assess
from mxt.evaluation.columns import target_values
from mxt.evaluation.crossval import cross_validate
from mxt.evaluation.tasks import class_name, is_labelled
from mxt.ingestion.levels import clip_levels
from mxt.registry import Registry
from mxt.results.loudness import MEASURES, ClassLoudness, LoudnessStudy, Spread
from mxt.results.prepared import prepare
from mxt.results.request import EvaluateRequest
from mxt.results.study import open_store

QUIETEST_DB = -120.0  # silence as the classifier sees it; means leave it out
EVERYTHING = "all clips"


def loudness(
    store_path: Path,
    request: EvaluateRequest,
    registry: Registry,
    *,
    jobs: int | None = None,
    progress: Progress = SILENT,
) -> LoudnessStudy:
    """Measure every clip of a data set, and try to tell its classes apart by level alone.

    Parameters
    ----------
    store_path : Path
    request : EvaluateRequest
        Data set (the first of `datasets`), target, grouping, folds, head and seed, as for `evaluate`.
    registry : Registry
        Where the head is found.
    jobs : int, optional
        Clips read at a time (default: one per core).
    progress : Progress

    Raises
    ------
    InputError, EvaluationError
        There is no audio, or nothing to tell apart.
    """
    catalogue = open_store(store_path).catalogue
    record = catalogue.dataset(request.datasets[0] if request.datasets else None)
    clips = catalogue.columns(record.name)
    clips = clips[clips.usable & clips.has_audio]
    clips, levels, unread = _measure(record, clips, jobs=jobs, progress=progress)
    values = np.array([(to_db(level.rms), to_db(level.peak), level.lufs) for level in levels])
    prepared = prepare(registry, request, record, clips, "nested")
    selection = prepared.selection
    targets = selection.sample.targets
    X = np.maximum(values[clips.rows_of(selection.clips)], QUIETEST_DB).astype(np.float32)
    predictions = cross_validate(
        prepared.learner(X.shape[1]),
        X,
        targets.y,
        selection.plan,
        jobs=jobs or cores(),
        progress=progress,
        what="loudness alone",
    )
    labels = tuple(
        _labels(value, numbers=targets.task == "regression") for value in target_values(clips, targets.column)
    )
    return LoudnessStudy(
        dataset=record.name,
        target=targets.column,
        classes=_classes(labels, values, np.array([level.rms for level in levels])),
        clips=clips,
        values=values,
        labels=labels,
        alone=assess(selection, predictions, seed=request.seed),
        folds=f"nested {selection.plan.words}",
        head=prepared.head.spec.name,
        unread=unread,
    )


def _measure(
    record: DatasetRecord, clips: Clips, *, jobs: int | None, progress: Progress
) -> tuple[Clips, list[Levels], tuple[tuple[str, str], ...]]:
    """The clips that can be read, their levels, and why the others cannot."""
    if not len(clips):
        raise InputError(
            f"{record.name} has no clip that could be measured; mxt info {record.name} --failures says why"
        )
    levels = clip_levels(record.root, clips, loudness=True, jobs=jobs, progress=progress)
    measured = [level for level in levels if isinstance(level, Levels)]
    errors = {row: level for row, level in enumerate(levels) if isinstance(level, AudioError)}
    unread = tuple((clips.ids[row], str(error)) for row, error in errors.items())
    if not measured:
        raise InputError(f"no clip of {record.name} can be read; the first: {': '.join(unread[0])}")
    return clips[np.array([row not in errors for row in range(len(clips))])], measured, unread


def _labels(value: Target, *, numbers: bool) -> tuple[str, ...]:
    if not is_labelled(value):
        return ()
    if numbers:
        return (EVERYTHING,)
    return value if isinstance(value, tuple) else (class_name(value),)


def _classes(
    labels: Sequence[tuple[str, ...]], values: npt.NDArray[np.float64], rms: npt.NDArray[np.float64]
) -> tuple[ClassLoudness, ...]:
    rows_of: dict[str, list[int]] = {}
    for row, names in enumerate(labels):
        for name in names:
            rows_of.setdefault(name, []).append(row)
    classes = []
    for name, rows in rows_of.items():
        silent = int(np.isinf(values[rows, 0]).sum())
        levels = dict(zip(MEASURES, map(Spread.of, values[rows].T), strict=True))
        classes.append(ClassLoudness(name, len(rows), silent, Spread.of(rms[rows]), **levels))
    return tuple(sorted(classes, key=lambda of_class: (of_class.rms.mean, of_class.name)))
