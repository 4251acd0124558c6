from __future__ import annotations

import numpy as np
import pytest
import torch

from mxt.core.errors import UsageError
from mxt.stages.renderers.melspectrogram import MelSpectrogram

PAPER = {"n_fft": 512, "hop_length": 256, "n_mels": 96, "fmax": 6000.0, "floor_db": -80.0}


def music(seed=0, samples=60_000, sample_rate=12_000):
    rng = np.random.default_rng(seed)
    t = np.arange(samples) / sample_rate
    tones = sum(np.sin(2 * np.pi * f * t) / (1 + k) for k, f in enumerate(rng.uniform(80, 4000, 6)))
    return ((tones * (t % 0.5 < 0.4) + 0.01 * rng.standard_normal(samples)) * 0.2).astype(np.float32)


def rendered(y, sample_rate=12_000, **params):
    return MelSpectrogram(**params).prepare(sample_rate, "cpu")(torch.from_numpy(y)[None])[0].numpy()


@pytest.mark.parametrize(
    ("sample_rate", "ours", "theirs"),
    [
        (12_000, {"n_fft": 512, "hop_length": 256, "n_mels": 96, "fmax": 6000.0}, {}),
        (22_050, {}, {}),
        (16_000, {"n_fft": 512, "hop_length": 160, "win_length": 400, "n_mels": 40}, {}),
        (12_000, {"fmin": 50.0, "fmax": 4000.0, "n_mels": 64, "mel_scale": "htk"}, {"htk": True}),
        (12_000, {"norm": "none", "n_mels": 48}, {"norm": None}),
        (12_000, {"power": 1.0, "n_mels": 48}, {}),
        (12_000, {"window": "hamming", "n_mels": 48}, {}),
        (12_000, {"window": "blackman", "n_mels": 48}, {}),
        (12_000, {"pad": "reflect", "n_mels": 48}, {"pad_mode": "reflect"}),
        (12_000, {"pad": "none", "n_mels": 48}, {"center": False}),
    ],
)
def test_it_is_librosas_within_a_ten_thousandth_on_the_same_parameters(sample_rate, ours, theirs):
    import librosa

    same = {k: v for k, v in ours.items() if k not in ("mel_scale", "norm", "pad")} | theirs
    expected = librosa.feature.melspectrogram(y=music(sample_rate=sample_rate), sr=sample_rate, **same)
    found = rendered(music(sample_rate=sample_rate), sample_rate, scale="power", **ours)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-7 * expected.max())


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ({"reference": "clip_maximum", "top_db": 80.0}, {"ref": np.max}),
        ({"reference": "none", "top_db": 60.0}, {"top_db": 60.0}),
        (
            {"reference": "fixed", "reference_db": 20.0, "amin": 1e-6},
            {"ref": 100.0, "amin": 1e-6, "top_db": None},
        ),
    ],
)
def test_decibels_are_librosas(ours, theirs):
    import librosa

    expected = librosa.power_to_db(librosa.feature.melspectrogram(y=music(), sr=12_000), **theirs)
    np.testing.assert_allclose(rendered(music(), **ours), expected, atol=1e-3)


def test_the_floor_is_below_the_reference_not_below_the_loudest_point():
    level = rendered(music(), reference="fixed", reference_db=30.0, floor_db=-40.0)
    assert level.min() == -40
    assert level.max() < -5


def test_twenty_nine_seconds_are_1360_frames_by_both_paddings():
    y = np.zeros(348_000, np.float32)
    assert rendered(y, **PAPER).shape == rendered(y, **PAPER, pad="same").shape == (96, 1360)


@pytest.mark.parametrize(
    ("params", "place"),
    [({}, 256), ({"pad": "same"}, 208), ({"delay_samples": 1}, 257)],
    ids=["centred", "TensorFlow's SAME: 208 zeros in front", "delayed by a sample"],
)
def test_an_impulse_shows_where_the_frames_lie(params, place):
    y = np.zeros(348_000, np.float32)
    y[10 * 256] = 1
    found = rendered(y, scale="power", n_fft=512, hop_length=256, n_mels=1, **params)[0]
    window = np.zeros(3 * 256)
    window[:512] = (
        np.sin(np.pi * np.arange(512) / 512) ** 4
    )  # Hann, squared: energy of an impulse at that place of a frame
    # the impulse is at `place` of frame 10, so 256 later in frame 9 and 256 earlier in frame 11
    energies = [window[place + 256], window[place], window[place - 256]]
    np.testing.assert_allclose(
        found[9:12] / found[10], np.array(energies) / energies[1], rtol=1e-3, atol=1e-9
    )


def test_a_tone_is_loudest_in_its_band():
    t = np.arange(48_000) / 12_000
    level = rendered(np.sin(2 * np.pi * 1000 * t).astype(np.float32), **PAPER)
    import librosa

    centres = librosa.mel_frequencies(n_mels=98, fmax=6000)[1:-1]
    assert abs(centres[level.mean(1).argmax()] - 1000) < 30
    assert level.max() == 0


def test_silence_is_zero_decibels_of_its_own_maximum():
    assert np.array_equal(rendered(np.zeros(20_000, np.float32), **PAPER), np.zeros((96, 79), np.float32))


def test_a_picture_has_the_same_bits_alone_and_in_a_batch():
    render = MelSpectrogram(**PAPER).prepare(12_000, "cpu")
    clips = torch.from_numpy(np.stack([music(seed) for seed in range(3)] + [np.zeros(60_000, np.float32)]))
    assert torch.equal(render(clips), torch.cat([render(clip[None]) for clip in clips]))


def test_frequencies_above_half_the_rate_are_refused():
    with pytest.raises(UsageError, match=r"mel bands from 0 to 6000 Hz do not fit into 0 to 4000 Hz"):
        MelSpectrogram(**PAPER).prepare(8_000, "cpu")


def test_a_window_longer_than_the_transform_is_refused():
    with pytest.raises(UsageError, match="win_length 1024 is longer than n_fft 512"):
        MelSpectrogram(n_fft=512, win_length=1024).prepare(12_000, "cpu")


@pytest.mark.parametrize(
    "params",
    [PAPER, {"delay_samples": 1}, {"pad": "same"}, {"pad": "none"}, {"pad": "reflect"}, {"power": 1.0}],
)
def test_a_long_signal_gives_the_same_without_being_padded(params, monkeypatch):
    y = music(samples=200_001)
    expected = rendered(y, **params)
    monkeypatch.setattr("mxt.stages.renderers.melspectrogram.LONG_SAMPLES", 100_000)
    np.testing.assert_array_equal(rendered(y, **params), expected)
