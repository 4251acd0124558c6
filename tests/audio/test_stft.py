from __future__ import annotations

import librosa
import numpy as np
import pytest
import scipy.signal
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mxt.audio.stft import PADDINGS, WINDOWS, frames, pad_signal, periodic_window, power_spectrogram
from mxt.core.errors import UnknownName


def noise(clips: int, samples: int) -> torch.Tensor:
    return torch.randn(clips, samples, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize(("win_length", "n_fft"), [(512, 512), (400, 512), (33, 64)])
def test_windows_are_scipys_periodic_ones(window, win_length, n_fft):
    expected = librosa.util.pad_center(scipy.signal.get_window(window, win_length), size=n_fft)
    np.testing.assert_allclose(periodic_window(window, win_length, n_fft=n_fft), expected, atol=1e-7)


@pytest.mark.parametrize(
    ("pad", "pad_mode"), [("center", "constant"), ("reflect", "reflect"), ("none", None)]
)
@pytest.mark.parametrize(
    ("n_fft", "hop_length", "win_length"), [(512, 256, 512), (512, 128, 400), (64, 50, 33)]
)
def test_it_equals_librosa(pad, pad_mode, n_fft, hop_length, win_length):
    y = noise(1, 5000)
    expected = (
        np.abs(
            librosa.stft(
                y[0].numpy(),
                n_fft=n_fft,
                hop_length=hop_length,
                win_length=win_length,
                center=pad_mode is not None,
                pad_mode=pad_mode or "constant",
            )
        )
        ** 2
    )
    power = power_spectrogram(y, n_fft=n_fft, hop_length=hop_length, win_length=win_length, pad=pad)[0].T
    assert power.shape == expected.shape
    np.testing.assert_allclose(power, expected, rtol=1e-4, atol=1e-4 * expected.mean())


@pytest.mark.parametrize("pad", PADDINGS)
def test_a_batch_equals_its_clips_one_by_one(pad):
    y = noise(5, 3001)
    together = power_spectrogram(y, pad=pad)
    single = torch.cat([power_spectrogram(clip[None], pad=pad) for clip in y])
    torch.testing.assert_close(together, single, rtol=1e-6, atol=1e-6)


def test_a_tone_lies_in_its_bin():
    y = torch.cos(2 * torch.pi * 32 * torch.arange(8192) / 512)[None]
    power = power_spectrogram(y, pad="none")
    # the Hann window halves the amplitude of a cosine and its transform again: (512 / 4) ** 2
    assert torch.all(power.argmax(-1) == 32)
    np.testing.assert_allclose(power[0, :, 32], 128.0**2, rtol=1e-4)


def test_silence_has_no_power():
    assert not power_spectrogram(torch.zeros(2, 1000)).any()


@settings(max_examples=40, deadline=None)
@given(samples=st.integers(1, 4000), hop_length=st.integers(1, 512), n_fft=st.sampled_from([16, 512]))
def test_same_padding_gives_as_many_frames_as_hops(samples, hop_length, n_fft):
    padded = pad_signal(torch.zeros(1, samples), n_fft=n_fft, hop_length=hop_length, pad="same")
    # with a hop longer than a frame the signal's end may lie between two frames
    assert frames(padded, frame_length=n_fft, hop_length=hop_length).shape[1] == -(-samples // hop_length)


def test_same_padding_puts_208_zeros_before_29_seconds_at_12_kilohertz():
    padded = pad_signal(torch.ones(1, 348_000), n_fft=512, hop_length=256, pad="same")
    assert int(padded[0].argmax()) == 208
    assert padded.shape[1] == 208 + 348_000 + 208


def test_a_delay_of_one_sample_is_a_window_flipped_end_to_end():
    y = noise(1, 4096)
    flipped = periodic_window("hann", 512).flip(0)
    padded = pad_signal(y, n_fft=512, hop_length=256)
    expected = torch.fft.rfft(frames(padded, frame_length=512, hop_length=256) * flipped).abs() ** 2
    power = power_spectrogram(y, delay_samples=1)
    torch.testing.assert_close(power, expected, rtol=1e-4, atol=1e-3)
    assert not torch.allclose(power_spectrogram(y), expected, rtol=1e-2)


def test_a_signal_shorter_than_a_frame_has_no_frames_without_padding():
    assert power_spectrogram(torch.zeros(3, 100), pad="none").shape == (3, 0, 257)


@pytest.mark.parametrize("wrong", [{"window": "hahn"}, {"pad": "centre"}])
def test_unknown_names_list_the_nearest(wrong):
    with pytest.raises(UnknownName, match="did you mean"):
        power_spectrogram(torch.zeros(1, 1000), **wrong)
