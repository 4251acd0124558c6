from __future__ import annotations

import numpy as np
import pytest
from sklearn.svm import SVC, SVR

from mxt.evaluation.exact_svm import regress, separate
from mxt.evaluation.fitting import Learner
from mxt.evaluation.search import try_all

RNG = np.random.default_rng(1)
X = RNG.normal(size=(80, 6))
Y = X @ np.array([1.0, -2.0, 0.5, 0.0, 0.0, 3.0]) + 0.3 * RNG.normal(size=80)


def objective(w: np.ndarray, b: float, X: np.ndarray, C: float) -> float:
    return float(0.5 * w @ w + C * np.maximum(np.abs(Y - X @ w - b) - 0.1, 0).sum())


@pytest.mark.parametrize("C", [0.1, 1.0, 10.0])
def test_the_optimum_is_that_of_libsvm_where_libsvm_is_exact(C: float) -> None:
    found = regress(X, Y, C=C, epsilon=0.1)
    theirs = SVR(kernel="linear", C=C, epsilon=0.1, tol=1e-10).fit(X, Y)
    assert found.gap < 1e-9
    assert np.allclose(found.w, theirs.coef_[0], atol=1e-3)
    assert np.allclose(found.predict(X), theirs.predict(X), atol=1e-3)


def test_no_other_point_is_better() -> None:
    found = regress(X, Y, C=2.0, epsilon=0.1)
    best = objective(found.w, found.b, X, 2.0)
    for _ in range(200):
        assert objective(found.w + 0.01 * RNG.normal(size=6), found.b + 0.01 * RNG.normal(), X, 2.0) >= best


def test_columns_of_very_different_size_are_solved_too() -> None:
    scale = 10.0 ** np.arange(-3, 3)
    found = regress(X * scale, Y, C=8.0, epsilon=0.1)
    assert found.gap < 1e-6
    assert objective(found.w, found.b, X * scale, 8.0) < objective(
        np.zeros(6), float(np.median(Y)), X * scale, 8.0
    )


def test_more_columns_than_rows_are_solved_too() -> None:
    wide = RNG.normal(size=(80, 200))
    assert regress(wide, Y, C=1.0, epsilon=0.1).gap < 1e-6


def test_a_regression_that_libsvm_does_not_finish_is_solved_exactly() -> None:
    learner = Learner(
        lambda: SVR(max_iter=3),
        [{"kernel": "linear", "C": 1.0}, {"kernel": "rbf", "gamma": 0.1}],
        "regression",
        0,
        False,
    )
    rows = np.arange(80)
    with pytest.warns(Warning, match="Solver terminated early"):
        linear, rbf = try_all(learner, X, Y, rows[:60], rows[60:], lambda: None).values()
    assert linear.converged
    assert np.allclose(linear.predicted, regress(X[:60], Y[:60], C=1.0, epsilon=0.1).predict(X[60:]))
    assert not rbf.converged


@pytest.mark.parametrize("C", [0.1, 1.0, 10.0])
def test_two_classes_are_separated_as_by_libsvm_where_libsvm_is_exact(C: float) -> None:
    sides = np.where(Y + RNG.normal(size=80) > 0, 1.0, -1.0)
    solved = separate(X, sides, C=C)
    theirs = SVC(kernel="linear", C=C, tol=1e-10).fit(X, sides)
    assert solved.gap < 1e-9
    assert np.allclose(solved.w, theirs.coef_[0], atol=1e-4)
    assert np.allclose(solved.predict(X), theirs.decision_function(X), atol=1e-4)


def test_classes_that_can_be_separated_are() -> None:
    sides = np.where(X[:, 0] > 0, 1.0, -1.0)
    solved = separate(X + 5 * sides[:, None], sides, C=1e3)
    assert (np.sign(solved.predict(X + 5 * sides[:, None])) == sides).all()


@pytest.mark.parametrize("n_classes", [2, 4])
def test_pairs_of_classes_that_libsvm_does_not_finish_are_solved_exactly(n_classes: int) -> None:
    y = np.digitize(Y, np.quantile(Y, np.linspace(0, 1, n_classes + 1)[1:-1]))
    rows, grid = np.arange(80), [{"kernel": "linear", "C": 1.0}, {"kernel": "rbf", "gamma": 0.1}]
    machine = SVC(kernel="linear", tol=1e-10).fit(X[:60], y[:60])
    steps = int(np.median(machine.n_iter_)) if n_classes > 2 else 3  # which finishes some pairs, or none
    learner = Learner(
        lambda: SVC(max_iter=steps, tol=1e-10), grid, "classification", n_classes, standardise=False
    )
    with pytest.warns(Warning, match="Solver terminated early"):
        linear, rbf = try_all(learner, X, y, rows[:60], rows[60:], lambda: None).values()
    theirs = machine.decision_function(X[60:])
    assert linear.converged
    assert not rbf.converged
    assert np.array_equal(linear.predicted, machine.predict(X[60:]))
    assert linear.scores is not None
    assert np.allclose(linear.scores if n_classes > 2 else linear.scores[:, 1], theirs, atol=1e-3)
