"""The mel spectrogram as a renderer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch

from mxt.audio.mel import hz_to_mel, mel_filterbank, mel_power, mel_to_hz
from mxt.audio.stft import framed_slabs, pad_signal, padding, periodic_window, power, power_spectrogram
from mxt.audio.streamed import Streamed
from mxt.core.errors import UsageError
from mxt.core.stages import RowAxis

LONG_SAMPLES = 1 << 21  # longer signals are not padded, which copies them, but framed some at a time
SLAB_FRAMES = 256


def highest_hz(fmin: float, fmax: float | None, sample_rate: int) -> float:
    """The upper end of mel bands, Hz: half the sample rate where `fmax` is not given.

    Raises
    ------
    UsageError
        Bands from `fmin` do not fit below half the sample rate.
    """
    nyquist = sample_rate / 2
    highest = nyquist if fmax is None else fmax
    if not fmin < highest <= nyquist:
        raise UsageError(f"mel bands from {fmin:g} to {highest:g} Hz do not fit into 0 to {nyquist:g} Hz")
    return highest


@dataclass(frozen=True, slots=True)
class MelSpectrogram:
    """Mel spectrograms of a batch; the fields are the parameters of its spec.

    Each clip is rendered by itself, so a picture does not depend on the others in the batch.

    Examples
    --------
    >>> render = MelSpectrogram(n_fft=512, hop_length=256, n_mels=96).prepare(12_000, "cpu")
    >>> render(torch.zeros(1, 348_000)).shape
    torch.Size([1, 96, 1360])
    """

    n_fft: int = 2048
    hop_length: int = 512
    win_length: int | None = None
    window: str = "hann"
    pad: str = "center"
    delay_samples: int = 0
    n_mels: int = 128
    fmin: float = 0.0
    fmax: float | None = None
    mel_scale: str = "slaney"
    norm: str = "slaney"
    power: float = 2.0
    scale: str = "decibel"
    reference: str = "clip_maximum"
    reference_db: float = 0.0
    amin: float = 1e-10
    floor_db: float | None = None
    top_db: float | None = None

    reads_pieces: ClassVar[bool] = True

    def prepare(
        self, sample_rate: int, device: str
    ) -> Callable[[torch.Tensor | list[Streamed]], torch.Tensor]:
        """A function from float32 [N, samples] to float32 [N, n_mels, frames].

        Raises
        ------
        UsageError
            The frequencies or lengths do not fit together.
        """
        if (self.win_length or self.n_fft) > self.n_fft:
            raise UsageError(f"win_length {self.win_length} is longer than n_fft {self.n_fft}")
        highest_hz(self.fmin, self.fmax, sample_rate)
        filters = mel_filterbank(
            sample_rate=sample_rate,
            n_fft=self.n_fft,
            n_mels=self.n_mels,
            fmin=self.fmin,
            fmax=self.fmax,
            scale=self.mel_scale,
            norm=self.norm,
        )
        bank = torch.from_numpy(filters).to(device)
        window = periodic_window(self.window, self.win_length or self.n_fft, n_fft=self.n_fft).to(device)

        def render(y: torch.Tensor | list[Streamed]) -> torch.Tensor:
            with torch.inference_mode():
                if isinstance(y, torch.Tensor) and y.device.type != "cpu":
                    return self._decibels(self._bands(y, bank, window))
                pictures = [self._decibels(self._bands_of_one(clip, bank, window)) for clip in y]
                return torch.cat(pictures) if len(pictures) > 1 else pictures[0]

        return render

    def row_axis(self, sample_rate: int, rows: int) -> RowAxis:
        """Frequencies of the bands, the lowest first."""
        highest = highest_hz(self.fmin, self.fmax, sample_rate)
        low, high = (hz_to_mel(hz, scale=self.mel_scale) for hz in (self.fmin, highest))
        centres = np.linspace(low, high, rows + 2)[1:-1]
        return RowAxis("frequency, Hz", mel_to_hz(centres, scale=self.mel_scale))

    def _bands_of_one(
        self, y: torch.Tensor | Streamed, bank: torch.Tensor, window: torch.Tensor
    ) -> torch.Tensor:
        """float32 [1, n_mels, frames] of one signal [samples]."""
        if len(y) <= LONG_SAMPLES or self.pad == "reflect" or self.power != 2:
            whole = torch.from_numpy(y.read(0, len(y))) if isinstance(y, Streamed) else y
            return self._bands(whole[None], bank, window)
        left, right = padding(len(y), n_fft=self.n_fft, hop_length=self.hop_length, pad=self.pad)
        count = 1 + (len(y) + left + right - self.n_fft) // self.hop_length
        mel = bank.new_empty(1, count, len(bank))
        slabs = framed_slabs(
            y,
            frame_length=self.n_fft,
            hop_length=self.hop_length,
            first=-left - self.delay_samples,
            count=count,
            slab_frames=SLAB_FRAMES,
        )
        for number, slab in enumerate(slabs):
            torch.mm(
                power(slab, window),
                bank.T,
                out=mel[0, number * SLAB_FRAMES : number * SLAB_FRAMES + len(slab)],
            )
        return mel.transpose(1, 2)

    def _bands(self, y: torch.Tensor, bank: torch.Tensor, window: torch.Tensor) -> torch.Tensor:
        if self.power == 2:
            padded = pad_signal(
                y,
                n_fft=self.n_fft,
                hop_length=self.hop_length,
                pad=self.pad,
                delay_samples=self.delay_samples,
            )
            return mel_power(padded, bank, window, hop_length=self.hop_length)
        squared = power_spectrogram(
            y,
            n_fft=self.n_fft,
            hop_length=self.hop_length,
            win_length=self.win_length,
            window=self.window,
            pad=self.pad,
            delay_samples=self.delay_samples,
        )
        return (squared.pow_(self.power / 2) @ bank.T).transpose(1, 2)

    def _decibels(self, bands: torch.Tensor) -> torch.Tensor:
        """10 log10 of `bands` [N, n_mels, frames] against the reference, with its floors; works in place."""
        if self.scale == "power":
            return bands
        level = bands.clamp_(min=self.amin).log10_().mul_(10)
        if self.reference == "clip_maximum":
            level.sub_(level.amax((1, 2), keepdim=True))
        elif self.reference == "fixed":
            level.sub_(self.reference_db)
        if self.floor_db is not None:
            level.clamp_(min=self.floor_db)
        if self.top_db is not None:
            torch.maximum(level, level.amax((1, 2), keepdim=True) - self.top_db, out=level)
        return level
