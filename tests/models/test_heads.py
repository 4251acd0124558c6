"""Heads as arrays give what scikit-learn's estimators give."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.gaussian_process import GaussianProcessClassifier
from sklearn.svm import SVC

from mxt.evaluation.crossval import calm
from mxt.evaluation.search import expand
from mxt.models.heads import Trees, Unsupported, from_estimator
from mxt.stages.heads.forest import Forest
from mxt.stages.heads.linear import Linear
from mxt.stages.heads.mlp import Mlp
from mxt.stages.heads.pairwise import Pairwise
from mxt.stages.heads.svm import Svm
from mxt.stages.heads.svm_choi2017 import SvmChoi2017

RNG = np.random.default_rng(0)
X, NEW = (RNG.normal(size=(n, 8)).astype(np.float32) for n in (200, 80))
HEADS = {
    "svm": Svm(),
    "svm_choi2017": SvmChoi2017(),
    "linear": Linear(),
    "tutorial": Linear(preset="tutorial", steps=200),
    "forest": Forest(trees=20),
    "mlp": Mlp(),
    "pairwise": Pairwise(),
    "pairwise tutorial": Pairwise(preset="tutorial", steps=200),
}
ALL_TASKS = [name for name in HEADS if name not in ("tutorial", "pairwise", "pairwise tutorial")]


def fitted(name, task, y):
    """An estimator of every set of parameters of a head's grid: the first, a middle one and the last."""
    head = HEADS[name]
    grid = expand(head.grid(task, n_features=8))
    for params in (grid[0], grid[len(grid) // 2], grid[-1]):
        with calm():
            yield head.estimator(task, seed=0).set_params(**params).fit(X, y)


@pytest.mark.parametrize("n_classes", [2, 3, 6])
@pytest.mark.parametrize("name", HEADS)
def test_classes_get_the_scores_that_the_estimator_gives(name, n_classes):
    y = np.abs(X[:, :n_classes]).argmax(axis=1)
    for estimator in fitted(name, "classification", y):
        score = getattr(estimator, "decision_function", None) or estimator.predict_proba
        expected = score(NEW)
        head = from_estimator(estimator)
        outputs = head.outputs(NEW)
        assert head.check(8) == outputs.shape[1]
        np.testing.assert_allclose(
            outputs[:, 0] if expected.ndim == 1 else outputs, expected, rtol=1e-5, atol=1e-5
        )


@pytest.mark.parametrize("name", ALL_TASKS)
def test_labels_get_the_scores_that_the_estimator_gives(name):
    y = (X[:, :3] > 0.2).astype(int)
    for estimator in fitted(name, "multilabel", y):
        score = getattr(estimator, "decision_function", None) or estimator.predict_proba
        expected = score(NEW)
        if isinstance(expected, list):
            expected = np.stack([label[:, 1] for label in expected], axis=1)
        np.testing.assert_allclose(from_estimator(estimator).outputs(NEW), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", ALL_TASKS)
def test_numbers_are_those_that_the_estimator_predicts(name):
    y = 3 + 2 * X[:, 0] + X[:, 1] ** 2
    for estimator in fitted(name, "regression", y):
        values = from_estimator(estimator).outputs(NEW)[:, 0]
        np.testing.assert_allclose(values, estimator.predict(NEW), rtol=1e-5, atol=1e-5)


def test_a_label_that_every_clip_has_keeps_its_constant_score():
    y = np.stack([X[:, 0] > 0, np.ones(len(X))], axis=1).astype(int)
    estimator = Linear().estimator("multilabel", seed=0)
    with calm():
        estimator.fit(X, y)
    assert (from_estimator(estimator).outputs(NEW)[:, 1] == 1).all()


def test_an_estimator_of_an_unknown_type_is_refused_by_name():
    estimator = GaussianProcessClassifier().fit(X[:20], np.arange(20) % 2)
    with pytest.raises(Unsupported, match="GaussianProcessClassifier cannot be written as arrays"):
        from_estimator(estimator)


def test_a_kernel_that_is_not_known_is_refused():
    with pytest.raises(Unsupported, match="SVC"):
        from_estimator(SVC(kernel="poly").fit(X, (X[:, 0] > 0).astype(int)))


def test_a_tree_that_would_never_end_is_refused():
    one = np.zeros(1, np.int64)
    forever = Trees(one, one, np.zeros(1), one, one, np.ones((1, 2)))
    with pytest.raises(ValueError, match="does not lead on"):
        forever.check(1)
