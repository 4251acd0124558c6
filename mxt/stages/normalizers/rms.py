"""Normalization by root mean square."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mxt.audio.level import SILENCE_DB, from_db

if TYPE_CHECKING:
    from mxt.core.stages import Levels, Signal


@dataclass(frozen=True, slots=True)
class RmsNormalizer:
    """Scales the whole clip to a given level of its root mean square.

    Nothing is clipped: samples may exceed full scale.

    Parameters
    ----------
    target_db : float
        Root mean square in dBFS, where a sample of 1 is 0 dBFS (a full-scale sine is -3).

    Examples
    --------
    >>> from mxt.core.stages import Levels
    >>> levels = Levels(peak=0.4, rms=0.2)
    >>> RmsNormalizer(target_db=-20.0)(np.float32([0.1, -0.2]), sample_rate=8000, levels=levels)
    array([ 0.05, -0.1 ], dtype=float32)
    """

    target_db: float = -20.0

    def __call__(self, y: Signal, *, sample_rate: int, levels: Levels) -> Signal:
        """`y` float32 [samples], which may be a part of the clip, scaled by the level of the whole clip."""
        if levels.rms <= from_db(SILENCE_DB):
            return y
        return y * np.float32(from_db(self.target_db) / levels.rms)
