"""Random forests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from mxt.core.records import Task


@dataclass(frozen=True, slots=True)
class Forest:
    """Random forest; the scale of columns does not matter to it.

    Parameters
    ----------
    trees : int
        Number of trees.
    min_leaf : int
        Fewest rows in a leaf.
    """

    MOST_ROWS: ClassVar[int] = 100_000  # to learn from: of more, a stratified sample
    trees: int = 300
    min_leaf: int = 1

    def estimator(self, task: Task, *, seed: int) -> Any:
        """A fresh estimator whose trees are drawn with `seed`."""
        from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

        kind = RandomForestRegressor if task == "regression" else RandomForestClassifier
        return kind(n_estimators=self.trees, min_samples_leaf=self.min_leaf, random_state=seed)

    def grid(self, task: Task, *, n_features: int) -> Mapping[str, list[Any]]:
        """Nothing is chosen."""
        return {}
