"""Peak normalization."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mxt.audio.level import SILENCE_DB, from_db

if TYPE_CHECKING:
    from mxt.core.stages import Levels, Signal


@dataclass(frozen=True, slots=True)
class PeakNormalizer:
    """Scales the whole clip to a given peak level.

    Parameters
    ----------
    target_db : float
        Level of the peak in dBFS.

    Examples
    --------
    >>> from mxt.core.stages import Levels
    >>> levels = Levels(peak=0.4, rms=0.1)
    >>> PeakNormalizer(target_db=0.0)(np.float32([0.1, -0.2]), sample_rate=8000, levels=levels)
    array([ 0.25, -0.5 ], dtype=float32)
    """

    target_db: float = 0.0

    def __call__(self, y: Signal, *, sample_rate: int, levels: Levels) -> Signal:
        """`y` float32 [samples], which may be a part of the clip, scaled by the peak of the whole clip."""
        if levels.peak <= from_db(SILENCE_DB):
            return y
        return y * np.float32(from_db(self.target_db) / levels.peak)
