from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.compose import TransformedTargetRegressor
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, SVR

from mxt.evaluation.fitting import Learner
from mxt.evaluation.kernels import kernel_prefix
from mxt.evaluation.search import choose, expand, learn_and_predict, try_all
from mxt.evaluation.splits import Fold, Sample, draw_folds
from mxt.evaluation.tasks import Targets

Make = Callable[[Any], Targets]
RNG = np.random.default_rng(0)
X = RNG.normal(size=(120, 6)).astype(np.float32) * [1, 10, 0.1, 1, 1, 1]
Y = np.repeat(np.arange(3), 40)
X[:, 0] += Y
X[:, 1] += 8 * (Y == 1)
X = X.astype(np.float32)


def nothing() -> None:
    pass


def test_the_parameters_chosen_are_those_of_grid_search_by_hand(classes: Make) -> None:
    plan = draw_folds(Sample(classes(Y), np.arange(120)), 4, inner=3, seed=0)
    grid = {"C": [0.01, 1.0, 30.0], "gamma": [0.01, 0.1, 1.0]}
    learner = Learner(lambda: SVC(), expand(grid), "classification", 3)
    for fold in plan.folds:
        place = {row: i for i, row in enumerate(fold.learn)}
        inner = [([place[row] for row in learn], [place[row] for row in test]) for learn, test in fold.inner]
        hand = GridSearchCV(
            make_pipeline(StandardScaler(), SVC()),
            {f"svc__{k}": v for k, v in grid.items()},
            cv=inner,
            scoring="accuracy",
        ).fit(X[fold.learn], Y[fold.learn])
        ours = choose(learner, X, Y, fold, nothing)
        assert {f"svc__{name}": value for name, value in ours.items()} == hand.best_params_
        assert np.array_equal(
            learn_and_predict(learner, ours, X, Y, fold, nothing).predicted, hand.predict(X[fold.test])
        )


LABELS = np.stack([Y == 0, Y > 0, (X[:, 0] > 0.5)], axis=1)
NUMBERS = X[:, 0] + 0.1 * RNG.normal(size=120)
PLAIN = [
    ("classification", lambda: SVC(), "", Y),
    ("multilabel", lambda: OneVsRestClassifier(SVC()), "estimator__", LABELS),
    (
        "regression",
        lambda: TransformedTargetRegressor(SVR(), transformer=StandardScaler()),
        "regressor__",
        NUMBERS,
    ),
]


@pytest.mark.parametrize(("task", "make", "at", "y"), PLAIN)
def test_shared_kernels_give_what_plain_machines_give(task: Any, make: Any, at: str, y: np.ndarray) -> None:
    grid = expand(
        [
            {f"{at}kernel": ["rbf"], f"{at}C": [1.0, 20.0], f"{at}gamma": [0.05, 0.5]},
            {f"{at}kernel": ["linear"], f"{at}C": [0.1]},
        ]
    )
    learn, test = np.arange(0, 120, 2), np.arange(1, 120, 2)
    assert kernel_prefix(make(), grid) == at
    scaler = StandardScaler().fit(X[learn])
    for i, found in try_all(Learner(make, grid, task, 3), X, y, learn, test, nothing).items():
        target = y[learn].astype(int) if task == "multilabel" else y[learn]
        plain = make().set_params(**grid[i]).fit(scaler.transform(X[learn]), target)
        hand = plain.predict(scaler.transform(X[test]))
        if task == "regression":
            assert found.predicted == pytest.approx(hand, abs=2e-3)  # libsvm stops within its tolerance
        else:
            assert np.array_equal(found.predicted, hand.astype(found.predicted.dtype))
            assert found.scores == pytest.approx(plain.decision_function(scaler.transform(X[test])), abs=5e-3)


@pytest.mark.parametrize(
    "params", [{"kernel": "poly"}, {"kernel": "rbf", "gamma": "scale"}, {"kernel": lambda a, b: a @ b.T}]
)
def test_other_kernels_are_left_to_scikit_learn(params: dict[str, Any]) -> None:
    assert kernel_prefix(SVC(), [params]) is None


def test_a_class_that_was_not_learnt_has_no_score() -> None:
    learn = np.flatnonzero(Y < 2)
    found = try_all(
        Learner(LogisticRegression, [{}], "classification", 3), X, Y, learn, np.arange(5), nothing
    )[0]
    assert found.scores is not None
    assert np.isnan(found.scores).tolist() == [[False, False, True]] * 5


class Unscored(ClassifierMixin, BaseEstimator):
    """A plugin's head may know no scores."""

    def fit(self, X: Any, y: Any) -> Unscored:
        self.classes_ = np.unique(y)
        return self

    def predict(self, X: Any) -> Any:
        return np.full(len(X), self.classes_[0])


def test_a_head_without_scores_is_taken_as_it_is() -> None:
    assert (
        try_all(
            Learner(Unscored, [{}], "classification", 3), X, Y, np.arange(60), np.arange(60, 120), nothing
        )[0].scores
        is None
    )


def test_one_label_alone_is_learnt_like_several() -> None:
    made = Learner(lambda: OneVsRestClassifier(LogisticRegression()), [{}], "multilabel", 1)
    found = try_all(made, X, LABELS[:, :1], np.arange(0, 120, 2), np.arange(1, 120, 2), nothing)[0]
    assert found.scores is not None
    assert (found.predicted.shape, found.scores.shape) == ((60, 1), (60, 1))


def test_of_equal_parameters_the_first_is_chosen() -> None:
    fold = Fold("1", np.arange(100), np.arange(100, 120), ((np.arange(50), np.arange(50, 100)),))
    learner = Learner(Unscored, [{"a": 1}, {"a": 2}], "classification", 3)

    class Any1(Unscored):
        def __init__(self, a: int = 0) -> None:
            self.a = a

    assert choose(Learner(Any1, learner.grid, "classification", 3), X, Y, fold, nothing) == {"a": 1}


def test_columns_are_standardised_on_the_learning_part_alone() -> None:
    seen: list[Any] = []

    class Looks(Unscored):
        def fit(self, X: Any, y: Any) -> Unscored:
            seen.append(X)
            return super().fit(X, y)

    learn = np.arange(0, 80)
    try_all(Learner(Looks, [{}], "classification", 3), X, Y, learn, np.arange(80, 120), nothing)
    assert np.abs(seen[0].mean(axis=0)).max() < 1e-5
    assert seen[0].std(axis=0) == pytest.approx(np.ones(6), abs=1e-4)


def test_stopping_at_the_iteration_limit_is_noticed(recwarn: pytest.WarningsRecorder) -> None:
    made = Learner(lambda: LogisticRegression(max_iter=1), [{}], "classification", 3)
    assert not try_all(made, X, Y, np.arange(0, 120, 2), np.arange(1, 120, 2), nothing)[0].converged
    machine = Learner(lambda: SVC(max_iter=1), [{}], "classification", 3)
    assert not try_all(machine, X, Y, np.arange(0, 120, 2), np.arange(1, 120, 2), nothing)[0].converged
    # scikit-learn's earlier releases call what SciPy has deprecated since
    assert {each.category.__name__ for each in recwarn} - {"DeprecationWarning"} == {"ConvergenceWarning"}
