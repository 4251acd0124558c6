"""From the outputs of a head to an answer: probabilities, or a value with its bounds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mxt.evaluation.calibration import LOWEST, Kind, Scaling, fit_scaling, kind_of

Array = npt.NDArray[np.float64]
FOLDS = 10  # parts that labels and values are calibrated by, each by the others


@dataclass(frozen=True, slots=True)
class Classes:
    """Probabilities of classes that sum to 1."""

    scaling: Scaling

    def of(self, outputs: Array) -> Array:
        """Probabilities, float64 [n, classes], from outputs [n, classes], or [n, 1] of two classes."""
        return self.scaling.probabilities(by_class(outputs))


@dataclass(frozen=True, slots=True)
class Labels:
    """The probability of each label by itself, a logistic function of its output.

    Parameters
    ----------
    kind : {"margins", "probabilities"}
        What the outputs are.
    slopes, shifts : tuple of float
        One for each label.

    References
    ----------
    J. Platt, Probabilistic Outputs for Support Vector Machines, 1999.
    """

    kind: Kind
    slopes: tuple[float, ...]
    shifts: tuple[float, ...]

    def of(self, outputs: Array) -> Array:
        """Probabilities, float64 [n, labels]."""
        from scipy.special import expit

        return np.asarray(expit(np.array(self.slopes) * _margins(outputs, self.kind) + np.array(self.shifts)))


@dataclass(frozen=True, slots=True)
class Values:
    """A value, and how far the true one lay from it: 95 % of clips that were not learnt from lay within.

    Parameters
    ----------
    below, above : float
        What is added to a value for its bounds.
    """

    below: float
    above: float

    def of(self, outputs: Array) -> Array:
        """Value, lower and upper bound, float64 [n, 3]."""
        value = outputs[:, 0]
        return np.stack([value, value + self.below, value + self.above], axis=1)


Calibrated = Classes | Labels | Values


def by_class(outputs: Array) -> Array:
    """Outputs of a head, one for each class also where there are two."""
    return np.concatenate([-outputs, outputs], axis=1) if outputs.shape[1] == 1 else outputs


def calibrate(task: str, outputs: Array, y: npt.NDArray[Any]) -> Calibrated:
    """What turns outputs into probabilities, or values into bounds, learnt from out-of-fold outputs.

    Parameters
    ----------
    task : {"classification", "multilabel", "regression"}
    outputs : float [n, outputs]
        Of clips that were not learnt from.
    y : [n] or [n, labels]
        The truth.
    """
    if task == "classification":
        return Classes(fit_scaling(by_class(outputs), y))
    if task == "regression":
        n, residuals = len(y), y - outputs[:, 0]
        reach = np.quantile(np.abs(residuals), min(1.0, math.ceil(0.95 * (n + 1)) / n), method="higher")
        return Values(-float(reach), float(reach))
    kind: Kind = "probabilities" if outputs.min() >= 0 and outputs.max() <= 1 else "margins"
    margins = _margins(outputs, kind)
    lines = [_platt(margins[:, label], y[:, label]) for label in range(y.shape[1])]
    return Labels(kind, tuple(slope for slope, _ in lines), tuple(shift for _, shift in lines))


def held_out(task: str, outputs: Array, y: npt.NDArray[Any], fold_of: npt.NDArray[Any]) -> Array:
    """What out-of-fold outputs say, each calibrated by the other folds: as `Calibrated.of` gives it."""
    folds, part = np.unique(fold_of, return_inverse=True)
    part = (part if len(folds) > 1 else np.arange(len(y))) % FOLDS
    halves = [(part == number, part != number) for number in np.unique(part)]
    rows = np.concatenate([np.flatnonzero(own) for own, _ in halves])
    values = np.concatenate(
        [calibrate(task, outputs[others], y[others]).of(outputs[own]) for own, others in halves]
    )
    return np.asarray(values[np.argsort(rows)])


def _margins(outputs: Array, kind: Kind) -> Array:
    """Outputs as unbounded margins."""
    if kind == "margins":
        return outputs
    shares = np.clip(outputs, LOWEST, 1 - LOWEST)
    return np.asarray(np.log(shares / (1 - shares)))


def _platt(margins: Array, y: npt.NDArray[Any]) -> tuple[float, float]:
    """Slope and shift of the logistic function under which the labels are likeliest, a little doubted."""
    from scipy.optimize import minimize
    from scipy.special import expit

    y = y.astype(bool)
    wanted = np.where(y, (y.sum() + 1) / (y.sum() + 2), 1 / ((~y).sum() + 2))
    unit = float(margins.std()) or 1.0

    def loss(line: Array) -> tuple[float, Array]:
        z = line[0] * margins / unit + line[1]
        off = expit(z) - wanted
        return float((np.logaddexp(0, z) - wanted * z).sum()), np.array(
            [(off * margins).sum() / unit, off.sum()]
        )

    slope, shift = minimize(loss, np.array([1.0, 0.0]), jac=True, method="BFGS").x
    return float(slope) / unit, float(shift)


def scores_kind(outputs: Array) -> Kind:
    """What the outputs of a classification are."""
    return kind_of(by_class(outputs))
