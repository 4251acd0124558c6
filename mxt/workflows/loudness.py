"""`mxt loudness`: how loud the classes of a data set are, and whether loudness alone tells them apart."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mxt.audio.level import to_db
from mxt.core.cores import cores
from mxt.core.errors import AudioError, InputError
from mxt.core.progress import SILENT, Progress
from mxt.core.records import ClipRecord
from mxt.core.reprs import short_repr
from mxt.core.stages import Levels
from mxt.evaluation.assess import Assessment, assess
from mxt.evaluation.columns import target_values
from mxt.evaluation.crossval import cross_validate
from mxt.evaluation.tasks import class_name, is_labelled
from mxt.ingestion.levels import clip_levels
from mxt.registry import Registry
from mxt.results.prepared import prepare
from mxt.results.request import EvaluateRequest
from mxt.results.study import open_store

MEASURES = {"rms": "RMS, dBFS", "peak": "peak, dBFS", "lufs": "loudness, LUFS"}
QUIETEST_DB = -120.0  # silence, as the classifier sees it; means leave it out
EVERYTHING = "all clips"


@dataclass(frozen=True, slots=True)
class Spread:
    """Mean and standard deviation (population) over clips; NaN of none."""

    mean: float
    deviation: float


@dataclass(frozen=True, slots=True)
class ClassLoudness:
    """One class: its clips, how many are silent, and the levels of the others.

    Parameters
    ----------
    rms_linear : Spread
        Of the root mean square, 1.0 is full scale (as in Shtern et al. 2017, Table 4).
    rms, peak, lufs : Spread
        dBFS, dBFS, LUFS.
    """

    name: str
    clips: int
    silent: int
    rms_linear: Spread
    rms: Spread
    peak: Spread
    lufs: Spread


@dataclass(frozen=True, eq=False)
class LoudnessStudy:
    """How loud classes are.

    Parameters
    ----------
    dataset, target : str
    classes : tuple of ClassLoudness
        The quietest first; one for all clips where the target is a number.
    clips : tuple of ClipRecord
        That were measured.
    values : float64 [n, 3]
        RMS and peak in dBFS, loudness in LUFS; minus infinity of silence.
    labels : tuple of tuple of str
        Classes of each clip.
    alone : Assessment
        Of a classifier that sees these three numbers, nested.
    folds, head : str
        How it was evaluated.
    leaks : bool
        Whether it is clearly better than the baseline.
    unread : tuple of (str, str)
        Clips that could not be read now, and why.
    """

    dataset: str
    target: str
    classes: tuple[ClassLoudness, ...]
    clips: tuple[ClipRecord, ...]
    values: npt.NDArray[np.float64]
    labels: tuple[tuple[str, ...], ...]
    alone: Assessment
    folds: str
    head: str
    leaks: bool
    unread: tuple[tuple[str, str], ...]
    __repr__ = short_repr

    @property
    def baseline(self) -> float:
        """What can be had without listening at all."""
        return baseline(self.alone)


def loudness(
    store_path: Path,
    registry: Registry,
    request: EvaluateRequest | None = None,
    *,
    jobs: int | None = None,
    progress: Progress = SILENT,
) -> LoudnessStudy:
    """Measure every clip of a data set, and try to tell its classes by level alone.

    Parameters
    ----------
    store_path : Path
        The store's folder.
    registry : Registry
        Where the head is found.
    request : EvaluateRequest, optional
        Data set (the first of `datasets`), target, grouping, folds, head and seed, as for `evaluate`.
    jobs : int, optional
        Clips read at a time; else one a core.

    Raises
    ------
    InputError, EvaluationError
        No audio, or nothing to tell apart.
    """
    request = request or EvaluateRequest()
    catalogue = open_store(store_path).catalogue
    record = catalogue.dataset(request.datasets[0] if request.datasets else None)
    clips = [clip for clip in catalogue.clips(record.name) if clip.usable and clip.has_audio]
    if not clips:
        raise InputError(
            f"{record.name} has no clip that could be measured; mxt info {record.name} --failures says why"
        )
    found = clip_levels(record.root, clips, loudness=True, jobs=jobs, progress=progress)
    unread = tuple(
        (clip.id, str(one)) for clip, one in zip(clips, found, strict=True) if isinstance(one, AudioError)
    )
    pairs = [(clip, one) for clip, one in zip(clips, found, strict=True) if isinstance(one, Levels)]
    if not pairs:
        raise InputError(f"no clip of {record.name} can be read; the first: {unread[0][0]}: {unread[0][1]}")
    clips = [clip for clip, _ in pairs]
    values = np.array([_decibels(one) for _, one in pairs])
    prepared = prepare(registry, request, record, clips, "nested")
    selection = prepared.selection
    row_of = {clip.id: row for row, clip in enumerate(clips)}
    X = np.maximum(values[[row_of[clip.id] for clip in selection.clips]], QUIETEST_DB).astype(np.float32)
    alone = assess(
        selection,
        cross_validate(
            prepared.learner(X.shape[1]),
            X,
            selection.sample.targets.y,
            selection.plan,
            jobs=jobs or cores(),
            progress=progress,
            what="loudness alone",
        ),
        seed=request.seed,
    )
    column = selection.sample.targets.column
    labels = tuple(
        _labels(clip, column, numbers=selection.sample.targets.task == "regression") for clip in clips
    )
    rms = np.array([one.rms for _, one in pairs])
    return LoudnessStudy(
        dataset=record.name,
        target=column,
        classes=_classes(labels, values, rms),
        clips=tuple(clips),
        values=values,
        labels=labels,
        alone=alone,
        folds=f"nested {selection.plan.words}",
        head=prepared.head.spec.name,
        leaks=alone.first.interval.low > baseline(alone),
        unread=unread,
    )


def baseline(alone: Assessment) -> float:
    """The largest class, chance, or the mean: what needs no listening."""
    return max(alone.baselines["chance"], alone.baselines.get("majority", -math.inf))


def _decibels(levels: Levels) -> tuple[float, float, float]:
    return to_db(levels.rms), to_db(levels.peak), levels.lufs


def _labels(clip: ClipRecord, column: str, *, numbers: bool) -> tuple[str, ...]:
    value = target_values([clip], column)[0]
    if not is_labelled(value):
        return ()
    if numbers:
        return (EVERYTHING,)
    return value if isinstance(value, tuple) else (class_name(value),)


def _classes(
    labels: Sequence[tuple[str, ...]], values: npt.NDArray[np.float64], rms: npt.NDArray[np.float64]
) -> tuple[ClassLoudness, ...]:
    rows: dict[str, list[int]] = {}
    for row, names in enumerate(labels):
        for name in names:
            rows.setdefault(name, []).append(row)
    found = []
    for name, members in rows.items():
        part = values[members]
        levels = {measure: _spread(part[:, place]) for place, measure in enumerate(MEASURES)}
        found.append(
            ClassLoudness(
                name, len(members), int(np.isinf(part[:, 0]).sum()), _spread(rms[members]), **levels
            )
        )
    return tuple(sorted(found, key=lambda each: (each.rms.mean, each.name)))


def _spread(values: npt.NDArray[np.float64]) -> Spread:
    there = values[np.isfinite(values)]
    return Spread(float(there.mean()), float(there.std())) if len(there) else Spread(math.nan, math.nan)


def as_plain(study: LoudnessStudy) -> Mapping[str, object]:
    """A study as plain values, every clip among them."""
    first = study.alone.first
    return {
        "dataset": study.dataset,
        "target": study.target,
        "classes": study.classes,
        "loudness_alone": {
            "score": first.name,
            **first.interval.to_plain(),
            "baselines": dict(study.alone.baselines),
            "head": study.head,
            "folds": study.folds,
            "leaks": study.leaks,
        },
        "clips": [
            {"clip": clip.id, "classes": names, **dict(zip(MEASURES, map(float, row), strict=True))}
            for clip, names, row in zip(study.clips, study.labels, study.values, strict=True)
        ],
        "unread": study.unread,
    }
