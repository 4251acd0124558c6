"""Clips on a plane."""

from __future__ import annotations

import numpy as np
import pytest

from mxt.evaluation.projection import METHODS, Method, project


def two_clouds(n: int = 30, d: int = 12) -> np.ndarray:
    rng = np.random.default_rng(1)
    X = rng.normal(size=(n, d))
    X[n // 2 :] += 6
    return X


@pytest.mark.parametrize("method", METHODS)
def test_every_row_has_two_finite_coordinates_that_the_same_seed_gives_again(method: Method) -> None:
    X = two_clouds().astype(np.float32)
    first, second = project(X, method, 3), project(X, method, 3)
    assert first.shape == (30, 2)
    assert first.dtype == np.float64
    assert np.isfinite(first).all()
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("method", METHODS)
def test_clouds_that_lie_apart_stay_apart(method: Method) -> None:
    places = project(two_clouds(), method, 0)
    left, right = places[:15], places[15:]
    spread = max(left.std(axis=0).max(), right.std(axis=0).max())
    assert np.linalg.norm(left.mean(axis=0) - right.mean(axis=0)) > 2 * spread


def test_the_unit_of_a_column_does_not_matter() -> None:
    X = two_clouds()
    np.testing.assert_allclose(project(X * np.geomspace(1e-3, 1e6, 12), "pca", 0), project(X, "pca", 0))


def test_constant_columns_count_for_nothing() -> None:
    X = two_clouds()
    np.testing.assert_allclose(
        project(np.hstack([X, np.full((30, 5), 7.0)]), "pca", 0), project(X, "pca", 0), atol=1e-9
    )


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("shape", [(0, 3), (1, 4), (2, 1), (3, 2), (40, 1)])
def test_few_rows_and_one_column_have_a_place_too(method: Method, shape: tuple[int, int]) -> None:
    places = project(np.random.default_rng(0).normal(size=shape), method, 0)
    assert places.shape == (shape[0], 2)
    assert np.isfinite(places).all()


@pytest.mark.parametrize("method", METHODS)
def test_equal_rows_lie_on_one_point(method: Method) -> None:
    np.testing.assert_array_equal(project(np.ones((20, 4)), method, 0), np.zeros((20, 2)))
