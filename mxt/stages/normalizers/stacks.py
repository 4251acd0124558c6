"""Several changed copies of a clip in a row: augmentation within one picture."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mxt.audio.level import SILENCE_DB, from_db, peak, rms
from mxt.audio.streamed import joined

if TYPE_CHECKING:
    from mxt.core.stages import Levels, Signal

SHIFTED_SECONDS = 10.0  # long clips are shifted in pieces, so that their spectra fit into memory,
MARGIN_SAMPLES = 4096  # with so much on either side, in which the edges' fading lies
PIECE_SAMPLES = 1 << 18


@dataclass(frozen=True, slots=True)
class LoudnessStack:
    """Copies of the clip, each with another peak, from quiet to loud.

    Parameters
    ----------
    levels_db : tuple of float
        Level of each copy's peak in dBFS; sorted before use.

    References
    ----------
    Shtern, Ejaz, Tzerpos: Transfer Learning in Neural Networks: An Experience Report, CASCON 2017 (eight
    copies, -35 to 0 dBFS).

    Examples
    --------
    >>> from mxt.core.stages import Levels
    >>> levels = Levels(peak=0.2, rms=0.16)
    >>> LoudnessStack(levels_db=(0.0, -20.0))(np.float32([0.1, -0.2]), sample_rate=8000, levels=levels)
    array([ 0.05, -0.1 ,  0.5 , -1.  ], dtype=float32)
    """

    levels_db: tuple[float, ...] = (-35.0, -30.0, -25.0, -20.0, -15.0, -10.0, -5.0, 0.0)

    def __call__(self, y: Signal, *, sample_rate: int, levels: Levels) -> Signal:
        """The whole clip `y` float32 [samples] to float32 [copies * samples]."""
        return joined(self.pieces(y, sample_rate=sample_rate, levels=levels), self.copies * len(y))

    @property
    def copies(self) -> int:
        """One per level."""
        return len(self.levels_db)

    def pieces(self, y: Signal, *, sample_rate: int, levels: Levels) -> Iterator[Signal]:
        """The copies of `y` float32 [samples]; those of silence are silent."""
        high = peak(y)
        for level_db in sorted(self.levels_db):
            gain = from_db(level_db) / high if high > from_db(SILENCE_DB) else 1.0
            yield from (part * np.float32(gain) for part in _parts(y))


@dataclass(frozen=True, slots=True)
class NoiseStack:
    """Copies of the clip with white noise at several levels, from noisy to clean, then the clip itself.

    The noise is drawn with a seed made of the clip's samples: the same clip gets the same noise, another clip
    another.

    Parameters
    ----------
    snr_db : tuple of float
        Signal to noise of each copy, dB, both by root mean square over the clip; sorted before use.
    """

    snr_db: tuple[float, ...] = (10.0, 20.0, 30.0)

    def __call__(self, y: Signal, *, sample_rate: int, levels: Levels) -> Signal:
        """The whole clip `y` float32 [samples] to float32 [copies * samples]."""
        return joined(self.pieces(y, sample_rate=sample_rate, levels=levels), self.copies * len(y))

    @property
    def copies(self) -> int:
        """One per level of noise, and the clip itself."""
        return len(self.snr_db) + 1

    def pieces(self, y: Signal, *, sample_rate: int, levels: Levels) -> Iterator[Signal]:
        """The copies of `y` float32 [samples]; those of silence are silent."""
        rng = np.random.default_rng(list(hashlib.sha256(np.ascontiguousarray(y).data).digest()))
        level = rms(y)
        for snr in sorted(self.snr_db):
            gain = np.float32(level * from_db(-snr))
            yield from (rng.standard_normal(len(part), dtype=np.float32) * gain + part for part in _parts(y))
        yield from _parts(y)


@dataclass(frozen=True, slots=True)
class PitchShiftStack:
    """Copies of the clip at several pitches, from low to high; the length of a copy is the clip's.

    Parameters
    ----------
    semitones : tuple of float
        Shift of each copy; 0 is the clip itself; sorted before use.
    """

    semitones: tuple[float, ...] = (-2.0, -1.0, 0.0, 1.0, 2.0)

    def __call__(self, y: Signal, *, sample_rate: int, levels: Levels) -> Signal:
        """The whole clip `y` float32 [samples] to float32 [copies * samples]."""
        return joined(self.pieces(y, sample_rate=sample_rate, levels=levels), self.copies * len(y))

    @property
    def copies(self) -> int:
        """One per pitch."""
        return len(self.semitones)

    def pieces(self, y: Signal, *, sample_rate: int, levels: Levels) -> Iterator[Signal]:
        """The copies of `y` float32 [samples]."""
        for steps in sorted(self.semitones):
            yield from _shifted(y, sample_rate, steps)


def _parts(y: Signal) -> Iterator[Signal]:
    for first in range(0, len(y), PIECE_SAMPLES):
        yield y[first : first + PIECE_SAMPLES]


def _shifted(y: Signal, sample_rate: int, steps: float) -> Iterator[Signal]:
    """`y` shifted by `steps` semitones, in pieces."""
    if steps == 0:
        yield from _parts(y)
        return
    from mxt.audio.pitch import shift_pitch

    length = int(SHIFTED_SECONDS * sample_rate)
    for first in range(0, len(y), length):
        begin = max(0, first - MARGIN_SAMPLES)
        shifted = shift_pitch(y[begin : first + length + MARGIN_SAMPLES], sample_rate, steps)
        yield shifted[first - begin : first - begin + min(length, len(y) - first)]
