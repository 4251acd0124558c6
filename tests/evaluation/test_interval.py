"""A value with its lower and upper bound."""

from __future__ import annotations

import json
import math

import pytest

from mxt.evaluation.interval import Interval


@pytest.mark.parametrize(
    ("interval", "clear"),
    [
        (Interval(0.1, 0.01, 0.2), True),
        (Interval(-0.1, -0.2, -0.01), True),
        (Interval(0.1, -0.01, 0.2), False),
        (Interval(0.0, 0.0, 0.0), False),
        (Interval(0.1, math.nan, math.nan), False),
    ],
)
def test_a_difference_is_clear_where_its_interval_excludes_zero(interval, clear):
    assert interval.clear is clear


def test_an_interval_reads_as_its_value_and_its_bounds():
    assert str(Interval(0.862, 0.84, 0.883)) == "0.862 (0.840 to 0.883)"
    assert Interval(0.031, -0.004, 0.058).signed == "+0.031 (-0.004 to +0.058)"
    assert str(Interval(-2.5e9, -1e10, 0.1)) == "-2.5e+09 (-1e+10 to 0.100)"


def test_an_interval_without_bounds_reads_as_its_value():
    nothing = Interval(0.5, math.nan, math.nan)
    assert (str(nothing), nothing.signed) == ("0.500", "+0.500")


def test_an_interval_comes_back_from_json_with_all_its_digits():
    interval = Interval(1 / 3, 0.1 + 0.2, 2 / 3)
    assert Interval.from_plain(json.loads(json.dumps(interval.to_plain()))) == interval


def test_what_json_has_no_number_for_is_nan():
    found = Interval.from_plain({"value": 0.5, "low": None, "high": None})
    assert math.isnan(found.low)
    assert math.isnan(found.high)
