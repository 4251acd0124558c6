"""Constant-Q band analysis by Fourier transforms: every band is cut out of a spectrum and transformed back.

A band is a raised cosine on the axis of log frequency, from the centre of its lower neighbour to that of its
upper one, and gives a complex envelope at a low rate, whose squared magnitude is averaged over each frame.
High bands ring briefly and come from short overlapping pieces, whose transforms stay in a processor's cache;
low ones from one transform of many pieces, joined at a lower sample rate. So a clip of any length is analysed
in little memory.

References
----------
M. Rouzic: The Analysis & Resynthesis Sound Spectrograph (ARSS), 2008. N. Holighaus, M. Dörfler, G. A.
Velasco, T. Grill: A framework for invertible, real-time constant-Q transforms, IEEE TASLP 2013 (the same in
pieces).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import scipy.fft
import torch
from torch import Tensor

from mxt.audio.stft import stretch
from mxt.audio.streamed import Streamed
from mxt.core.reprs import short_repr

# a band of B Hz between its zeros rings for RINGING / B seconds on either side, below -60 dB after that
RINGING = 5.0
PIECE_SAMPLES = 1 << 15  # about the length of a piece
MARGINS = 16  # in a piece, of which the first and the last are cut off
BLOCK_PIECES = 24  # most pieces analysed together, unless low bands ring for longer


@dataclass(frozen=True, slots=True)
class BandAnalysis:
    """An analysis: its bands, frames and rates.

    Parameters
    ----------
    sample_rate : int
        Hz.
    lowest_hz : float
        Centre of the first band.
    bands : int
        Their number.
    bands_per_octave : int
        1 or more.
    hop_length : int
        Samples of a frame.
    instant : bool
        Whether powers are those where a frame begins, as in ARSS, instead of means over it: the magnitude
        squared, smoothed by a Blackman window of two frames if the band is wider than half the frame rate.
    """

    sample_rate: int
    lowest_hz: float
    bands: int
    bands_per_octave: int
    hop_length: int
    instant: bool = False

    def centre(self, band: float) -> float:
        """Centre of a band in Hz: ``lowest_hz 2^(band / bands_per_octave)``."""
        return float(self.lowest_hz * 2 ** (band / self.bands_per_octave))

    def frames(self, samples: int) -> int:
        """Frames of a signal with this number of samples."""
        return max(1, -(-samples // self.hop_length))

    def ringing(self, band: int) -> float:
        """Frames that a band rings for on either side."""
        return RINGING / (self.centre(band + 1) - self.centre(band - 1)) * self.sample_rate / self.hop_length

    def powers(self, y: Tensor | Streamed) -> Iterator[Tensor]:
        """Squared envelope of every band in every frame; 1 for a full-scale sine at a band's centre.

        Parameters
        ----------
        y : torch.Tensor or Streamed
            float32 [samples].

        Yields
        ------
        torch.Tensor
            float32 [bands, frames of a block], from the start of the signal to its end.
        """
        cut = _Cut.of(self)
        device = torch.device("cpu") if isinstance(y, Streamed) else y.device
        total = self.frames(len(y))
        blocks = -(-(total + 2 * cut.margin) // (cut.kept * max(BLOCK_PIECES, 4 * cut.around)))
        size = -(
            -(total + 2 * cut.margin) // (cut.kept * blocks)
        )  # pieces of a block, without those around it
        # a signal in one block needs no pieces around: its low bands ring into one silence, from behind and
        # from before
        around, ahead = (cut.around, 0) if blocks > 1 else (0, cut.margin)
        high, low = _high_bands(cut, device), _low_bands(cut, size + (2 * around or cut.around), device)
        for first in range(0, total, size * cut.kept):
            begin = first - ahead - around * cut.kept - cut.margin
            end = first - ahead + (size + around) * cut.kept + cut.margin
            x = stretch(y, begin * self.hop_length, end * self.hop_length)
            spectra = torch.fft.rfft(x.unfold(0, cut.frames * self.hop_length, cut.kept * self.hop_length))
            parts = [power[:, 0, around * cut.kept :] for power in low.powers(spectra)]
            inner = spectra[around : around + size]
            parts += [group.powers(inner)[..., cut.margin : -cut.margin].flatten(1) for group in high]
            count = min(size * cut.kept, total - first)
            yield torch.cat([power[:, ahead : ahead + count] for power in parts])


@dataclass(frozen=True, slots=True)
class _Cut:
    """How a signal is cut into pieces and its bands into low and high ones; lengths are in frames.

    Parameters
    ----------
    margin : int
        Of a piece, where its edges ring in all bands from `high` on, and below half the reduced sample rate.
    high : int
        The first high band.
    reduction : int
        The low bands have a sample rate lower by this factor.
    around : int
        Pieces before and behind a block over which the low bands ring.
    """

    analysis: BandAnalysis
    margin: int
    high: int
    reduction: int
    around: int

    @property
    def frames(self) -> int:
        """Frames of a piece."""
        return MARGINS * self.margin

    @property
    def kept(self) -> int:
        """Frames of a piece without its margins."""
        return self.frames - 2 * self.margin

    @property
    def low_hz(self) -> float:
        """Where the low bands end."""
        return self.analysis.centre(self.high)

    @classmethod
    def of(cls, analysis: BandAnalysis) -> _Cut:
        hop = analysis.hop_length
        margin = int(2 ** max(0, round(math.log2(PIECE_SAMPLES / (MARGINS * hop)))))
        high = next(
            (band for band in range(analysis.bands) if analysis.ringing(band) <= margin), analysis.bands
        )
        reduction = 1
        # from `low_hz` the low pass falls to half the new rate: the flank of a band twice as wide as that
        least = analysis.centre(high) + RINGING / margin * analysis.sample_rate / hop / 2
        while margin * hop % (2 * reduction) == 0 and analysis.sample_rate / (4 * reduction) >= least:
            reduction *= 2
        around = math.ceil(analysis.ringing(0) / ((MARGINS - 2) * margin)) if high else 0
        return cls(analysis, margin, high, reduction, around)


@dataclass(frozen=True, slots=True, eq=False)
class _Group:
    """Bands that are transformed back at one rate, with some values per frame.

    `starts` are the first bins taken for each, `weights` complex64 [bands, 1, bins taken]; `window` is over
    the real and imaginary parts of a frame's values or, if `instant`, over the values from one frame before
    its beginning to one after.
    """

    frames: int
    starts: tuple[int, ...]
    weights: Tensor
    window: Tensor
    instant: bool
    __repr__ = short_repr

    def powers(self, spectra: Tensor) -> Tensor:
        """From complex64 [pieces, bins] to float32 [bands of this group, pieces, frames of a piece]."""
        taken, values = self.weights.shape[-1], len(self.window) // 2
        cuts = {start: spectra[:, start : start + taken] for start in set(self.starts)}
        banded = torch.stack([cuts[start] for start in self.starts]).mul_(self.weights)
        envelopes = torch.fft.ifft(banded, n=self.frames * values, norm="forward")
        if self.instant:
            around = torch.nn.functional.pad(envelopes.abs(), (values, values))
            return (around.unfold(-1, 2 * values + 1, values) @ self.window).square_()
        parts = torch.view_as_real(envelopes).square_().view(*banded.shape[:2], self.frames, -1)
        powers: Tensor = parts @ self.window
        return powers


@dataclass(frozen=True, slots=True, eq=False)
class _LowBands:
    """Bands of many pieces together, from bins up to half the reduced sample rate, weighted by the low pass.

    A piece has `samples` and two margins, all of them together `joined`, with silence behind the last one.
    """

    low_pass: Tensor
    samples: int
    margin: int
    joined: int
    groups: tuple[_Group, ...]
    __repr__ = short_repr

    def powers(self, spectra: Tensor) -> list[Tensor]:
        """From complex64 [pieces, bins] to float32 [bands, 1, frames] of each group."""
        if not self.groups:
            return []
        pieces = torch.fft.irfft(spectra[:, : len(self.low_pass)] * self.low_pass, n=self.samples)
        spectrum = _long_rfft(pieces[:, self.margin : -self.margin].flatten(), self.joined)
        return [group.powers(spectrum[None]) for group in self.groups]


def _long_rfft(x: Tensor, samples: int) -> Tensor:
    """Spectrum of a signal zero-padded to `samples`; SciPy, unlike torch, keeps the twiddle factors."""
    on_cpu = x.device.type == "cpu"
    spectrum: Tensor = (
        torch.from_numpy(scipy.fft.rfft(x.numpy(), samples)) if on_cpu else torch.fft.rfft(x, n=samples)
    )
    return spectrum


@lru_cache(maxsize=8)
def _high_bands(cut: _Cut, device: torch.device) -> tuple[_Group, ...]:
    return _groups(
        cut.analysis,
        range(cut.high, cut.analysis.bands),
        cut.frames,
        cut.frames * cut.analysis.hop_length,
        device,
    )


@lru_cache(maxsize=32)
def _low_bands(cut: _Cut, pieces: int, device: torch.device) -> _LowBands:
    hop, nyquist = cut.analysis.hop_length, cut.analysis.sample_rate / (2 * cut.reduction)
    samples = cut.frames * hop // cut.reduction
    frequency = torch.arange(samples // 2 + 1, dtype=torch.float64) * (2 * nyquist / samples)
    low_pass = (
        torch.cos(torch.pi / 2 * ((frequency - cut.low_hz) / (nyquist - cut.low_hz)).clamp(0, 1)).square()
        / cut.reduction
    )
    frames, joined = pieces * cut.kept, pieces * cut.kept * hop // cut.reduction
    groups = _groups(cut.analysis, range(cut.high), frames, joined, device)
    return _LowBands(low_pass.float().to(device), samples, cut.margin * hop // cut.reduction, joined, groups)


def _groups(
    analysis: BandAnalysis, bands: range, frames: int, samples: int, device: torch.device
) -> tuple[_Group, ...]:
    """Filters for transforms of `samples`, and the frames these are long."""
    members: dict[int, list[int]] = {}  # values a frame -> bands
    for band in bands:
        hz = (1 + analysis.instant) * (analysis.centre(band + 1) - analysis.centre(band - 1))
        width = hz * analysis.hop_length / analysis.sample_rate  # magnitudes are twice as wide as envelopes
        members.setdefault(2 ** max(0, math.ceil(math.log2(width))), []).append(band)
    return tuple(
        _group(analysis, together, values, frames, samples, device) for values, together in members.items()
    )


def _group(
    analysis: BandAnalysis, bands: list[int], values: int, frames: int, samples: int, device: torch.device
) -> _Group:
    """Neighbouring bands with this number of values per frame."""
    bin_hz, bins = analysis.sample_rate / (analysis.hop_length * frames), samples // 2 + 1
    taken = min(bins, frames * values)
    starts: list[int] = []
    for band in bands:
        in_the_last = starts and starts[-1] + taken > analysis.centre(band + 1) / bin_hz
        starts.append(
            starts[-1] if in_the_last else min(bins - taken, math.ceil(analysis.centre(band - 1) / bin_hz))
        )
    frequency = (torch.tensor(starts)[:, None] + torch.arange(taken, dtype=torch.float64)) * bin_hz
    centres = torch.tensor([analysis.centre(band) for band in bands], dtype=torch.float64)
    # H(f) = cos^2(pi / 2 * bands_per_octave * log2(f / centre))
    distance = (analysis.bands_per_octave * torch.log2(frequency / centres[:, None])).clamp_(-1, 1)
    weights = torch.cos(torch.pi / 2 * distance).square_() * (
        2 / samples
    )  # which makes a sine of 1 an envelope of 1
    shift = torch.arange(taken, dtype=torch.float64) * (torch.pi / (frames * values))
    if analysis.instant:  # the first value of a frame lies where it begins
        shift, window = 0 * shift, torch.blackman_window(2 * values + 1, periodic=False)
        window /= window.sum()
    else:  # values lie in the middle of what they stand for: a delay by half their distance, as a phase
        window = torch.full((2 * values,), 1 / values)
    phased = torch.polar(weights, shift.expand_as(weights)).to(torch.complex64)
    return _Group(
        frames, tuple(starts), phased[:, None].to(device), window.to(device), instant=analysis.instant
    )
