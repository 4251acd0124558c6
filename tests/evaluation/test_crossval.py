from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import wait
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning

from mxt.core.progress import Step
from mxt.evaluation.crossval import calm, cross_validate
from mxt.evaluation.fitting import Learner
from mxt.evaluation.splits import Plan, Sample, draw_folds
from mxt.evaluation.tasks import Targets

Make = Callable[[Any], Targets]
Logistic = Callable[..., Learner]
Y = np.arange(90) % 3
X = np.random.default_rng(0).normal(size=(90, 5)).astype(np.float32)
X[:, 0] += Y


@pytest.fixture
def plan(classes: Make) -> Plan:
    return draw_folds(Sample(classes(Y), np.arange(90)), 5, inner=3, seed=0)


class Kept(dict[int, Any]):
    """A scratch in memory."""

    def put(self, fold: int, outcome: dict[str, Any]) -> None:
        self[fold] = outcome


class Counted:
    """A progress that counts."""

    def __init__(self) -> None:
        self.total: int | None = 0
        self.done = 0

    @contextmanager
    def step(self, what: str, total: int | None, *, unit: str = "") -> Iterator[Step]:
        self.total = total
        yield self

    def advance(self, n: int = 1) -> None:
        self.done += n

    def say(self, line: str) -> None:
        raise NotImplementedError


def test_features_that_tell_the_classes_are_scored_perfectly(plan: Plan, logistic: Logistic) -> None:
    found = cross_validate(logistic(3), np.eye(3, dtype=np.float32)[Y], Y, plan)
    assert np.array_equal(found.predicted, Y)


def test_results_do_not_depend_on_the_number_of_jobs(plan: Plan, logistic: Logistic) -> None:
    one, three = (cross_validate(logistic(3), X, Y, plan, jobs=jobs) for jobs in (1, 3))
    assert np.array_equal(one.predicted, three.predicted)
    assert np.array_equal(one.scores, three.scores)  # type: ignore[arg-type]
    assert one.params == three.params


def test_every_clip_is_predicted_by_a_head_that_never_saw_it(classes: Make) -> None:
    """The head remembers rows by their first column; what it predicts must never be among what it learnt."""
    clash = []

    class Remembers(ClassifierMixin, BaseEstimator):
        def __init__(self, C: float = 1.0) -> None:
            self.C = C

        def fit(self, X: Any, y: Any) -> Remembers:
            self.classes_, self.seen_ = np.unique(y), set(X[:, 0].tolist())
            return self

        def predict(self, X: Any) -> Any:
            clash.append(self.seen_ & set(X[:, 0].tolist()))
            return np.zeros(len(X), dtype=int)

    keys = np.arange(90) // 2  # every recording is there twice
    sample = Sample(classes(np.repeat(np.arange(45) % 3, 2)), keys)
    plan = draw_folds(sample, 5, inner=3, seed=0)
    learner = Learner(Remembers, [{"C": 1.0}, {"C": 2.0}], "classification", 3, standardise=False)
    cross_validate(learner, keys[:, None].astype(np.float32), sample.targets.y, plan, jobs=2)
    assert len(clash) == 5 * (3 * 2 + 1)
    assert not any(clash)


def test_a_stopped_evaluation_takes_up_its_finished_folds(plan: Plan, logistic: Logistic) -> None:
    kept = Kept()
    whole = cross_validate(logistic(3), X, Y, plan, scratch=kept)
    assert (whole.resumed, sorted(kept)) == (0, [0, 1, 2, 3, 4])
    del kept[1], kept[3]
    counted = Counted()
    again = cross_validate(logistic(3), X, Y, plan, scratch=kept, progress=counted)
    assert again.resumed == 3
    assert counted.done == counted.total
    assert np.array_equal(again.predicted, whole.predicted)
    assert np.array_equal(again.scores, whole.scores)  # type: ignore[arg-type]
    assert again.params == whole.params


def test_progress_counts_every_fit(plan: Plan, logistic: Logistic) -> None:
    counted = Counted()
    cross_validate(logistic(3), X, Y, plan, jobs=2, progress=counted)
    assert counted.done == counted.total == 5 * (3 * 2 + 1)


@pytest.mark.parametrize("noticed", ["one by one", "all at once"])
def test_an_error_in_one_fold_ends_the_others_and_keeps_what_is_finished(
    plan: Plan, monkeypatch: pytest.MonkeyPatch, noticed: str
) -> None:
    """Also where the folds' ends are noticed late, the failed one among them."""
    fits = []
    if noticed == "all at once":
        monkeypatch.setattr("mxt.evaluation.engine.wait", lambda running, **_: wait(running))

    class Breaks(ClassifierMixin, BaseEstimator):
        def fit(self, X: Any, y: Any) -> Breaks:
            fits.append(threading.get_ident())
            if len(fits) == 3:
                raise RuntimeError("out of luck")
            self.classes_ = np.unique(y)
            return self

        def predict(self, X: Any) -> Any:
            return np.zeros(len(X), dtype=int)

    kept = Kept()
    with pytest.raises(RuntimeError, match="out of luck"):
        cross_validate(Learner(Breaks, [{}], "classification", 3), X, Y, plan, scratch=kept)
    assert len(fits) == 3
    assert sorted(kept) == [0, 1]


def test_without_nesting_one_set_of_parameters_is_chosen_on_what_is_reported(
    plan: Plan, logistic: Logistic
) -> None:
    learner = logistic(3, {"C": [1e-4, 1e-2, 1.0, 100.0]})
    best = cross_validate(learner, X, Y, plan, nested=False)
    each = [cross_validate(logistic(3, {"C": [C["C"]]}), X, Y, plan) for C in learner.grid]
    assert len({params["C"] for params in best.params}) == 1
    assert np.mean(best.predicted == Y) == max(np.mean(found.predicted == Y) for found in each)


def test_random_labels_are_not_told_apart(classes: Make, logistic: Logistic) -> None:
    from mxt.evaluation.statistics import Judged, interval, resample

    inside = 0
    for seed in range(10):
        rng = np.random.default_rng(seed)
        y = rng.permutation(Y)
        plan = draw_folds(Sample(classes(y), np.arange(90)), 5, inner=3, seed=seed)
        found = cross_validate(logistic(3), rng.normal(size=(90, 4)).astype(np.float32), y, plan)
        samples = resample(
            Judged("classification", y, found.predicted, np.arange(90), n_classes=3), seed=seed
        )
        found_interval = interval(0.0, samples.scores["accuracy"], 90)
        inside += found_interval.low <= 1 / 3 <= found_interval.high
    assert inside >= 8


def test_what_scikit_learn_warns_about_where_another_thread_has_emptied_the_filters_is_left_out() -> None:
    with warnings.catch_warnings(record=True) as seen, calm():
        warnings.resetwarnings()  # as scikit-learn does in each task of a forest
        warnings.warn("`sklearn.utils.parallel.delayed` should be used with …", UserWarning, stacklevel=1)
        warnings.warn("no end in sight", ConvergenceWarning, stacklevel=1)
        warnings.warn("something else", UserWarning, stacklevel=1)
    assert [str(each.message) for each in seen] == ["something else"]
