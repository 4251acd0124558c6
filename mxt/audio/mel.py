"""Mel scales, filter banks and spectrograms."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from mxt.audio.stft import frames, power
from mxt.core.errors import UnknownName

Scale = Literal["slaney", "htk"]
SCALES = ("slaney", "htk")
NORMS = ("slaney", "none")

# Slaney's scale (Auditory Toolbox, 1998): linear up to 1 kHz = 15 mel, then 27 steps for a factor of 6.4
_HZ_PER_MEL = 200 / 3
_KNEE_HZ, _KNEE_MEL = 1000.0, 15.0
_LOG_STEP = np.log(6.4) / 27


def hz_to_mel(hz: npt.ArrayLike, *, scale: str = "slaney") -> npt.NDArray[np.float64]:
    """Frequency in Hz to mel, on Slaney's scale or HTK's."""
    f = np.asarray(hz, np.float64)
    if scale == "htk":
        # m = 2595 log10(1 + f / 700)
        return 2595.0 * np.log10(1.0 + f / 700.0)
    if scale != "slaney":
        raise UnknownName("mel scale", scale, SCALES)
    return np.where(
        f < _KNEE_HZ, f / _HZ_PER_MEL, _KNEE_MEL + np.log(np.maximum(f, _KNEE_HZ) / _KNEE_HZ) / _LOG_STEP
    )


def mel_to_hz(mel: npt.ArrayLike, *, scale: str = "slaney") -> npt.NDArray[np.float64]:
    """Mel to frequency in Hz: the inverse of `hz_to_mel`."""
    m = np.asarray(mel, np.float64)
    if scale == "htk":
        return 700.0 * (10.0 ** (m / 2595.0) - 1.0)
    if scale != "slaney":
        raise UnknownName("mel scale", scale, SCALES)
    return np.where(m < _KNEE_MEL, m * _HZ_PER_MEL, _KNEE_HZ * np.exp(_LOG_STEP * (m - _KNEE_MEL)))


def mel_filterbank(
    *,
    sample_rate: int,
    n_fft: int,
    n_mels: int = 128,
    fmin: float = 0.0,
    fmax: float | None = None,
    scale: str = "slaney",
    norm: str = "slaney",
) -> npt.NDArray[np.float32]:
    """Triangular filters, equally spaced on a mel scale.

    Parameters
    ----------
    sample_rate : int
        Hz.
    n_fft : int
        Length of the transform, samples.
    n_mels : int
        Bands.
    fmin, fmax : float
        Hz; half the sample rate where `fmax` is not given.
    scale : {"slaney", "htk"}
        The mel scale.
    norm : {"slaney", "none"}
        Triangles of equal area, or of height 1.

    Returns
    -------
    numpy.ndarray
        float32 [n_mels, 1 + n_fft // 2].

    References
    ----------
    M. Slaney, Auditory Toolbox, Interval Research Technical Report 1998-010.
    """
    if norm not in NORMS:
        raise UnknownName("filter norm", norm, NORMS)
    top = sample_rate / 2 if fmax is None else fmax
    low, high = hz_to_mel(fmin, scale=scale), hz_to_mel(top, scale=scale)
    edges = mel_to_hz(np.linspace(low, high, n_mels + 2), scale=scale)
    bins = np.arange(1 + n_fft // 2) * (sample_rate / n_fft)
    rising = (bins - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - bins) / np.diff(edges)[1:, None]
    bank = np.maximum(0.0, np.minimum(rising, falling))
    if norm == "slaney":
        # area 1 on the axis of frequency: height 2 / (upper edge - lower edge)
        bank *= (2.0 / (edges[2:] - edges[:-2]))[:, None]
    return bank.astype(np.float32)


def mel_power(
    padded: Tensor, bank: Tensor, window: Tensor, *, hop_length: int, slab_frames: int = 256
) -> Tensor:
    """Mel spectrogram of power of a padded signal.

    Worked through in slabs of frames, so that a slab's spectra stay in the processor's cache.

    Parameters
    ----------
    padded : torch.Tensor
        float32 [N, samples], see `mxt.audio.stft.pad_signal`.
    bank : torch.Tensor
        float32 [n_mels, 1 + n_fft // 2], see `mel_filterbank`.
    window : torch.Tensor
        float32 [n_fft], see `mxt.audio.stft.periodic_window`.
    hop_length : int
        Samples.
    slab_frames : int
        Frames worked on together.

    Returns
    -------
    torch.Tensor
        float32 [N, n_mels, frames]; a view of [N, frames, n_mels], as it lies in memory.
    """
    framed = frames(padded, frame_length=len(window), hop_length=hop_length)
    columns = bank.T
    if padded.is_cuda:
        return (power(framed, window) @ columns).transpose(1, 2)
    mel = padded.new_empty(*framed.shape[:2], len(bank))
    for clip, out in zip(framed, mel, strict=True):
        for begin in range(0, len(clip), slab_frames):
            slab = slice(begin, begin + slab_frames)
            torch.mm(power(clip[slab], window), columns, out=out[slab])
    return mel.transpose(1, 2)


def power_to_db(mel: Tensor, *, floor: float = 1e-10) -> Tensor:
    """Decibels of power: ``10 log10(max(mel, floor))``."""
    return mel.clamp_min(floor).log10_().mul_(10.0)
