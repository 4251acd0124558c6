"""Statistics of spectral shape.

References
----------
G. Peeters, A large set of audio features for sound description, IRCAM 2004, sections 6 and 9.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from mxt.plugin import Features
from mxt_spectral_shape.plugin import BACKBONE

SAMPLE_RATE = BACKBONE.sample_rate or 0
SILENCE = 1e-20  # power below which a spectrum has no shape
NARROWEST_HZ = 1.0  # a spread below it is taken as this: higher moments divide by it


@dataclass(frozen=True)
class SpectralShape:
    """The backbone; its fields are the parameters of the spec.

    Parameters
    ----------
    n_fft, hop_length : int
        Length and distance of the spectra, samples.
    rolloff : float
        Share of the power below the rolloff frequency.
    """

    n_fft: int = 1024
    hop_length: int = 512
    rolloff: float = 0.85

    def prepare(self, weights: Path | None, device: str) -> Callable[[torch.Tensor], Features]:
        """A function from waveforms [N, samples] to ``{"moments": [N, 8], "texture": [N, 8]}``, float32."""
        window = torch.hann_window(self.n_fft, periodic=True, dtype=torch.float64, device=device)
        frequencies = torch.fft.rfftfreq(self.n_fft, 1 / SAMPLE_RATE, dtype=torch.float64, device=device)

        def features(waveforms: torch.Tensor) -> Features:
            frames = waveforms.to(torch.float64).unfold(-1, self.n_fft, self.hop_length)  # [N, frames, n_fft]
            power = torch.fft.rfft(frames * window).abs().square()  # [N, frames, bins]
            texture = [
                flatness(power),
                rolloff(power, frequencies, share=self.rolloff),
                zero_crossings(frames),
                flux(power),
            ]
            return {
                "moments": _pooled(torch.stack(moments(power, frequencies), -1)),
                "texture": _pooled(torch.stack(texture, -1)),
            }

        return features


def _pooled(values: torch.Tensor) -> object:
    """Mean and population deviation over the frames: [N, frames, features] to float32 [N, 2 * features]."""
    pooled = torch.cat([values.mean(1), values.std(1, correction=0)], dim=-1)
    return pooled.to(torch.float32).cpu().numpy()


def _shares(power: torch.Tensor) -> torch.Tensor:
    """Power as shares that sum to one over the bins; zero where a frame is silent."""
    total = power.sum(-1, keepdim=True)
    return torch.where(total > SILENCE, power / total.clamp_min(SILENCE), 0.0)


def moments(power: torch.Tensor, frequencies: torch.Tensor) -> list[torch.Tensor]:
    """Centroid and spread (Hz), skewness and kurtosis of power spectra [..., bins]; zero for silence."""
    p = _shares(power)
    centroid = (p * frequencies).sum(-1)
    # sigma^2 = sum p (f - mu)^2
    d = frequencies - centroid.unsqueeze(-1)
    spread = (p * d.square()).sum(-1).sqrt()
    scaled = d / spread.clamp_min(NARROWEST_HZ).unsqueeze(-1)
    # gamma_k = sum p ((f - mu) / sigma)^k
    return [centroid, spread, (p * scaled**3).sum(-1), (p * scaled**4).sum(-1)]


def flatness(power: torch.Tensor) -> torch.Tensor:
    """Geometric over arithmetic mean of power spectra [..., bins]: low for tones, 1 for silence."""
    floored = power.clamp_min(SILENCE)
    return floored.log().mean(-1).exp() / floored.mean(-1)


def rolloff(power: torch.Tensor, frequencies: torch.Tensor, *, share: float) -> torch.Tensor:
    """Frequency (Hz) below which `share` of the power lies; zero for silence."""
    below = _shares(power).cumsum(-1)
    reached = below >= share
    first = torch.where(reached.any(-1), reached.to(torch.int8).argmax(-1), 0)
    return frequencies[first]


def zero_crossings(frames: torch.Tensor) -> torch.Tensor:
    """Share of neighbouring samples of different sign, [..., samples]."""
    negative = frames < 0
    return (negative[..., 1:] != negative[..., :-1]).to(frames.dtype).mean(-1)


def flux(power: torch.Tensor) -> torch.Tensor:
    """Euclidean distance of the shares of a spectrum from those before, [N, frames, bins]; first 0."""
    p = _shares(power)
    return torch.nn.functional.pad((p[:, 1:] - p[:, :-1]).square().sum(-1).sqrt(), (1, 0))
