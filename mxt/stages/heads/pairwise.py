"""A binary head for every pair of classes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mxt.core.errors import EvaluationError
from mxt.core.records import Task
from mxt.stages.heads.linear import Linear


@dataclass(frozen=True, slots=True)
class Pairwise:
    """Linear heads for pairs of classes; a clip belongs to the class that wins most pairs.

    Parameters
    ----------
    preset : {"sound", "tutorial"}
        Of the binary heads, as for ``linear``.
    C : tuple of float
        Inverse penalties tried (``sound``), the same for all pairs.
    steps : int
        Of each binary head (``tutorial``).

    References
    ----------
    Shtern et al. 2017, section 5: their outlook on one binary classifier per pair, as in Weka's SMO
    """

    preset: str = "sound"
    C: tuple[float, ...] = (0.001, 0.01, 0.1, 1.0, 10.0)
    steps: int = 8000

    def estimator(self, task: Task, *, seed: int) -> Any:
        """A fresh estimator.

        Raises
        ------
        EvaluationError
            The task is not classification.
        """
        from sklearn.multiclass import OneVsOneClassifier

        if task != "classification":
            raise EvaluationError(
                f"pairwise predicts classes, one per clip; this is {task}: use linear, svm or forest"
            )
        return OneVsOneClassifier(Linear(preset=self.preset, steps=self.steps).estimator(task, seed=seed))

    def grid(self, task: Task, *, n_features: int) -> Mapping[str, list[Any]]:
        """The penalties, the strongest first; the tutorial has nothing to choose."""
        return {} if self.preset == "tutorial" else {"estimator__C": sorted(self.C)}
