"""How sure a model must be: thresholds, and what precision they give on clips that were not learnt from."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mxt.core.errors import UsageError
from mxt.evaluation.interval import Interval
from mxt.evaluation.statistics import RESAMPLES, interval, perfect_interval
from mxt.models.model import Model

DEFAULT_LABEL = 0.5  # probability from which a clip has a label, where several are possible


@dataclass(frozen=True, slots=True)
class Threshold:
    """The least probability at which a class or label is given.

    Parameters
    ----------
    value : float
        Between 0 and 1; 0: always.
    precision : Interval
        Of what is given, on clips that were not learnt from; NaN where nothing is known.
    kept : float
        Share of these clips that are given a class; of labels, share of true labels that are given.
    """

    value: float
    precision: Interval
    kept: float


def threshold_at(model: Model, value: float) -> Threshold:
    """A given threshold, and what it means."""
    sure, right, unit, of = _judged(model)
    given = sure >= value
    kept = float(right[given].sum() / of) if model.task == "multilabel" else float(given.sum() / of)
    return Threshold(value, _precision(given, right, unit), kept)


def threshold_for(model: Model, precision: float) -> Threshold:
    """The lowest threshold at which clips that were not learnt from reach a precision.

    Raises
    ------
    UsageError
        None does; the best precision is named.
    """
    sure, right, _, _ = _judged(model)
    order = np.argsort(-sure, kind="stable")
    reached = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    last_of_equals = np.append(np.diff(sure[order]) < 0, True)
    candidates = np.flatnonzero(last_of_equals & (reached >= precision))
    if not len(candidates):
        best = float(reached[last_of_equals].max(initial=0.0))
        raise UsageError(
            f"no threshold of {model.name or model.view} gives a precision of {precision:g}: on clips that "
            f"were not learnt from the best is {best:.3f}"
        )
    return threshold_at(model, float(sure[order][candidates[-1]]))


def _judged(model: Model) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_], npt.NDArray[Any], float]:
    """Of what may be given: how sure, whether right, its unit; and what a share is of."""
    held_out = model.held_out
    if model.task == "classification":
        right = held_out.values.argmax(axis=1) == held_out.y
        return held_out.values.max(axis=1), right, held_out.unit, float(len(right))
    if model.task == "multilabel":
        unit = np.repeat(held_out.unit, held_out.values.shape[1])
        right = held_out.y.astype(bool).ravel()
        return held_out.values.ravel(), right, unit, float(max(right.sum(), 1))
    raise UsageError("a threshold is for classes and labels; this model predicts numbers, with bounds")


def _precision(
    given: npt.NDArray[np.bool_], right: npt.NDArray[np.bool_], unit: npt.NDArray[Any]
) -> Interval:
    """Share of what is given that is right, with an interval over units."""
    if not given.any():
        return Interval(math.nan, math.nan, math.nan)
    value = float(right[given].mean())
    _, unit_of = np.unique(unit[given], return_inverse=True)
    n_units = int(unit_of.max()) + 1
    if value in (0.0, 1.0):
        return perfect_interval(value, n_units)
    rights, all_of = np.bincount(unit_of, weights=right[given]), np.bincount(unit_of)
    drawn = np.random.default_rng(0).multinomial(n_units, np.full(n_units, 1 / n_units), size=RESAMPLES)
    return interval(value, (drawn @ rights) / (drawn @ all_of), n_units)
