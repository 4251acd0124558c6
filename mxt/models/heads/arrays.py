"""What every head of arrays provides, and how one is made from a fitted estimator."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from mxt.core.errors import EvaluationError

Array = npt.NDArray[np.float64]


class Head(Protocol):
    """A fitted head: a frozen dataclass of arrays, plain values and other heads."""

    def outputs(self, X: npt.NDArray[Any]) -> Array:
        """What the estimator gives for rows X [n, d], float64 [n, outputs].

        Of two classes one output, positive for the second; else one for each class, label or value.
        """

    def check(self, columns: int) -> int:
        """The number of outputs, for rows of so many columns.

        Raises
        ------
        ValueError
            Its arrays do not fit together, or do not fit rows of this width.
        """


class Unsupported(EvaluationError):
    """An estimator that cannot be written as arrays."""


def from_estimator(estimator: Any) -> Head:
    """The arrays of a fitted estimator; what they give equals what it gives.

    Raises
    ------
    Unsupported
        No arrays are known for its type, or for its parameters.

    Examples
    --------
    >>> from sklearn.linear_model import Ridge
    >>> from_estimator(Ridge().fit([[0.0], [1.0]], [0.0, 1.5])).outputs(np.array([[0.5]]))
    array([[0.75]])
    """
    from mxt.models.heads import kernels, linear, network, several, trees

    for module in (linear, kernels, several, network, trees):
        head: Head | None = module.from_estimator(estimator)
        if head is not None:
            return head
    raise Unsupported(
        f"{type(estimator).__module__}.{type(estimator).__name__} cannot be written as arrays; "
        "known are linear models, support vector machines, networks of layers, forests, "
        "and one-against-rest and one-against-one of these"
    )


def require(condition: bool, what: str) -> None:
    """Raise `ValueError` with `what`, unless the condition holds."""
    if not condition:
        raise ValueError(what)


def votes(margins: Array, n_classes: int) -> Array:
    """Scores of classes from the margins of all pairs, as scikit-learn joins them.

    Parameters
    ----------
    margins : float64 [n, pairs]
        Positive where the second class of the pair wins; pairs are (0, 1), (0, 2), …, (1, 2), ….
    n_classes : int
        More than two.

    Returns
    -------
    float64 [n, classes]
        Votes, and less than half a vote for how clear they were.
    """
    first, second = pairs(n_classes)
    won = np.zeros((n_classes, len(first)))
    won[second, range(len(second))] = 1.0
    signed = won.copy()
    signed[first, range(len(first))] = -1.0
    second_wins = (margins > 0).astype(np.float64)
    counts = second_wins @ won.T + (1 - second_wins) @ (won - signed).T
    confidence = margins @ signed.T
    return np.asarray(counts + confidence / (3 * (np.abs(confidence) + 1)))


def pairs(n_classes: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """First and second class of every pair."""
    first, second = np.triu_indices(n_classes, 1)
    return first.astype(np.int64), second.astype(np.int64)
