"""A small share of ``tests/benchmarks/coverage.py``, which measures over 500 repetitions."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

PATH = Path(__file__).parents[1] / "benchmarks" / "coverage.py"


@pytest.fixture(scope="module")
def simulated() -> ModuleType:
    """The benchmark as a module."""
    spec = importlib.util.spec_from_file_location("simulated_coverage", PATH)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_intervals_hold_the_score_of_the_learnt_classifiers(simulated: ModuleType) -> None:
    table = simulated.coverage(60, repetitions=30)
    assert all(own >= 0.83 for own, _, _ in table.values())  # 25 of 30: below with 1.6 % of sound intervals
    assert all(0.2 < width < 0.3 for _, _, width in table.values())


def test_the_simulated_classifiers_are_those_of_scikit_learn(simulated: ModuleType) -> None:
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(0)
    y = rng.permutation(np.arange(80) % 5)
    X = rng.normal(size=(80, 10)) + np.eye(5, 10)[y]
    weights = simulated.learn(simulated.with_ones(X), y, np.ones((80, 1), np.float32))[:, 0]
    ours = (simulated.with_ones(X) @ weights).argmax(axis=1)
    assert np.mean(ours == LogisticRegression().fit(X, y).predict(X)) > 0.97


def test_equal_views_are_told_apart_no_more_often_than_promised(simulated: ModuleType) -> None:
    (_, false, power), (_, _, power_before) = simulated.levels(5, 0.5, repetitions=40)
    assert false <= 0.15  # 6 of 40: above with 0.3 % of tests that keep 5 %
    assert power >= 0.6 * power_before
