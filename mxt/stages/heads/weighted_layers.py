"""A weighting of layers, learnt together with a linear head on their weighted sum."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax
from sklearn.base import BaseEstimator
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_array, check_is_fitted, check_X_y

Array = npt.NDArray[np.float64]
Loss = Callable[[Array], tuple[float, Array]]  # outputs [n, k] to the mean loss and its gradient by them
TOLERANCE = 1e-4  # largest gradient at which L-BFGS stops, as for scikit-learn's logistic regression


class _WeightedLayers(BaseEstimator):  # type: ignore[misc]
    """Layers of equal dimension, standardised, summed with softmax weights, and a linear head on the sum.

    The weights and the head minimise one loss together, by L-BFGS in float64 from equal weights and a head of
    zeros: nothing is drawn. The penalty is that of the head alone, on the sum's coefficients. Columns that
    follow those of the layers are added to the head's as they are, standardised.

    Parameters
    ----------
    n_layers : int
    n_added : int
        Columns after those of the layers.
    max_iter : int
        Most iterations.

    References
    ----------
    S. Yang et al., SUPERB: Speech processing Universal PERformance Benchmark, Interspeech 2021, section 3: a
    weighted sum of hidden states, its weights learnt with the downstream model. There the layers are taken as
    they are; here they are standardised, so that a weight says what a layer contributes.
    """

    n_layers: int
    n_added: int
    max_iter: int

    def _learn(self, X: npt.NDArray[Any], loss: Loss, n_outputs: int, decay: float) -> None:
        """Minimise `loss` plus half of `decay` times the head's squared coefficients."""
        self.scaler_ = StandardScaler().fit(X)
        layers, added = self._split(X)
        d, k = layers.shape[2] + self.n_added, n_outputs

        def parts(parameters: Array) -> tuple[Array, Array, Array]:
            raw, coef, bias = np.split(parameters, [self.n_layers, self.n_layers + d * k])
            return softmax(raw), coef.reshape(d, k), bias

        def objective(parameters: Array) -> tuple[float, Array]:
            weights, coef, bias = parts(parameters)
            columns = self._sum(layers, added, weights)
            value, by_output = loss(columns @ coef + bias)
            own = coef[: layers.shape[2]]
            # how the loss changes with each weight: sum over clips of gradient . (layer @ coefficients)
            by_weight = np.array([((layer @ own) * by_output).sum() for layer in layers])
            gradient = [
                weights * (by_weight - weights @ by_weight),
                (columns.T @ by_output + decay * coef).ravel(),
                by_output.sum(axis=0),
            ]
            return value + decay / 2 * float((coef**2).sum()), np.concatenate(gradient)

        start = np.zeros(self.n_layers + d * k + k)
        options = {"maxiter": self.max_iter, "maxls": 50, "gtol": TOLERANCE, "ftol": 64 * np.finfo(float).eps}
        found = minimize(objective, start, jac=True, method="L-BFGS-B", options=options)
        self.layer_weights_, self.coef_, self.intercept_ = parts(found.x)
        self.n_iter_ = int(found.nit)

    def _outputs(self, X: npt.NDArray[Any]) -> Array:
        """Outputs of the head, float64 [n, k]."""
        check_is_fitted(self)
        columns = self._sum(*self._split(check_array(X)), self.layer_weights_)
        return np.asarray(columns @ self.coef_ + self.intercept_)

    def _split(self, X: npt.NDArray[Any]) -> tuple[Array, Array]:
        """Standardised layers, float64 [layers, n, d], and what is added to them, [n, added]."""
        scaled = np.asarray(self.scaler_.transform(X), dtype=np.float64)
        layers, added = np.split(scaled, [scaled.shape[1] - self.n_added], axis=1)
        return np.ascontiguousarray(np.stack(np.split(layers, self.n_layers, axis=1))), added

    @staticmethod
    def _sum(layers: Array, added: Array, weights: Array) -> Array:
        return np.concatenate([np.tensordot(weights, layers, axes=1), added], axis=1)


class WeightedClassifier(_WeightedLayers):
    """Logistic regression on a learnt weighting of layers; with one layer it is scikit-learn's.

    Parameters
    ----------
    n_layers, n_added, max_iter : int
        As for all weightings: layers, columns after them, most iterations.
    C : float
        Inverse penalty, as of scikit-learn's logistic regression.
    """

    def __init__(self, *, n_layers: int, n_added: int = 0, C: float = 1.0, max_iter: int = 1000) -> None:
        self.n_layers, self.n_added, self.C, self.max_iter = n_layers, n_added, C, max_iter

    def fit(self, X: npt.NDArray[Any], y: npt.NDArray[Any]) -> WeightedClassifier:
        """Learn from X [n, layers x d + added] and class labels y [n]."""
        X, y = check_X_y(X, y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        n, two = len(y), len(self.classes_) == 2
        truth = np.eye(len(self.classes_))[codes]

        def loss(outputs: Array) -> tuple[float, Array]:
            """Cross entropy; of two classes the one output is the second one's."""
            logits = np.concatenate([np.zeros((n, 1)), outputs], axis=1) if two else outputs
            log_p = log_softmax(logits, axis=1)
            gradient = (np.exp(log_p) - truth) / n
            return -float((truth * log_p).sum()) / n, gradient[:, 1:] if two else gradient

        self._learn(X, loss, 1 if two else len(self.classes_), 1 / (self.C * n))
        return self

    def predict(self, X: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Class labels [n]."""
        outputs = self._outputs(X)
        best = outputs[:, 0] > 0 if outputs.shape[1] == 1 else outputs.argmax(axis=1)
        return np.asarray(self.classes_[best.astype(np.int64)])


class WeightedRegressor(_WeightedLayers):
    """Ridge regression on a learnt weighting of layers; with one layer it is scikit-learn's.

    Parameters
    ----------
    n_layers, n_added, max_iter : int
        As for all weightings: layers, columns after them, most iterations.
    alpha : float
        Penalty, as of scikit-learn's ridge regression.
    """

    def __init__(self, *, n_layers: int, n_added: int = 0, alpha: float = 1.0, max_iter: int = 1000) -> None:
        self.n_layers, self.n_added, self.alpha, self.max_iter = n_layers, n_added, alpha, max_iter

    def fit(self, X: npt.NDArray[Any], y: npt.NDArray[Any]) -> WeightedRegressor:
        """Learn from X [n, layers x d + added] and numbers y [n]."""
        X, y = check_X_y(X, y, y_numeric=True)
        n, self.mean_, self.scale_ = len(y), float(np.mean(y)), float(np.std(y)) or 1.0
        truth = ((y - self.mean_) / self.scale_)[:, None]  # the loss and its penalty scale together

        def loss(outputs: Array) -> tuple[float, Array]:
            """Half of the mean squared error."""
            error = outputs - truth
            return float((error**2).sum()) / (2 * n), error / n

        self._learn(X, loss, 1, self.alpha / n)
        return self

    def predict(self, X: npt.NDArray[Any]) -> Array:
        """Numbers, float64 [n]."""
        return np.asarray(self._outputs(X)[:, 0] * self.scale_ + self.mean_)
