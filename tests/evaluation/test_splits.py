from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mxt.core.errors import EvaluationError
from mxt.evaluation.fold_names import natural, part_of
from mxt.evaluation.splits import Plan, Sample, draw_folds, joined, use_folds, use_split
from mxt.evaluation.tasks import Targets

Make = Callable[[Any], Targets]


def check_apart(plan: Plan, codes: np.ndarray) -> None:
    """No key or group is learnt from where it is tested or where it chooses parameters."""
    for fold in plan.folds:
        assert not set(codes[fold.learn]) & set(codes[fold.test])
        for learn, test in fold.inner:
            assert not set(codes[learn]) & set(codes[test])
            assert set(learn) | set(test) <= set(fold.learn)


rows = st.lists(
    st.tuples(st.integers(0, 30), st.integers(0, 2), st.integers(0, 12)), min_size=12, max_size=60
)


@given(rows, st.integers(0, 2))
@settings(max_examples=40, deadline=None)
def test_drawn_folds_keep_copies_and_groups_apart_inside_and_outside(
    found: list[tuple[int, int, int]], seed: int
) -> None:
    keys, y, groups = (np.array(each) for each in zip(*found, strict=True))
    sample = Sample(Targets("x", "classification", y, ("a", "b", "c")), keys, groups)
    plan = draw_folds(sample, 3, inner=3, seed=seed)
    check_apart(plan, keys)
    check_apart(plan, groups)
    assert np.array_equal(plan.tested, np.arange(len(y)))


@given(rows, st.sampled_from([3, 5]))
@settings(max_examples=40, deadline=None)
def test_given_folds_and_splits_never_part_copies(found: list[tuple[int, int, int]], n_given: int) -> None:
    keys, y, drawn = (np.array(each) for each in zip(*found, strict=True))
    keys[:n_given] = 100 + np.arange(n_given)  # each fold keeps a clip of its own
    drawn[:n_given] = np.arange(n_given)
    targets = Targets("x", "classification", y, ("a", "b", "c"))
    check_apart(
        use_folds(Sample(targets, keys, given=[str(f % n_given) for f in drawn]), inner=3, seed=0), keys
    )
    parts = [("train", "valid", "test")[f % 3] for f in drawn]
    check_apart(use_split(Sample(targets, keys, given=parts), inner=3, seed=0), keys)


def test_given_folds_are_used_as_they_are(classes: Make) -> None:
    given = ["1", "1", "10", "10", "2", "2"]
    plan = use_folds(Sample(classes([0, 1] * 3), np.arange(6), given=given), inner=2, seed=0)
    assert [fold.name for fold in plan.folds] == ["1", "2", "10"]
    assert [fold.test.tolist() for fold in plan.folds] == [[0, 1], [4, 5], [2, 3]]


def test_folds_inside_a_learning_part_keep_given_folds_whole(classes: Make) -> None:
    given = np.repeat(np.arange(6), 4)
    plan = use_folds(
        Sample(classes([0, 1] * 12), np.arange(24), given=[str(f) for f in given]), inner=3, seed=0
    )
    check_apart(plan, given)


def test_missing_given_folds_are_said(classes: Make) -> None:
    plan = use_folds(Sample(classes([0, 1] * 3), np.arange(6), given=list("112255")), inner=2, seed=0)
    assert plan.remarks == ("given folds are missing: 3, 4",)


def test_copies_in_two_given_folds_go_to_the_first_and_that_is_said(classes: Make) -> None:
    plan = use_folds(
        Sample(classes([0, 1, 0, 1, 0]), np.array([0, 1, 2, 3, 0]), given=list("11222")), inner=2, seed=0
    )
    assert plan.folds[0].test.tolist() == [0, 1, 4]
    assert "1 copies of recordings moved" in plan.remarks[0]


def test_groups_that_straddle_given_folds_are_said(classes: Make) -> None:
    plan = use_folds(
        Sample(classes([0, 1, 0, 1]), np.arange(4), np.array([0, 0, 0, 1]), given=list("1122")),
        inner=2,
        seed=0,
    )
    assert plan.remarks == ("1 groups lie in several of the given folds",)


def test_a_split_learns_from_all_but_its_testing_part_and_chooses_on_its_validation_part(
    classes: Make,
) -> None:
    given = ["train", "train", "val", "val", "test", "test"]
    fold = use_split(Sample(classes([0, 1] * 3), np.arange(6), given=given), inner=3, seed=0).folds[0]
    assert (fold.learn.tolist(), fold.test.tolist()) == ([0, 1, 2, 3], [4, 5])
    assert [[part.tolist() for part in pair] for pair in fold.inner] == [[[0, 1], [2, 3]]]


def test_copies_of_testing_recordings_are_not_learnt_from(classes: Make) -> None:
    plan = use_split(
        Sample(classes([0, 1, 0, 1]), np.array([0, 1, 2, 0]), given=["train", "train", "train", "test"]),
        inner=2,
        seed=0,
    )
    assert plan.folds[0].learn.tolist() == [1, 2]
    assert plan.remarks == ("1 copies of testing recordings left out of the learning part",)


def test_a_split_without_a_learning_part_cannot_be_used(classes: Make) -> None:
    with pytest.raises(EvaluationError, match="0 clips to learn from and 2 to test"):
        use_split(Sample(classes([0, 1]), np.arange(2), given=["test", "test"]), inner=2, seed=0)


def test_regression_folds_are_alike_in_their_numbers() -> None:
    y = np.random.default_rng(0).normal(size=100)
    plan = draw_folds(Sample(Targets("x", "regression", y), np.arange(100)), 5, inner=0, seed=0)
    assert max(abs(float(np.mean(y[fold.test])) - y.mean()) for fold in plan.folds) < 0.3


@pytest.mark.parametrize(
    ("word", "part"), [("Training", "train"), ("dev", "valid"), (" TEST ", "test"), ("fold1", None)]
)
def test_words_for_parts_are_understood(word: str, part: str | None) -> None:
    assert part_of(word) == part


def test_fold_ten_follows_fold_nine() -> None:
    assert sorted(["fold10", "fold9", "fold1"], key=natural) == ["fold1", "fold9", "fold10"]


def test_repeats_of_runs_are_all_told_apart(classes: Make) -> None:
    sample = Sample(classes(np.arange(24) % 2), np.arange(24))
    plan = joined([draw_folds(sample, 3, inner=0, seed=seed).repeated(2) for seed in (0, 1)], "repeat")
    assert plan.runs == 4
    assert plan.words == "3-fold, stratified, 2 runs, 2 repeats"
    assert [fold.run for fold in plan.folds[::3]] == [0, 1, 2, 3]
    assert (plan.folds[0].name, plan.folds[-1].name) == ("1, run 1, repeat 1", "3, run 2, repeat 2")
