from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxt.audio.level import from_db, peak, rms, to_db


@given(st.floats(-200, 60))
def test_decibels_and_amplitudes_are_inverse(level_db):
    assert to_db(from_db(level_db)) == pytest.approx(level_db, abs=1e-9)


def test_silence_is_minus_infinity():
    assert to_db(0.0) == -math.inf


def test_half_an_amplitude_is_six_decibels_less():
    assert from_db(-6.0206) == pytest.approx(0.5, rel=1e-5)


def test_the_peak_is_the_largest_sample_of_either_sign():
    assert peak(np.float32([0.1, -0.7, 0.3])) == pytest.approx(0.7)
    assert peak(np.float32([])) == 0


def test_a_long_signal_loses_nothing_to_rounding():
    y = np.full(10_000_000, 0.1, np.float32)
    assert rms(y) == pytest.approx(float(np.float32(0.1)), rel=1e-12)
    assert rms(y[:0]) == 0
