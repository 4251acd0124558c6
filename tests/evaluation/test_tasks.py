from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mxt.core.errors import EvaluationError
from mxt.evaluation.tasks import encode, infer_task, is_labelled


@pytest.mark.parametrize(
    ("values", "task"),
    [
        (["rock", "pop"], "classification"),
        ([str(i % 10) for i in range(100)], "classification"),
        ([str(i) for i in range(100)], "regression"),
        (["0.5", "1.5", "2", "3", "4.25"], "regression"),
        (["1.5", "2", "1.5"], "classification"),
        ([3.0, 1.0, 3.0], "regression"),
        ([("a",), ("a", "b")], "multilabel"),
        (["1", "2", "three"], "classification"),
    ],
)
def test_the_task_follows_from_the_values(values: Any, task: str) -> None:
    assert infer_task(values) == task


def test_text_that_ingest_found_to_be_classes_stays_classes() -> None:
    assert infer_task([str(i) for i in range(40)], text_is_class=True) == "classification"


@pytest.mark.parametrize("value", [None, "", "  ", float("nan")])
def test_an_empty_label_is_no_label(value: Any) -> None:
    assert not is_labelled(value)


def test_a_clip_with_none_of_several_labels_is_labelled() -> None:
    assert is_labelled(())
    assert encode([(), ("a", "b")], task="multilabel", column="tags").y.tolist() == [
        [False, False],
        [True, True],
    ]


def test_classes_are_numbered_by_name() -> None:
    targets = encode(["rock", "blues", "rock"], task="classification", column="genre")
    assert (targets.classes, targets.y.tolist()) == (("blues", "rock"), [1, 0, 1])


def test_a_value_that_is_no_number_is_named() -> None:
    with pytest.raises(EvaluationError, match="'loud', which is not a number"):
        encode(["1", "loud"], task="regression", column="arousal")


def test_several_labels_of_one_clip_are_no_class() -> None:
    with pytest.raises(EvaluationError, match=r"2 labels for one clip \(a, b\)"):
        encode([("a", "b")], task="classification", column="tags")


def test_classes_without_clips_are_dropped_and_the_others_keep_their_names() -> None:
    targets = (
        encode(["c", "a", "b", "c"], task="classification", column="x")
        .take(np.array([0, 1, 3]))
        .drop_absent()
    )
    assert [targets.classes[i] for i in targets.y] == ["c", "a", "c"]
    assert targets.classes == ("a", "c")


def test_numbers_are_balanced_by_quantiles() -> None:
    member = encode([float(i) for i in range(100)], task="regression", column="x").membership()
    assert member.sum(axis=0).tolist() == [20] * 5
    assert member.sum(axis=1).tolist() == [1] * 100
