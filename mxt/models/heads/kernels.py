"""Support vector machines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mxt.core.reprs import short_repr
from mxt.models.heads.arrays import Array, pairs, require, votes

_AT_ONCE = 1 << 22  # numbers of a kernel


@dataclass(frozen=True, eq=False)
class Machine:
    """A support vector machine: for a number, for two classes, or one for each pair of classes.

    Parameters
    ----------
    kernel : {"linear", "rbf"}
    gamma : float
        Of the kernel exp(-gamma |a - b|²).
    vectors : float32 [vectors, columns]
        In the order of the classes.
    weights : float64 [classes - 1, vectors]
        libsvm's: in row j - 1 those of class i against j, in row i those of class j against i, for i < j.
    offsets : float64 [pairs]
    counts : int64 [classes]
        Vectors of each class; empty for a number and for two classes, which take the first row as it is.
    """

    kernel: str
    gamma: float
    vectors: npt.NDArray[np.float32]
    weights: Array
    offsets: Array
    counts: npt.NDArray[np.int64]
    __repr__ = short_repr

    def outputs(self, X: npt.NDArray[Any]) -> Array:
        """Values or margins [n, 1], or votes of pairs [n, classes], of rows X [n, columns]."""
        step = max(1, _AT_ONCE // max(len(self.vectors), 1))
        parts = [self._of(X[first : first + step]) for first in range(0, len(X), step)]
        return np.concatenate(parts) if parts else np.zeros((0, max(len(self.counts), 1)))

    def _of(self, X: npt.NDArray[Any]) -> Array:
        sums = self._kernel(X.astype(np.float64)) @ self.pair_weights().T + self.offsets
        return votes(-sums, len(self.counts)) if len(self.counts) else np.asarray(sums)

    def pair_weights(self) -> Array:
        """Weights of the vectors for each pair, float64 [pairs, vectors]."""
        if not len(self.counts):
            return self.weights
        ends = np.cumsum(self.counts)
        weights = np.zeros((len(self.offsets), len(self.vectors)))
        for row, (i, j) in enumerate(zip(*pairs(len(self.counts)), strict=True)):
            of_i, of_j = (slice(ends[k] - self.counts[k], ends[k]) for k in (i, j))
            weights[row, of_i] = self.weights[j - 1, of_i]
            weights[row, of_j] = self.weights[i, of_j]
        return weights

    def _kernel(self, X: Array) -> Array:
        products = X @ self.vectors.astype(np.float64).T
        if self.kernel == "linear":
            return np.asarray(products)
        squares = (self.vectors.astype(np.float64) ** 2).sum(axis=1)
        distances = np.maximum((X**2).sum(axis=1)[:, None] + squares - 2 * products, 0.0)
        return np.asarray(np.exp(-self.gamma * distances))

    def check(self, columns: int) -> int:
        """The number of outputs; `ValueError` where the arrays do not fit."""
        n_classes = len(self.counts)
        require(self.kernel in ("linear", "rbf"), f"machine: a kernel {self.kernel!r}")
        require(self.vectors.ndim == 2 and self.vectors.shape[1] == columns, "machine: shapes differ")
        n_pairs = n_classes * (n_classes - 1) // 2 if n_classes else 1
        shape = (max(n_classes - 1, 1), len(self.vectors))
        require(self.weights.shape == shape and self.offsets.shape == (n_pairs,), "machine: shapes differ")
        require(self.counts.ndim == 1 and n_classes not in (1, 2), "machine: counts of classes")
        fits = not n_classes or (self.counts.min() >= 0 and self.counts.sum() == len(self.vectors))
        require(bool(fits), "machine: counts of vectors")
        return max(n_classes, 1)


def from_estimator(estimator: Any) -> Machine | None:
    """The arrays of an SVC or SVR with a linear or RBF kernel; ``None`` for all else."""
    from sklearn.svm import SVC, SVR, NuSVC, NuSVR

    if type(estimator) not in (SVC, SVR, NuSVC, NuSVR) or estimator.kernel not in ("linear", "rbf"):
        return None
    several = type(estimator) in (SVC, NuSVC) and len(estimator.classes_) > 2
    if several and estimator.decision_function_shape != "ovr":
        return None
    return Machine(
        kernel=estimator.kernel,
        gamma=float(estimator._gamma),
        vectors=np.asarray(estimator.support_vectors_, dtype=np.float32),
        weights=np.asarray(estimator.dual_coef_, dtype=np.float64),
        offsets=np.asarray(estimator.intercept_, dtype=np.float64),
        counts=np.asarray(estimator.n_support_, dtype=np.int64) if several else np.zeros(0, np.int64),
    )
