"""Magnitude as brightness, phase as colour."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch

from mxt.audio.picture import Signal, clip_by_clip
from mxt.audio.stft import framed_slabs, periodic_window
from mxt.core.stages import RowAxis
from mxt.stages.renderers.levels import LevelPicture, frequency_rows, shown

SLAB_FRAMES = 128


@dataclass(frozen=True, slots=True)
class PhaseSpectrogram(LevelPicture):
    """A spectrogram in colour; the fields are the parameters of its spec.

    Half the sample rate is the first row. The hue is the phase against a wave of the bin's frequency that
    starts with the clip: a steady tone in the middle of its bin keeps one colour, any other runs through the
    circle of colours, faster the further off it is. 0 is red, a third of a turn green, two thirds blue.

    References
    ----------
    Named as future work by Shtern, Ejaz, Tzerpos: Transfer Learning in Neural Networks: An Experience Report,
    CASCON 2017.

    Examples
    --------
    >>> PhaseSpectrogram().prepare(22_050, "cpu")(torch.zeros(1, 22_050)).shape
    torch.Size([1, 3, 513, 87])
    """

    n_fft: int = 1024
    hop_length: int = 256

    def prepare(self, sample_rate: int, device: str) -> Callable[[torch.Tensor], torch.Tensor]:
        """A function from float32 [N, samples] to float32 [N, 3, bins or height, frames or width], 0 to 1.

        Raises
        ------
        UsageError
            The levels do not fit together.
        """
        self.check_levels()
        window = periodic_window("hann", self.n_fft).to(device)

        def draw(y: Signal) -> torch.Tensor:
            def levels() -> Iterator[torch.Tensor]:
                return (_levels(spectrum) for spectrum, _ in self._spectra(y, window))

            def coloured(white_db: float, range_db: float) -> Iterator[torch.Tensor]:
                for spectrum, first in self._spectra(y, window):
                    hues = _hues(self._phases(spectrum, first))
                    yield hues * shown(_levels(spectrum), white_db, range_db)

            return self.picture(levels, columns=1 + len(y) // self.hop_length, painted=coloured)

        return clip_by_clip(draw)

    def row_axis(self, sample_rate: int, rows: int) -> RowAxis:
        """Frequencies of the rows, from the top."""
        return frequency_rows(rows, n_fft=self.n_fft, sample_rate=sample_rate)

    def _spectra(self, y: Signal, window: torch.Tensor) -> Iterator[tuple[torch.Tensor, int]]:
        """Spectra complex64 [bins, frames], a sine of 1 with the magnitude 1, and the first frame of each."""
        scaled = window * (2 / window.sum())
        count, first = 1 + len(y) // self.hop_length, -(self.n_fft // 2)
        slabs = framed_slabs(
            y,
            frame_length=self.n_fft,
            hop_length=self.hop_length,
            first=first,
            count=count,
            slab_frames=SLAB_FRAMES,
        )
        for number, slab in enumerate(slabs):
            yield torch.fft.rfft(slab * scaled).T, number * SLAB_FRAMES

    def _phases(self, spectrum: torch.Tensor, first: int) -> torch.Tensor:
        """Turns, 0 to 1, against waves that start with the clip."""
        bins = torch.arange(spectrum.shape[0], device=spectrum.device)
        starts = (
            torch.arange(first, first + spectrum.shape[1], device=spectrum.device) * self.hop_length
            - self.n_fft // 2
        )
        # a wave of bin k has made k n / n_fft turns at sample n; whole turns are left out before they cost
        # precision
        turns = (bins[:, None] * (starts % self.n_fft)) % self.n_fft / self.n_fft
        return (spectrum.angle() / (2 * torch.pi) - turns) % 1.0


def _levels(spectrum: torch.Tensor) -> torch.Tensor:
    return spectrum.abs().clamp_(min=1e-10).log10_().mul_(20)


def _hues(turns: torch.Tensor) -> torch.Tensor:
    """Pure colours float32 [3, ...] around the circle, from turns [...]."""
    offsets = torch.tensor([0.0, 4.0, 2.0], device=turns.device).view(3, *[1] * turns.ndim)
    return (((6 * turns + offsets) % 6 - 3).abs() - 1).clamp_(0, 1)
