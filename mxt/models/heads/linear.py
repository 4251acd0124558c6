"""Weighted sums of the columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mxt.core.reprs import short_repr
from mxt.models.heads.arrays import Array, require


@dataclass(frozen=True, eq=False)
class Linear:
    """One weighted sum for each output.

    Parameters
    ----------
    weights : float64 [outputs, columns]
    offsets : float64 [outputs]
    """

    weights: Array
    offsets: Array
    __repr__ = short_repr

    def outputs(self, X: npt.NDArray[Any]) -> Array:
        """Sums of rows X [n, columns], float64 [n, outputs]."""
        return np.asarray(X.astype(np.float64) @ self.weights.T + self.offsets)

    def check(self, columns: int) -> int:
        """The number of outputs; `ValueError` where the arrays do not fit."""
        n_outputs = len(self.offsets)
        require(
            self.offsets.ndim == 1 and self.weights.shape == (n_outputs, columns), "linear: shapes differ"
        )
        return n_outputs


def from_estimator(estimator: Any) -> Linear | None:
    """The sums of logistic and ridge regression, and of a softmax layer; ``None`` for all else."""
    from sklearn.linear_model import LogisticRegression, Ridge, RidgeClassifier
    from sklearn.multiclass import _ConstantPredictor
    from sklearn.svm import LinearSVC, LinearSVR

    if type(estimator) is _ConstantPredictor:  # of a label that all clips have, or none
        return Linear(
            np.zeros((1, estimator.n_features_in_)), np.asarray(estimator.y_, np.float64).reshape(1)
        )
    kinds = (LogisticRegression, Ridge, RidgeClassifier, LinearSVC, LinearSVR)
    if type(estimator) not in kinds and type(estimator).__name__ != "SoftmaxLayer":
        return None
    weights = np.atleast_2d(np.asarray(estimator.coef_, dtype=np.float64))
    offsets = np.broadcast_to(np.asarray(estimator.intercept_, dtype=np.float64), len(weights)).copy()
    if len(weights) == 2 and type(estimator).__name__ == "SoftmaxLayer":
        return Linear(weights[1:] - weights[:1], offsets[1:] - offsets[:1])
    return Linear(weights, offsets)
