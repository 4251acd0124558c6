from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mxt.evaluation.groups import codes, conflicting, count_units, straddling, units
from mxt.evaluation.tasks import Targets

Make = Callable[[Any], Targets]


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=40))
def test_clips_of_one_group_or_one_key_are_in_one_unit_and_units_are_no_larger_than_that_makes_them(
    pairs: list[tuple[int, int]],
) -> None:
    groups, keys = (codes(list(each)) for each in zip(*pairs, strict=True))
    unit = units(groups, keys)
    linked = (groups[:, None] == groups) | (keys[:, None] == keys)
    reach = linked.astype(int)
    for _ in range(6):  # the transitive closure, by squaring
        reach = (reach @ reach > 0).astype(int)
    assert np.array_equal(unit[:, None] == unit, reach > 0)


def test_units_are_numbered_by_first_appearance() -> None:
    assert units(np.array([5, 2, 5, 0])).tolist() == [0, 1, 0, 2]


def test_clips_without_a_group_stand_alone() -> None:
    assert len(set(codes([None, None, "a", "a"]).tolist())) == 3


def test_all_copies_of_a_recording_with_two_labels_are_in_conflict(classes: Make) -> None:
    keys = np.array([0, 1, 0, 2, 1])
    assert conflicting(keys, classes([0, 1, 1, 0, 1])).tolist() == [True, False, True, False, False]


def test_several_labels_conflict_where_any_differs() -> None:
    y = np.array([[True, False], [True, True], [True, False]])
    assert conflicting(np.array([0, 0, 1]), Targets("tags", "multilabel", y, ("a", "b"))).tolist() == [
        True,
        True,
        False,
    ]


def test_units_are_counted_by_class(classes: Make) -> None:
    assert count_units(classes([0, 0, 0, 1, 1]).membership(), np.array([0, 0, 1, 1, 2])).tolist() == [2, 2]


def test_a_group_in_two_parts_is_found() -> None:
    assert straddling(np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1])).tolist() == [0]
