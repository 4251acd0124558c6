from __future__ import annotations

import math

import numpy as np
import pytest

from mxt.audio.level import peak, rms, to_db
from mxt.core.stages import Levels
from mxt.stages.normalizers.stacks import LoudnessStack, NoiseStack, PitchShiftStack

SR = 16_000
UNKNOWN = Levels(math.nan, math.nan)
STACKS = [LoudnessStack(), NoiseStack(), PitchShiftStack(semitones=(-1.0, 0.0, 1.0))]


def clip(seconds: float = 1.0, level: float = 0.2, hz: float = 440.0) -> np.ndarray:
    return (level * np.sin(2 * np.pi * hz * np.arange(int(seconds * SR)) / SR)).astype(np.float32)


def copies(stage, y):
    found = stage(y, sample_rate=SR, levels=UNKNOWN)
    assert found.dtype == np.float32
    assert len(found) % len(y) == 0
    return np.split(found, len(found) // len(y))


def test_the_default_loudness_stack_is_the_papers_from_quiet_to_loud():
    peaks = [to_db(peak(part)) for part in copies(LoudnessStack(), clip())]
    np.testing.assert_allclose(peaks, [-35, -30, -25, -20, -15, -10, -5, 0], atol=1e-4)


def test_any_list_of_levels_is_put_in_order():
    peaks = [to_db(peak(part)) for part in copies(LoudnessStack(levels_db=(0.0, -60.0, -6.0)), clip())]
    np.testing.assert_allclose(peaks, [-60, -6, 0], atol=1e-4)


def test_copies_of_a_loudness_stack_differ_in_level_alone():
    y = clip()
    for part in copies(LoudnessStack(), y):
        np.testing.assert_allclose(part / peak(part), y / peak(y), atol=1e-6)


def test_noise_has_the_levels_asked_for_and_the_clip_comes_last():
    y = clip()
    *noisy, clean = copies(NoiseStack(snr_db=(20.0, 0.0)), y)
    np.testing.assert_array_equal(clean, y)
    np.testing.assert_allclose([to_db(rms(y) / rms(part - y)) for part in noisy], [0, 20], atol=0.2)


def test_noise_belongs_to_the_clip():
    y, other = clip(), clip(hz=441.0)
    first, again = (NoiseStack()(y, sample_rate=SR, levels=UNKNOWN) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    correlation = np.corrcoef(copies(NoiseStack(), y)[0] - y, copies(NoiseStack(), other)[0] - other)[0, 1]
    assert abs(correlation) < 0.05


def strongest_hz(y):
    return np.argmax(np.abs(np.fft.rfft(y * np.hanning(len(y))))) * SR / len(y)


def test_pitches_go_from_low_to_high_and_zero_is_the_clip_itself():
    y = clip(2.0)
    low, same, high = copies(PitchShiftStack(semitones=(12.0, 0.0, -12.0)), y)
    np.testing.assert_array_equal(same, y)
    assert strongest_hz(low) == pytest.approx(220, rel=0.01)
    assert strongest_hz(high) == pytest.approx(880, rel=0.01)


def test_a_clip_shorter_than_a_transform_can_be_shifted():
    assert len(PitchShiftStack(semitones=(1.0,))(clip(0.01), sample_rate=SR, levels=UNKNOWN)) == len(
        clip(0.01)
    )


def test_a_long_clip_is_shifted_in_pieces(monkeypatch):
    monkeypatch.setattr("mxt.stages.normalizers.stacks.SHIFTED_SECONDS", 0.5)
    found = PitchShiftStack(semitones=(12.0,))(clip(1.7), sample_rate=SR, levels=UNKNOWN)
    assert len(found) == len(clip(1.7))
    assert strongest_hz(found) == pytest.approx(880, rel=0.01)


@pytest.mark.parametrize("stage", STACKS, ids=lambda stage: type(stage).__name__)
def test_silence_stays_silence(stage):
    assert not stage(np.zeros(4000, np.float32), sample_rate=SR, levels=UNKNOWN).any()


@pytest.mark.parametrize("stage", STACKS, ids=lambda stage: type(stage).__name__)
def test_what_is_given_stays_as_it_was(stage):
    y = clip(0.3)
    before = y.copy()
    stage(y, sample_rate=SR, levels=UNKNOWN)
    np.testing.assert_array_equal(y, before)
