"""The axis of a row of dots: places in per cent, and round ticks."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from mxt.evaluation.interval import Interval

MARGIN = 2.0  # per cent on either side, so that no dot is cut off
STEPS = (1.0, 2.0, 2.5, 5.0, 10.0, 20.0)
MOST_TICKS = 5
SMALLEST = 1e-9  # of the values themselves: a range that is smaller is none


@dataclass(frozen=True, slots=True)
class Axis:
    """A range of values.

    Examples
    --------
    >>> axis = Axis(0.0, 1.0)
    >>> axis.at(0.5), axis.ticks
    (50.0, (0.0, 0.25, 0.5, 0.75, 1.0))
    """

    low: float
    high: float

    @classmethod
    def of(cls, intervals: Iterable[Interval], *also: float) -> Axis:
        """The axis that holds all intervals and the values `also`."""
        values = [
            bound for one in intervals for bound in (one.value, one.low, one.high) if math.isfinite(bound)
        ]
        values += [value for value in also if math.isfinite(value)]
        low, high = min(values, default=0.0), max(values, default=1.0)
        return cls(low, high if high - low > SMALLEST * max(1.0, abs(low), abs(high)) else low + 1.0)

    def at(self, value: float) -> float:
        """Where a value lies, per cent of the width."""
        share = (value - self.low) / (self.high - self.low)
        return round(MARGIN + (100 - 2 * MARGIN) * min(max(share, 0.0), 1.0), 2)

    @property
    def ticks(self) -> tuple[float, ...]:
        """Round values, at most `MOST_TICKS`."""
        width = self.high - self.low
        power = 10.0 ** math.floor(math.log10(width / MOST_TICKS))
        step = next(power * one for one in STEPS if width / (power * one) <= MOST_TICKS - 1 + 1e-9)
        first = math.ceil(self.low / step - 1e-9)
        return tuple(
            float(f"{step * i:.12g}") + 0.0 for i in range(first, math.floor(self.high / step + 1e-9) + 1)
        )

    @staticmethod
    def label(tick: float) -> str:
        """A tick in words."""
        return f"{tick:g}"

    def anchor(self, tick: float) -> str:
        """On which side of its place a label is written, so that it is not cut off."""
        place = self.at(tick)
        return "start" if place < 8 else "end" if place > 92 else "middle"
