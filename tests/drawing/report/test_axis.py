"""Axes of rows of dots."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxt.drawing.report.axis import MOST_TICKS, Axis
from mxt.evaluation.interval import Interval

finite = st.floats(-1e6, 1e6, allow_nan=False)


@given(st.lists(st.tuples(finite, finite, finite), min_size=1, max_size=5))
def test_every_bound_lies_on_the_axis_and_ticks_are_few_and_rising(bounds):
    intervals = [Interval(value, low, high) for value, low, high in bounds]
    axis = Axis.of(intervals)
    for one in intervals:
        for bound in (one.value, one.low, one.high):
            assert axis.low <= bound <= axis.high
            assert 0 <= axis.at(bound) <= 100
    assert list(axis.ticks) == sorted(set(axis.ticks))
    assert len(axis.ticks) <= MOST_TICKS + 1


def test_an_axis_of_nothing_goes_from_zero_to_one():
    assert Axis.of([Interval(math.nan, math.nan, math.nan)]) == Axis(0.0, 1.0)


@pytest.mark.parametrize(
    ("low", "high", "ticks"), [(0, 1, (0, 0.25, 0.5, 0.75, 1)), (-0.39, 0, (-0.3, -0.2, -0.1, 0))]
)
def test_ticks_are_round(low, high, ticks):
    assert Axis(low, high).ticks == ticks
