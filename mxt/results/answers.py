"""What a saved result says of each clip, and where its clips lie on a plane."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from mxt.core.clips import Clips
from mxt.core.errors import MxtError
from mxt.core.text import written
from mxt.evaluation.calibration import Calibration, calibration
from mxt.evaluation.projection import METHODS, project
from mxt.results.predictions import Predictions
from mxt.results.report import Answers, Map
from mxt.results.views import load_view

if TYPE_CHECKING:
    from mxt.results.records import DatasetResult
    from mxt.store.layout import Store

Array = npt.NDArray[Any]
FEWEST = 5  # clips that are worth a map
WORST, DRAWN = 1000, 1000  # clips that are shown of larger data sets: the worst, and some drawn at random


class ByClip:
    """The predictions of a result, with the runs of each clip together.

    Parameters
    ----------
    of : Predictions
    """

    def __init__(self, of: Predictions) -> None:
        self.task, self.classes = of.targets.task, of.targets.classes
        clips, first, of_clip = np.unique(np.array(of.clips), return_index=True, return_inverse=True)
        self.clips = [str(clip) for clip in clips]
        self.true = of.targets.y[first]
        self.folds = [of.fold[row] for row in first]
        judged = of.predicted
        if self.task == "classification":
            judged = np.eye(len(self.classes))[judged]
        elif self.task == "multilabel" and of.scores is not None:
            judged = of.scores
        self.predicted = _means(judged, of_clip)
        self.probabilities = None if of.probabilities is None else _means(of.probabilities, of_clip)

    def worst(self) -> npt.NDArray[np.int64]:
        """All clips, those first that are predicted worst."""
        if self.task == "regression":
            return np.argsort(-np.abs(self.predicted - self.true), kind="stable")
        if self.task == "multilabel":
            return np.argsort(-ranking_loss(self.true, self.predicted), kind="stable")
        rows = np.arange(len(self.clips))
        right = self.predicted[rows, self.true]
        sure = right if self.probabilities is None else self.probabilities[rows, self.true]
        return np.lexsort((sure, right))

    def answers(self, shown: frozenset[str]) -> Answers:
        """What is said of the clips `shown`, the worst first."""
        rows = [int(row) for row in self.worst() if self.clips[row] in shown]
        return Answers(
            clips=tuple(self.clips[row] for row in rows),
            true=tuple(self._true(row) for row in rows),
            predicted=tuple(self._predicted(row) for row in rows),
            probabilities=None if self.probabilities is None else self.probabilities[rows].astype(np.float32),
            folds=tuple(self.folds[row] for row in rows),
            classes=self.classes,
            tested=len(self.clips),
        )

    def calibration(self) -> Calibration | None:
        """How far its probabilities can be trusted; of a classification that kept them."""
        if self.task != "classification" or self.probabilities is None:
            return None
        return calibration(self.probabilities, self.true)

    def _true(self, row: int) -> Any:
        if self.task == "regression":
            return float(self.true[row])
        if self.task == "multilabel":
            return tuple(map(int, np.flatnonzero(self.true[row])))
        return (int(self.true[row]),)

    def _predicted(self, row: int) -> Any:
        if self.task == "regression":
            return float(self.predicted[row])
        values = self.predicted[row]
        order = np.argsort(-values, kind="stable")
        kept = order[:5] if self.task == "multilabel" else order[values[order] > 0]
        return tuple((int(i), float(values[i])) for i in kept)


def read_by_clip(store: Store, result_id: str, result: DatasetResult) -> ByClip | None:
    """What a result predicted; ``None`` where that cannot be read."""
    try:
        return ByClip(Predictions.read(store, result_id, result))
    except MxtError:
        return None


@dataclass(frozen=True, slots=True)
class Shown:
    """The clips that a report speaks of, by id, and those of them that lie on its maps."""

    clips: frozenset[str]
    mapped: frozenset[str]


def choose_shown(predictions: Sequence[ByClip]) -> Shown:
    """All clips; of many, the worst of each result and some at random, which alone are mapped."""
    names = sorted({clip for one in predictions for clip in one.clips})
    if len(names) <= WORST + DRAWN:
        return Shown(frozenset(names), frozenset(names))
    drawn = frozenset(names[i] for i in np.random.default_rng(0).choice(len(names), DRAWN, replace=False))
    each = WORST // len(predictions)
    worst = (one.clips[row] for one in predictions for row in one.worst()[:each])
    return Shown(drawn.union(worst), drawn)


def map_of(store: Store, result: DatasetResult, clips: Clips) -> Map | None:
    """Where clips lie; ``None`` where there are too few, or their features are gone."""
    try:
        matrix = load_view(store, result.dataset, result.view, clips=clips)
    except MxtError:
        return None
    if len(matrix.X) < FEWEST:
        return None
    points: dict[str, Array] = {method: project(matrix.X, method, result.request.seed) for method in METHODS}
    return Map(tuple(map(written, matrix.ids)), points)


def ranking_loss(true: Array, scores: Array) -> npt.NDArray[np.float64]:
    """Of each clip, the share of pairs of a true and another label that are ranked the wrong way round.

    Parameters
    ----------
    true : bool [n, labels]
    scores : float [n, labels]

    Examples
    --------
    >>> ranking_loss(np.array([[True, False, False]]), np.array([[0.4, 0.1, 0.6]]))
    array([0.5])
    """
    pairs = (scores[row][own, None] <= scores[row][None, ~own] for row, own in enumerate(true.astype(bool)))
    return np.array([pair.mean() if pair.size else 0.0 for pair in pairs])


def class_sizes(labels: Sequence[object]) -> dict[str, int]:
    """Clips of each class or label, the largest first; nothing for numbers."""
    counts: Counter[str] = Counter()
    for label in labels:
        if isinstance(label, str):
            counts[label] += 1
        elif isinstance(label, tuple):
            counts.update(label)
    return dict(counts.most_common())


def _means(values: Array, of_clip: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Means over the rows of each clip."""
    sums = np.zeros((int(of_clip.max()) + 1, *values.shape[1:]))
    np.add.at(sums, of_clip, values.astype(np.float64))
    counts = np.bincount(of_clip)
    return sums / counts.reshape(-1, *[1] * (values.ndim - 1))
