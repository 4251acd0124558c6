"""Mel-frequency cepstral coefficients and their differences, averaged over the clip."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from mxt.audio.dct import dct_matrix
from mxt.audio.mel import mel_filterbank, mel_power, power_to_db
from mxt.audio.memory import keep_freed_memory
from mxt.audio.stft import periodic_window
from mxt.core.stages import Features

SAMPLE_RATE = 12_000
N_MFCC = 20
# librosa's defaults
N_FFT, HOP_LENGTH, N_MELS, AMIN, TOP_DB = 2048, 512, 128, 1e-10, 80.0


@dataclass(frozen=True, slots=True)
class Mfcc:
    """20 coefficients per frame; 120 numbers per clip.

    In the order of the released features: mean and deviation of the coefficients, of their first, and of
    their second differences from frame to frame. Equal to `librosa.feature.mfcc` with its defaults at 12 kHz.

    Parameters
    ----------
    pad_mode : {"constant", "reflect"}
        What is put before and behind the clip, half a transform each.

    Examples
    --------
    >>> Mfcc().prepare(None, "cpu")(torch.zeros(1, 12_000))["mfcc"].shape
    (1, 120)
    """

    pad_mode: str = "constant"

    def prepare(self, weights: Path | None, device: str) -> Callable[[torch.Tensor], Features]:
        """A function from float32 [N, samples >= 1024] at 12 kHz to ``{"mfcc": float32 [N, 120]}``."""
        keep_freed_memory()
        bank = torch.from_numpy(mel_filterbank(sample_rate=SAMPLE_RATE, n_fft=N_FFT, n_mels=N_MELS)).to(
            device
        )
        window = periodic_window("hann", N_FFT).to(device)
        cosines = dct_matrix(N_MFCC, N_MELS).to(device)

        def features(y: torch.Tensor) -> Features:
            with torch.inference_mode():
                rows = [
                    _summary(self._coefficients(clip, bank, window, cosines)) for clip in torch.split(y, 1)
                ]
                return {"mfcc": torch.cat(rows).cpu().numpy()}

        return features

    def _coefficients(
        self, y: torch.Tensor, bank: torch.Tensor, window: torch.Tensor, cosines: torch.Tensor
    ) -> torch.Tensor:
        """float64 [1, 20, frames] of one clip [1, samples]."""
        mel = mel_power(_padded(y, N_FFT // 2, self.pad_mode), bank, window, hop_length=HOP_LENGTH)
        level = power_to_db(mel, floor=AMIN)
        level = torch.maximum(level, level.amax((1, 2), keepdim=True) - TOP_DB)
        return cosines @ level.double()


def _padded(y: torch.Tensor, margin: int, mode: str) -> torch.Tensor:
    """`y` [1, samples] with `margin` samples on both sides, reflected repeatedly where `y` is shorter."""
    if mode == "constant":
        margins = y.new_zeros(1, margin)
        return torch.cat([margins, y, margins], dim=1)
    places = torch.from_numpy(np.pad(np.arange(y.shape[1]), margin, mode="reflect")).to(y.device)
    return torch.cat([y[:, places[:margin]], y, y[:, places[-margin:]]], dim=1)


def _summary(coefficients: torch.Tensor) -> torch.Tensor:
    """float32 [1, 120] from [1, 20, frames]: means and population deviations of it and of its differences."""
    parts = []
    for order in range(3):
        moving = torch.diff(coefficients, n=order, dim=2) if order else coefficients
        parts += [moving.mean(2), moving.std(2, correction=0)]
    return torch.cat(parts, dim=1).float()
