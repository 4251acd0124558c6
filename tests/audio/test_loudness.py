from __future__ import annotations

import sys

import numpy as np
import pytest
import soundfile
import torch

from mxt.audio.loudness import LoudnessUnavailable, integrated_loudness
from mxt.audio.measure import levels

SR = 22_050


def music(seconds: float, seed: int = 0) -> np.ndarray:
    """Tones and noise whose level changes: loud, a pause, soft."""
    rng = np.random.default_rng(seed)
    t = np.arange(int(seconds * SR)) / SR
    envelope = np.interp(t / seconds, [0, 0.4, 0.45, 0.55, 0.6, 1], [0.5, 0.5, 0, 0, 0.05, 0.2])
    return (envelope * (np.sin(2 * np.pi * 440 * t) + 0.3 * rng.standard_normal(len(t))) / 2).astype(
        np.float32
    )


def in_blocks(y, size):
    return (y[first : first + size] for first in range(0, len(y), size))


@pytest.mark.parametrize("seconds", [0.5, 1.234, 7.0, 47.0])
def test_it_is_what_torchaudio_measures(seconds):
    import torchaudio.functional

    y = music(seconds)
    expected = float(torchaudio.functional.loudness(torch.from_numpy(y)[None], SR))
    assert integrated_loudness([y], SR) == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("size", [997, 100_003])
def test_how_a_signal_comes_in_blocks_does_not_matter(size):
    y = music(25.0)
    assert integrated_loudness(in_blocks(y, size), SR) == pytest.approx(
        integrated_loudness([y], SR), abs=1e-9
    )


def test_a_full_scale_sine_of_1_khz_has_minus_3_lufs():
    y = np.sin(2 * np.pi * 997 * np.arange(5 * 48_000) / 48_000).astype(np.float32)
    assert integrated_loudness([y], 48_000) == pytest.approx(-3.01, abs=0.1)


def test_ten_times_the_signal_is_20_lu_louder_even_beyond_full_scale():
    y = music(5.0)
    assert integrated_loudness([y * np.float32(10)], SR) == pytest.approx(
        integrated_loudness([y], SR) + 20, abs=1e-3
    )


def test_a_pause_does_not_make_a_clip_softer():
    y = music(5.0)[: int(1.8 * SR)]
    with_pause = np.concatenate([y, np.zeros(20 * SR, np.float32)])
    assert integrated_loudness([with_pause], SR) == pytest.approx(integrated_loudness([y], SR), abs=0.6)


def test_a_clip_shorter_than_a_block_is_one_block():
    y = np.sin(2 * np.pi * 997 * np.arange(SR // 5) / SR).astype(np.float32)
    assert integrated_loudness([y], SR) == pytest.approx(-3.0, abs=0.3)


@pytest.mark.parametrize(
    "y", [np.zeros(SR, np.float32), np.full(SR, 1e-7, np.float32), np.zeros(0, np.float32)]
)
def test_silence_has_no_loudness(y):
    assert integrated_loudness([y], SR) == -np.inf


def test_levels_of_a_segment_have_its_loudness_only_when_it_is_asked_for(tmp_path):
    path = tmp_path / "a.wav"
    y = music(4.0)
    soundfile.write(path, np.stack([y, y], axis=1), SR, subtype="FLOAT")
    segment = y[SR : 2 * SR]
    measured = levels(path, 1_000_000, 2_000_000, loudness=True)
    assert measured.lufs == pytest.approx(integrated_loudness([segment], SR), abs=1e-6)
    assert measured.peak == pytest.approx(np.abs(segment).max())
    assert np.isnan(levels(path, 1_000_000, 2_000_000).lufs)


def test_without_torchaudio_the_error_says_what_to_do(monkeypatch):
    monkeypatch.setitem(sys.modules, "torchaudio.functional", None)
    with pytest.raises(
        LoudnessUnavailable,
        match=r"cannot be imported .* install the torchaudio .* or normalise by peak or rms",
    ):
        integrated_loudness([music(1.0)], SR)
