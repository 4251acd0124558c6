"""Heads made of heads: one for each label, one for each pair of classes, and values in another unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mxt.core.reprs import short_repr
from mxt.models.heads import arrays
from mxt.models.heads.arrays import Array, Head, require


@dataclass(frozen=True, eq=False)
class Several:
    """One head of a single output for each label or class."""

    heads: tuple[Head, ...]
    __repr__ = short_repr

    def outputs(self, X: npt.NDArray[Any]) -> Array:
        """Outputs of all heads beside one another, float64 [n, heads]."""
        return np.concatenate([head.outputs(X) for head in self.heads], axis=1)

    def check(self, columns: int) -> int:
        """The number of heads; `ValueError` where they do not fit."""
        require(bool(self.heads) and all(head.check(columns) == 1 for head in self.heads), "several: outputs")
        return len(self.heads)


@dataclass(frozen=True, eq=False)
class Pairwise:
    """One head for each pair of classes; the classes get votes."""

    heads: tuple[Head, ...]
    classes: int
    __repr__ = short_repr

    def outputs(self, X: npt.NDArray[Any]) -> Array:
        """Votes, float64 [n, classes]; of two classes those of the second [n, 1]."""
        scores = arrays.votes(np.concatenate([head.outputs(X) for head in self.heads], axis=1), self.classes)
        return scores if self.classes > 2 else scores[:, 1:]

    def check(self, columns: int) -> int:
        """The number of outputs; `ValueError` where the heads do not fit."""
        n_pairs = self.classes * (self.classes - 1) // 2
        require(self.classes > 1 and len(self.heads) == n_pairs, "pairwise: number of heads")
        require(all(head.check(columns) == 1 for head in self.heads), "pairwise: outputs")
        return self.classes if self.classes > 2 else 1


@dataclass(frozen=True, eq=False)
class Rescaled:
    """A head for values that were standardised: they are brought back to their unit."""

    head: Head
    mean: float
    scale: float
    __repr__ = short_repr

    def outputs(self, X: npt.NDArray[Any]) -> Array:
        """Values, float64 [n, 1]."""
        return self.head.outputs(X) * self.scale + self.mean

    def check(self, columns: int) -> int:
        """1; `ValueError` where the head does not fit."""
        require(self.head.check(columns) == 1, "rescaled: outputs")
        return 1


def from_estimator(estimator: Any) -> Head | None:
    """The heads of one-against-rest, one-against-one, and of standardised targets; ``None`` for all else."""
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier
    from sklearn.preprocessing import StandardScaler

    if type(estimator) is OneVsRestClassifier:
        return Several(tuple(map(_single, estimator.estimators_)))
    if type(estimator) is OneVsOneClassifier and estimator.pairwise_indices_ is None:
        return Pairwise(tuple(map(_single, estimator.estimators_)), len(estimator.classes_))
    if type(estimator) is TransformedTargetRegressor and type(estimator.transformer_) is StandardScaler:
        unit = estimator.transformer_
        return Rescaled(
            arrays.from_estimator(estimator.regressor_), float(unit.mean_[0]), float(unit.scale_[0])
        )
    return None


def _single(estimator: Any) -> Head:
    from mxt.models.heads.trees import Trees

    head = arrays.from_estimator(estimator)
    if isinstance(head, Trees):
        raise arrays.Unsupported("forests one against another cannot be written as arrays: use one forest")
    return head
