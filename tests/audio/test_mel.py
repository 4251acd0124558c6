from __future__ import annotations

import librosa
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mxt.audio.mel import SCALES, hz_to_mel, mel_filterbank, mel_power, mel_to_hz, power_to_db
from mxt.audio.stft import pad_signal, periodic_window
from mxt.core.errors import UnknownName


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("norm", ["slaney", "none"])
@pytest.mark.parametrize(
    ("sample_rate", "n_fft", "n_mels", "fmin", "fmax"),
    [
        (12_000, 512, 96, 0.0, 6000.0),
        (16_000, 512, 96, 0.0, None),
        (22_050, 2048, 128, 20.0, 8000.0),
        (44_100, 1023, 40, 0.0, None),
    ],
)
def test_the_filter_bank_is_librosas(scale, norm, sample_rate, n_fft, n_mels, fmin, fmax):
    filters = mel_filterbank(
        sample_rate=sample_rate, n_fft=n_fft, n_mels=n_mels, fmin=fmin, fmax=fmax, scale=scale, norm=norm
    )
    expected = librosa.filters.mel(
        sr=sample_rate,
        n_fft=n_fft,
        n_mels=n_mels,
        fmin=fmin,
        fmax=fmax,
        htk=scale == "htk",
        norm=None if norm == "none" else norm,
    )
    assert filters.dtype == np.float32
    np.testing.assert_allclose(filters, expected, atol=1e-7)


@given(hz=st.floats(0, 48_000), scale=st.sampled_from(SCALES))
def test_mel_and_hertz_are_inverse(hz, scale):
    assert mel_to_hz(hz_to_mel(hz, scale=scale), scale=scale) == pytest.approx(hz, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("scale", SCALES)
def test_a_thousand_hertz_are_a_thousand_mel_or_fifteen(scale):
    assert hz_to_mel(1000.0, scale=scale) == pytest.approx({"htk": 1000, "slaney": 15}[scale], abs=0.02)


@pytest.mark.parametrize("wrong", [{"scale": "slany"}, {"norm": "slany"}])
def test_unknown_names_list_the_nearest(wrong):
    with pytest.raises(UnknownName, match="did you mean slaney"):
        mel_filterbank(sample_rate=12_000, n_fft=512, **wrong)


def _mel_db(y: torch.Tensor, **options: int) -> torch.Tensor:
    bank = torch.from_numpy(mel_filterbank(sample_rate=12_000, n_fft=512, n_mels=96))
    padded = pad_signal(y, n_fft=512, hop_length=256)
    return power_to_db(mel_power(padded, bank, periodic_window("hann", 512), hop_length=256, **options))


def test_a_mel_spectrogram_in_decibels_is_librosas():
    y = torch.randn(1, 36_000, generator=torch.Generator().manual_seed(0))
    power = librosa.feature.melspectrogram(
        y=y[0].numpy(), sr=12_000, n_fft=512, hop_length=256, n_mels=96, pad_mode="constant"
    )
    np.testing.assert_allclose(_mel_db(y)[0], 10 * np.log10(np.maximum(power, 1e-10)), atol=1e-3)


@pytest.mark.parametrize("slab_frames", [1, 7, 10_000])
def test_the_size_of_the_slabs_does_not_matter(slab_frames):
    y = torch.randn(3, 12_345, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(_mel_db(y, slab_frames=slab_frames), _mel_db(y), rtol=0, atol=1e-4)


def test_a_batch_equals_its_clips_one_by_one():
    y = torch.randn(4, 12_345, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(_mel_db(y), torch.cat([_mel_db(clip[None]) for clip in y]), rtol=0, atol=1e-4)


def test_silence_is_the_floor():
    assert torch.all(_mel_db(torch.zeros(1, 3000)) == -100)


def test_a_tone_is_loudest_in_the_band_around_it():
    edges = mel_to_hz(np.linspace(0, hz_to_mel(6000.0), 98))
    y = torch.sin(2 * torch.pi * 1000 * torch.arange(12_000) / 12_000)[None]
    loudest = int(_mel_db(y)[0].mean(-1).argmax())
    assert edges[loudest] < 1000 < edges[loudest + 2]
