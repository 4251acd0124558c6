"""Linear heads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mxt.core.records import Task


@dataclass(frozen=True, slots=True)
class Linear:
    """Multinomial logistic regression for classes, one against the rest for several labels, ridge regression for numbers.

    Parameters
    ----------
    C : tuple of float
        Inverse penalties tried for classes and labels.
    alpha : tuple of float
        Penalties tried for numbers.
    max_iter : int
        Iterations of L-BFGS at most.
    """

    C: tuple[float, ...] = (0.001, 0.01, 0.1, 1.0, 10.0)
    alpha: tuple[float, ...] = (1.0, 10.0, 100.0, 1000.0, 10000.0)
    max_iter: int = 1000

    def estimator(self, task: Task, *, seed: int) -> Any:
        """A fresh estimator; nothing in it is drawn, so `seed` changes nothing."""
        from sklearn.linear_model import LogisticRegression, Ridge
        from sklearn.multiclass import OneVsRestClassifier

        if task == "regression":
            return Ridge()
        model = LogisticRegression(max_iter=self.max_iter)
        return OneVsRestClassifier(model) if task == "multilabel" else model

    def grid(self, task: Task, *, n_features: int) -> Mapping[str, list[Any]]:
        """The penalties, the strongest first."""
        if task == "regression":
            return {"alpha": sorted(self.alpha, reverse=True)}
        return {"estimator__C" if task == "multilabel" else "C": sorted(self.C)}
