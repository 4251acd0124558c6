"""Predictions of linear support vector machines that libsvm did not finish: solved exactly in its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from mxt.core.reprs import short_repr
from mxt.evaluation.exact_svm import LARGEST_GAP, LinearMachine, regress, separate

Matrix = npt.NDArray[Any]
Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Exact:
    """What solves a machine that did not converge: its parameters, learning and testing rows."""

    params: Mapping[str, Any]
    learn: Matrix
    test: Matrix
    __repr__ = short_repr

    def is_linear(self, machine: Any) -> bool:
        """Whether a machine's kernel is linear, though its rows may have been given as a kernel."""
        kernel = next(
            (value for name, value in self.params.items() if name.rpartition("__")[2] == "kernel"), None
        )
        return "linear" in (kernel, machine.kernel)


def exact_values(estimator: Any, exact: Exact, y: Matrix) -> Array | None:
    """Values of the testing rows by a regression; ``None`` for what cannot be solved here."""
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.svm import SVR

    transformer = None
    if type(estimator) is TransformedTargetRegressor:
        transformer, estimator = estimator.transformer_, estimator.regressor_
    if type(estimator) is not SVR or not exact.is_linear(estimator):
        return None
    wanted = y if transformer is None else transformer.transform(y[:, None])[:, 0]
    solved = regress(
        exact.learn, np.asarray(wanted, dtype=np.float64), C=estimator.C, epsilon=estimator.epsilon
    )
    if solved.gap > LARGEST_GAP:
        return None
    values = solved.predict(exact.test)
    return values if transformer is None else np.asarray(transformer.inverse_transform(values[:, None])[:, 0])


def exact_classes(machine: Any, exact: Exact, y: Matrix, B: Matrix) -> tuple[Matrix, Array] | None:
    """Classes of the testing rows by an SVC, and scores; ``None`` for what cannot be solved here.

    As in libsvm and scikit-learn: pairs of classes vote, and scores are the votes and less than half a vote
    for how clear they were; of two classes, how far a row is from the border.

    Parameters
    ----------
    machine : SVC
        Fitted; the pairs of classes that it finished are taken from it.
    exact : Exact
    y : [n]
        Classes of the learning rows.
    B : [m, n] or [m, d]
        Testing rows, or their kernel, as `machine` takes them.

    Returns
    -------
    classes : [m]
    scores : float64 [m, classes of the machine]
    """
    from sklearn.svm import SVC

    if type(machine) is not SVC or machine.class_weight is not None or not exact.is_linear(machine):
        return None
    votes, clear = np.zeros((2, len(B), len(machine.classes_)))
    pairs = combinations(range(len(machine.classes_)), 2)
    for (i, j), decided in zip(pairs, _decided(machine, exact, y, B), strict=True):
        if decided is None:
            return None
        votes[:, i] += decided > 0
        votes[:, j] += decided <= 0
        clear[:, i] += decided
        clear[:, j] -= decided
    scores = clear if clear.shape[1] == 2 else votes + clear / (3 * (np.abs(clear) + 1))
    return machine.classes_[votes.argmax(axis=1)], scores


def _decided(machine: Any, exact: Exact, y: Matrix, B: Matrix) -> Iterator[Array | None]:
    """What each pair of classes decides: above 0 for the first."""
    finished = machine.n_iter_ < machine.max_iter
    if finished.any():
        machine.set_params(decision_function_shape="ovo")
        decisions = machine.decision_function(B)  # more than two classes, or it would not be finished in part
    for number, (first, second) in enumerate(combinations(machine.classes_, 2)):
        if finished[number]:
            yield decisions[:, number]
            continue
        rows = (y == first) | (y == second)
        sides = np.where(y[rows] == first, 1.0, -1.0)
        solved: LinearMachine = separate(exact.learn[rows], sides, C=machine.C)
        yield None if solved.gap > LARGEST_GAP else solved.predict(exact.test)
