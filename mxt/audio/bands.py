"""Constant-Q band analysis by long Fourier transforms: every band cut out of the spectrum of a block, and brought back to time.

A band is a raised cosine on the axis of log frequency, from the centre of its lower neighbour to that of its upper one, and gives a
complex envelope at a low rate, whose squared magnitude is averaged over each frame. Blocks overlap by more than the longest
filter rings, so that a clip of any length is analysed in little memory.

References
----------
M. Rouzic: The Analysis & Resynthesis Sound Spectrograph (ARSS), 2008. N. Holighaus, M. Dörfler, G. A. Velasco, T. Grill: A framework for
invertible, real-time constant-Q transforms, IEEE TASLP 2013 (the same in blocks).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from mxt.audio.stft import stretch
from mxt.audio.streamed import Streamed

RINGING = 5.0  # a band of B Hz between its zeros rings for RINGING / B seconds on either side, below -60 dB after that
BLOCK_MARGINS = 6  # longest stretch kept of a block, in such times
STEP_FRAMES = 64  # blocks are whole multiples of so many frames: sizes that transform fast


@dataclass(frozen=True, slots=True)
class BandAnalysis:
    """What is analysed.

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
    """

    sample_rate: int
    lowest_hz: float
    bands: int
    bands_per_octave: int
    hop_length: int

    def centre(self, band: float) -> float:
        """Centre of a band in Hz: ``lowest_hz 2^(band / bands_per_octave)``."""
        return float(self.lowest_hz * 2 ** (band / self.bands_per_octave))

    def frames(self, samples: int) -> int:
        """Frames of a signal of so many samples."""
        return max(1, -(-samples // self.hop_length))

    def powers(self, y: Tensor | Streamed) -> Iterator[Tensor]:
        """Mean squared envelope of every band in every frame; 1 for a full-scale sine at the centre of its band.

        Parameters
        ----------
        y : torch.Tensor or Streamed
            float32 [samples].

        Yields
        ------
        torch.Tensor
            float32 [bands, frames of a block], from the start of the signal to its end.
        """
        margin = self._margin_frames()
        total = self.frames(len(y))
        blocks = -(-total // (BLOCK_MARGINS * margin))
        kept = -(-total // blocks)
        size = -(-(kept + 2 * margin) // STEP_FRAMES) * STEP_FRAMES  # frames of a block
        filters = _filters(self, size, torch.device("cpu") if isinstance(y, Streamed) else y.device)
        for block in range(blocks):
            first = block * kept
            begin = (first - margin) * self.hop_length
            spectrum = torch.fft.rfft(stretch(y, begin, begin + size * self.hop_length))
            count = min(kept, total - first)
            yield torch.cat([group.powers(spectrum)[:, margin : margin + count] for group in filters])

    def _margin_frames(self) -> int:
        narrowest = self.centre(1) - self.centre(-1)
        return math.ceil(RINGING / narrowest * self.sample_rate / self.hop_length)


@dataclass(frozen=True, slots=True, eq=False)
class _Group:
    """Bands that are brought back to time at one rate: `oversampling` values a frame, averaged."""

    starts: tuple[int, ...]
    weights: tuple[Tensor, ...]
    oversampling: int
    frames: int

    def powers(self, spectrum: Tensor) -> Tensor:
        """float32 [bands of this group, frames of the block]."""
        banded = spectrum.new_zeros(len(self.starts), self.frames * self.oversampling)
        for row, start, weight in zip(banded, self.starts, self.weights, strict=True):
            torch.mul(spectrum[start : start + len(weight)], weight, out=row[: len(weight)])
        parts = torch.view_as_real(torch.fft.ifft(banded, norm="forward")).square_().flatten(1)
        return parts.view(len(self.starts), self.frames, 2 * self.oversampling).sum(2).div_(self.oversampling)


@lru_cache(maxsize=32)
def _filters(analysis: BandAnalysis, size: int, device: torch.device) -> tuple[_Group, ...]:
    """The filters for blocks of `size` frames."""
    samples = size * analysis.hop_length
    found: dict[int, tuple[list[int], list[Tensor]]] = {}
    for band in range(analysis.bands):
        start, weights, bins = _filter(analysis, band, samples)
        oversampling = 2 ** max(0, math.ceil(math.log2(bins / size)))
        # values lie in the middle of what they stand for: a delay by half their distance, as a phase
        shift = torch.arange(bins, dtype=torch.float64) * (torch.pi / (size * oversampling))
        starts, all_weights = found.setdefault(oversampling, ([], []))
        starts.append(start)
        all_weights.append(torch.polar(weights, shift).to(torch.complex64).to(device))
    return tuple(_Group(tuple(starts), tuple(weights), over, size) for over, (starts, weights) in found.items())


def _filter(analysis: BandAnalysis, band: int, samples: int) -> tuple[int, Tensor, int]:
    """First bin of a band in a transform of `samples`, and its weights (float64); 2 / samples makes a sine of 1 an envelope of 1."""
    bin_hz = analysis.sample_rate / samples
    start = max(1, math.ceil(analysis.centre(band - 1) / bin_hz))
    stop = min(samples // 2, math.floor(analysis.centre(band + 1) / bin_hz))
    frequency = torch.arange(start, stop + 1, dtype=torch.float64) * bin_hz
    # H(f) = cos^2(pi / 2 * bands_per_octave * log2(f / centre))
    distance = analysis.bands_per_octave * torch.log2(frequency / analysis.centre(band))
    weights: Tensor = torch.cos(torch.pi / 2 * distance.clamp(-1, 1)).square() * (2 / samples)
    return start, weights, len(weights)
