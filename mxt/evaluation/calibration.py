"""Probabilities of classes from out-of-fold scores, and how far they can be trusted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Kind = Literal["margins", "votes", "probabilities"]
PARTS = 10  # folds are joined to so many parts at most, each calibrated by the others
LOWEST = 1e-3  # a head's own probabilities are raised to this before their logarithm is taken
MOST_OF_A_VOTE = 0.999
MOST_ROWS = 100_000  # by which a scaling is fitted
_STEEPEST = 6.0  # of the logarithm of the factor that scores are multiplied by


@dataclass(frozen=True, slots=True)
class Bin:
    """Predictions that are about equally sure.

    Parameters
    ----------
    low, high : float
        Bounds of the probability of the likeliest class.
    clips : int
    probability : float
        Mean probability of the likeliest class.
    right : float
        Share of the clips of which it is the true one.
    """

    low: float
    high: float
    clips: int
    probability: float
    right: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """How far probabilities can be trusted.

    Parameters
    ----------
    brier : float
        Mean squared distance of the probabilities from the truth, 0 (sure and right) to 2 (sure and wrong).
    bins : tuple of Bin
        Those that hold any clips, by rising probability.
    """

    brier: float
    bins: tuple[Bin, ...]


@dataclass(frozen=True, slots=True)
class Scaling:
    """Temperature scaling: what turns the scores of a head into probabilities of classes.

    Parameters
    ----------
    kind : {"margins", "votes", "probabilities"}
        What the scores are: unbounded, one-against-one votes of scikit-learn, or probabilities already.
    factor : float
        What logits are multiplied by.
    doubt : float
        Share of every probability that is divided equally among the classes: none is ever impossible.

    References
    ----------
    C. Guo et al., On Calibration of Modern Neural Networks, ICML 2017.
    """

    kind: Kind
    factor: float
    doubt: float

    def probabilities(self, scores: npt.NDArray[Any]) -> Array:
        """Probabilities, float64 [rows, classes], from scores; NaN for a class that was not learnt."""
        from scipy.special import softmax

        certain = softmax(self.factor * logits(np.asarray(scores, dtype=np.float64), self.kind), axis=1)
        return np.asarray((1 - self.doubt) * certain + self.doubt / certain.shape[1])


def fit_scaling(scores: npt.NDArray[Any], y: npt.NDArray[Any], *, kind: Kind | None = None) -> Scaling:
    """The scaling under which the true classes are likeliest.

    Parameters
    ----------
    scores : float [rows, classes]
        Out-of-fold scores, NaN for classes that were not learnt.
    y : int64 [rows]
        Class numbers.
    kind : optional
        What the scores are, where it is known (default: found from all of them).
    """
    from scipy.optimize import minimize_scalar

    scores = np.asarray(scores, dtype=np.float64)
    kind, doubt = kind or kind_of(scores), 1 / (1 + len(y))
    every = -(-len(y) // MOST_ROWS) or 1  # one number is known well enough from so many
    scores, y = scores[::every], y[::every]

    def loss(log_factor: float) -> float:
        likelihood = Scaling(kind, float(np.exp(log_factor)), doubt).probabilities(scores)[
            np.arange(len(y)), y
        ]
        return float(-np.log(likelihood).sum())

    best = minimize_scalar(loss, bounds=(-_STEEPEST, _STEEPEST), method="bounded").x if len(y) else 0.0
    return Scaling(kind, float(np.exp(best)), doubt)


def calibrated(
    scores: npt.NDArray[Any], y: npt.NDArray[Any], fold_of: npt.NDArray[Any], *, n_classes: int
) -> npt.NDArray[np.float32]:
    """Probabilities of classes by temperature scaling, never fitted on a clip's own fold.

    Scores of a fold are multiplied by the one factor that makes the true classes of the other folds
    likeliest. A single fold (a split) is divided into parts in place of folds.

    Parameters
    ----------
    scores : float [rows, classes]
        Decision values, or probabilities, of the rows' folds; NaN for classes that were not learnt.
    y : int64 [rows]
        Class numbers.
    fold_of : [rows]
        Equal for rows that were predicted by the same fitted head. Of several repetitions, give one at a
        time: a clip's own label must not come in by another one.
    n_classes : int

    Returns
    -------
    float32 [rows, classes]
        Rows sum to 1. No class is ever impossible: among n clips, one more may be of any class.

    Examples
    --------
    >>> scores = np.array([[2.0, -2.0], [-2.0, 2.0]] * 30)
    >>> calibrated(scores, np.arange(60) % 2, np.arange(60) % 3, n_classes=2)[0].round(2)
    array([0.99, 0.01], dtype=float32)
    """
    scores = np.asarray(scores, dtype=np.float64)
    kind = kind_of(scores)
    folds, part = np.unique(fold_of, return_inverse=True)
    part = (part if len(folds) > 1 else np.arange(len(y))) % PARTS
    probabilities = np.empty((len(y), n_classes), dtype=np.float32)
    for number in np.unique(part):
        rows = part == number
        scaling = fit_scaling(scores[~rows], y[~rows], kind=kind)
        probabilities[rows] = scaling.probabilities(scores[rows])
    return probabilities


def calibration(probabilities: npt.NDArray[Any], y: npt.NDArray[Any], *, n_bins: int = 10) -> Calibration:
    """How far probabilities can be trusted.

    Parameters
    ----------
    probabilities : float [rows, classes]
    y : int64 [rows]
        Class numbers.
    n_bins : int
        Of equal width, between 0 and 1.

    Examples
    --------
    >>> calibration(np.array([[0.8, 0.2], [0.3, 0.7]]), np.array([0, 0])).bins[-1]
    Bin(low=0.8, high=0.9, clips=1, probability=0.8, right=1.0)
    """
    p = np.asarray(probabilities, dtype=np.float64)
    surest, right = p.max(axis=1), p.argmax(axis=1) == y
    edges = np.linspace(0, 1, n_bins + 1).round(12)
    bin_of = np.clip(np.searchsorted(edges, surest, side="right") - 1, 0, n_bins - 1)
    bins = (
        Bin(
            float(edges[i]),
            float(edges[i + 1]),
            int((bin_of == i).sum()),
            float(surest[bin_of == i].mean()),
            float(right[bin_of == i].mean()),
        )
        for i in np.unique(bin_of)
    )
    return Calibration(float(((p - np.eye(p.shape[1])[y]) ** 2).sum(axis=1).mean()), tuple(bins))


def kind_of(scores: Array) -> Kind:
    """What scores of many rows are."""
    known = np.isfinite(scores)
    filled = np.where(known, scores, 0.0)
    if filled.min(initial=0.0) >= 0 and np.allclose(filled.sum(axis=1), 1, atol=1e-3):
        return "probabilities"
    return "votes" if _are_votes(filled, known.sum(axis=1)) else "margins"


def logits(scores: Array, kind: Kind) -> Array:
    """Scores of which the softmax makes sense: a class that was not learnt has minus infinity."""
    known = np.isfinite(scores)
    filled = np.where(known, scores, 0.0)
    if kind == "probabilities":
        filled = np.log(np.maximum(filled, LOWEST))
    elif kind == "votes":
        filled = _unbounded(filled)
    return np.where(known, filled, -np.inf)


def _are_votes(scores: Array, n_known: npt.NDArray[Any]) -> bool:
    """Whether each of n > 2 classes has as many votes as pairs that it won, and a fraction beside."""
    votes = np.rint(scores)
    paired = votes.sum(axis=1) == n_known * (n_known - 1) // 2
    return bool(paired.all() and (n_known > 2).all() and votes.min() >= 0 and not np.all(votes == scores))


def _unbounded(scores: Array) -> Array:
    """Votes with the margins of the pairs beside them as they were.

    scikit-learn's one-against-one scores are votes + m / (3 (|m| + 1)) with m the sum of the margins of a
    class: how sure a prediction is hardly shows in them.
    """
    votes = np.rint(scores)
    fraction = np.clip(3 * (scores - votes), -MOST_OF_A_VOTE, MOST_OF_A_VOTE)
    return np.asarray(votes + fraction / (1 - np.abs(fraction)))
