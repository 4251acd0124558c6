"""Linear heads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mxt.core.errors import EvaluationError
from mxt.core.records import Task


@dataclass(frozen=True, slots=True)
class Linear:
    """Logistic regression for classes, one per label for several labels, ridge regression for numbers.

    Parameters
    ----------
    preset : {"sound", "tutorial"}
        ``sound``: L-BFGS to the end, penalties chosen by the protocol. ``tutorial``: TensorFlow's image
        retraining tutorial, a softmax layer under plain stochastic gradient descent without any penalty.
    C : tuple of float
        Inverse penalties to try for classes and labels (``sound``).
    alpha : tuple of float
        Penalties to try for numbers (``sound``).
    max_iter : int
        Most iterations of L-BFGS (``sound``).
    steps, batch, learning_rate : int, int, float
        Of gradient descent (``tutorial``).

    References
    ----------
    Shtern et al. 2017, section 3; the tutorial's own default is 4,000 steps
    """

    preset: str = "sound"
    C: tuple[float, ...] = (0.001, 0.01, 0.1, 1.0, 10.0)
    alpha: tuple[float, ...] = (1.0, 10.0, 100.0, 1000.0, 10000.0)
    max_iter: int = 1000
    steps: int = 8000
    batch: int = 100
    learning_rate: float = 0.01

    def estimator(self, task: Task, *, seed: int) -> Any:
        """A fresh estimator; `seed` is used by ``tutorial``, nothing is drawn in the other.

        Raises
        ------
        EvaluationError
            ``tutorial`` is used for regression.
        """
        from sklearn.multiclass import OneVsRestClassifier

        if self.preset == "tutorial":
            if task == "regression":
                raise EvaluationError(
                    "the tutorial's layer predicts classes, not numbers; use --set preset=sound"
                )
            model = softmax_layer(self.steps, self.batch, self.learning_rate, seed)
        else:
            from sklearn.linear_model import LogisticRegression, Ridge

            if task == "regression":
                return Ridge()
            model = LogisticRegression(max_iter=self.max_iter)
        return OneVsRestClassifier(model) if task == "multilabel" else model

    def grid(self, task: Task, *, n_features: int) -> Mapping[str, list[Any]]:
        """The penalties, the strongest first; the tutorial has nothing to choose."""
        if self.preset == "tutorial":
            return {}
        if task == "regression":
            return {"alpha": sorted(self.alpha, reverse=True)}
        return {"estimator__C" if task == "multilabel" else "C": sorted(self.C)}

    def weighting(self, task: Task, *, n_layers: int, n_added: int) -> Any:
        """A fresh estimator that learns weights of layers together with this head (``sound``).

        Parameters
        ----------
        n_layers : int
            Of equal dimension; their columns come first.
        n_added : int
            Columns after them.
        """
        from mxt.stages.heads.weighted_layers import WeightedClassifier, WeightedRegressor

        kind = WeightedRegressor if task == "regression" else WeightedClassifier
        return kind(n_layers=n_layers, n_added=n_added, max_iter=self.max_iter)


def softmax_layer(steps: int, batch: int, learning_rate: float, seed: int) -> Any:
    """The tutorial's layer, unfitted; imports torch."""
    from mxt.stages.heads.softmax_layer import SoftmaxLayer

    return SoftmaxLayer(steps=steps, batch=batch, learning_rate=learning_rate, seed=seed)
