from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mxt.evaluation.balance import assign_folds


@given(
    st.lists(st.tuples(st.integers(0, 12), st.integers(0, 3)), min_size=4, max_size=80),
    st.integers(2, 5),
    st.integers(0, 3),
)
@settings(max_examples=60, deadline=None)
def test_a_unit_never_straddles_folds(pairs: list[tuple[int, int]], n_folds: int, seed: int) -> None:
    unit, y = (np.array(each) for each in zip(*pairs, strict=True))
    fold = assign_folds(unit, y[:, None] == np.arange(4), n_folds, seed=seed)
    assert all(len(set(fold[unit == each])) == 1 for each in unit)
    assert set(fold) <= set(range(n_folds))


@given(st.lists(st.integers(0, 3), min_size=10, max_size=120), st.integers(2, 6))
@settings(max_examples=60, deadline=None)
def test_single_clips_of_each_class_are_spread_as_evenly_as_can_be(classes: list[int], n_folds: int) -> None:
    y = np.array(classes)
    fold = assign_folds(np.arange(len(y)), y[:, None] == np.arange(4), n_folds, seed=0)
    for each in range(4):
        counts = np.bincount(fold[y == each], minlength=n_folds)
        assert counts.max() - counts.min() <= 1
    sizes = np.bincount(fold, minlength=n_folds)
    assert sizes.max() - sizes.min() <= 1


def test_single_clips_level_what_groups_left_uneven() -> None:
    y = np.zeros(30, dtype=int)
    unit = np.r_[np.zeros(9, dtype=int), np.arange(1, 22)]
    assert np.bincount(assign_folds(unit, y[:, None] == [0], 3, seed=0)).tolist() == [10, 10, 10]


def test_groups_spread_classes_about_as_evenly_as_scikit_learn_does() -> None:
    from sklearn.model_selection import StratifiedGroupKFold

    rng = np.random.default_rng(0)
    groups = rng.integers(60, size=600)
    y = (groups % 5 + rng.integers(2, size=600)) % 5
    ours = assign_folds(groups, y[:, None] == np.arange(5), 5, seed=0)
    theirs = np.empty(600, dtype=int)
    for i, (_, test) in enumerate(StratifiedGroupKFold(5).split(y, y, groups)):
        theirs[test] = i

    def unevenness(fold: np.ndarray) -> float:
        return float(np.std([np.bincount(fold[y == c], minlength=5) for c in range(5)], axis=1).mean())

    assert unevenness(ours) <= 1.25 * unevenness(theirs)


def test_unshuffled_folds_are_cut_in_order_as_scikit_learn_once_did() -> None:
    y = np.repeat([0, 1], [7, 5])
    fold = assign_folds(np.arange(12), y[:, None] == [0, 1], 3, seed=0, shuffle=False)
    assert fold.tolist() == [0, 0, 0, 1, 1, 2, 2, 0, 0, 1, 1, 2]


@pytest.mark.parametrize("seed", [0, 7])
def test_the_seed_decides_the_folds(seed: int) -> None:
    y = np.arange(60) % 3
    drawn = [
        assign_folds(np.arange(60), y[:, None] == np.arange(3), 5, seed=s) for s in (seed, seed, seed + 1)
    ]
    assert np.array_equal(drawn[0], drawn[1])
    assert not np.array_equal(drawn[0], drawn[2])


def test_rare_labels_are_spread_where_clips_have_several() -> None:
    rng = np.random.default_rng(0)
    y = np.column_stack([rng.random(200) < 0.5, rng.random(200) < 0.3, np.arange(200) < 10])
    fold = assign_folds(np.arange(200), y, 5, seed=0)
    assert np.bincount(fold[y[:, 2]], minlength=5).tolist() == [2] * 5
