"""A weighting of layers, learnt together with a linear head."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.preprocessing import StandardScaler

from mxt.evaluation.fitting import converged
from mxt.stages.heads.weighted_layers import WeightedClassifier, WeightedRegressor

N, D = 150, 12
RNG = np.random.default_rng(0)
Y = np.arange(N) % 3
NOISE = [RNG.normal(size=(N, D)) for _ in range(4)]
TELLING = RNG.normal(size=(N, D)) + 3 * np.eye(3, D)[Y]
VALUES = 50 + 10 * NOISE[1][:, 0] + RNG.normal(size=N)


def layers(*arrays: Any) -> Any:
    return np.concatenate(arrays, axis=1).astype(np.float32)


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("C", [0.001, 0.1, 10.0])
def test_with_one_layer_it_is_logistic_regression_on_that_layer(classes: int, C: float) -> None:
    """Both minimise the same loss by L-BFGS from zero; float64 rounding is all that may differ."""
    y, X = Y % classes, TELLING
    Z = StandardScaler().fit_transform(X)
    theirs = LogisticRegression(C=C, max_iter=1000).fit(Z, y)
    ours = WeightedClassifier(n_layers=1, C=C).fit(X, y)
    assert ours.layer_weights_ == pytest.approx([1.0])
    assert np.allclose(ours.coef_.T, theirs.coef_, atol=1e-6)
    assert np.array_equal(ours.predict(X), theirs.predict(Z))


@pytest.mark.parametrize("alpha", [1.0, 100.0, 10_000.0])
def test_with_one_layer_it_is_ridge_regression_on_that_layer(alpha: float) -> None:
    """L-BFGS stops at gradients of 1e-4 of the standard deviation of the values; ridge is exact."""
    Z = StandardScaler().fit_transform(NOISE[1])
    theirs = Ridge(alpha=alpha).fit(Z, VALUES).predict(Z)
    ours = WeightedRegressor(n_layers=1, alpha=alpha).fit(NOISE[1], VALUES).predict(NOISE[1])
    assert np.abs(ours - theirs).max() < 1e-3 * VALUES.std()


@pytest.mark.parametrize("place", [0, 2, 4])
def test_a_layer_that_tells_classes_apart_has_the_largest_weight(place: int) -> None:
    arrays = [*NOISE[:place], TELLING, *NOISE[place:]]
    found = WeightedClassifier(n_layers=5, C=0.1).fit(layers(*arrays), Y)
    assert found.layer_weights_.argmax() == place
    assert found.layer_weights_[place] > 0.9
    assert found.layer_weights_.sum() == pytest.approx(1.0)
    assert (found.predict(layers(*arrays)) == Y).mean() > 0.9


def test_a_layer_that_tells_values_has_the_largest_weight() -> None:
    found = WeightedRegressor(n_layers=4, alpha=1.0).fit(layers(*NOISE), VALUES)
    assert found.layer_weights_.argmax() == 1
    assert np.corrcoef(found.predict(layers(*NOISE)), VALUES)[0, 1] > 0.9


def test_layers_in_another_order_have_their_weights_in_that_order() -> None:
    arrays = [TELLING, NOISE[0], TELLING + NOISE[1], NOISE[2]]
    order = [2, 0, 3, 1]
    one = WeightedClassifier(n_layers=4, C=0.1).fit(layers(*arrays), Y)
    other = WeightedClassifier(n_layers=4, C=0.1).fit(layers(*(arrays[i] for i in order)), Y)
    # the sums are rounded in another order, and L-BFGS stops within its tolerance of one minimum
    assert np.allclose(other.layer_weights_, one.layer_weights_[order], atol=1e-3)


def test_equal_layers_share_the_weight_equally() -> None:
    found = WeightedClassifier(n_layers=3, C=1.0).fit(layers(TELLING, TELLING, TELLING), Y)
    assert np.allclose(found.layer_weights_, 1 / 3)


def test_units_of_a_layer_do_not_matter() -> None:
    one = WeightedClassifier(n_layers=2).fit(layers(TELLING, NOISE[0]), Y)
    other = WeightedClassifier(n_layers=2).fit(layers(TELLING * 1000 + 5, NOISE[0] / 50), Y)
    assert np.allclose(one.layer_weights_, other.layer_weights_, atol=1e-3)


def test_columns_beside_the_layers_are_learnt_from_too() -> None:
    X = layers(NOISE[0], NOISE[1], 3 * np.eye(3)[Y] + NOISE[2][:, :3])
    found = WeightedClassifier(n_layers=2, n_added=3).fit(X, Y)
    assert found.coef_.shape == (D + 3, 3)
    assert (found.predict(X) == Y).mean() > 0.9


def test_it_is_the_same_every_time_and_keeps_the_names_of_classes() -> None:
    words = np.array(["a", "b", "c"])[Y]
    X = layers(TELLING, *NOISE)
    first, second = (WeightedClassifier(n_layers=5, C=10.0).fit(X, words) for _ in range(2))
    assert np.array_equal(first.coef_, second.coef_)
    assert np.array_equal(first.layer_weights_, second.layer_weights_)
    assert set(first.predict(X)) == {"a", "b", "c"}


def test_stopping_at_the_limit_is_noticed() -> None:
    X = layers(TELLING, *NOISE)
    assert converged(WeightedClassifier(n_layers=5).fit(X, Y))
    assert not converged(WeightedClassifier(n_layers=5, max_iter=2).fit(X, Y))
