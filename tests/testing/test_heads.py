"""Checks of heads and protocols, each shown to fail on a stage that is wrong in just that."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest

from mxt.core.params import Param
from mxt.core.stages import Evaluation
from mxt.registry import Origin, Registered, Registry
from mxt.testing import ContractBroken, checks_for


@dataclass(frozen=True)
class Trees:
    def estimator(self, task, *, seed):
        from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

        kind = DecisionTreeRegressor if task == "regression" else DecisionTreeClassifier
        return kind(max_features=2, random_state=self.state(seed))

    def state(self, seed):
        return seed

    def grid(self, task, *, n_features):
        return {"max_depth": [1, None]}


_states = count()


@dataclass(frozen=True)
class Unseeded(Trees):
    def state(self, seed):
        return next(_states)

    def estimator(self, task, *, seed):
        return super().estimator(task, seed=seed).set_params(max_depth=1)


@dataclass(frozen=True)
class OneObject(Trees):
    def estimator(self, task, *, seed):
        return _kept.setdefault(task, super().estimator(task, seed=seed))


_kept: dict[str, Any] = {}


@dataclass(frozen=True)
class NoTask(Trees):
    def estimator(self, task, *, seed):
        from mxt.core.errors import EvaluationError

        raise EvaluationError("not mine")


@dataclass(frozen=True)
class ClassifiesAnything(Trees):
    def estimator(self, task, *, seed):
        return super().estimator("classification", seed=seed)


@dataclass(frozen=True)
class DeepTrees(Trees):
    depth: int = 3


@dataclass(frozen=True)
class StrangeGrid(Trees):
    def grid(self, task, *, n_features):
        return {"depth": [1]}


@dataclass(frozen=True)
class EmptyGrid(Trees):
    def grid(self, task, *, n_features):
        return [{"max_depth": []}]


@pytest.mark.parametrize(
    ("stage", "check", "message"),
    [
        ("OneObject", "estimator is fresh and clonable", "one object"),
        ("NoTask", "estimator is fresh and clonable", "none of the tasks"),
        ("Unseeded", "estimator learns and predicts", "same seed gives other predictions"),
        (
            "ClassifiesAnything",
            "estimator learns and predicts",
            "regression: fit or predict ends in ValueError.*raises UsageError",
        ),
        ("StrangeGrid", "grid names parameters there are", "names depth"),
        ("EmptyGrid", "grid names parameters there are", "no values for max_depth"),
    ],
)
def test_wrong_head_is_found(run, stage, check, message):
    with pytest.raises(ContractBroken, match=message):
        run("head", stage, check)


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"folds": 10}, "not dict"),
        (Evaluation(folds=1), "folds are 2 or more"),
        (Evaluation(outer="leave"), "outer is 'leave', not one of given"),
        (Evaluation(score="best"), "score is 'best', not one of pooled"),
    ],  # type: ignore[arg-type]
)
def test_wrong_protocol_is_found(run, stage_module, choices, message):
    @dataclass(frozen=True)
    class Wrong:
        def choices(self, task):
            return choices

    stage_module.Wrong = Wrong
    with pytest.raises(ContractBroken, match=message):
        run("protocol", "Wrong", "choices are an evaluation")


@pytest.mark.parametrize(
    ("head", "depth", "message"),
    [("subjct", 3, "did you mean subject"), ("subject", 0, "depth is a whole number")],
)
def test_head_that_a_protocol_brings_along_and_cannot_be_had_is_found(
    spec_of, stage_module, head, depth, message
):
    params = (Param("depth", "int", 3, "of trees", minimum=1),)
    brought = Registered(spec_of("head", "DeepTrees", params=params), Origin("spec"))
    protocol = Registered(spec_of("protocol", "Brings"), Origin("spec"))
    check = "head brought along is there"

    @dataclass(frozen=True)
    class Brings:
        def choices(self, task):
            return Evaluation(head=head, head_params=(("depth", depth),))

    stage_module.Brings = Brings
    found = {each.name: each for each in checks_for(protocol, Registry((protocol, brought)))}
    with pytest.raises(ContractBroken, match=message):
        found[check].run()


def test_good_head_passes(checks):
    assert [check.name for check in checks("head", "Trees") if check.outcome().result == "failed"] == []
