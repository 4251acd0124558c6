from __future__ import annotations

import numpy as np
import pytest
from scipy.signal.windows import kaiser

from mxt.audio.kaiser_best import half_window, kaiser_best


def one_by_one(y: np.ndarray, sr_in: int, sr_out: int) -> np.ndarray:
    """The paper's resampler, sample after sample and weight after weight."""
    ratio = float(sr_out) / sr_in
    scale = min(1.0, ratio)
    crossings = np.linspace(0, 64, 64 * 512 + 1)
    window = (
        0.9475937167399596
        * np.sinc(0.9475937167399596 * crossings)
        * kaiser(2 * 64 * 512 + 1, 14.769656459379492)[64 * 512 :]
    )
    window = window * scale
    slope = np.append(np.diff(window), 0.0)
    step = int(scale * 512)
    n_orig, n_window = len(y), len(window)
    out = np.zeros(int(n_orig * ratio))
    time = 0.0
    for t in range(len(out)):
        n = int(time)
        position = scale * (time - n) * 512
        entry, rest = int(position), position - int(position)
        i = 0
        for i in range(min(n + 1, (n_window - entry) // step)):
            out[t] += (window[entry + i * step] + rest * slope[entry + i * step]) * y[n - i]
        position = (scale - scale * (time - n)) * 512
        entry, rest = int(position), position - int(position)
        for k in range(min(n_orig - i - n + 1, n_orig - n - 1, (n_window - entry) // step)):
            out[t] += (window[entry + k * step] + rest * slope[entry + k * step]) * y[n + k + 1]
        time += 1 / ratio
    return out


@pytest.mark.parametrize(
    ("sr_in", "sr_out", "samples"),
    [
        (22_050, 12_000, 1500),
        (44_100, 12_000, 1800),
        (48_000, 12_000, 1500),
        (22_050, 16_000, 600),
        (8000, 12_000, 250),
        (12_001, 12_000, 300),
        (22_050, 12_000, 20),
        (22_050, 12_000, 1),
        (44_100, 12_000, 2),
    ],
)
def test_it_equals_the_loop_over_samples_and_weights(sr_in, sr_out, samples):
    y = np.random.default_rng(1).normal(0, 0.3, samples).astype(np.float32)
    resampled = kaiser_best(y, sr_in, sr_out)
    expected = one_by_one(y, sr_in, sr_out)
    assert len(resampled) - len(expected) in (0, 1)
    np.testing.assert_allclose(resampled[: len(expected)], expected, atol=1e-6)
    assert not resampled[len(expected) :].any()


def test_a_constant_stays_constant_but_for_the_last_130_samples():
    resampled = kaiser_best(np.ones(22_050, np.float32), 22_050, 12_000)
    np.testing.assert_allclose(resampled[100:-135], 1.0, atol=5e-3)
    assert np.abs(resampled[-130:] - 1.0).max() > 0.4


def test_the_right_wing_does_not_reach_the_end_of_the_signal():
    y = np.zeros(22_050, np.float32)
    y[-1] = 1.0
    resampled = kaiser_best(y, 22_050, 12_000)
    assert not resampled[: len(resampled) - 1].any()
    y = np.roll(y, -11_025)
    assert np.count_nonzero(kaiser_best(y, 22_050, 12_000)) > 120


def test_pieces_of_the_output_join_without_a_seam(monkeypatch):
    y = np.random.default_rng(2).normal(0, 0.3, 4000).astype(np.float32)
    expected = kaiser_best(y, 22_050, 12_000)
    monkeypatch.setattr("mxt.audio.kaiser_best._CHUNK", 97)
    monkeypatch.setattr("mxt.audio.kaiser_best._ROWS", 3)
    np.testing.assert_allclose(kaiser_best(y, 22_050, 12_000), expected, atol=1e-6)


def test_the_window_is_one_side_of_a_kaiser_windowed_sinc():
    window = half_window()
    assert window.shape == (32_769,)
    assert window[0] == pytest.approx(0.9475937167399596)
    assert abs(window[-1]) < 1e-6
