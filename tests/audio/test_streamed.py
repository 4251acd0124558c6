from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxt.audio.streamed import Streamed


def streamed(lengths: list[int]) -> tuple[Streamed, np.ndarray]:
    whole = np.arange(sum(lengths), dtype=np.float32)
    return Streamed(lambda: iter(np.split(whole, np.cumsum(lengths)[:-1])), len(whole)), whole


@given(lengths=st.lists(st.integers(0, 9), min_size=1, max_size=9), data=st.data())
def test_any_stretches_in_any_order_are_those_of_the_whole(lengths, data):
    signal, whole = streamed(lengths)
    assert len(signal) == len(whole)
    for _ in range(4):
        begin = data.draw(st.integers(0, len(whole)))
        end = data.draw(st.integers(begin, len(whole)))
        np.testing.assert_array_equal(signal.read(begin, end), whole[begin:end])


def test_reading_forwards_makes_every_piece_once_and_no_more_than_is_read():
    made: list[int] = []

    def pieces():
        for number in range(10):
            made.append(number)
            yield np.full(100, number, np.float32)

    signal = Streamed(pieces, 1000)
    for begin in range(0, 500, 50):
        signal.read(begin, begin + 100)
    assert made == [0, 1, 2, 3, 4, 5]
    assert signal.read(0, 1)[0] == 0
    assert made == [0, 1, 2, 3, 4, 5, 0]


def test_no_more_is_held_than_the_stretch_and_a_piece():
    signal, _ = streamed([10] * 100)
    for begin in range(0, 900, 25):
        assert signal.read(begin, begin + 40).base is None or len(signal.read(begin, begin + 40).base) <= 60


@pytest.mark.parametrize("place", [0, 500, 1000])
def test_nothing_is_a_stretch_too(place):
    signal, _ = streamed([500, 500])
    assert len(signal.read(place, place)) == 0
