"""Networks of fully connected layers."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from mxt.core.reprs import short_repr
from mxt.models.heads.arrays import Array, require

ENDS = ("identity", "logistic", "softmax")


@dataclass(frozen=True, eq=False)
class Network:
    """Layers with rectified sums between them.

    Parameters
    ----------
    weights : tuple of float64 [inputs, outputs]
    offsets : tuple of float64 [outputs]
    end : {"identity", "logistic", "softmax"}
        What follows the last layer.
    """

    weights: tuple[Array, ...]
    offsets: tuple[Array, ...]
    end: str
    __repr__ = short_repr

    def outputs(self, X: npt.NDArray[Any]) -> Array:
        """Values, or probabilities of classes or labels, float64 [n, outputs]."""
        from scipy.special import expit, softmax

        values = X.astype(np.float64)
        for layer, (weights, offsets) in enumerate(zip(self.weights, self.offsets, strict=True)):
            values = values @ weights + offsets
            if layer < len(self.weights) - 1:
                values = np.maximum(values, 0.0)
        if self.end == "softmax":
            return np.asarray(softmax(values, axis=1))
        return np.asarray(expit(values) if self.end == "logistic" else values)

    def check(self, columns: int) -> int:
        """The number of outputs; `ValueError` where the layers do not fit."""
        require(self.end in ENDS, f"network: an end {self.end!r}")
        require(len(self.weights) == len(self.offsets) > 0, "network: number of layers")
        widths = [columns, *(len(offsets) for offsets in self.offsets)]
        shapes = [weights.shape for weights in self.weights]
        require(shapes == list(pairwise(widths)), "network: shapes differ")
        return widths[-1]


def from_estimator(estimator: Any) -> Network | None:
    """The layers of a network with rectified units; ``None`` for all else."""
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    if type(estimator) not in (MLPClassifier, MLPRegressor) or estimator.activation != "relu":
        return None
    weights, offsets = list(estimator.coefs_), list(estimator.intercepts_)
    end = estimator.out_activation_
    two_classes = end == "logistic" and not estimator._label_binarizer.y_type_.startswith("multi")
    if two_classes:  # the softmax of 0 and z is the logistic function of z
        weights[-1] = np.concatenate([np.zeros_like(weights[-1]), weights[-1]], axis=1)
        offsets[-1] = np.concatenate([np.zeros_like(offsets[-1]), offsets[-1]])
        end = "softmax"
    return Network(
        tuple(np.asarray(layer, dtype=np.float64) for layer in weights),
        tuple(np.asarray(layer, dtype=np.float64) for layer in offsets),
        end,
    )
