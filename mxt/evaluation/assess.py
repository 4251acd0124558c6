"""From out-of-fold predictions to what is reported: scores with intervals, baselines, classes, confusions, comparisons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from mxt.core.reprs import short_repr
from mxt.evaluation import metrics, statistics
from mxt.evaluation.crossval import OutOfFold
from mxt.evaluation.interval import Interval
from mxt.evaluation.search import first_best
from mxt.evaluation.selection import Selection

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
    """One class (or label): clips, and recall, precision, F1 (or ROC-AUC, average precision)."""

    name: str
    clips: int
    scores: Mapping[str, float]
    confused_with: tuple[tuple[str, int], ...] = ()


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
    samples: Mapping[str, Array] = field(repr=False)
    __repr__ = short_repr

    def score(self, name: str) -> Score:
        """The score called `name`."""
        return next(score for score in self.scores if score.name == name)

    @property
    def first(self) -> Score:
        """The main score."""
        return self.scores[0]


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
        """Whether the difference is smaller than `noise`, without any test; rounding alone decides nothing."""
        return abs(self.value) < noise - 1e-12


def assess(selection: Selection, found: OutOfFold, *, seed: int, score: str = "pooled") -> Assessment:
    """Scores of out-of-fold predictions, pooled; with `score` ``"fold_mean"`` the mean of the folds' r² comes first."""
    targets = selection.sample.targets.take(found.rows)
    task, n_classes = targets.task, len(targets.classes)
    y, judged = targets.y, judged_by(selection, found)
    unit_of = selection.sample.unit_of[found.rows]
    units, runs = len(np.unique(unit_of)), selection.plan.runs
    samples = statistics.resample(task, y, judged, unit_of, n_classes=n_classes, seed=seed)
    values = metrics.pooled(task, y, judged, n_classes=n_classes)
    scores, main = [], metrics.MAIN[task]
    if score == "fold_mean" and task == "regression":
        main = "r2_fold_mean"
        parts = [found.fold == i for i in range(len(selection.plan.folds))]
        values[main] = metrics.fold_mean(
            task, [y[part] for part in parts], [judged[part] for part in parts], n_classes=0
        )
        samples[main] = statistics.resample_fold_mean(y, judged, unit_of, found.fold, seed=seed)
    for name in sorted(values, key=lambda name: name != main):
        found_interval = statistics.interval(values[name], samples[name])
        certain = found_interval.low == found_interval.high
        if values[name] in (0.0, 1.0) and task == "classification" and certain:
            found_interval = statistics.perfect_interval(values[name], units)
        scores.append(Score(name, found_interval))
    confusion = metrics.confusion(y, judged, n_classes) if task == "classification" else None
    per_fold = [
        metrics.pooled(task, y[found.fold == i], judged[found.fold == i], n_classes=n_classes)
        for i in range(len(selection.plan.folds))
    ]
    return Assessment(
        main=main,
        scores=tuple(scores),
        baselines=metrics.baselines(task, y, n_classes),
        classes=_labels(targets.classes, y, judged, runs)
        if task == "multilabel"
        else _classes(targets.classes, confusion, runs),
        confusion=None if confusion is None else confusion.tolist(),
        per_fold=tuple(each[metrics.MAIN[task]] for each in per_fold),
        clips=len(np.unique(found.rows)),
        units=units,
        samples=samples,
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
    best = first_best([each.first.value for each in assessed])
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
    if targets.task == "multilabel" or a.main == "r2_fold_mean":
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


def _classes(
    names: Sequence[str], confusion: npt.NDArray[np.int64] | None, runs: int
) -> tuple[ClassResult, ...]:
    if confusion is None:
        return ()
    found = []
    there, said = confusion.sum(axis=1), confusion.sum(axis=0)
    for i, name in enumerate(names):
        right = int(confusion[i, i])
        scores = {
            "recall": right / there[i] if there[i] else float("nan"),
            "precision": right / said[i] if said[i] else float("nan"),
            "f1": 2 * right / (there[i] + said[i]) if there[i] + said[i] else float("nan"),
        }
        wrong = confusion[i].copy()
        wrong[i] = 0
        order = np.argsort(-wrong, kind="stable")
        confused = tuple((names[j], int(wrong[j])) for j in order if wrong[j])
        found.append(
            ClassResult(
                name, int(there[i]) // runs, {key: float(value) for key, value in scores.items()}, confused
            )
        )
    return tuple(found)


def _labels(
    names: Sequence[str], y: npt.NDArray[Any], scores: npt.NDArray[Any], runs: int
) -> tuple[ClassResult, ...]:
    each = metrics.ranking(y, scores)
    return tuple(
        ClassResult(
            name, int(y[:, i].sum()) // runs, {key: float(values[0, i]) for key, values in each.items()}
        )
        for i, name in enumerate(names)
    )
