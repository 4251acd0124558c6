from __future__ import annotations

import librosa
import numpy as np
import pytest

from mxt.audio.pitch import shift_pitch

SR = 16_000


def music(seconds: float) -> np.ndarray:
    """Decaying tones and a little noise."""
    t = np.arange(int(seconds * SR)) / SR
    rng = np.random.default_rng(5)
    tones = sum(np.sin(2 * np.pi * hz * t) * np.exp(-3 * (t % 0.5)) for hz in (220.0, 443.0, 1870.0, 5200.0))
    return (0.1 * tones + 0.01 * rng.standard_normal(len(t))).astype(np.float32)


# librosa 1.0 calls its own phase vocoder with parameters that it has deprecated
@pytest.mark.filterwarnings("ignore:The `(hop_length|n_fft)` parameter is deprecated:FutureWarning")
@pytest.mark.parametrize("semitones", [-5.0, -1.0, 0.5, 2.0, 12.0])
def test_it_is_what_librosa_computes_with_exact_phases(semitones):
    y = music(2.0)
    expected = librosa.effects.pitch_shift(y.astype(np.float64), sr=SR, n_steps=semitones, n_fft=2048)
    # the last frame fades, as in librosa up to 0.11; 1.0 extrapolates it
    same = slice(None if librosa.__version__.startswith("0.") else len(y) - 2048)
    np.testing.assert_allclose(
        shift_pitch(y, SR, semitones)[same], expected[same], rtol=0, atol=2e-5 * np.abs(expected).max()
    )


@pytest.mark.parametrize("samples", [1, 100, 2048, 30_001])
def test_the_length_stays(samples):
    assert shift_pitch(music(2.0)[:samples], SR, 3.0).shape == (samples,)


def test_a_high_tone_stays_clean_for_a_minute():
    hz = 6000.0
    y = np.sin(2 * np.pi * hz * np.arange(60 * SR) / SR).astype(np.float32)
    end = shift_pitch(y, SR, 2.0)[-4 * SR : -SR].astype(np.float64)
    power = np.abs(np.fft.rfft(end * np.hanning(len(end)))) ** 2
    at = round(hz * 2 ** (2 / 12) * len(end) / SR)
    assert power[at - 10 : at + 11].sum() > 0.9999 * power.sum()
