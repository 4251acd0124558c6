"""The support vector machines of Choi et al. 2017."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mxt.core.records import Task

EPSILON = 0.1
MOST_ITERATIONS = 10_000_000  # of several labels, which are not solved exactly


@dataclass(frozen=True, slots=True)
class SvmChoi2017:
    """SVC and SVR over the paper's grid.

    Parameters
    ----------
    C : tuple of float
        Tried with both kernels.
    gamma : tuple of float
        Widths of the RBF kernel tried, as they are; 1 / number of columns is tried as well.
    max_iter : int
        Iterations of libsvm at most, for each pair of classes; -1: without limit, as in the paper. Raw MFCCs
        with the linear kernel take hundreds of millions; evaluation solves what does not end exactly. RBF
        kernels end after some ten thousand.

    References
    ----------
    Choi et al. 2017, section 3.3, and keunwoochoi/transfer_learning_music, ``main_svm.py``
    """

    C: tuple[float, ...] = (0.1, 2.0, 8.0, 32.0)
    gamma: tuple[float, ...] = tuple(2.0**power for power in (-3, -5, -7, -9, -11, -13))
    max_iter: int = 100_000

    def estimator(self, task: Task, *, seed: int) -> Any:
        """A fresh estimator; nothing in it is drawn, so `seed` changes nothing."""
        from sklearn.multiclass import OneVsRestClassifier
        from sklearn.svm import SVC, SVR

        if task == "regression":
            return SVR(epsilon=EPSILON, max_iter=self.max_iter)
        if task == "multilabel":
            return OneVsRestClassifier(SVC(max_iter=MOST_ITERATIONS))
        return SVC(max_iter=self.max_iter)

    def grid(self, task: Task, *, n_features: int) -> list[Mapping[str, list[Any]]]:
        """RBF with all of `gamma`, then linear, in the paper's order."""
        at = "estimator__" if task == "multilabel" else ""
        gamma = [*self.gamma, 1 / n_features]
        return [
            {f"{at}kernel": ["rbf"], f"{at}C": list(self.C), f"{at}gamma": gamma},
            {f"{at}kernel": ["linear"], f"{at}C": list(self.C)},
        ]
