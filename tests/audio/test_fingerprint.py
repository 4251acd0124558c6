from __future__ import annotations

import numpy as np
import pytest

from mxt.audio.fingerprint import HOP, SAMPLE_RATE, correlation, peaks
from mxt.evaluation.copies import find_candidates

RNG = np.random.default_rng(0)


def music(seconds: float, seed: int) -> np.ndarray:
    """Notes of random pitch that begin at random times, over noise."""
    rng = np.random.default_rng(seed)
    n = int(seconds * SAMPLE_RATE)
    t = np.arange(n) / SAMPLE_RATE
    y = 0.01 * rng.normal(size=n)
    for begin, pitch in zip(
        rng.uniform(0, seconds, int(8 * seconds)), rng.uniform(200, 3000, int(8 * seconds)), strict=True
    ):
        on = t >= begin
        y[on] += np.exp(-4 * (t[on] - begin)) * np.sin(2 * np.pi * pitch * t[on])
    return (y / np.abs(y).max() / 2).astype(np.float32)


SONGS = [music(6, seed) for seed in range(8)]


def test_silence_has_no_peaks() -> None:
    assert peaks(np.zeros(SAMPLE_RATE, dtype=np.float32)).shape == (0, 2)


def test_a_tone_has_peaks_at_its_frequency_only() -> None:
    tone = np.sin(2 * np.pi * 1000 * np.arange(SAMPLE_RATE) / SAMPLE_RATE).astype(np.float32)
    tone *= np.hanning(len(tone)).astype(np.float32)
    assert set(peaks(tone)[:, 1].tolist()) == {128}


def test_peaks_do_not_depend_on_the_level() -> None:
    assert np.array_equal(peaks(SONGS[0]), peaks(0.25 * SONGS[0]))


def test_no_second_has_more_peaks_than_twenty() -> None:
    frames = peaks(RNG.normal(size=5 * SAMPLE_RATE).astype(np.float32))[:, 0].astype(int)
    assert np.bincount(frames * HOP // SAMPLE_RATE).max() == 20


@pytest.mark.parametrize("cut", [0, 1000, 4000, 4001])
def test_a_clip_and_its_trimmed_copy_are_found_at_their_offset(cut: int) -> None:
    copy = 0.3 * SONGS[2][cut:] + 0.001 * RNG.normal(size=len(SONGS[2]) - cut).astype(np.float32)
    best = find_candidates([peaks(y) for y in [*SONGS, copy]])[0]
    assert (best.first, best.second) == (2, 8)
    assert abs(best.offset * HOP + cut) <= 2 * HOP
    assert correlation(SONGS[2], copy.astype(np.float32), best.offset) > 0.99


def test_a_short_piece_of_a_long_clip_is_found() -> None:
    best = find_candidates([peaks(y) for y in [*SONGS, SONGS[5][17_000:33_000]]])[0]
    assert (best.first, best.second) == (5, 8)


def test_different_clips_do_not_correlate() -> None:
    alike = find_candidates([peaks(y) for y in SONGS])
    assert all(correlation(SONGS[one.first], SONGS[one.second], one.offset) < 0.5 for one in alike)


def test_clips_that_hardly_overlap_are_not_compared() -> None:
    assert correlation(SONGS[0], SONGS[0], -(len(SONGS[0]) // HOP)) == 0.0


def test_nothing_is_found_among_no_clips_and_silent_ones() -> None:
    assert find_candidates([]) == []
    assert find_candidates([peaks(np.zeros(4000, dtype=np.float32))] * 3) == []
