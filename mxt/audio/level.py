"""Levels: peak, root mean square, decibels."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Signal = npt.NDArray[np.float32]

_AT_ONCE = 1 << 20  # samples widened to float64 together
SILENCE_DB = -200.0  # amplifying what is below this would overflow, and means nothing


def to_db(amplitude: float) -> float:
    """Amplitude (1.0 is full scale) to dBFS; silence is minus infinity.

    Examples
    --------
    >>> round(to_db(0.5), 2)
    -6.02
    """
    return 20 * math.log10(amplitude) if amplitude > 0 else -math.inf


def from_db(level_db: float) -> float:
    """Convert dBFS to amplitude (1.0 is full scale)."""
    return 10 ** (level_db / 20)


def peak(y: Signal) -> float:
    """Largest absolute sample; 0 of no samples, NaN where any is NaN."""
    return max(float(y.max()), -float(y.min())) if y.size else 0.0


def energy(y: Signal) -> float:
    """Sum of squares, added up in float64."""
    return sum(
        float(np.square(y[first : first + _AT_ONCE], dtype=np.float64).sum())
        for first in range(0, len(y), _AT_ONCE)
    )


def rms(y: Signal) -> float:
    """Root mean square, added up in float64; 0 of no samples."""
    return math.sqrt(energy(y) / y.size) if y.size else 0.0
