from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxt.core.errors import PluginError, UnknownName, UsageError
from mxt.core.params import Param
from mxt.core.specs import Layer, StageSpec, WeightsFile, Window

SPEC = StageSpec(
    kind="backbone",
    name="tiny",
    summary="a backbone",
    target="package.module:Tiny",
    sample_rate=16_000,
    layers=(Layer(1, "low", 2), Layer(2, "high", 3, ("a", "b", "c"))),
    params=(Param("gain", "float", 1.0, "factor", minimum=0), Param("name", "str", "x", "a word")),
    weights=(WeightsFile("first", "first.bin"), WeightsFile("second", "second.bin")),
)


def test_valid_spec_has_no_problems():
    assert SPEC.problems() == []
    SPEC.check()


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"kind": "bakbone"}, "kind 'bakbone'"),
        ({"name": "my net"}, "characters other than"),
        ({"target": "package.module"}, "not of the form"),
        ({"target": ":Tiny"}, "not of the form"),
        ({"sample_rate": None}, "sample_rate"),
        ({"layers": ()}, "states its layers"),
        ({"layers": (Layer(2, "low", 2),)}, "numbered from 1"),
        ({"layers": (Layer(1, "low", 2), Layer(2, "low", 2))}, "one name"),
        ({"layers": (Layer(1, "low", 2, ("a",)),)}, "1 labels for 2 columns"),
        ({"params": (Param("a", "float", 1.0, ""), Param("a", "int", 1, ""))}, "occurs twice"),
        ({"params": (Param("a", "tensor", 1.0, ""),)}, "unknown type"),
    ],
)
def test_problem_of_a_spec_is_named(changes, problem):
    wrong = replace(SPEC, **changes)
    assert any(problem in sentence for sentence in wrong.problems())
    with pytest.raises(PluginError, match=r"ba(ck|k)bone"):
        wrong.check()


@pytest.mark.parametrize(
    ("param", "text", "value"),
    [
        (Param("p", "bool", False, ""), "yes", True),
        (Param("p", "bool", True, ""), "Off", False),
        (Param("p", "int", 0, ""), "12", 12),
        (Param("p", "int", 0, ""), "1e3", 1000),
        (Param("p", "float", 0.0, ""), "-0.5", -0.5),
        (Param("p", "choice", "a", "", choices=("a", "b")), "b", "b"),
        (Param("p", "int", 1, "", choices=("1", "2")), "2.0", 2),
        (Param("p", "list", (), "", choices=("a", "b"), item="str"), "b,a", ("b", "a")),
        (Param("p", "list", (), ""), "1,2.5", (1.0, 2.5)),
        (Param("p", "list", (), "", item="str"), "a,b", ("a", "b")),
        (Param("p", "path", "", ""), "x/y", "x/y"),
        (Param("p", "float", None, "none: unlimited"), None, None),
    ],
    ids=lambda value: str(value)[:30],
)
def test_text_becomes_the_parameters_type(param, text, value):
    checked = param.check(text)
    assert checked == value
    assert type(checked) is type(value)


@pytest.mark.parametrize(
    ("param", "text", "message"),
    [
        (Param("p", "bool", False, ""), "perhaps", "true or false"),
        (Param("p", "int", 0, ""), "1.5", "a whole number"),
        (Param("p", "int", 0, ""), "nan", "a whole number"),
        (Param("p", "float", 0.0, ""), "inf", "a number"),
        (Param("p", "float", 0.0, "", minimum=0, maximum=1), "2", "at least 0 and at most 1"),
        (Param("p", "choice", "a", "", choices=("a", "b")), "c", "one of a, b"),
        (
            Param("p", "str", "mean", "", choices=("mean", "max")),
            "median",
            "p is one of mean, max, not 'median'",
        ),
        (Param("p", "int", 1, "", choices=("1", "2")), "3", "p is one of 1, 2, not '3'"),
        (Param("p", "float", 0.5, "", choices=(0.5, 1)), "0.7", r"p is one of 0\.5, 1, not '0\.7'"),
        (Param("p", "path", "a", "", choices=("a",)), "b", "p is one of a, not 'b'"),
        (Param("p", "list", (), "", choices=("a", "b"), item="str"), "a,c", "p is any of a, b, not 'a,c'"),
        (Param("p", "list", (), "", choices=("1", "2")), "1,3", "p is any of 1, 2, not '1,3'"),
        (Param("p", "int", 0, ""), 10**400, "a whole number"),
        (Param("p", "list", (), "", minimum=0), "1,-1", "at least 0"),
        (Param("p", "list", (), ""), "1,x", "numbers separated by commas"),
        (Param("p", "float", 0.0, ""), True, "a number"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_value_that_does_not_fit_is_a_usage_error_that_says_what_does(param, text, message):
    with pytest.raises(UsageError, match=message):
        param.check(text)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_number_survives_being_typed(number):
    assert Param("p", "float", 0.0, "").check(repr(number)) == number


@given(st.integers(min_value=-(2**53), max_value=2**53))
def test_whole_number_survives_being_typed(number):
    assert Param("p", "int", 0, "").check(str(number)) == number


def test_parameters_are_those_given_and_the_defaults():
    assert SPEC.parameters({"gain": "2"}) == {"gain": 2.0, "name": "x"}
    assert SPEC.changed({"gain": 2.0, "name": "x"}) == {"gain": 2.0}
    with pytest.raises(UnknownName, match="did you mean gain"):
        SPEC.parameters({"gian": 1})


def test_first_weight_set_is_the_default():
    default = SPEC.weight_set(None)
    assert default is not None
    assert default.name == "first"
    assert replace(SPEC, weights=()).weight_set(None) is None
    with pytest.raises(UnknownName, match="did you mean second"):
        SPEC.weight_set("secnd")


def test_windows_say_what_is_used():
    assert Window.fixed(29).seconds == 29
    assert Window.sliding(3, 1, tail="pad") == Window("sliding", 3, 1, tail="pad")
    assert Window.whole(min_samples=1024).pad == "zero"
