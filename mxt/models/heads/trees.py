"""Forests: the mean of what trees say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mxt.core.reprs import short_repr
from mxt.models.heads.arrays import Array, require

LEAF = -1


@dataclass(frozen=True, eq=False)
class Trees:
    """All nodes of all trees, one after the other.

    Parameters
    ----------
    roots : int64 [trees]
        Where each tree begins.
    columns : int64 [nodes]
        What a node looks at.
    thresholds : float64 [nodes]
        Up to this (in float32, as scikit-learn compares) a row goes left.
    left, right : int64 [nodes]
        The nodes that follow, which lie behind; `LEAF` at a leaf.
    values : float64 [nodes, outputs]
        Shares of the classes, probability of each label, or the value.
    """

    roots: npt.NDArray[np.int64]
    columns: npt.NDArray[np.int64]
    thresholds: Array
    left: npt.NDArray[np.int64]
    right: npt.NDArray[np.int64]
    values: Array
    __repr__ = short_repr

    def outputs(self, X: npt.NDArray[Any]) -> Array:
        """The mean of all trees, float64 [n, outputs]."""
        X = X.astype(np.float32)
        total = np.zeros((len(X), self.values.shape[1]))
        for root in self.roots:
            node = np.full(len(X), root)
            rows = np.flatnonzero(self.left[node] != LEAF)
            while len(rows):
                at = node[rows]
                goes_left = X[rows, self.columns[at]] <= self.thresholds[at]
                node[rows] = np.where(goes_left, self.left[at], self.right[at])
                rows = rows[self.left[node[rows]] != LEAF]
            total += self.values[node]
        return total / len(self.roots)

    def check(self, columns: int) -> int:
        """The number of outputs; `ValueError` where the arrays do not fit, or a tree would never end."""
        nodes = len(self.columns)
        same = (self.thresholds, self.left, self.right)
        require(all(array.shape == (nodes,) for array in same), "trees: shapes differ")
        require(self.values.ndim == 2 and len(self.values) == nodes, "trees: shapes differ")
        require(self.roots.ndim == 1 and len(self.roots) > 0, "trees: no roots")
        require(bool(((self.roots >= 0) & (self.roots < nodes)).all()), "trees: roots")
        inner = self.left != LEAF
        for following in (self.left[inner], self.right[inner]):
            behind = (following > np.flatnonzero(inner)) & (following < nodes)
            require(bool(behind.all()), "trees: a branch that does not lead on")
        looked_at = self.columns[inner]
        require(bool(((looked_at >= 0) & (looked_at < columns)).all()), "trees: columns")
        return int(self.values.shape[1])


def from_estimator(estimator: Any) -> Trees | None:
    """The trees of a forest, or a single one; ``None`` for all else."""
    from sklearn.ensemble import (
        ExtraTreesClassifier,
        ExtraTreesRegressor,
        RandomForestClassifier,
        RandomForestRegressor,
    )
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    if type(estimator) in (
        ExtraTreesClassifier,
        ExtraTreesRegressor,
        RandomForestClassifier,
        RandomForestRegressor,
    ):
        trees = [one.tree_ for one in estimator.estimators_]
    elif type(estimator) in (DecisionTreeClassifier, DecisionTreeRegressor):
        trees = [estimator.tree_]
    else:
        return None
    roots = np.cumsum([0, *(tree.node_count for tree in trees)])[:-1]

    def joined(name: str) -> npt.NDArray[Any]:
        return np.concatenate([getattr(tree, name) for tree in trees])

    def followers(name: str) -> npt.NDArray[np.int64]:
        children = [getattr(tree, name) for tree in trees]
        moved = [np.where(own == LEAF, LEAF, own + root) for own, root in zip(children, roots, strict=True)]
        return np.concatenate(moved).astype(np.int64)

    return Trees(
        roots=roots.astype(np.int64),
        columns=joined("feature").astype(np.int64),
        thresholds=joined("threshold").astype(np.float64),
        left=followers("children_left"),
        right=followers("children_right"),
        values=_values(joined("value"), hasattr(estimator, "classes_"), estimator.n_outputs_),
    )


def _values(values: npt.NDArray[Any], classifies: bool, n_outputs: int) -> Array:
    """Values of nodes [nodes, outputs, classes] as shares of classes, or of each label, or as they are."""
    if not classifies:
        return np.asarray(values[:, :, 0], dtype=np.float64)
    shares = values / values.sum(axis=2, keepdims=True)
    if n_outputs == 1:
        return np.asarray(shares[:, 0], dtype=np.float64)
    return np.asarray(shares[:, :, -1], dtype=np.float64)
