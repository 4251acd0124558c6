"""Support vector machines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from mxt.core.records import Task

MAX_ITERATIONS = 1_000_000  # libsvm has no limit; a fit that needs more counts as not converged


@dataclass(frozen=True, slots=True)
class Svm:
    """SVC for classes, one per label for several labels, SVR on standardised numbers.

    Parameters
    ----------
    C, gamma : tuple of float
        Tried together with the RBF kernel; gamma is divided by the number of columns, so that 1 is
        scikit-learn's ``"scale"`` on standardised columns.
    linear_C : tuple of float
        Tried with the linear kernel.
    kernel : {"both", "rbf", "linear"}
        Which are tried.
    """

    MOST_ROWS: ClassVar[int] = 100_000  # to learn from: of more, a stratified sample
    C: tuple[float, ...] = (1.0, 8.0, 64.0)
    gamma: tuple[float, ...] = (0.1, 0.3, 1.0, 3.0)
    linear_C: tuple[float, ...] = (0.01, 0.1)
    kernel: str = "both"

    def estimator(self, task: Task, *, seed: int) -> Any:
        """A fresh estimator; nothing in it is drawn, so `seed` changes nothing."""
        from sklearn.compose import TransformedTargetRegressor
        from sklearn.multiclass import OneVsRestClassifier
        from sklearn.preprocessing import StandardScaler
        from sklearn.svm import SVC, SVR

        if task == "regression":
            return TransformedTargetRegressor(
                regressor=SVR(max_iter=MAX_ITERATIONS), transformer=StandardScaler()
            )
        machine = SVC(max_iter=MAX_ITERATIONS)
        return OneVsRestClassifier(machine) if task == "multilabel" else machine

    def grid(self, task: Task, *, n_features: int) -> list[Mapping[str, list[Any]]]:
        """The kernels' grids, the smoothest machines first."""
        at = {"classification": "", "multilabel": "estimator__", "regression": "regressor__"}[task]
        grids: list[Mapping[str, list[Any]]] = []
        if self.kernel != "linear":
            gamma = [width / n_features for width in self.gamma]
            grids.append({f"{at}kernel": ["rbf"], f"{at}C": list(self.C), f"{at}gamma": gamma})
        if self.kernel != "rbf":
            grids.append({f"{at}kernel": ["linear"], f"{at}C": list(self.linear_C)})
        return grids
