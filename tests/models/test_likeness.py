"""What is unlike the learning clips is told, whatever the density of what it lies beside."""

from __future__ import annotations

import numpy as np
import pytest

from mxt.models.likeness import MOST, learn_likeness

RNG = np.random.default_rng(0)


def learnt(X, unit_of=None, class_of=None):
    n = len(X)
    unit_of = np.arange(n) if unit_of is None else unit_of
    return learn_likeness(X, unit_of, np.zeros(n, int) if class_of is None else class_of, seed=0)


def test_about_the_stated_share_of_new_clips_of_the_same_kind_is_rejected():
    likeness = learnt(RNG.normal(size=(1000, 10)))
    rejected = likeness.is_unlike(likeness.shares(RNG.normal(size=(2000, 10))), 0.05)
    assert 0.03 < rejected.mean() < 0.08


def test_what_lies_far_off_is_unlike():
    likeness = learnt(RNG.normal(size=(300, 10)))
    assert likeness.is_unlike(likeness.shares(RNG.normal(size=(50, 10)) + 8), 0.01).all()


def test_a_dense_class_is_guarded_as_well_as_a_wide_one():
    dense, wide = RNG.normal(size=(300, 10)) * 0.01, 30 + RNG.normal(size=(300, 10))
    likeness = learnt(np.concatenate([dense, wide]))
    assert likeness.is_unlike(likeness.shares(np.full((1, 10), 0.3)), 0.01).all()


def test_clips_that_belong_together_do_not_make_one_another_usual():
    X = np.repeat(RNG.normal(size=(60, 10)), 4, axis=0) + 0.01 * RNG.normal(size=(240, 10))
    likeness = learnt(X, unit_of=np.repeat(np.arange(60), 4))
    assert not likeness.is_unlike(likeness.shares(RNG.normal(size=(100, 10))), 0.01).mean() > 0.1


def test_nothing_is_rejected_where_nothing_is_to_be():
    likeness = learnt(RNG.normal(size=(50, 3)))
    assert not likeness.is_unlike(likeness.shares(np.full((5, 3), 1e6)), 0.0).any()


def test_few_clips_reject_what_is_more_unusual_than_all_of_them():
    likeness = learnt(RNG.normal(size=(20, 3)))
    assert likeness.is_unlike(likeness.shares(np.full((5, 3), 1e6)), 0.01).all()


def test_of_many_clips_some_of_every_class_are_kept():
    X = RNG.normal(size=(MOST + 500, 4)).astype(np.float32)
    class_of = np.zeros(len(X), int)
    class_of[:10] = 1
    likeness = learnt(X, class_of=class_of)
    assert len(likeness.rows) == MOST
    kept = {row.tobytes() for row in likeness.rows}
    assert all(row.tobytes() in kept for row in X[:10])


@pytest.mark.parametrize("n", [2, 3, 11])
def test_a_handful_of_equal_clips_is_no_error(n):
    likeness = learnt(np.ones((n, 3)))
    assert np.isfinite(likeness.shares(np.ones((2, 3)))).all()
