"""From out-of-fold predictions to what is reported: scores with intervals, classes, and comparisons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from mxt.core.progress import SILENT, Progress
from mxt.core.records import Task
from mxt.core.reprs import short_repr
from mxt.evaluation import metrics, statistics
from mxt.evaluation.comparison import Comparison, against_best, corrected_p, parts_of
from mxt.evaluation.crossval import OutOfFold
from mxt.evaluation.groups import Codes
from mxt.evaluation.interval import Interval, Method
from mxt.evaluation.selection import DRAWN, Selection
from mxt.evaluation.statistics import Judged, Resampled
from mxt.evaluation.tasks import Targets

Array = npt.NDArray[np.float64]
UNEQUAL = 1.5  # largest over smallest class from which classes count as unequal


@dataclass(frozen=True, slots=True)
class Score:
    """A score: the name of its metric, and its 95 % interval."""

    name: str
    interval: Interval

    @property
    def value(self) -> float:
        """The estimate."""
        return self.interval.value


@dataclass(frozen=True, slots=True)
class ClassResult:
    """One class or label.

    Parameters
    ----------
    name : str
    clips : int
        Tested.
    scores : tuple of Score
        Recall, precision and F1 of a class; ROC-AUC and average precision of a label.
    confused_with : tuple of (str, int)
        Classes that its clips were taken for, and how many, the most frequent first.
    """

    name: str
    clips: int
    scores: tuple[Score, ...]
    confused_with: tuple[tuple[str, int], ...] = ()

    @property
    def first(self) -> Score:
        """The most telling score: recall, or ROC-AUC."""
        return self.scores[0]


@dataclass(frozen=True, eq=False)
class Assessment:
    """What is known about one view.

    Parameters
    ----------
    main : str
        Name of the score that comes first and is compared.
    scores : tuple of Score
        The main one first.
    baselines : mapping
        ``chance``, ``majority``.
    classes : tuple of ClassResult
        In order of the classes; empty for regression.
    confusion : list of lists, optional
        Counts [true class][predicted class], of all repetitions together.
    per_fold, per_run : tuple of float
        The main score in each fold, and in each repetition.
    clips, units : int
        Tested, and how many of them can be drawn independently.
    method : Method
        How intervals were computed.
    samples : mapping
        Resampled scores, for comparisons.
    """

    main: str
    scores: tuple[Score, ...]
    baselines: Mapping[str, float]
    classes: tuple[ClassResult, ...]
    confusion: list[list[int]] | None
    per_fold: tuple[float, ...]
    per_run: tuple[float, ...]
    clips: int
    units: int
    method: Method
    samples: Mapping[str, Array] = field(default_factory=dict, repr=False)
    __repr__ = short_repr

    def score(self, name: str) -> Score:
        """The score called `name`."""
        return next(score for score in self.scores if score.name == name)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the scores, the main one first."""
        return tuple(score.name for score in self.scores)

    @property
    def first(self) -> Score:
        """The main score."""
        return self.scores[0]

    @property
    def unequal(self) -> bool:
        """Whether classes differ so much in size that accuracy alone misleads."""
        return bool(self.classes) and are_unequal(np.array([one.clips for one in self.classes]))

    @property
    def telling(self) -> tuple[Score, ...]:
        """The main score, and those that say more than it about these classes."""
        return tuple(
            score
            for score in self.scores
            if self.unequal or not (score.name in metrics.METRICS and metrics.METRICS[score.name].for_unequal)
        )


def assess(
    selection: Selection,
    found: OutOfFold,
    *,
    seed: int,
    score: str = "pooled",
    progress: Progress = SILENT,
) -> Assessment:
    """Scores of out-of-fold predictions with their intervals.

    Parameters
    ----------
    selection : Selection
        The clips and their folds.
    found : OutOfFold
        What was predicted.
    seed : int
        Of the resampling.
    score : {"pooled", "fold_mean"}
        ``"fold_mean"``: the mean of the folds' own scores comes first, where the task has such a metric.
    progress : Progress
    """
    targets, judged = selection.sample.targets.take(found.rows), judged_by(selection, found)
    task, n_classes = targets.task, len(targets.classes)
    resampled = statistics.resample(judged, seed=seed, progress=progress)
    values = metrics.pooled(task, judged.y, judged.predicted, n_classes=n_classes)
    main = metrics.main(task)
    of_folds = metrics.fold_metric(task) if score == "fold_mean" else None
    in_folds = _parts(judged, found.fold, len(selection.plan.folds))
    if of_folds is not None:
        values[of_folds.name] = metrics.fold_mean(task, *zip(*in_folds, strict=True), n_classes=n_classes)
        resampled.scores[of_folds.name] = statistics.resample_fold_mean(judged, seed=seed)
    first, n_units = of_folds or main, len(np.unique(judged.unit_of))
    return Assessment(
        main=first.name,
        scores=tuple(
            Score(name, _interval(name, values[name], resampled.scores[name], n_units))
            for name in sorted(values, key=lambda name: name != first.name)
        ),
        baselines=metrics.baselines(task, judged.y, n_classes),
        classes=_classes(targets, judged, resampled, runs=selection.plan.runs),
        confusion=metrics.confusion(judged.y, judged.predicted, n_classes).tolist()
        if task == "classification"
        else None,
        per_fold=_main_scores(task, in_folds, n_classes),
        per_run=_main_scores(task, _parts(judged, judged.runs, selection.plan.runs), n_classes),
        clips=len(np.unique(found.rows)),
        units=n_units,
        method=Method(statistics.METHOD, statistics.LEVEL, "clip" if selection.groups is None else "group"),
        samples=resampled.scores,
    )


