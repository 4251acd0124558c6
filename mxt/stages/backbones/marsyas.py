"""Timbre features of Tzanetakis & Cook (2002): as Marsyas computes them, or by the equations of the paper."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from mxt.audio.memory import keep_freed_memory
from mxt.audio.streamed import Streamed
from mxt.core.stages import Features
from mxt.stages.backbones.marsyas_paper import paper_windows
from mxt.stages.backbones.marsyas_released import released_windows

TEXTURE_WINDOWS = 40  # analysis windows of a texture window: about a second


@dataclass(frozen=True, slots=True)
class Marsyas:
    """68 numbers per clip: means and deviations of the running means and deviations of 17 features.

    The features are those of windows of 512 samples; the running means and deviations are taken over texture
    windows of 40 of them. Deviations are those of a population.

    Parameters
    ----------
    variant : {"released", "paper"}
        The program Marsyas, run for one clip: the last window is filled with zeros, and a texture window ends
        with every analysis window, the first one standing for those before it. Or the equations of the paper
        with librosa's definitions: samples after the last whole window are left out, and a texture window
        ends with every analysis window that has 39 before it; a clip of fewer windows has one.

    Notes
    -----
    The program computes at least five windows. Of a shorter clip this computes those there are, so these 68
    numbers are not the program's.

    References
    ----------
    G. Tzanetakis, P. Cook: Musical genre classification of audio signals, IEEE TSAP 10(5), 2002, section
    III.A (features, analysis and texture windows).

    Examples
    --------
    >>> Marsyas().prepare(None, "cpu")(torch.zeros(1, 22_050))["timbre"].shape
    (1, 68)
    """

    variant: str = "released"
    reads_pieces: ClassVar[bool] = True

    def prepare(self, weights: Path | None, device: str) -> Callable[[Iterable[Tensor | Streamed]], Features]:
        """A function from float32 [N, samples >= 512] at 22,050 Hz to ``{"timbre": float32 [N, 68]}``."""
        keep_freed_memory()
        released = self.variant == "released"
        analyse = (released_windows if released else paper_windows)(device)
        in_front = TEXTURE_WINDOWS - 1 if released else 0

        def features(y: Iterable[Tensor | Streamed]) -> Features:
            with torch.inference_mode():
                clips = [summary(preceded(analyse(clip), in_front)) for clip in y]
                return {"timbre": torch.stack(clips).cpu().numpy()}

        return features


def preceded(features: Tensor, copies: int) -> Tensor:
    """`features` [windows, 17] with copies of the first window in front."""
    return torch.cat([features[:1].expand(copies, -1), features]) if copies else features


def summary(features: Tensor) -> Tensor:
    """float32 [68] from [windows, 17]: means, then deviations, of running means and deviations."""
    return torch.stack([_summary_of_one(values) for values in features.T], dim=1).flatten().float()


def _summary_of_one(x: Tensor) -> Tensor:
    """float64 [4] of one feature [windows]."""
    # E[x^2] - E[x]^2 about the mean of the clip, so that little is lost
    centred = x - x.mean()
    values = torch.stack([x, centred.square(), centred])
    mean, squares, offset = F.avg_pool1d(values, min(TEXTURE_WINDOWS, len(x)), stride=1)
    deviation = (squares - offset.square()).clamp_(min=0).sqrt_()
    return torch.stack([mean.mean(), deviation.mean(), mean.std(correction=0), deviation.std(correction=0)])
