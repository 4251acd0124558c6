from __future__ import annotations

import pytest

from mxt.core.stages import Evaluation
from mxt.stages.protocols.choi2017 import Choi2017
from mxt.stages.protocols.nested import Nested
from mxt.stages.protocols.specs import SPECS


def test_the_default_protocol_never_chooses_on_the_testing_part() -> None:
    assert Nested().choices("classification") == Evaluation(
        outer="given", folds=10, inner_folds=3, nested=True
    )


def test_the_defaults_of_the_spec_are_those_of_the_protocol() -> None:
    assert {param.name: param.default for param in SPECS[0].params} == {
        param.name: getattr(Nested(), param.name) for param in SPECS[0].params
    }


def test_the_protocol_of_choi_2017_is_as_released() -> None:
    choices = Choi2017().choices("regression")
    assert (choices.folds, choices.shuffle, choices.nested, choices.standardise) == (10, False, False, False)
    assert (choices.keep_together, choices.score, choices.head) == (False, "fold_mean", "svm_choi2017")


@pytest.mark.parametrize(("word", "standardise"), [("no", False), ("yes", True), ("both", None)])
def test_scaling_of_choi_2017_can_be_chosen(word: str, standardise: bool | None) -> None:
    assert Choi2017(standardise=word).choices("classification").standardise is standardise
