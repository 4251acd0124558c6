"""What the values of a column are taken for."""

from __future__ import annotations

import pytest

from mxt.stages.datasets.targets import Meaning, split_name, typed


@pytest.mark.parametrize(
    ("values", "targets", "what"),
    [
        (["rock", "pop", ""], ["rock", "pop", None], "classes"),
        (["rock; pop", "jazz"], [("rock", "pop"), ("jazz",)], "several labels, separated by ;"),
        (["rock|pop|rock", ""], [("rock", "pop"), None], "several labels, separated by |"),
        ([["rock", "pop"], [], None], [("rock", "pop"), (), None], "several labels"),
        (["0.5", "1e-3", "nan", ""], [0.5, 0.001, None, None], "numbers"),
        ([1.5, 2, None], [1.5, 2.0, None], "numbers"),
        (["0", "1", "0", "1"], ["0", "1", "0", "1"], "whole numbers taken as classes"),
        (["120", "87", "133"], [120.0, 87.0, 133.0], "numbers"),
        (["1.5", "loud"], ["1.5", "loud"], "classes"),
        (["inf", "1.5"], [None, 1.5], "numbers"),
        (["", ""], [None, None], "classes"),
    ],
)
def test_values_become_targets(values, targets, what):
    assert typed(values)[0] == targets
    assert str(typed(values)[1]) == what


def test_numbers_are_classes_or_values_where_that_is_said():
    assert typed(["0.5", "1.5"], numbers="classes")[0] == ["0.5", "1.5"]
    assert typed(["0", "1", "0", "1"], numbers="values")[0] == [0.0, 1.0, 0.0, 1.0]


def test_a_decimal_comma_is_read_where_the_table_has_one():
    assert typed(["3,5", "4"], decimal_comma=True) == ([3.5, 4.0], Meaning("numbers"))
    assert typed(["3,5", "4"])[1] == Meaning("classes")


@pytest.mark.parametrize(
    ("word", "name"), [("TRAIN", "train"), (" val ", "valid"), ("testing", "test"), ("jazz", None)]
)
def test_splits_are_known_by_the_words_people_use(word, name):
    assert split_name(word) == name
