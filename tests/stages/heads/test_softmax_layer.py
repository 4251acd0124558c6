from __future__ import annotations

import numpy as np
import pytest
import torch

from mxt.core.errors import UsageError
from mxt.registry import build_registry
from mxt.stages.heads.softmax_layer import SoftmaxLayer

RNG = np.random.default_rng(3)


def problem(rows: int, columns: int, classes: int = 3) -> tuple[np.ndarray, np.ndarray]:
    y = np.arange(rows) % classes
    X = RNG.random((rows, columns)).astype(np.float32)
    X[np.arange(rows), y] += 2
    return X, y


def by_autograd(
    X: np.ndarray, y: np.ndarray, *, steps: int, batch: int, rate: float, seed: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """The same descent with autograd in float64, on the weights themselves; rows of a class in order."""
    generator = torch.Generator().manual_seed(seed)
    classes = int(y.max()) + 1
    weights = torch.nn.init.trunc_normal_(
        torch.empty(X.shape[1], classes), std=0.001, a=-0.002, b=0.002, generator=generator
    )
    weights = weights.double().requires_grad_()
    bias = torch.zeros(classes, dtype=torch.float64, requires_grad=True)
    drawn = torch.randint(classes, (steps, batch), generator=generator)
    place = torch.rand((steps, batch), generator=generator, dtype=torch.float64)
    for labels, where in zip(drawn, place, strict=True):
        sizes = torch.tensor([int((y == label).sum()) for label in labels])
        rows = labels + classes * (where * sizes).long()
        loss = torch.nn.functional.cross_entropy(torch.from_numpy(X).double()[rows] @ weights + bias, labels)
        loss.backward()
        with torch.no_grad():
            for tensor in (weights, bias):
                assert tensor.grad is not None
                tensor -= rate * tensor.grad
                tensor.grad = None
    return weights.detach().T, bias.detach()


@pytest.mark.parametrize(
    ("rows", "columns"), [(60, 10), (30, 80)], ids=["more rows than columns", "more columns than rows"]
)
def test_it_is_the_descent_that_autograd_gives(rows: int, columns: int) -> None:
    X, y = problem(rows, columns)
    found = SoftmaxLayer(steps=150, batch=20, learning_rate=0.05, seed=4).fit(X, y)
    weights, bias = by_autograd(X, y, steps=150, batch=20, rate=0.05, seed=4)
    np.testing.assert_allclose(found.coef_, weights.numpy(), atol=2e-5)
    np.testing.assert_allclose(found.intercept_, bias.numpy(), atol=2e-5)


def test_weights_begin_within_two_deviations_of_a_thousandth() -> None:
    X, y = problem(30, 400)
    first = SoftmaxLayer(steps=1, learning_rate=1e-12, seed=0).fit(X, y).coef_
    assert 0.0007 < first.std() < 0.001
    assert np.abs(first).max() <= 0.002 + 1e-6


def test_batches_hold_as_much_of_small_classes_as_of_large_ones() -> None:
    X = np.zeros((100, 2), dtype=np.float32)
    found = SoftmaxLayer(steps=4000, seed=0).fit(X, (np.arange(100) < 5).astype(int))
    assert abs(found.intercept_[0] - found.intercept_[1]) < 0.1


def test_a_seed_gives_the_same_layer_and_another_seed_another_one() -> None:
    X, y = problem(60, 5)
    first, again, other = (SoftmaxLayer(steps=50, seed=seed).fit(X, y).coef_ for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_two_classes_have_one_score_whose_sign_decides() -> None:
    X, y = problem(40, 4, classes=2)
    found = SoftmaxLayer(steps=300).fit(X, np.array(["no", "yes"])[y])
    assert ((found.decision_function(X) > 0) == (found.predict(X) == "yes")).all()


def test_settings_of_the_other_preset_are_refused() -> None:
    registry = build_registry()
    assert registry.choose("head", "linear", {"preset": "tutorial", "steps": 100}).params["steps"] == 100
    with pytest.raises(UsageError, match="steps of linear needs --set preset=tutorial; the preset is sound"):
        registry.choose("head", "linear", {"steps": 100})
    with pytest.raises(UsageError, match="C of pairwise needs --set preset=sound"):
        registry.choose("head", "pairwise", {"preset": "tutorial", "C": (1.0,)})
