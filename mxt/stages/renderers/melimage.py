"""The mel spectrogram as a picture."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch

from mxt.audio.mel import hz_to_mel, mel_filterbank, mel_to_hz, power_to_db
from mxt.audio.picture import Signal, clip_by_clip
from mxt.audio.stft import framed_slabs, periodic_window, power
from mxt.core.stages import RowAxis
from mxt.stages.renderers.levels import LevelPicture
from mxt.stages.renderers.melspectrogram import highest_hz

SLAB_FRAMES = 512


@dataclass(frozen=True, slots=True)
class MelImage(LevelPicture):
    """Mel bands, level as brightness; the fields are the parameters of its spec.

    The highest band is the first row. 0 dBFS is a full-scale sine in a band that is wide against the
    resolution of the transform.

    Examples
    --------
    >>> MelImage().prepare(22_050, "cpu")(torch.zeros(1, 22_050)).shape
    torch.Size([1, 128, 44])
    """

    n_fft: int = 2048
    hop_length: int = 512
    n_mels: int = 128
    fmin: float = 0.0
    fmax: float | None = None

    def prepare(self, sample_rate: int, device: str) -> Callable[[torch.Tensor], torch.Tensor]:
        """A function from float32 [N, samples] to float32 [N, n_mels or height, frames or width], 0 to 1.

        Raises
        ------
        UsageError
            The frequencies or levels do not fit together.
        """
        self.check_levels()
        highest_hz(self.fmin, self.fmax, sample_rate)
        window = periodic_window("hann", self.n_fft)
        # a sine of amplitude A has the power A^2 n_fft sum(w^2) / 4 in all its bins together
        bank = mel_filterbank(
            sample_rate=sample_rate,
            n_fft=self.n_fft,
            n_mels=self.n_mels,
            fmin=self.fmin,
            fmax=self.fmax,
            norm="none",
        )
        scaled = (torch.from_numpy(bank) * (4 / (self.n_fft * float(window.square().sum())))).to(device)
        window = window.to(device)

        def draw(y: Signal) -> torch.Tensor:
            return self.picture(
                lambda: self._levels(y, window, scaled), columns=1 + len(y) // self.hop_length
            )

        return clip_by_clip(draw)

    def row_axis(self, sample_rate: int, rows: int) -> RowAxis:
        """Frequencies of the rows, from the top."""
        low, high = hz_to_mel(self.fmin), hz_to_mel(highest_hz(self.fmin, self.fmax, sample_rate))
        bands = (np.arange(rows)[::-1] + 0.5) * (self.n_mels / rows) + 0.5
        return RowAxis("frequency, Hz", mel_to_hz(low + (high - low) * bands / (self.n_mels + 1)))

    def _levels(self, y: Signal, window: torch.Tensor, bank: torch.Tensor) -> Iterator[torch.Tensor]:
        """Levels in dBFS, float32 [n_mels, frames] a slab."""
        slabs = framed_slabs(
            y,
            frame_length=self.n_fft,
            hop_length=self.hop_length,
            first=-(self.n_fft // 2),
            count=1 + len(y) // self.hop_length,
            slab_frames=SLAB_FRAMES,
        )
        for slab in slabs:
            yield power_to_db(power(slab, window) @ bank.T, floor=1e-20).T
