"""Normalization by loudness (ITU-R BS.1770)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mxt.audio.level import from_db

if TYPE_CHECKING:
    from mxt.core.stages import Levels, Signal


@dataclass(frozen=True, slots=True)
class LufsNormalizer:
    """Scales the whole clip to a given integrated loudness.

    Clips below -70 LUFS are left unchanged. Nothing is clipped: samples may exceed full scale.

    Parameters
    ----------
    target_lufs : float
        Integrated loudness, LUFS.

    References
    ----------
    ITU-R BS.1770-4; the default is the programme loudness of EBU R 128.

    Examples
    --------
    >>> from mxt.core.stages import Levels
    >>> levels = Levels(peak=0.4, rms=0.2, lufs=-3.0)
    >>> LufsNormalizer(target_lufs=-23.0)(np.float32([0.1, -0.2]), sample_rate=8000, levels=levels)
    array([ 0.01, -0.02], dtype=float32)
    """

    target_lufs: float = -23.0

    def __call__(self, y: Signal, *, sample_rate: int, levels: Levels) -> Signal:
        """`y` float32 [samples] scaled by the loudness of the whole clip, of which it may be a part."""
        if not math.isfinite(levels.lufs):
            return y
        return y * np.float32(from_db(self.target_lufs - levels.lufs))
