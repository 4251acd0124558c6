"""From out-of-fold predictions to what is reported: scores with intervals, classes, and comparisons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from mxt.core.reprs import short_repr
from mxt.evaluation import metrics, statistics
from mxt.evaluation.crossval import OutOfFold
from mxt.evaluation.groups import Codes
from mxt.evaluation.interval import Interval, Method
from mxt.evaluation.search import first_best
from mxt.evaluation.selection import Selection
from mxt.evaluation.statistics import Resampled
from mxt.evaluation.tasks import Targets

Array = npt.NDArray[np.float64]
UNEQUAL = 1.5  # largest over smallest class from which classes count as unequal
CLEAR = 0.05


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
        Counts [true class][predicted class], of all runs together.
    per_fold : tuple of float
        The main score in each fold, or run.
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


@dataclass(frozen=True, slots=True)
class Difference:
    """A view against the best one on the same clips: the paired difference, and a p-value.

    `p` is adjusted for the number of views compared (Holm).
    """

    interval: Interval
    p: float

    @property
    def value(self) -> float:
        """The estimate."""
        return self.interval.value

    @property
    def clear(self) -> bool:
        """Whether chance is an unlikely explanation: the interval excludes zero, and p < 0.05."""
        return self.interval.clear and self.p < CLEAR

    def below(self, noise: float) -> bool:
        """Whether the difference is smaller than `noise`, whatever the test says."""
        return abs(self.value) < noise - 1e-12


def assess(selection: Selection, found: OutOfFold, *, seed: int, score: str = "pooled") -> Assessment:
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
    """
    targets = selection.sample.targets.take(found.rows)
    task, n_classes, y = targets.task, len(targets.classes), targets.y
    judged, unit_of = judged_by(selection, found), selection.sample.unit_of[found.rows]
    resampled = statistics.resample(task, y, judged, unit_of, n_classes=n_classes, seed=seed)
    values = metrics.pooled(task, y, judged, n_classes=n_classes)
    main = metrics.main(task)
    parts = [found.fold == i for i in range(len(selection.plan.folds))]
    truths, predictions = [y[part] for part in parts], [judged[part] for part in parts]
    of_folds = metrics.fold_metric(task) if score == "fold_mean" else None
    if of_folds is not None:
        values[of_folds.name] = metrics.fold_mean(task, truths, predictions, n_classes=n_classes)
        resampled.scores[of_folds.name] = statistics.resample_fold_mean(
            y, judged, unit_of, found.fold, seed=seed
        )
    first, n_units = of_folds or main, len(np.unique(unit_of))
    per_fold = [
        metrics.pooled(task, truth, predicted, n_classes=n_classes)[main.name]
        for truth, predicted in zip(truths, predictions, strict=True)
    ]
    return Assessment(
        main=first.name,
        scores=tuple(
            Score(name, _interval(name, values[name], resampled.scores[name], n_units))
            for name in sorted(values, key=lambda name: name != first.name)
        ),
        baselines=metrics.baselines(task, y, n_classes),
        classes=_classes(targets, judged, unit_of, resampled, runs=selection.plan.runs),
        confusion=metrics.confusion(y, judged, n_classes).tolist() if task == "classification" else None,
        per_fold=tuple(per_fold),
        clips=len(np.unique(found.rows)),
        units=n_units,
        method=Method(statistics.METHOD, statistics.LEVEL, "clip" if selection.groups is None else "group"),
        samples=resampled.scores,
    )


def compare(
    selection: Selection, found: Sequence[OutOfFold], assessed: Sequence[Assessment], *, seed: int
) -> tuple[int, list[Difference | None]]:
    """Each view against the best one, on the same clips, folds and resamples.

    Returns
    -------
    best : int
        Place of the view with the highest main score.
    differences : list
        ``None`` for the best one.
    """
    main = assessed[0].main
    best = first_best([one.first.value for one in assessed])
    others = [i for i in range(len(assessed)) if i != best]
    p_values = statistics.holm(
        [_p_value(selection, found[i], found[best], assessed[i], assessed[best], seed) for i in others]
    )
    differences: list[Difference | None] = [None] * len(assessed)
    for i, p in zip(others, p_values, strict=True):
        gap = assessed[i].first.value - assessed[best].first.value
        samples = assessed[i].samples[main] - assessed[best].samples[main]
        differences[i] = Difference(statistics.interval(gap, samples), p)
    return best, differences


def judged_by(selection: Selection, found: OutOfFold) -> npt.NDArray[Any]:
    """What is scored: predictions, or for several labels their scores."""
    if selection.sample.targets.task != "multilabel":
        return found.predicted
    return found.predicted.astype(np.float64) if found.scores is None else found.scores


def are_unequal(counts: npt.NDArray[Any]) -> bool:
    """Whether classes differ so much in size that accuracy alone misleads."""
    return bool(counts.max() > UNEQUAL * max(counts.min(), 1))


def _p_value(
    selection: Selection, first: OutOfFold, second: OutOfFold, a: Assessment, b: Assessment, seed: int
) -> float:
    targets = selection.sample.targets.take(first.rows)
    if targets.task == "multilabel" or metrics.METRICS[a.main].per_fold:
        return statistics.bootstrap_p(a.samples[a.main] - b.samples[b.main])
    return statistics.permutation_p(
        targets.task,
        targets.y,
        first.predicted,
        second.predicted,
        selection.sample.unit_of[first.rows],
        n_classes=len(targets.classes),
        seed=seed,
        score=a.main,
    )


def _interval(name: str, value: float, samples: Array, n_units: int) -> Interval:
    return statistics.score_interval(metrics.METRICS[name], value, samples, n_units)


def _classes(
    targets: Targets, judged: npt.NDArray[Any], unit_of: Codes, resampled: Resampled, *, runs: int
) -> tuple[ClassResult, ...]:
    """Every class with its scores; `runs` times as many predictions as clips."""
    if targets.task == "regression":
        return ()
    member = targets.membership()
    if targets.task == "multilabel":
        values = {name: value[0] for name, value in metrics.ranking(targets.y, judged).items()}
        confused: list[tuple[tuple[str, int], ...]] = [()] * len(targets.classes)
    else:
        confusion = metrics.confusion(targets.y, judged, len(targets.classes))
        totals = np.concatenate([confusion.sum(axis=1), np.diag(confusion), confusion.sum(axis=0)])
        values = metrics.class_scores(totals.astype(np.float64))
        confused = [_confused(targets.classes, row, i) for i, row in enumerate(confusion)]
    results = []
    for i, name in enumerate(targets.classes):
        n_units = max(1, len(np.unique(unit_of[member[:, i]])))
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
