"""The rows most like another."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxt.models import similar
from mxt.models.similar import nearest

RNG = np.random.default_rng(0)


def plain(X: np.ndarray, query: np.ndarray) -> np.ndarray:
    """Cosines of standardised columns, as a formula says it."""
    X = X.astype(np.float64)
    spread = X.std(axis=0)
    kept = spread > 1e-9
    Z, z = (X - X.mean(axis=0))[:, kept] / spread[kept], (query - X.mean(axis=0))[kept] / spread[kept]
    return Z @ z / (np.linalg.norm(Z, axis=1) * np.linalg.norm(z))


@given(st.integers(2, 60), st.integers(1, 8), st.integers(0, 2**16))
def test_the_answer_is_that_of_the_formula_on_all_rows(n: int, d: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    X = (rng.normal(size=(n, d)) * rng.uniform(0.1, 100, size=d) + rng.uniform(-50, 50, size=d)).astype(
        np.float32
    )
    query = X[0] + rng.normal(size=d).astype(np.float32)
    rows, similarity = nearest(X, query, 5)
    expected = plain(X, query)
    np.testing.assert_allclose(similarity, np.sort(expected)[::-1][:5], atol=2e-4)
    np.testing.assert_allclose(expected[rows], similarity, atol=2e-4)


def test_blocks_do_not_change_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    X = RNG.normal(size=(1000, 7)).astype(np.float32)
    whole = nearest(X, X[3], 20)
    monkeypatch.setattr(similar, "BLOCK_VALUES", 64)
    in_blocks = nearest(X, X[3], 20)
    np.testing.assert_array_equal(in_blocks[0], whole[0])
    np.testing.assert_allclose(in_blocks[1], whole[1], atol=1e-6)


def test_a_row_is_most_like_itself_and_of_equal_rows_the_first_comes_first() -> None:
    X = RNG.normal(size=(50, 4)).astype(np.float32)
    X[30] = X[7]
    rows, similarity = nearest(X, X[7], 2)
    assert rows.tolist() == [7, 30]
    assert similarity == pytest.approx([1.0, 1.0])


def test_rows_that_are_left_out_never_come() -> None:
    X = RNG.normal(size=(50, 4)).astype(np.float32)
    left_out = np.zeros(50, bool)
    left_out[nearest(X, X[0], 10)[0]] = True
    rows, _ = nearest(X, X[0], 100, left_out=left_out)
    assert len(rows) == 40
    assert not left_out[rows].any()


def test_the_unit_of_a_column_and_constant_columns_mean_nothing() -> None:
    X = RNG.normal(size=(50, 4)).astype(np.float32)
    changed = np.concatenate([X * np.float32([1, 1000, 0.001, 7]), np.full((50, 1), 0.1, np.float32)], axis=1)
    np.testing.assert_array_equal(nearest(changed, changed[5], 10)[0], nearest(X, X[5], 10)[0])


def test_a_mapped_file_is_searched(tmp_path: Path) -> None:
    X = RNG.normal(size=(200, 4)).astype(np.float32)
    np.save(tmp_path / "x.npy", X)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    np.testing.assert_array_equal(nearest(mapped, X[9], 7)[0], nearest(X, X[9], 7)[0])
