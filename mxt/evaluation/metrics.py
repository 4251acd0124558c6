"""The metrics: one table, each a function of what is summed over clips, so that it can be resampled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mxt.core.records import Task
from mxt.evaluation.totals import Counts, Ranks, Sums, contributions, ranked, totals_of

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric: a row of the table.

    Parameters
    ----------
    name : str
        Under which results keep it.
    words : str
        As people call it.
    task : {"classification", "regression", "multilabel"}
    of : callable
        Gives the score, float64 [...], from `Counts` or `Sums`; for labels from the `Ranks` of one label,
        of which the mean over labels is reported. For a metric of classes: one score per class.
    per_class : bool
        Whether every class or label has one of its own.
    per_fold : bool
        Whether it is computed in each fold, and averaged with the folds' sizes as weights.
    for_unequal : bool
        Whether it says more than the main score only where classes differ in size.
    least : float, optional
        The lowest score, of a metric that is 1 for perfect predictions and grows with the share of clips
        predicted right: at either end its interval follows from the binomial distribution.
    """

    name: str
    words: str
    task: Task
    of: Callable[[Any], Array]
    per_class: bool = False
    per_fold: bool = False
    for_unequal: bool = False
    least: float | None = None


def _mean(values: Array) -> Array:
    """Mean over the last axis of what is finite; NaN where nothing is."""
    finite = np.isfinite(values)
    return np.asarray(np.where(finite, values, 0.0).sum(axis=-1) / finite.sum(axis=-1))


def _accuracy(counts: Counts) -> Array:
    return np.asarray(counts.right.sum(axis=-1) / counts.true.sum(axis=-1))


def _recall(counts: Counts) -> Array:
    return counts.right / counts.true


def _precision(counts: Counts) -> Array:
    return counts.right / counts.predicted


def _f1(counts: Counts) -> Array:
    return 2 * counts.right / (counts.true + counts.predicted)


def _matthews(counts: Counts) -> Array:
    """Correlation of true and predicted classes; 0 where one of them is always the same class.

    References
    ----------
    J. Gorodkin, Computational Biology and Chemistry 28 (2004): (c s - sum p_k t_k) / sqrt((s^2 - sum p_k^2)
    (s^2 - sum t_k^2)) with c of s clips right, t_k of class k and p_k predicted as k.
    """
    n, right = counts.true.sum(axis=-1), counts.right.sum(axis=-1)
    covariance = right * n - (counts.true * counts.predicted).sum(axis=-1)
    spread = (n**2 - (counts.predicted**2).sum(axis=-1)) * (n**2 - (counts.true**2).sum(axis=-1))
    return np.where(spread > 0, covariance / np.sqrt(spread), np.where(n > 0, 0.0, np.nan))


def _r2(sums: Sums) -> Array:
    return np.asarray(1 - sums.squared / sums.variation)


def _absolute_error(sums: Sums) -> Array:
    return sums.absolute / sums.n


def _roc_auc(ranks: Ranks) -> Array:
    """A clip without the label is beaten by all clips with it above, and by half of those level with it."""
    above = np.cumsum(ranks.positive, axis=-1)
    beaten = (ranks.negative * (above - ranks.positive / 2)).sum(axis=-1)
    return np.asarray(beaten / (above[..., -1] * ranks.negative.sum(axis=-1)))


def _average_precision(ranks: Ranks) -> Array:
    above, seen = (np.cumsum(part, axis=-1) for part in (ranks.positive, ranks.positive + ranks.negative))
    precision = np.where(seen > 0, above / seen, 0.0)
    average = (precision * ranks.positive).sum(axis=-1) / above[..., -1]
    return np.where(ranks.negative.sum(axis=-1) > 0, average, np.nan)


# The first of a task is its main score.
TABLE = (
    Metric("accuracy", "accuracy", "classification", _accuracy, least=0.0),
    Metric(
        "balanced_accuracy",
        "balanced accuracy",
        "classification",
        lambda counts: _mean(_recall(counts)),
        for_unequal=True,
        least=0.0,
    ),
    Metric(
        "macro_f1",
        "macro F1",
        "classification",
        lambda counts: _mean(_f1(counts)),
        for_unequal=True,
        least=0.0,
    ),
    Metric("matthews", "Matthews correlation", "classification", _matthews, for_unequal=True, least=-1.0),
    Metric("recall", "recall", "classification", _recall, per_class=True, least=0.0),
    Metric("precision", "precision", "classification", _precision, per_class=True, least=0.0),
    Metric("f1", "F1", "classification", _f1, per_class=True, least=0.0),
    Metric("r2", "r²", "regression", _r2),
    Metric("r2_fold_mean", "mean r² of the folds", "regression", _r2, per_fold=True),
    Metric("mae", "mean absolute error", "regression", _absolute_error),
    Metric("roc_auc", "ROC-AUC", "multilabel", _roc_auc, per_class=True),
    Metric("average_precision", "average precision", "multilabel", _average_precision, per_class=True),
)
METRICS = {metric.name: metric for metric in TABLE}
CHOOSE_BY: dict[Task, str] = {
    "classification": "balanced_accuracy",
    "regression": "r2",
    "multilabel": "roc_auc",
}


