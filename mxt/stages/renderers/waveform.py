"""The waveform as a picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch

from mxt.audio.picture import Signal, clip_by_clip
from mxt.audio.stft import stretch
from mxt.core.stages import RowAxis

ROWS = 256
SLAB_SAMPLES = 1 << 18  # looked at together


@dataclass(frozen=True, slots=True)
class Waveform:
    """Bright between the lowest and the highest sample of each column; the fields are those of its spec.

    Full scale is the first row, minus full scale the last one.

    Examples
    --------
    >>> draw = Waveform(height=5, width=2).prepare(22_050, "cpu")
    >>> draw(torch.tensor([[0.0, 0.0, 1.0, -1.0]])).round().int()
    tensor([[[0, 1],
             [0, 1],
             [1, 1],
             [0, 1],
             [0, 1]]], dtype=torch.int32)
    """

    hop_length: int = 256
    rescale: bool = False
    height: int = 0
    width: int = 0

    reads_pieces: ClassVar[bool] = True

    def prepare(self, sample_rate: int, device: str) -> Callable[[torch.Tensor], torch.Tensor]:
        """A function from float32 [N, samples] to float32 [N, height, width], 0 to 1."""

        def draw(y: Signal) -> torch.Tensor:
            low, high = _extremes(y, self.width or -(-len(y) // self.hop_length))
            if self.rescale and (largest := torch.maximum(high.max(), -low.min())) > 0:
                low, high = low / largest, high / largest
            return _filled(low.clamp(-1, 1), high.clamp(-1, 1), self.height or ROWS)

        return clip_by_clip(draw)

    def row_axis(self, sample_rate: int, rows: int) -> RowAxis:
        """Amplitudes of the rows, from the top."""
        return RowAxis("amplitude", 1 - (np.arange(rows) + 0.5) * (2 / rows))


def _extremes(y: Signal, columns: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Lowest and highest sample of each column and of the one before it, float32 [columns] each."""
    starts = np.arange(columns + 1) * len(y) // columns
    at_once = max(1, SLAB_SAMPLES * columns // len(y))
    found = []
    for first in range(0, columns, at_once):
        here = starts[first : first + at_once + 1]
        begin = max(0, int(here[0]) - 1)
        x = stretch(y, begin, max(int(here[-1]), int(here[-2]) + 1)).cpu().numpy()
        inside = here[:-1] - begin
        before = x[np.maximum(inside - 1, 0)]
        found.append(
            [
                np.minimum(np.minimum.reduceat(x, inside), before),
                np.maximum(np.maximum.reduceat(x, inside), before),
            ]
        )
    low, high = torch.from_numpy(np.concatenate(found, axis=1)).to(
        y.device if isinstance(y, torch.Tensor) else "cpu"
    )
    return low, high


def _filled(low: torch.Tensor, high: torch.Tensor, rows: int) -> torch.Tensor:
    """How much of each pixel [rows, columns] lies between `low` and `high`, at least a pixel apart."""
    pixel = 2 / rows
    top = 1 - torch.arange(rows, device=low.device)[:, None] * pixel
    centre, reach = (high + low) / 2, ((high - low) / 2).clamp(min=pixel / 2)
    centre = torch.minimum(torch.maximum(centre, reach - 1), 1 - reach)  # the line stays within the picture
    inside = torch.minimum(centre + reach, top) - torch.maximum(centre - reach, top - pixel)
    return (inside / pixel).clamp_(0, 1)
