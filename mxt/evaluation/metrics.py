"""Scores as functions of sums over clips, so that they can be resampled; rankings as functions of weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mxt.core.records import Task

Array = npt.NDArray[np.float64]
MAIN: dict[Task, str] = {"classification": "accuracy", "regression": "r2", "multilabel": "roc_auc"}
CHOOSE_BY: dict[Task, str] = {
    "classification": "balanced_accuracy",
    "regression": "r2",
    "multilabel": "roc_auc",
}
WORDS = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "macro_f1": "macro F1",
    "r2": "r²",
    "r2_fold_mean": "mean r² of the folds",
    "mae": "mean absolute error",
    "roc_auc": "ROC-AUC",
    "average_precision": "average precision",
}


def contributions(
    task: Task,
    y: npt.NDArray[Any],
    predicted: npt.NDArray[Any],
    *,
    n_classes: int,
    center: float | Array = 0.0,
) -> Any:
    """What each clip adds to the sums that scores are computed from.

    Parameters
    ----------
    task : {"classification", "regression"}
        Rankings (multilabel) are no functions of sums.
    y, predicted : [n]
        Class numbers, or values.
    n_classes : int
        Of classification.
    center : float or float64 [n]
        Of regression: subtracted before squaring, for accuracy; any constant gives the same scores, unless
        they are `centered`.

    Returns
    -------
    float64 [n, K], a sparse matrix
        Classification: one-hot class, one-hot class where right, one-hot prediction (K = 3 classes).
        Regression: 1, y, y^2, squared error, absolute error.
    """
    from scipy.sparse import csr_matrix

    n = len(y)
    if task == "regression":
        error, value = predicted - y, y - center
        return csr_matrix(np.stack([np.ones(n), value, value**2, error**2, np.abs(error)], axis=1))
    right = np.flatnonzero(predicted == y)
    rows = np.concatenate([np.arange(n), right, np.arange(n)])
    columns = np.concatenate([y, n_classes + y[right], 2 * n_classes + predicted])
    return csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(n, 3 * n_classes))


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


def from_totals(task: Task, totals: Array, *, centered: bool = False) -> dict[str, Array]:
    """Scores from sums of contributions.

    Parameters
    ----------
    task : {"classification", "regression"}
    totals : float64 [..., K]
    centered : bool
        True: r² is measured against the center that was subtracted, not against the mean of the clips summed.
        Of resamples the mean fits better than that of the sample it stands for: against it r² came out too
        low, below 0 for a prediction that is the mean itself.

    Returns
    -------
    dict of float64 [...]
        ``accuracy``, ``balanced_accuracy`` (mean recall of the classes that occur), ``macro_f1``; or
        ``r2`` = 1 - sum (p - y)^2 / sum (y - mean y)^2, and ``mae``.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        if task == "regression":
            n, y, y2, squared, absolute = np.moveaxis(totals, -1, 0)
            spread = y2 if centered else y2 - y**2 / n
            return {
                "r2": 1 - squared / np.where(spread > 1e-12 * np.maximum(y2, 1e-300), spread, np.nan),
                "mae": absolute / n,
            }
        there, right, said = np.split(totals, 3, axis=-1)
        f1 = 2 * right / (there + said)
        return {
            "accuracy": right.sum(axis=-1) / there.sum(axis=-1),
            "balanced_accuracy": _mean(right / there),
            "macro_f1": _mean(f1),
        }


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
    found = [_rank_one(y[:, i], scores[:, i], weights) for i in range(y.shape[1])]
    return {
        "roc_auc": np.stack([auc for auc, _ in found], axis=1),
        "average_precision": np.stack([precision for _, precision in found], axis=1),
    }


def macro(per_label: dict[str, Array]) -> dict[str, Array]:
    """Means over the labels that have a value: float64 [resamples]."""
    return {name: _mean(values) for name, values in per_label.items()}


def confusion(y: npt.NDArray[Any], predicted: npt.NDArray[Any], n_classes: int) -> npt.NDArray[np.int64]:
    """Counts, int64 [true class, predicted class]."""
    return (
        np.bincount(y * n_classes + predicted, minlength=n_classes**2)
        .reshape(n_classes, n_classes)
        .astype(np.int64)
    )


def choose_score(task: Task, y: npt.NDArray[Any], predicted: npt.NDArray[Any], *, n_classes: int) -> float:
    """The score by which parameters are chosen; NaN where there is none."""
    return pooled(task, y, predicted, n_classes=n_classes)[CHOOSE_BY[task]]


def fold_mean(
    task: Task, y: Sequence[npt.NDArray[Any]], predicted: Sequence[npt.NDArray[Any]], *, n_classes: int
) -> float:
    """Mean of the folds' main scores (accuracy, r², ROC-AUC), weighted by the folds' sizes: scikit-learn's before 0.24."""
    scores = [pooled(task, a, b, n_classes=n_classes)[MAIN[task]] for a, b in zip(y, predicted, strict=True)]
    return float(np.average(scores, weights=[len(each) for each in y]))


def baselines(task: Task, y: npt.NDArray[Any], n_classes: int) -> dict[str, float]:
    """What can be had without listening: ``chance`` (a guess) and ``majority`` (always the largest class)."""
    if task == "regression":
        return {"chance": 0.0}
    if task == "multilabel":
        return {"chance": 0.5, "chance_average_precision": float(y.mean(axis=0).mean())}
    return {"chance": 1 / n_classes, "majority": float(np.bincount(y, minlength=n_classes).max() / len(y))}


def _rank_one(y: npt.NDArray[np.bool_], score: npt.NDArray[Any], weights: Array) -> tuple[Array, Array]:
    order = np.argsort(-score, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(score[order]) != 0])
    weighed = weights[:, order]
    positive = np.add.reduceat(weighed * y[order], starts, axis=1)
    everyone = np.add.reduceat(weighed, starts, axis=1)
    negative = everyone - positive
    above, seen = np.cumsum(positive, axis=1), np.cumsum(everyone, axis=1)
    n_positive, n_negative = above[:, -1], seen[:, -1] - above[:, -1]
    with np.errstate(divide="ignore", invalid="ignore"):
        # a negative clip is beaten by all positive ones above it, and by half of those level with it
        auc = (negative * (above - positive / 2)).sum(axis=1) / (n_positive * n_negative)
        precision = np.where(seen > 0, above / seen, 0.0)
        average = np.where(n_negative > 0, (precision * positive).sum(axis=1) / n_positive, np.nan)
    return auc, average


def _mean(values: Array) -> Array:
    """Mean over the last axis of what is finite; NaN where nothing is."""
    finite = np.isfinite(values)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(finite, values, 0.0).sum(axis=-1) / finite.sum(axis=-1))
