"""Clips worth labelling next."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier

from mxt.evaluation.tasks import Targets
from mxt.models.label_next import margins, probabilities, spread

RNG = np.random.default_rng(0)


def two_classes(n: int) -> tuple[np.ndarray, Targets]:
    y = np.arange(n) % 2
    return RNG.normal(size=(n, 3)) + 4.0 * y[:, None], Targets("kind", "classification", y, ("a", "b"))


def test_clips_between_the_classes_have_small_margins() -> None:
    X = np.array([[0.0] * 3, [2.0] * 3, [4.0] * 3])
    p = probabilities(LogisticRegression, {"C": [0.1, 1.0]}, two_classes(40), X)
    assert p.shape == (3, 2)
    margin = margins(p, multilabel=False)
    assert margin.argmin() == 1
    assert margin[[0, 2]].min() > 0.5


def test_a_class_with_one_clip_is_learnt_without_choosing_parameters() -> None:
    p = probabilities(LogisticRegression, {"C": [0.1, 1.0]}, two_classes(3), np.zeros((1, 3)))
    assert p.sum() == pytest.approx(1.0)


def test_of_several_labels_the_least_certain_decides() -> None:
    X, targets = two_classes(40)
    labels = Targets("tags", "multilabel", np.stack([targets.y == 0, X[:, 0] > 1], axis=1), ("a", "b"))
    p = probabilities(
        lambda: OneVsRestClassifier(LogisticRegression()), {"estimator__C": [1.0]}, (X, labels), X
    )
    assert p.shape == (40, 2)
    expected = [min(abs(one - 0.5) for one in row) * 2 for row in p.tolist()]
    np.testing.assert_allclose(margins(p, multilabel=True), expected)


def test_clips_come_from_as_many_regions_as_are_asked_for_each_with_its_smallest_margin() -> None:
    centres = 20.0 * np.arange(4)
    region = RNG.integers(4, size=200)
    X = centres[region][:, None] + RNG.normal(size=(200, 2))
    margin = RNG.uniform(size=200)
    rows = spread(X, margin, 20, seed=0)
    assert len(set(rows.tolist())) == 20
    assert (np.diff(margin[rows]) >= 0).all()
    chosen = spread(X, margin, 4, seed=0)
    near = np.argsort(margin)[:40]
    assert sorted(region[chosen]) == [0, 1, 2, 3]
    for row in chosen:
        assert margin[row] == margin[near][region[near] == region[row]].min()


def test_few_clips_and_equal_clips_are_all_taken() -> None:
    assert spread(RNG.normal(size=(3, 2)), np.array([0.3, 0.1, 0.2]), 5, seed=0).tolist() == [1, 2, 0]
    assert len(spread(np.zeros((30, 2)), RNG.uniform(size=30), 5, seed=0)) == 5
