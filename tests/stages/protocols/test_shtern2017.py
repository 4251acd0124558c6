from __future__ import annotations

import pytest

from mxt.core.errors import UsageError
from mxt.stages.protocols.shtern2017 import Shtern2017


def test_it_brings_the_tutorial_s_layer_and_split() -> None:
    found = Shtern2017().choices("classification")
    assert (found.outer, found.hash_percent, found.runs, found.noise) == ("hash", (10.0, 10.0), 5, 0.02)
    assert (found.head, dict(found.head_params), found.standardise) == (
        "linear",
        {"preset": "tutorial"},
        False,
    )


def test_numbers_are_left_to_the_default_head() -> None:
    assert Shtern2017().choices("regression").head == ""


def test_something_must_be_left_to_learn_from() -> None:
    with pytest.raises(UsageError, match="leave nothing to learn from: 50 % and 50 %"):
        Shtern2017(valid=50, test=50).choices("classification")
