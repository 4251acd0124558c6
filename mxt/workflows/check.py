"""`mxt predict --check`: what bundles promise, beside how they do on another labelled data set."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mxt.core.errors import EvaluationError
from mxt.core.progress import SILENT, Progress
from mxt.core.records import ClipRecord, Target
from mxt.core.reprs import short_repr
from mxt.evaluation import metrics
from mxt.evaluation.assess import Score
from mxt.evaluation.calibration import Calibration, calibration
from mxt.evaluation.groups import codes, units
from mxt.evaluation.statistics import Judged, resample, score_interval
from mxt.evaluation.tasks import class_name, is_labelled
from mxt.models.model import Model, short_keys
from mxt.registry import Registry
from mxt.workflows.predict import infer
from mxt.workflows.predict_request import PredictRequest


@dataclass(frozen=True, slots=True)
class Share:
    """How many of so many clips."""

    count: int
    of: int


@dataclass(frozen=True, eq=False)
class Checked:
    """How a model does on a labelled data set that it has not learnt from.

    Parameters
    ----------
    model : Model
    dataset, target : str
    clips : int
        That are scored.
    scores : tuple of Score
        The main one first, of all of them, whether or not a label would be given; none without such clips.
    calibration : Calibration, optional
        How far the probabilities can be trusted; of classes.
    abstained : Share
        Scored clips that would be left without a label.
    foreign : Share
        Clips of classes that the model does not know, that would be left without a label.
    foreign_classes : tuple of str
    learnt, unlabelled, unusable : int
        Clips that are left out: the model learnt from them; without a label; without features.
    """

    model: Model
    dataset: str
    target: str
    clips: int
    scores: tuple[Score, ...]
    calibration: Calibration | None
    abstained: Share
    foreign: Share
    foreign_classes: tuple[str, ...]
    learnt: int
    unlabelled: int
    unusable: int
    __repr__ = short_repr

    @property
    def kept(self) -> bool | None:
        """Whether the promised interval of the main score holds the score that was found, if one was."""
        promised = self.model.scores[0].interval
        return None if not self.scores else promised.low <= self.scores[0].value <= promised.high


def check(
    store_path: Path, request: PredictRequest, registry: Registry, *, progress: Progress = SILENT
) -> tuple[Checked, ...]:
    """Score bundles on a labelled data set.

    Parameters
    ----------
    store_path : Path
        The store that has the data set.
    request : PredictRequest
        With the data set.
    registry : Registry
    progress : Progress

    Raises
    ------
    EvaluationError
        No clip of the data set has a label, or the bundle learnt from all that have.
    """
    inferred = infer(store_path, request, registry, progress)
    clips = {recording.name: recording.clip for recording in inferred.recordings.usable}
    outputs = inferred.inference.by_name()
    checked = []
    for i, (model, threshold) in enumerate(zip(inferred.models, inferred.thresholds, strict=True)):
        names = list(outputs)
        values = np.concatenate([outputs[name][i].values for name in names])
        likeness = np.concatenate([outputs[name][i].likeness for name in names])
        least = 0.0 if threshold is None else threshold.value
        silent = model.likeness.is_unlike(likeness, request.reject)
        if model.task == "classification":
            silent |= values.max(axis=1) < least
        records = [clips[name] for name in names]
        checked.append(
            _checked(model, inferred.dataset, records, values, silent, len(inferred.recordings.failures))
        )
    return tuple(checked)


def _checked(
    model: Model,
    dataset: str,
    clips: Sequence[ClipRecord],
    values: npt.NDArray[np.float64],
    silent: npt.NDArray[np.bool_],
    unusable: int,
) -> Checked:
    target = _target(model, clips)
    truth = [clip.targets.get(target) for clip in clips]
    labelled = np.array([is_labelled(value) for value in truth])
    learnt = labelled & np.isin(short_keys(clips), model.learnt)
    open_to = labelled & ~learnt
    known = open_to & np.array([_is_known(model, value) for value in truth])
    rows = np.flatnonzero(known)
    foreign = open_to & ~known
    if not len(rows) and not foreign.any():
        raise EvaluationError(f"no clip of {dataset} has a {target!r} that {model.name} has not learnt from")
    y = _encoded(model, [truth[int(row)] for row in rows])
    scores = _scores(model, y, values[rows], [clips[int(row)] for row in rows])
    names = Counter(class_name(truth[int(row)]) for row in np.flatnonzero(foreign))
    return Checked(
        model=model,
        dataset=dataset,
        target=target,
        clips=len(rows),
        scores=scores,
        calibration=calibration(values[rows], y) if model.task == "classification" and len(y) else None,
        abstained=Share(int(silent[rows].sum()), len(rows)),
        foreign=Share(int(silent[foreign].sum()), int(foreign.sum())),
        foreign_classes=tuple(names),
        learnt=int(learnt.sum()),
        unlabelled=int((~labelled).sum()),
        unusable=unusable,
    )


def _target(model: Model, clips: Sequence[ClipRecord]) -> str:
    """The model's target where the clips have it, else their first one."""
    columns = list(dict.fromkeys(column for clip in clips for column in clip.targets))
    return model.target if model.target in columns or not columns else columns[0]


def _is_known(model: Model, value: Target) -> bool:
    """Whether a label can be right or wrong: a class, or a number; of several labels those that are known."""
    if not is_labelled(value):
        return False
    if model.task == "regression":
        return isinstance(value, (int, float))
    return model.task == "multilabel" or class_name(value) in model.classes


def _encoded(model: Model, truth: Sequence[Target]) -> npt.NDArray[Any]:
    if model.task == "regression":
        return np.array(truth, dtype=np.float64)
    if model.task == "classification":
        return np.array([model.classes.index(class_name(value)) for value in truth], dtype=np.int64)
    sets = [value if isinstance(value, tuple) else (class_name(value),) for value in truth]
    return np.array([[name in labels for name in model.classes] for labels in sets], dtype=bool)


def _scores(
    model: Model, y: npt.NDArray[Any], values: npt.NDArray[np.float64], clips: Sequence[ClipRecord]
) -> tuple[Score, ...]:
    """Scores with intervals over groups, or clips with their copies."""
    if not len(y):
        return ()
    predicted: npt.NDArray[Any] = values
    if model.task == "classification":
        predicted = values.argmax(axis=1)
    elif model.task == "regression":
        predicted = values[:, 0]
    grouped = [clip.group or clip.id for clip in clips]
    unit_of = units(codes([clip.key for clip in clips]), codes(grouped))
    n_classes, n_units = len(model.classes), len(np.unique(unit_of))
    samples = resample(Judged(model.task, y, predicted, unit_of, n_classes), seed=0).scores
    pooled = metrics.pooled(model.task, y, predicted, n_classes=n_classes)
    main = metrics.main(model.task).name
    return tuple(
        Score(name, score_interval(metrics.METRICS[name], pooled[name], samples[name], n_units))
        for name in sorted(pooled, key=lambda name: name != main)
    )
