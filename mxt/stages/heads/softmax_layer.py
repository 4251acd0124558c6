"""A softmax layer trained by stochastic gradient descent, as in TensorFlow's image retraining tutorial."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import unique_labels
from sklearn.utils.validation import check_array, check_is_fitted, check_X_y

from mxt.audio.threads import one_thread

INITIAL_STD = 0.001
TRUNCATED_AT = 2.0  # standard deviations
_DRAWN_AT_ONCE = 1000  # steps whose batches are drawn together


class SoftmaxLayer(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A new last layer on fixed features.

    Weights begin truncated-normal with a standard deviation of 0.001, biases at zero. Each step draws `batch`
    rows with replacement, first a class and then one of its rows, and takes one plain gradient step on their
    mean cross entropy.

    Parameters
    ----------
    steps, batch : int
        Gradient steps, and rows a step.
    learning_rate : float
        Of plain gradient descent.
    seed : int
        Of weights and batches.

    References
    ----------
    tensorflow/examples/image_retraining/retrain.py: add_final_training_ops, get_random_cached_bottlenecks
    """

    def __init__(
        self, *, steps: int = 8000, batch: int = 100, learning_rate: float = 0.01, seed: int = 0
    ) -> None:
        self.steps, self.batch, self.learning_rate, self.seed = steps, batch, learning_rate, seed

    def fit(self, X: npt.NDArray[Any], y: npt.NDArray[Any]) -> SoftmaxLayer:
        """Learn from X [n, d] and class labels y [n]."""
        X, y = check_X_y(X, y, dtype=np.float32)
        self.n_features_in_ = X.shape[1]
        self.classes_ = unique_labels(y)
        codes = np.searchsorted(self.classes_, y)
        generator = torch.Generator().manual_seed(self.seed)
        weights = torch.empty(X.shape[1], len(self.classes_))
        limit = TRUNCATED_AT * INITIAL_STD
        torch.nn.init.trunc_normal_(weights, std=INITIAL_STD, a=-limit, b=limit, generator=generator)
        bias = torch.zeros(len(self.classes_))
        with one_thread():
            self._descend_in_span(
                torch.from_numpy(np.ascontiguousarray(X)), torch.from_numpy(codes), weights, bias, generator
            )
        self.coef_, self.intercept_ = weights.numpy().T.copy(), bias.numpy().copy()
        return self

    def _descend_in_span(self, X: torch.Tensor, codes: torch.Tensor, *rest: Any) -> None:
        """Descend in the span of the rows where they are fewer than columns: gradients stay in it."""
        weights, bias, generator = rest
        if len(X) >= X.shape[1]:
            self._descend(X, codes, weights, bias, generator)
            return
        basis = torch.linalg.qr(X.T.to(torch.float64))[0].to(torch.float32)
        before = basis.T @ weights
        inside = before.clone()
        self._descend(X @ basis, codes, inside, bias, generator)
        weights.addmm_(basis, inside - before)

    def _descend(
        self,
        X: torch.Tensor,
        codes: torch.Tensor,
        weights: torch.Tensor,
        bias: torch.Tensor,
        generator: torch.Generator,
    ) -> None:
        """Change `weights` and `bias` in place."""
        order = torch.argsort(codes, stable=True)
        sizes = torch.bincount(codes, minlength=len(bias))
        starts = torch.cumsum(sizes, 0) - sizes
        one_hot = torch.nn.functional.one_hot(codes, len(bias)).to(torch.float32)
        rate = self.learning_rate / self.batch
        with torch.inference_mode():
            for first in range(0, self.steps, _DRAWN_AT_ONCE):
                shape = (min(_DRAWN_AT_ONCE, self.steps - first), self.batch)
                drawn = torch.randint(len(bias), shape, generator=generator)
                place = (torch.rand(shape, generator=generator, dtype=torch.float64) * sizes[drawn]).to(
                    torch.int64
                )
                for rows in order[starts[drawn] + place]:
                    x = X[rows]
                    # gradient of the mean cross entropy by the logits: (softmax - one hot) / batch
                    error = torch.softmax(torch.addmm(bias, x, weights), dim=1).sub_(one_hot[rows])
                    weights.addmm_(x.T, error, alpha=-rate)
                    bias.sub_(error.sum(dim=0), alpha=rate)

    def decision_function(self, X: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        """Logits, float32 [n, classes]; the difference of the two, [n], where there are two classes."""
        check_is_fitted(self)
        X = check_array(X, dtype=np.float32)
        logits = np.asarray(X @ self.coef_.T + self.intercept_)
        return logits[:, 1] - logits[:, 0] if logits.shape[1] == 2 else logits

    def predict(self, X: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The likeliest class of each row, [n]."""
        scores = self.decision_function(X)
        found = (scores > 0).astype(np.int64) if scores.ndim == 1 else scores.argmax(axis=1)
        return np.asarray(self.classes_[found])
