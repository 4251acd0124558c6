"""The equations of Tzanetakis & Cook (2002), with librosa's definitions of what they leave open."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from mxt.audio.dct import dct_matrix
from mxt.audio.mel import mel_filterbank, power_to_db
from mxt.audio.stft import framed_slabs, periodic_window, power
from mxt.audio.streamed import Streamed

SAMPLE_RATE = 22_050
WINDOW_SAMPLES = 512  # analysis windows, side by side
ROLLOFF = 0.85
N_MFCC, N_MELS, AMIN, TOP_DB = 13, 128, 1e-10, 80.0  # librosa's defaults but for the 13
THRESHOLD = 1e-10  # librosa's: smaller samples count as zero, which is positive
FEATURES = 4 + N_MFCC
SLAB_FRAMES = 1024


def paper_windows(device: str) -> Callable[[Tensor | Streamed], Tensor]:
    """A function from a clip to the 17 features of its windows, see `analysed`.

    References
    ----------
    G. Tzanetakis, P. Cook: Musical genre classification of audio signals, IEEE TSAP 10(5), 2002, section
    III.A. Definitions are librosa's where it has them (`zero_crossing_rate`, `spectral_centroid`,
    `spectral_rolloff`, `mfcc`, with ``center=False``).
    """
    window = periodic_window("hann", WINDOW_SAMPLES).to(device)
    bank = torch.from_numpy(mel_filterbank(sample_rate=SAMPLE_RATE, n_fft=WINDOW_SAMPLES, n_mels=N_MELS))
    bank, cosines = bank.to(device), dct_matrix(N_MFCC, N_MELS).to(device)
    return lambda y: analysed(y, window, bank, cosines)


def analysed(y: Tensor | Streamed, window: Tensor, bank: Tensor, cosines: Tensor) -> Tensor:
    """The 17 features of every whole analysis window; samples after the last one are left out.

    Parameters
    ----------
    y : Tensor or Streamed
        float32 [samples].
    window, bank, cosines : Tensor
        Hann's window; mel filters [128, 257]; the first rows of the DCT [13, 128].

    Returns
    -------
    Tensor
        float64 [windows, 17]: zero crossings, centroid, rolloff, flux, 13 MFCCs.
    """
    count = len(y) // WINDOW_SAMPLES
    hz = torch.arange(WINDOW_SAMPLES // 2 + 1, dtype=torch.float64, device=window.device) * (
        SAMPLE_RATE / WINDOW_SAMPLES
    )
    found = hz.new_empty(count, FEATURES)
    level = window.new_empty(count, N_MELS)
    slabs = framed_slabs(
        y,
        frame_length=WINDOW_SAMPLES,
        hop_length=WINDOW_SAMPLES,
        first=0,
        count=count,
        slab_frames=SLAB_FRAMES,
    )
    before = None
    for number, slab in enumerate(slabs):
        rows = slice(number * SLAB_FRAMES, number * SLAB_FRAMES + len(slab))
        squared = power(slab, window)
        magnitude = squared.double().sqrt_()
        shares = magnitude / magnitude.sum(1, keepdim=True).clamp_(min=torch.finfo(torch.float32).tiny)
        found[rows, :-N_MFCC] = torch.stack(
            [crossings(slab), shares @ hz, rolloff(magnitude, hz), flux(shares, before)], dim=1
        )
        level[rows] = power_to_db(squared @ bank.T, floor=AMIN)
        before = shares[-1:]
    level.clamp_(min=float(level.max()) - TOP_DB)
    for first in range(0, count, SLAB_FRAMES):
        found[first : first + SLAB_FRAMES, -N_MFCC:] = level[first : first + SLAB_FRAMES].double() @ cosines.T
    return found


def crossings(framed: Tensor) -> Tensor:
    """Rate of zero crossings in [windows, samples]: changes of sign, divided by the number of samples."""
    negative = framed < -THRESHOLD
    return (negative[:, 1:] != negative[:, :-1]).sum(1).double() / framed.shape[1]


def rolloff(magnitude: Tensor, hz: Tensor) -> Tensor:
    """Lowest frequency up to which 85 % of the magnitude [windows, bins] lies, Hz; 0 in silence.

    ``min R: sum_{k <= R} M[k] >= 0.85 sum_k M[k]`` (Tzanetakis & Cook, eq. 2)
    """
    total = magnitude.cumsum(1)
    return hz[(total < ROLLOFF * total[:, -1:]).sum(1).clamp_(max=len(hz) - 1)]


def flux(shares: Tensor, before: Tensor | None) -> Tensor:
    """Change of the normalised spectrum [windows, bins] from window to window.

    The one before the first is `before`, or taken as equal.

    ``F_t = sum_k (N_t[k] - N_{t-1}[k])^2``, `N` the magnitudes divided by their sum (Tzanetakis & Cook, eq.
    3)
    """
    return torch.diff(shares, dim=0, prepend=shares[:1] if before is None else before).square().sum(1)
