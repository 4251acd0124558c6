from __future__ import annotations

import numpy as np
import pytest
import torch

from mxt.audio.dct import dct_matrix
from mxt.audio.mel import mel_filterbank
from mxt.audio.stft import periodic_window
from mxt.stages.backbones.marsyas import Marsyas
from mxt.stages.backbones.marsyas_paper import analysed
from mxt.stages.backbones.specs import MARSYAS

SR = 22_050


def windows_of(y):
    bank = torch.from_numpy(mel_filterbank(sample_rate=SR, n_fft=512))
    return analysed(torch.from_numpy(y), periodic_window("hann", 512), bank, dct_matrix(13, 128)).numpy()


def features(y):
    return Marsyas("paper").prepare(None, "cpu")(torch.from_numpy(y)[None])["timbre"][0]


def by_librosa(y):
    """The 17 features of each window [windows, 17]; flux is not in librosa: written out from the paper."""
    import librosa

    framing = {"n_fft": 512, "hop_length": 512, "center": False}
    magnitude = np.abs(librosa.stft(y, **framing))
    shares = magnitude / np.maximum(magnitude.sum(0), 1e-30)
    flux = np.concatenate([[0.0], np.square(np.diff(shares)).sum(0)])
    return np.vstack(
        [
            librosa.feature.zero_crossing_rate(y, frame_length=512, hop_length=512, center=False),
            librosa.feature.spectral_centroid(y=y, sr=SR, **framing),
            librosa.feature.spectral_rolloff(y=y, sr=SR, **framing),
            flux,
            librosa.feature.mfcc(y=y, sr=SR, n_mfcc=13, **framing),
        ]
    ).T


def test_each_window_has_librosas_values(music):
    y = music()
    found, expected = windows_of(y), by_librosa(y)
    assert found.shape == (len(y) // 512, 17)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-3)
    np.testing.assert_allclose(found[:, 3], expected[:, 3], rtol=1e-3, atol=1e-6)


def test_the_clip_has_means_and_deviations_of_running_means_and_deviations(music):
    y = music()
    windows = by_librosa(y)
    texture = np.lib.stride_tricks.sliding_window_view(windows, 40, axis=0)
    parts = [texture.mean(2).mean(0), texture.std(2).mean(0), texture.mean(2).std(0), texture.std(2).std(0)]
    np.testing.assert_allclose(features(y), np.concatenate(parts), rtol=1e-3, atol=1e-4)


def test_long_clips_are_worked_through_in_slabs_without_a_seam(music, monkeypatch):
    y = music()
    expected = windows_of(y)
    monkeypatch.setattr("mxt.stages.backbones.marsyas_paper.SLAB_FRAMES", 50)
    np.testing.assert_allclose(windows_of(y), expected, rtol=1e-5, atol=1e-6)


def test_a_tone_has_its_frequency_as_centroid_and_crosses_zero_twice_a_period():
    y = np.sin(2 * np.pi * 1000 * np.arange(2 * SR) / SR).astype(np.float32)
    found = dict(zip(MARSYAS.layers[0].labels, features(y), strict=True))
    assert found["centroid_mean_of_means"] == pytest.approx(1000, rel=0.05)
    assert found["zero_crossings_mean_of_means"] == pytest.approx(2000 / SR, rel=0.02)
    assert found["flux_mean_of_means"] < 1e-4


@pytest.mark.parametrize("samples", [512, 513, 5000, 40 * 512])
def test_a_clip_shorter_than_a_texture_window_has_one(music, samples):
    found = features(music()[:samples])
    assert np.isfinite(found).all()
    np.testing.assert_array_equal(found[34:], 0)  # nothing varies over the clip


def test_of_silence_only_the_mean_of_the_first_coefficient_is_not_zero():
    found = features(np.zeros(SR, np.float32))
    assert found[4] == pytest.approx(-100 * np.sqrt(128), rel=1e-6)
    assert np.abs(np.delete(found, 4)).max() < 1e-3
