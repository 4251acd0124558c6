"""The spectrogram as `sox -n spectrogram` draws it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch

from mxt.audio.picture import Signal, clip_by_clip
from mxt.audio.stft import framed_slabs, periodic_window, power
from mxt.core.stages import RowAxis
from mxt.stages.renderers.levels import LevelPicture, frequency_rows

COLOURS = 249  # sox's default number of colours on the scale (-q)
MOST_COLUMNS_A_SECOND = 5000.0
SLAB_FRAMES = 1024


@dataclass(frozen=True, slots=True)
class Timing:
    """How sox shares a clip out among columns.

    Parameters
    ----------
    step : int
        Samples from one transform to the next.
    steps : int
        Transforms whose powers are averaged to a column.
    columns : int
        Their number; sox leaves out what is beyond those it was asked for.
    """

    step: int
    steps: int
    columns: int

    @classmethod
    def of(cls, samples: int, sample_rate: int, *, n_fft: int, columns: int) -> Timing:
        """For a clip that is to fill `columns`.

        References
        ----------
        SoX 14.4.2, src/spectrogram.c: pixels a second from the duration; as few transforms a column as
        windows that overlap by half allow; then the step that fits a whole number of times into a column.
        """
        a_second = min(MOST_COLUMNS_A_SECOND, columns * sample_rate / max(1, samples))
        wanted = max(1, int(sample_rate / a_second))  # samples a column
        step = max(1, int(wanted / math.ceil(wanted / (n_fft // 2)) + 0.5))
        steps = max(1, math.floor(wanted / step + 0.5))
        return cls(step, steps, max(1, min(columns, -(-samples // (step * steps)))))


@dataclass(frozen=True, slots=True)
class SoxSpectrogram(LevelPicture):
    """Linear frequency, level as colour; the fields are the parameters of its spec.

    Half the sample rate is the first row. 0 dBFS is a full-scale sine.

    Examples
    --------
    >>> SoxSpectrogram().prepare(22_050, "cpu")(torch.zeros(1, 220_500)).shape
    torch.Size([1, 3, 513, 800])
    """

    n_fft: int = 1024
    columns: int = 800
    colours: str = "colour"
    floor_db: float = -120.0

    def prepare(self, sample_rate: int, device: str) -> Callable[[torch.Tensor], torch.Tensor]:
        """A function from float32 [N, samples] to float32 [N, 3, rows, columns] ([N, rows, columns] in grey).

        Raises
        ------
        UsageError
            The levels do not fit together.
        """
        self.check_levels()
        table = palette(grey=self.colours == "grey").to(device)
        window = periodic_window("hann", self.n_fft).to(device)

        def draw(y: Signal) -> torch.Tensor:
            timing = Timing.of(len(y), sample_rate, n_fft=self.n_fft, columns=self.columns)
            level = torch.cat(list(_levels(y, timing, window))).T

            def coloured(white_db: float, range_db: float) -> list[torch.Tensor]:
                numbers = colour_numbers(level.sub_(white_db), range_db)
                return [table.index_select(1, numbers.flatten()).view(-1, *numbers.shape)]

            picture = self.picture(lambda: [level], columns=level.shape[1], painted=coloured)
            return picture[0] if self.colours == "grey" else picture

        return clip_by_clip(draw)

    def row_axis(self, sample_rate: int, rows: int) -> RowAxis:
        """Frequencies of the rows, from the top."""
        return frequency_rows(rows, n_fft=self.n_fft, sample_rate=sample_rate)


def _levels(y: Signal, timing: Timing, window: torch.Tensor) -> Iterator[torch.Tensor]:
    """Mean power of each column in dBFS, float32 [columns, bins] a slab."""
    n_fft = len(window)
    # a sine of amplitude A has the magnitude A sum(w) / 2
    scale = float((2 / window.double().sum()).square())
    slabs = framed_slabs(
        y,
        frame_length=n_fft,
        hop_length=timing.step,
        first=(timing.step - n_fft) // 2,  # centred on the middle of each step
        count=timing.columns * timing.steps,
        slab_frames=max(1, SLAB_FRAMES // timing.steps) * timing.steps,
    )
    for slab in slabs:
        mean = power(slab, window)
        if timing.steps > 1:
            mean = mean.view(-1, timing.steps, n_fft // 2 + 1).mean(1)
        yield mean.mul_(scale).clamp_(min=1e-30).log10_().mul_(10)


def colour_numbers(level_db: torch.Tensor, range_db: float) -> torch.Tensor:
    """Places in the palette, int32: 0 below the range, the last one from 0 dB on.

    ``c = 1 + floor((1 + x / range) (colours - 2))``
    """
    return (level_db / range_db).add_(1).mul_(COLOURS - 2).floor_().add_(1).clamp_(0, COLOURS - 1).int()


def palette(*, grey: bool = False) -> torch.Tensor:
    """The scale of sox, from quiet to loud: red, green and blue, float32 [3, `COLOURS`]; in grey one row.

    References
    ----------
    SoX 14.4.2, src/spectrogram.c: sines and lines over parts of the scale.
    """
    x = torch.arange(COLOURS, dtype=torch.float64) / (COLOURS - 1)
    if grey:
        return _to_8_bits(x[None])
    quarter = torch.pi / 2
    red = _pieces(
        x,
        (0.13, torch.zeros_like(x)),
        (0.73, torch.sin((x - 0.13) / 0.60 * quarter)),
        (2, torch.ones_like(x)),
    )
    green = _pieces(
        x,
        (0.60, torch.zeros_like(x)),
        (0.91, torch.sin((x - 0.60) / 0.31 * quarter)),
        (2, torch.ones_like(x)),
    )
    blue = _pieces(
        x, (0.60, 0.5 * torch.sin(x / 0.60 * torch.pi)), (0.78, torch.zeros_like(x)), (2, (x - 0.78) / 0.22)
    )
    return _to_8_bits(torch.stack([red, green, blue]))


def _pieces(x: torch.Tensor, *pieces: tuple[float, torch.Tensor]) -> torch.Tensor:
    """A function given piece by piece: each up to its bound."""
    found = pieces[-1][1]
    for bound, values in reversed(pieces[:-1]):
        found = torch.where(x < bound, values, found)
    return found


def _to_8_bits(x: torch.Tensor) -> torch.Tensor:
    return ((0.5 + 255 * x).floor() / 255).float()
