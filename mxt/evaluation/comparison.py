"""Views against the best of them: intervals and p-values of one resampling that pay for choosing the best."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mxt.evaluation import metrics
from mxt.evaluation.interval import Interval
from mxt.evaluation.search import first_best
from mxt.evaluation.statistics import RESAMPLES, Judged, block_sizes

Array = npt.NDArray[np.float64]
CLEAR = 0.05
_TIE = 1e-9  # what differs by less is equal: sums of shares come in another order


@dataclass(frozen=True, slots=True)
class Difference:
    """A view against the best one on the same clips.

    Parameters
    ----------
    interval : Interval
        The difference, and its simultaneous 95 % interval: all views of a table together.
    p : float
        How often, were all views equally good, any of them would fall at least so far behind the best.
    corrected_p : float, optional
        Two-sided p-value of the corrected resampled t-test, for this difference alone; ``None``
        where folds were not drawn repeatedly, or it cannot be computed.
    """

    interval: Interval
    p: float
    corrected_p: float | None = None

    @property
    def value(self) -> float:
        """The estimate."""
        return self.interval.value

    @property
    def clear(self) -> bool:
        """Whether chance is an unlikely explanation: p < 0.05, and the interval excludes zero."""
        return self.interval.clear and self.p < CLEAR

    def below(self, noise: float) -> bool:
        """Whether the difference is smaller than `noise`, whatever the test says."""
        return abs(self.value) < noise - 1e-12


@dataclass(frozen=True, slots=True)
class Comparison:
    """Views against the best of them.

    Parameters
    ----------
    best : int
        Its place.
    differences : tuple of Difference or None
        ``None`` for the best one.
    detectable : float
        What no difference below it can be clear: the half width that a simultaneous interval has where it
        just reaches zero, of the view that follows the best one most closely; NaN where there is one view.
    """

    best: int
    differences: tuple[Difference | None, ...]
    detectable: float = math.nan


def against_best(scores: Sequence[float], parts: Array, *, seed: int) -> Comparison:
    """Each view against the best one.

    Were all views equally good, then in every unit any of two could have been the better one: the signs of
    units are drawn at random, the same for all views, and noted is how far, in standard errors, views then
    fall behind the best of each draw. A difference is compared with the largest of these, so that choosing
    the best of many views is paid for. Interval and p-value rest on the same draws: an interval without zero
    and p < 0.05 are the same statement.

    Parameters
    ----------
    scores : sequence of float
        Of the views.
    parts : float64 [units, views]
        What each unit (a clip, a group; a repetition) adds to them.
    seed : int
        Of the drawing.

    References
    ----------
    J. C. Hsu, Multiple Comparisons, Chapman & Hall 1996, chapter 4; J. P. Romano and M. Wolf, Econometrica
    73 (2005) for the largest of studentised differences.
    """
    best, n = first_best(scores), len(parts)
    product = parts.T @ parts
    squares = np.maximum(np.diag(product)[:, None] + np.diag(product) - 2 * product, 0.0)
    squares[squares < _TIE * np.diag(product).max(initial=0.0) / n] = 0.0
    rng = np.random.default_rng(seed)
    largest = []
    for rows in block_sizes(RESAMPLES, n):
        drawn = (rng.integers(0, 2, size=(rows, n), dtype=np.int8) * 2.0 - 1.0) @ parts
        leader = drawn.argmax(axis=1)
        behind = drawn.max(axis=1)[:, None] - drawn
        largest.append(_in_errors(behind, squares[leader], n).max(axis=1))
    chance = np.sort(np.concatenate(largest))[::-1]
    # p < 0.05 where at most so many of the draws are as large: the next one is the critical value
    critical = chance[math.ceil(CLEAR * (1 + RESAMPLES)) - 2] / (1 - _TIE)
    differences: list[Difference | None] = []
    for view, gap in enumerate(np.subtract(scores, scores[best])):
        reached = float(_in_errors(np.abs(gap), squares[best, view], n))
        p = (1 + int((chance >= reached * (1 - _TIE)).sum())) / (1 + RESAMPLES)
        half = critical * _error(gap, squares[best, view], n)
        found = Interval(float(gap), float(gap - half), float(gap + half))
        differences.append(None if view == best else Difference(found, p))
    return Comparison(best, tuple(differences), _detectable(np.delete(squares[best], best), critical, n))


def _detectable(squares: Array, critical: float, n: int) -> float:
    """The smallest difference that is as many standard errors as the critical value says."""
    differ = squares[squares > 0]
    if not len(differ) or n < 2:
        return math.nan
    return float((critical * np.sqrt(differ * (n + 1) / (n - 1 + critical**2))).min())


def _error(difference: Array, squares: Array, n: int) -> Array:
    """Standard error of a sum of n differences, of which the sum and that of the squares are given.

    One more unit with the mean square is counted, so that few units that agree do not look certain.
    """
    return np.asarray(np.sqrt(np.maximum(squares * (n + 1) - difference**2, 0.0) / max(n - 1, 1)))


def _in_errors(difference: Array, squares: Array, n: int) -> Array:
    """Differences in standard errors; 0 between views that are equal in every unit."""
    error = _error(difference, squares, n)
    return np.asarray(np.divide(difference, error, out=np.zeros_like(error), where=squares > 0))


def parts_of(judged: Judged, metric: str) -> Array:
    """What each unit adds to a score, float64 [units + runs]; their sum is the score.

    Repetitions, where there are several, add nothing to the sum, but the variance of one of them (see
    `mxt.evaluation.statistics.resample`).
    """
    added = _added(judged, metric)
    runs = judged.runs
    n_runs = int(runs.max()) + 1
    own = np.asarray(np.bincount(judged.units, weights=added), dtype=np.float64)
    if n_runs == 1:
        return own
    scores = n_runs * np.bincount(runs, weights=added)
    return np.concatenate([own, (scores - scores.mean()) / math.sqrt(n_runs - 1)])


def _added(judged: Judged, metric: str) -> Array:
    """What each prediction adds to a score, float64 [n]; of ROC-AUC its linear part."""
    y, predicted, n = judged.y, judged.predicted, len(judged.y)
    if judged.task == "classification":
        return np.asarray((y == predicted) / n)
    if judged.task == "multilabel":
        return _added_to_auc(np.asarray(y, dtype=bool), predicted)
    fold = (
        judged.fold if metrics.METRICS[metric].per_fold and judged.fold is not None else np.zeros(n, np.int64)
    )
    counts = np.maximum(np.bincount(fold), 1)
    means = np.bincount(fold, weights=y) / counts
    variation = np.bincount(fold, weights=(y - means[fold]) ** 2)[fold] / counts[fold]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray((1 - (y - predicted) ** 2 / variation) / n)


def _added_to_auc(y: npt.NDArray[np.bool_], scores: npt.NDArray[np.float64]) -> Array:
    """What each clip adds to the mean ROC-AUC of labels, to first order.

    References
    ----------
    E. R. DeLong et al., Biometrics 44 (1988): a clip's place is the share of clips of the other kind that
    it is on the right side of.
    """
    from scipy.stats import rankdata

    added, labels = np.zeros(len(y)), 0
    for has, score in zip(y.T, scores.T, strict=True):
        if has.all() or not has.any():
            continue
        below, labels = rankdata(score), labels + 1
        for own, sign in ((has, 1), (~has, -1)):
            right = (below[own] - rankdata(score[own])) / (~own).sum()
            place = right if sign > 0 else 1 - right
            added[own] += (place - place.mean()) / own.sum()
            added[own] += place.mean() / len(y)
    return added / max(labels, 1)


def corrected_p(differences: Sequence[float], test_share: float) -> float | None:
    """Two-sided p-value of the corrected resampled t-test; ``None`` where it cannot be computed.

    Parameters
    ----------
    differences : sequence of float
        Of two views, in each fold of each repetition.
    test_share : float
        Testing clips for each learning clip: 1/9 for ten folds. Learning parts overlap, which a plain t-test
        takes for more evidence than it is.

    References
    ----------
    C. Nadeau and Y. Bengio, Inference for the Generalization Error, Machine Learning 52 (2003).

    Examples
    --------
    >>> round(corrected_p([0.1, 0.2, 0.1, 0.2], 1 / 9), 4)
    0.0295
    """
    from scipy.special import stdtr

    d = np.asarray(differences, dtype=np.float64)
    if len(d) < 2 or not np.isfinite(d).all():
        return None
    error = math.sqrt((1 / len(d) + test_share) * d.var(ddof=1))
    if error == 0:
        return 1.0 if d.mean() == 0 else 0.0
    return float(2 * stdtr(len(d) - 1, -abs(d.mean()) / error))
