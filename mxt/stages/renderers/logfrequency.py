"""The spectrogram with a logarithmic axis of frequency, as a picture."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch

from mxt.audio.bands import BandAnalysis
from mxt.audio.picture import Signal, clip_by_clip, resized
from mxt.core.errors import UsageError
from mxt.core.stages import RowAxis
from mxt.stages.renderers.levels import LevelPicture

TUNING_HZ, TUNING_KEY = 440.0, 69  # A4
_SEMITONES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_ACCIDENTALS = {"": 0, "#": 1, "b": -1}


def note_hz(note: str) -> float:
    """Frequency of a note in equal temperament, A4 = 440 Hz.

    Raises
    ------
    UsageError
        It is not a note.

    Examples
    --------
    >>> note_hz("A0"), round(note_hz("Bb3"), 2)
    (27.5, 233.08)
    """
    parts = re.fullmatch(r"([A-Ga-g])([#b]?)(-?\d)", note.strip())
    if not parts:
        raise UsageError(f"lowest_note is a note such as A0, C#1 or Bb2, not {note!r}")
    letter, accidental, octave = parts.groups()
    key = 12 * (int(octave) + 1) + _SEMITONES[letter.upper()] + _ACCIDENTALS[accidental]
    return float(TUNING_HZ * 2 ** ((key - TUNING_KEY) / 12))


@dataclass(frozen=True, slots=True)
class LogFrequency(LevelPicture):
    """Bands of equal width in octaves, level as brightness; the fields are the parameters of its spec.

    The highest band is the first row.

    Parameters
    ----------
    brightness : {"absolute", "arss"}
        What brightness shows. ``absolute``: the level of a column's mean power, between `floor_db` and
        `reference_db` in dBFS (0: a full-scale sine), so that a louder clip is a brighter picture. ``arss``:
        the amplitude where a column begins, divided by the largest one in the picture, as ARSS draws it:
        loudness is lost, and a louder copy of a clip is the same picture.
    gamma : float
        Root taken of what ``arss`` shows, as by ARSS's ``-g``; more than 1 brightens what is faint.
    pixels_per_second : float, optional
        Columns per second in place of `hop_length`, to the nearest whole number of samples; ARSS draws 150.
        A steady sound is as bright with any number of them; in ``absolute`` a short one is brighter with more
        of them, because its power is averaged over less time.

    References
    ----------
    M. Rouzic: The Analysis & Resynthesis Sound Spectrograph (ARSS) 0.2.3, 2008

    Examples
    --------
    >>> render = LogFrequency(height=299, width=299).prepare(22_050, "cpu")
    >>> render(torch.zeros(2, 22_050)).shape
    torch.Size([2, 299, 299])
    """

    bands_per_octave: int = 12
    lowest_note: str = "A0"
    highest_hz: float = 10_000.0
    hop_length: int = 256
    pixels_per_second: float | None = None
    brightness: str = "absolute"
    gamma: float = 1.0

    def prepare(self, sample_rate: int, device: str) -> Callable[[torch.Tensor], torch.Tensor]:
        """A function from float32 [N, samples] to float32 [N, bands or height, frames or width], 0 to 1.

        Raises
        ------
        UsageError
            The frequencies or levels do not fit together.
        """
        self.check_levels()
        analysis = self._analysis(sample_rate)

        def draw(y: Signal) -> torch.Tensor:
            if self.brightness == "arss":
                return self._as_arss(analysis, y)
            return self.picture(lambda: _levels(analysis, y), columns=analysis.frames(len(y)))

        return clip_by_clip(draw)

    def row_axis(self, sample_rate: int, rows: int) -> RowAxis:
        """Frequencies of the rows, from the top."""
        analysis = self._analysis(sample_rate)
        bands = (np.arange(rows)[::-1] + 0.5) * (analysis.bands / rows) - 0.5
        return RowAxis("frequency, Hz", self._lowest() * 2 ** (bands / self.bands_per_octave))

    def _as_arss(self, analysis: BandAnalysis, y: Signal) -> torch.Tensor:
        """Amplitudes of one clip over the largest of them, which is looked for first; silence is black."""
        loudest = max(float(power.max()) for power in analysis.powers(y)) or 1.0
        # sqrt(power / loudest) ** (1 / gamma)
        slabs = (power.div_(loudest).pow_(0.5 / self.gamma).flip(-2) for power in analysis.powers(y))
        return resized(slabs, columns=analysis.frames(len(y)), height=self.height, width=self.width)

    def _lowest(self) -> float:
        return note_hz(self.lowest_note)

    def _analysis(self, sample_rate: int) -> BandAnalysis:
        lowest = self._lowest()
        if not lowest < self.highest_hz <= sample_rate / 2:
            bands = f"bands from {self.lowest_note} ({lowest:g} Hz) to {self.highest_hz:g} Hz"
            raise UsageError(f"{bands} do not fit into 0 to {sample_rate / 2:g} Hz")
        number = math.floor(self.bands_per_octave * math.log2(self.highest_hz / lowest) + 1e-9) + 1
        hop, rate = self.hop_length, self.pixels_per_second
        return BandAnalysis(
            sample_rate,
            lowest,
            number,
            self.bands_per_octave,
            hop_length=hop if rate is None else max(1, round(sample_rate / rate)),
            instant=self.brightness == "arss",
        )


def _levels(analysis: BandAnalysis, y: Signal) -> Iterator[torch.Tensor]:
    """Levels in dBFS, float32 [bands, frames] a block."""
    for power in analysis.powers(y):
        yield power.clamp_(min=1e-20).log10_().mul_(10)
