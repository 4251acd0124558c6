"""How sure a score is: bootstrap intervals over units, and over repetitions."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mxt.core.progress import SILENT, Progress, Step
from mxt.core.records import Task
from mxt.core.reprs import short_repr
from mxt.evaluation import metrics
from mxt.evaluation.groups import Codes
from mxt.evaluation.interval import Interval
from mxt.evaluation.metrics import Metric
from mxt.evaluation.totals import contributions

Array = npt.NDArray[np.float64]
RESAMPLES = 2000
FEWEST_RESAMPLES = 200
LEVEL = 0.95
METHOD = "expanded percentile bootstrap"
_BLOCK = 2_000_000  # weights held at once
_RANKING_WORK = 400_000_000  # clips x labels x resamples


@dataclass(frozen=True, eq=False)
class Resampled:
    """Scores of bootstrap resamples.

    Parameters
    ----------
    scores : dict of float64 [resamples]
        Of all clips together, by the metric's name.
    classes : dict of float64 [resamples, classes]
        Of each class or label; NaN where it was not drawn.
    """

    scores: dict[str, Array]
    classes: dict[str, Array]
    __repr__ = short_repr


@dataclass(frozen=True, eq=False)
class Judged:
    """Truth and out-of-fold predictions, and what of them is drawn together.

    Parameters
    ----------
    task : {"classification", "multilabel", "regression"}
    y, predicted : [n] or [n, labels]
        For multilabel the scores of the labels are `predicted`.
    unit_of : int64 [n]
        Equal for clips that are drawn together (a clip and its copies, a group).
    n_classes : int
        Of a classification.
    fold : int64 [n], optional
        Needed for scores that are means over folds.
    run_of : int64 [n], optional
        Which repetition a prediction is of, from 0; ``None`` where there is one.
    """

    task: Task
    y: npt.NDArray[Any]
    predicted: npt.NDArray[Any]
    unit_of: Codes
    n_classes: int = 0
    fold: Codes | None = None
    run_of: Codes | None = None
    __repr__ = short_repr

    @property
    def runs(self) -> Codes:
        """The repetition of each prediction, zeros where there is one."""
        return np.zeros(len(self.y), dtype=np.int64) if self.run_of is None else self.run_of

    @property
    def units(self) -> Codes:
        """The unit of each prediction, numbered from 0 without gaps."""
        return np.unique(self.unit_of, return_inverse=True)[1]


def resample(judged: Judged, *, seed: int, progress: Progress = SILENT) -> Resampled:
    """Scores of bootstrap resamples: units are drawn, and one repetition, where there are several.

    Two views evaluated on the same clips with the same seed are resampled alike, so that the
    difference of what this returns is the paired bootstrap of their difference.

    Parameters
    ----------
    judged : Judged
    seed : int
        Of the drawing.
    progress : Progress
    """
    with progress.step("intervals", RESAMPLES, unit="resamples") as step:
        return _resampled(judged, seed, step)


def _resampled(judged: Judged, seed: int, step: Step) -> Resampled:
    unit_of, run_of = judged.units, judged.runs
    n_units = int(unit_of.max()) + 1
    if judged.task == "multilabel":
        n = max(FEWEST_RESAMPLES, min(RESAMPLES, _RANKING_WORK // judged.y.size))
        runs = _drawn_runs(run_of, n, seed)
        blocks, done = [], 0
        for w in _draws(n_units, n, seed, len(run_of)):
            weights = w[:, unit_of] * runs[done : done + len(w), run_of]
            blocks.append(metrics.ranking(judged.y, judged.predicted, weights))
            done += len(w)
            step.advance(len(w))
        labels = {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}
        return Resampled(metrics.macro(labels), labels)
    totals = _resampled_totals(judged, _contributions(judged), run_of, seed, step)
    classes = metrics.class_scores(totals) if judged.task == "classification" else {}
    return Resampled(metrics.from_totals(judged.task, totals, centered=True), classes)


def resample_fold_mean(judged: Judged, *, seed: int) -> Array:
    """Mean r² of the folds, weighted by their sizes, of the same resamples as `resample` draws.

    Parameters
    ----------
    judged : Judged
        Of a regression, with folds.
    seed : int

    Returns
    -------
    float64 [resamples]
    """
    from scipy.sparse import hstack

    assert judged.fold is not None
    y, fold = judged.y, judged.fold
    numbers = np.unique(fold)
    means = np.bincount(fold, weights=y) / np.maximum(np.bincount(fold), 1)
    added = contributions("regression", y, judged.predicted, n_classes=0, center=means[fold])
    parts = hstack([added.multiply((fold == number)[:, None]) for number in numbers]).tocsr()
    with SILENT.step("", None) as step:
        totals = _resampled_totals(judged, parts, judged.runs, seed, step)
    totals = totals.reshape(len(totals), len(numbers), -1)
    scores = metrics.from_totals("regression", totals, centered=True)["r2"]
    weights = np.where(np.isfinite(scores), totals[..., 0], 0.0)
    return np.asarray((np.nan_to_num(scores) * weights).sum(axis=1) / weights.sum(axis=1))


def _contributions(judged: Judged) -> Any:
    center = float(judged.y.mean()) if judged.task == "regression" else 0.0
    return contributions(judged.task, judged.y, judged.predicted, n_classes=judged.n_classes, center=center)


def _resampled_totals(judged: Judged, added: Any, run_of: Codes, seed: int, step: Step) -> Array:
    """Sums of what clips add, float64 [resamples, K], a sparse matrix [n, K] of which is given."""
    gather, runs = _gather(judged.units), _drawn_runs(run_of, RESAMPLES, seed)
    of_runs = [gather[:, run_of == run] @ added[run_of == run] for run in range(runs.shape[1])]
    blocks, done = [], 0
    for weights in _draws(gather.shape[0], RESAMPLES, seed, gather.shape[0]):
        drawn = runs[done : done + len(weights)]
        blocks.append(sum((sums.T @ weights.T).T * drawn[:, [run]] for run, sums in enumerate(of_runs)))
        done += len(weights)
        step.advance(len(weights))
    return np.concatenate(blocks)


def _drawn_runs(run_of: Codes, n_resamples: int, seed: int) -> Array:
    """How often each repetition counts in a resample, float64 [resamples, runs]: one, as often as all.

    Repetitions learn from nearly the same clips, so that their mean is hardly surer than one of them: drawn
    as often as there are, intervals held the score of 60 clips in 92 % of simulated cases.
    """
    n_runs = int(run_of.max()) + 1
    drawn = np.random.default_rng([seed, 1]).integers(n_runs, size=n_resamples)
    return np.asarray(n_runs * (drawn[:, None] == np.arange(n_runs)), dtype=np.float64)


def _gather(unit_of: Codes) -> Any:
    """Sums clips to units: a sparse matrix [units, clips]."""
    from scipy.sparse import csr_matrix

    n = len(unit_of)
    return csr_matrix((np.ones(n), (unit_of, np.arange(n))), shape=(int(unit_of.max()) + 1, n))


def interval(value: float, samples: Array, n_units: int) -> Interval:
    """An estimate with the middle of its resamples: a little more than 95 % of them, for small samples.

    Parameters
    ----------
    value : float
        The estimate.
    samples : float64 [resamples]
        What resamples give for it; those that are not finite are left out.
    n_units : int
        How many clips or groups were drawn. The share outside, at each end, is that of a normal
        distribution beyond sqrt(n / (n - 1)) times the quantile of Student's t: 2.5 % for many units, 2.1 %
        for 60, 0.9 % for 10.

    References
    ----------
    T. C. Hesterberg, What Teachers Should Know About the Bootstrap, The American Statistician 69 (2015),
    expanded percentile interval.
    """
    from scipy.special import ndtr, stdtrit

    finite = samples[np.isfinite(samples)]
    if not len(finite):
        return Interval(value, math.nan, math.nan)
    n = max(n_units, 2)
    outside = float(ndtr(math.sqrt(n / (n - 1)) * stdtrit(n - 1, (1 - LEVEL) / 2)))
    low, high = np.quantile(finite, [outside, 1 - outside])
    return Interval(value, float(low), float(high))


def score_interval(metric: Metric, value: float, samples: Array, n_units: int) -> Interval:
    """An estimate with its interval; where no resample differs from a perfect score, the exact one.

    Parameters
    ----------
    metric : Metric
        What was estimated.
    value : float
        The estimate.
    samples : float64 [resamples]
        What resamples give for it.
    n_units : int
        How many clips or groups can be drawn independently.
    """
    found = interval(value, samples, n_units)
    if metric.least is None or value not in (metric.least, 1.0) or found.low != found.high:
        return found
    return perfect_interval(value, n_units, least=metric.least)


def perfect_interval(value: float, n_units: int, *, least: float = 0.0) -> Interval:
    """Exact (Clopper-Pearson) interval of a share that is 0 or 1, where a bootstrap has nothing to vary.

    Parameters
    ----------
    value : float
        1, or `least`.
    n_units : int
        Units of which the share is.
    least : float
        The lowest value of a score that grows with the share: -1 of a correlation.

    References
    ----------
    C. J. Clopper and E. S. Pearson, Biometrika 26 (1934): with all of n right the lower bound p
    solves p^n = 0.025.

    Examples
    --------
    >>> print(perfect_interval(1.0, 100))
    1.000 (0.964 to 1.000)
    """
    bound = float(((1 - LEVEL) / 2) ** (1 / n_units))
    if value == 1:
        return Interval(value, least + (1 - least) * bound, 1.0)
    return Interval(value, least, least + (1 - least) * (1 - bound))


def _draws(n_units: int, n_resamples: int, seed: int, width: int) -> Iterator[Array]:
    """How often each unit is drawn, float64 [some resamples, units], in blocks of bounded memory."""
    rng = np.random.default_rng(seed)
    for rows in block_sizes(n_resamples, max(n_units, width)):
        drawn = rng.integers(n_units, size=(rows, n_units))
        drawn += np.arange(rows)[:, None] * n_units
        yield np.bincount(drawn.ravel(), minlength=rows * n_units).reshape(rows, n_units).astype(np.float64)


def block_sizes(total: int, width: int) -> Iterator[int]:
    """Numbers of rows, `total` together, of which each with `width` columns is of bounded size."""
    size = max(1, min(total, _BLOCK // max(width, 1)))
    for start in range(0, total, size):
        yield min(size, total - start)