def compare(
    selection: Selection, found: Sequence[OutOfFold], assessed: Sequence[Assessment], *, seed: int
) -> Comparison:
    """Each view against the best one, on the same clips and folds."""
    if len(assessed) == 1:
        return Comparison(0, (None,))
    parts = [parts_of(judged_by(selection, one), assessed[0].main) for one in found]
    compared = against_best([one.first.value for one in assessed], np.stack(parts, axis=1), seed=seed)
    folds = selection.plan.folds
    if selection.plan.runs == 1 or selection.plan.kind not in DRAWN:
        return compared
    share = sum(len(fold.test) for fold in folds) / sum(len(fold.learn) for fold in folds)
    gaps = [np.subtract(one.per_fold, assessed[compared.best].per_fold) for one in assessed]
    differences = tuple(
        one and replace(one, corrected_p=corrected_p(gap.tolist(), share))
        for one, gap in zip(compared.differences, gaps, strict=True)
    )
    return replace(compared, differences=differences)


def judged_by(selection: Selection, found: OutOfFold) -> Judged:
    """What is scored: predictions, or for several labels their scores."""
    targets, predicted = selection.sample.targets.take(found.rows), found.predicted
    if targets.task == "multilabel":
        predicted = predicted.astype(np.float64) if found.scores is None else found.scores
    run_of = np.array([fold.run for fold in selection.plan.folds])[found.fold]
    unit_of = selection.sample.unit_of[found.rows]
    return Judged(targets.task, targets.y, predicted, unit_of, len(targets.classes), found.fold, run_of)


def are_unequal(counts: npt.NDArray[Any]) -> bool:
    """Whether classes differ so much in size that accuracy alone misleads."""
    return bool(counts.max() > UNEQUAL * max(counts.min(), 1))


def _parts(judged: Judged, of: Codes, n: int) -> list[tuple[npt.NDArray[Any], npt.NDArray[Any]]]:
    """Truth and predictions of each of n folds, or repetitions."""
    return [(judged.y[of == i], judged.predicted[of == i]) for i in range(n)]


def _main_scores(
    task: Task, parts: Sequence[tuple[npt.NDArray[Any], npt.NDArray[Any]]], n_classes: int
) -> tuple[float, ...]:
    main = metrics.main(task).name
    return tuple(metrics.pooled(task, *part, n_classes=n_classes)[main] for part in parts)


def _interval(name: str, value: float, samples: Array, n_units: int) -> Interval:
    return statistics.score_interval(metrics.METRICS[name], value, samples, n_units)


def _classes(targets: Targets, judged: Judged, resampled: Resampled, *, runs: int) -> tuple[ClassResult, ...]:
    """Every class with its scores; `runs` times as many predictions as clips."""
    if targets.task == "regression":
        return ()
    member = targets.membership()
    if targets.task == "multilabel":
        values = {name: value[0] for name, value in metrics.ranking(targets.y, judged.predicted).items()}
        confused: list[tuple[tuple[str, int], ...]] = [()] * len(targets.classes)
    else:
        confusion = metrics.confusion(targets.y, judged.predicted, len(targets.classes))
        totals = np.concatenate([confusion.sum(axis=1), np.diag(confusion), confusion.sum(axis=0)])
        values = metrics.class_scores(totals.astype(np.float64))
        confused = [_confused(targets.classes, row, i) for i, row in enumerate(confusion)]
    results = []
    for i, name in enumerate(targets.classes):
        n_units = max(1, len(np.unique(judged.unit_of[member[:, i]])))
        scores = tuple(
            Score(metric, _interval(metric, float(value[i]), resampled.classes[metric][:, i], n_units))
            for metric, value in values.items()
        )
        results.append(ClassResult(name, int(member[:, i].sum()) // runs, scores, confused[i]))
    return tuple(results)


def _confused(names: Sequence[str], row: npt.NDArray[np.int64], true: int) -> tuple[tuple[str, int], ...]:
    """Of one class: the others that its clips were taken for, the most frequent first."""
    order = np.argsort(-row, kind="stable")
    return tuple((names[i], int(row[i])) for i in order if row[i] and i != true)
