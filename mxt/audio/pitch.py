"""Pitch shifting at constant length: stretched in time by a phase vocoder, then resampled."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

Signal = npt.NDArray[np.float32]

N_FFT, HOP_LENGTH = 2048, 512
BINS_AT_ONCE = 128  # phases are float64: a piece of them at a time


def shift_pitch(y: Signal, sample_rate: int, semitones: float) -> Signal:
    """Shift a signal up or down; its length stays.

    Parameters
    ----------
    y : numpy.ndarray
        float32 [samples]; shorter than a transform, it is filled with zeros.
    sample_rate : int
        Hz.
    semitones : float
        Up, or down where negative.

    Returns
    -------
    numpy.ndarray
        float32 [samples].

    References
    ----------
    What `librosa.effects.pitch_shift` of librosa 0.11 computes of float64 signals (1.0 extrapolates the last
    frame); of float32 ones it adds phases up in float32, which loses those of high frequencies within a
    second.
    """
    import soxr

    rate = 2.0 ** (-semitones / 12)
    filled = np.pad(y, (0, max(0, N_FFT - len(y))))
    window = torch.hann_window(N_FFT)
    spectrum = torch.stft(
        torch.from_numpy(filled),
        N_FFT,
        HOP_LENGTH,
        window=window,
        center=True,
        pad_mode="constant",
        return_complex=True,
    )
    slower = torch.istft(
        stretched(spectrum, rate), N_FFT, HOP_LENGTH, window=window, length=round(len(filled) / rate)
    )
    shifted = soxr.resample(slower.numpy(), sample_rate / rate, sample_rate, quality="HQ")[: len(y)]
    return np.asarray(np.pad(shifted, (0, len(y) - len(shifted))), np.float32)


def stretched(spectrum: Tensor, rate: float) -> Tensor:
    """A spectrum with `rate` times fewer frames, whose phases advance at their original frequencies.

    Parameters
    ----------
    spectrum : torch.Tensor
        complex64 [1 + N_FFT / 2, frames], a frame every `HOP_LENGTH` samples.
    rate : float
        Above 1: shorter; below: longer.

    Returns
    -------
    torch.Tensor
        complex64 [1 + N_FFT / 2, ceil(frames / rate)].
    """
    bins, frames = spectrum.shape
    places = torch.from_numpy(np.arange(0, frames, rate, dtype=np.float64))
    first, between = places.long(), places.frac()
    advance = torch.arange(bins, dtype=torch.float64) * (
        2 * torch.pi * HOP_LENGTH / N_FFT
    )  # of a bin's own frequency in a hop
    shifted = torch.empty(bins, len(places), dtype=spectrum.dtype)
    for begin in range(0, bins, BINS_AT_ONCE):
        rows = slice(begin, begin + BINS_AT_ONCE)
        padded = torch.nn.functional.pad(spectrum[rows].to(torch.complex128), (0, 2))  # the last frames fade
        magnitude, angle = padded.abs(), padded.angle()
        mixed = (1 - between) * magnitude[:, first] + between * magnitude[:, first + 1]
        turned = angle[:, first + 1] - angle[:, first] - advance[rows, None]
        step = turned - 2 * torch.pi * torch.round(turned / (2 * torch.pi)) + advance[rows, None]
        phase = angle[:, :1] + torch.cumsum(step, dim=1) - step
        shifted[rows] = torch.polar(mixed, phase).to(spectrum.dtype)
    return shifted