def metric_words(name: str) -> str:
    """How people call a metric; its name where it is of another version of mxt.

    Examples
    --------
    >>> metric_words("macro_f1")
    'macro F1'
    """
    return METRICS[name].words if name in METRICS else name


def of_whole(task: Task) -> tuple[Metric, ...]:
    """The metrics of all clips of a task together, the main one first."""
    whole = task == "multilabel"  # there the mean over labels
    return tuple(
        each for each in TABLE if each.task == task and not each.per_fold and (whole or not each.per_class)
    )


def of_classes(task: Task) -> tuple[Metric, ...]:
    """The metrics of each class or label of a task, the most telling first; none of a regression."""
    return tuple(each for each in TABLE if each.task == task and each.per_class)


def main(task: Task) -> Metric:
    """The metric that comes first and is compared."""
    return of_whole(task)[0]


def fold_metric(task: Task) -> Metric | None:
    """The metric that is the mean of the folds' own scores, where the task has one."""
    return next((each for each in TABLE if each.task == task and each.per_fold), None)


def from_totals(task: Task, totals: Array, *, centered: bool = False) -> dict[str, Array]:
    """Scores of all clips together, float64 [...], from sums of contributions [..., K] (see `totals_of`).

    Examples
    --------
    >>> scores = from_totals("classification", np.array([2.0, 2.0, 2.0, 1.0, 2.0, 2.0]))
    >>> float(scores["accuracy"])
    0.75
    """
    named = totals_of(task, totals, centered=centered)
    with np.errstate(divide="ignore", invalid="ignore"):
        return {metric.name: metric.of(named) for metric in of_whole(task)}


def class_scores(totals: Array) -> dict[str, Array]:
    """Scores of each class, float64 [..., classes], from sums of a classification's contributions."""
    named = totals_of("classification", totals)
    with np.errstate(divide="ignore", invalid="ignore"):
        return {metric.name: metric.of(named) for metric in of_classes("classification")}


def pooled(
    task: Task, y: npt.NDArray[Any], predicted: npt.NDArray[Any], *, n_classes: int
) -> dict[str, float]:
    """Scores of all clips together; for multilabel `predicted` holds the labels' scores."""
    if task == "multilabel":
        return {name: float(value[0]) for name, value in macro(ranking(y, predicted)).items()}
    center = float(y.mean()) if task == "regression" and len(y) else 0.0
    totals = np.asarray(
        contributions(task, y, predicted, n_classes=n_classes, center=center).sum(axis=0)
    ).ravel()
    return {name: float(value) for name, value in from_totals(task, totals).items()}


def ranking(
    y: npt.NDArray[np.bool_], scores: npt.NDArray[Any], weights: Array | None = None
) -> dict[str, Array]:
    """ROC-AUC and average precision of every label.

    Parameters
    ----------
    y : bool [n, labels]
    scores : float [n, labels]
        Larger where the label is likelier; ties count half in the ROC-AUC.
    weights : float64 [resamples, n], optional
        How often each clip counts; ones by default.

    Returns
    -------
    dict of float64 [resamples, labels]
        NaN where a label has no positive or no negative clip.
    """
    weights = np.ones((1, len(y))) if weights is None else weights
    ranks = [ranked(y[:, i], scores[:, i], weights) for i in range(y.shape[1])]
    with np.errstate(divide="ignore", invalid="ignore"):
        return {
            metric.name: np.stack([metric.of(each) for each in ranks], axis=1)
            for metric in of_classes("multilabel")
        }


def macro(per_label: dict[str, Array]) -> dict[str, Array]:
    """Means over the labels that have a value: float64 [resamples]."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return {name: _mean(values) for name, values in per_label.items()}


def confusion(y: npt.NDArray[Any], predicted: npt.NDArray[Any], n_classes: int) -> npt.NDArray[np.int64]:
    """Counts, int64 [true class, predicted class]."""
    counts = np.bincount(y * n_classes + predicted, minlength=n_classes**2)
    return counts.reshape(n_classes, n_classes).astype(np.int64)


def choose_score(task: Task, y: npt.NDArray[Any], predicted: npt.NDArray[Any], *, n_classes: int) -> float:
    """The score by which parameters are chosen; NaN where there is none."""
    return pooled(task, y, predicted, n_classes=n_classes)[CHOOSE_BY[task]]


def fold_mean(
    task: Task, y: Sequence[npt.NDArray[Any]], predicted: Sequence[npt.NDArray[Any]], *, n_classes: int
) -> float:
    """Mean of the folds' main scores, weighted by the folds' sizes: scikit-learn's before 0.24."""
    scores = [
        pooled(task, truth, part, n_classes=n_classes)[main(task).name]
        for truth, part in zip(y, predicted, strict=True)
    ]
    return float(np.average(scores, weights=[len(part) for part in y]))


def baselines(task: Task, y: npt.NDArray[Any], n_classes: int) -> dict[str, float]:
    """What can be had without listening: ``chance`` (a guess) and ``majority`` (always the largest class)."""
    if task == "regression":
        return {"chance": 0.0}
    if task == "multilabel":
        return {"chance": 0.5, "chance_average_precision": float(y.mean(axis=0).mean())}
    return {"chance": 1 / n_classes, "majority": float(np.bincount(y, minlength=n_classes).max() / len(y))}
