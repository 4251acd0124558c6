"""What the program Marsyas computes of every analysis window."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from mxt.audio.dct import dct_matrix
from mxt.audio.stft import framed_slabs
from mxt.audio.streamed import Streamed
from mxt.stages.backbones.marsyas_paper import N_MFCC, SAMPLE_RATE, SLAB_FRAMES, WINDOW_SAMPLES

BINS = WINDOW_SAMPLES // 2 + 1
ROLLOFF = 0.9  # the paper says 0.85
LOWEST_ROLLOFF = 2  # bins below are never the answer
N_BANDS = 40
FIRST_HZ, STEP_HZ, N_LINEAR = 133.3333, 66.66666, 13  # edges of the bands: so many at equal steps,
RATIO = 1.0711703  # and each of the others so far above the one before
SMALLEST = torch.finfo(torch.float64).tiny


def released_windows(device: str) -> Callable[[Tensor | Streamed], Tensor]:
    """A function from a clip to the 17 features of its windows, see `analysed`.

    References
    ----------
    Marsyas 0.6.0-alpha, ``bextract -zcrs -ctd -rlf -flx -mfcc``: ZeroCrossings of the samples; Centroid,
    Rolloff, Flux and MFCC of the PowerSpectrum under a Hamming window.
    """
    # samples are halved, the transform is divided by its length: both exact
    window = hamming().to(device) / (2 * WINDOW_SAMPLES)
    bank, cosines = mel_bands().to(device), dct_matrix(N_MFCC, N_BANDS).to(device)
    return lambda y: analysed(y, window, bank, cosines)


def hamming() -> Tensor:
    """Hamming's window, symmetric: float64 [512]."""
    n = torch.arange(WINDOW_SAMPLES, dtype=torch.float64)
    return 0.54 - 0.46 * torch.cos(2 * torch.pi * n / (WINDOW_SAMPLES - 1))


def mel_bands() -> Tensor:
    """Triangles of equal area from 133 to 6,854 Hz: float64 [160, 40], without the bins above them."""
    first, step, ratio = torch.tensor([FIRST_HZ, STEP_HZ, RATIO]).double()  # by way of float32
    line = first + step * torch.arange(N_LINEAR)
    edges = torch.cat([line, line[-1] * ratio ** torch.arange(1, N_BANDS + 3 - N_LINEAR)])
    low, centre, high = edges[:-2], edges[1:-1], edges[2:]
    hz = torch.arange(0, float(edges[-1]), SAMPLE_RATE / WINDOW_SAMPLES, dtype=torch.float64)[:, None]
    triangles = torch.minimum((hz - low) / (centre - low), (high - hz) / (high - centre))
    return triangles.clamp_(min=0) * 2 / (high - low)


def analysed(y: Tensor | Streamed, window: Tensor, bank: Tensor, cosines: Tensor) -> Tensor:
    """The 17 features of every analysis window; the last one is filled with zeros.

    Parameters
    ----------
    y : Tensor or Streamed
        float32 [samples].
    window, bank, cosines : Tensor
        float64: the scaled window [512]; mel bands [160, 40]; the first rows of the DCT [13, 40].

    Returns
    -------
    Tensor
        float64 [windows, 17]: zero crossings, centroid, rolloff, flux, 13 MFCCs.
    """
    slabs = framed_slabs(
        y,
        frame_length=WINDOW_SAMPLES,
        hop_length=WINDOW_SAMPLES,
        first=0,
        count=-(-len(y) // WINDOW_SAMPLES),
        slab_frames=SLAB_FRAMES,
    )
    features, before = [], window.new_zeros(1, BINS)
    for slab in slabs:
        spectrum = torch.fft.rfft(slab * window)
        power = spectrum.real.square().addcmul_(spectrum.imag, spectrum.imag)
        level = (power + SMALLEST).log_()
        four = torch.stack([crossings(slab), centroid(power), rolloff(power), flux(level, before)], dim=1)
        features.append(torch.cat([four, mfcc(power, bank, cosines)], dim=1))
        before = level[-1:]
    return torch.cat(features)


def crossings(x: Tensor) -> Tensor:
    """Rate of zero crossings in [windows, samples], one more than there are.

    ``(1 + #{t: x[t-1] x[t] < 0}) / 512``
    """
    sign = x.sign()  # products of samples could underflow to zero, and sums of float32 are exact here
    crossed = (sign[:, 1:] * sign[:, :-1]).clamp_(max=0).sum(1).neg_()
    return (crossed + 1).double() / WINDOW_SAMPLES


def centroid(power: Tensor) -> Tensor:
    """Mean bin of the power [windows, bins] as a share of all bins; of silence 0.5.

    ``sum_k k P[k] / sum_k P[k] / 257``
    """
    bins = torch.arange(BINS, dtype=power.dtype, device=power.device)
    return (power @ bins / power.sum(1) / BINS).nan_to_num_(nan=0.5)


def rolloff(power: Tensor) -> Tensor:
    """Highest bin below which less than 90 % of the power [windows, bins] lies, as a share of all bins.

    ``max {k >= 2: sum_{j <= k} P[j] < 0.9 sum_j P[j]} / 257``, and 1 where there is none: of silence, and
    where all lies in the bass.
    """
    total = power.cumsum(1)
    last = torch.searchsorted(total, ROLLOFF * total[:, -1:])[:, 0] - 1
    return torch.where(last < LOWEST_ROLLOFF, BINS, last).double() / BINS


def flux(level: Tensor, before: Tensor) -> Tensor:
    """Change of the logarithmic power [windows, bins] from window to window, over its largest in any bin.

    The one before the first is `before` [1, bins]. ``d[k] = (L_t[k] - L_{t-1}[k])^2`` for ``k >= 1``;
    ``sum_k d[k] / (257 max_k d[k])``, 0 where nothing changes.
    """
    change = torch.diff(level, dim=0, prepend=before)[:, 1:].square_()
    return (change.sum(1) / (BINS * change.amax(1))).nan_to_num_(nan=0.0)


def mfcc(power: Tensor, bank: Tensor, cosines: Tensor) -> Tensor:
    """Cosine transform of the decimal logarithm of the bands' power; an empty band counts 0."""
    return (power[:, : len(bank)] @ bank).log10_().nan_to_num_(neginf=0.0) @ cosines.T
