"""A number that was estimated, and how sure it is."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Interval:
    """A value with its lower and upper bound.

    Parameters
    ----------
    value : float
        The estimate.
    low, high : float
        Bounds of its 95 % interval; NaN where there is none.

    Examples
    --------
    >>> gain = Interval(0.031, 0.004, 0.058)
    >>> print(gain)
    0.031 (0.004 to 0.058)
    >>> gain.clear
    True
    """

    value: float
    low: float
    high: float

    @property
    def clear(self) -> bool:
        """Of a difference: whether its interval excludes zero."""
        return self.low > 0 or self.high < 0

    @property
    def bounds(self) -> str:
        """The bounds in words.

        Examples
        --------
        >>> Interval(0.862, 0.84, 0.883).bounds
        '0.840 to 0.883'
        """
        return f"{_number(self.low)} to {_number(self.high)}"

    @property
    def signed(self) -> str:
        """A difference in words, every number with its sign.

        Examples
        --------
        >>> Interval(0.031, -0.004, 0.058).signed
        '+0.031 (-0.004 to +0.058)'
        """
        if self.low != self.low:
            return _number(self.value, "+")
        return f"{_number(self.value, '+')} ({_number(self.low, '+')} to {_number(self.high, '+')})"

    def __str__(self) -> str:
        return f"{_number(self.value)} ({self.bounds})" if self.low == self.low else _number(self.value)

    def to_plain(self) -> dict[str, float]:
        """The interval as JSON keeps it."""
        return {"value": self.value, "low": self.low, "high": self.high}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Interval:
        """The interval that `to_plain` wrote; JSON's ``null`` stands for NaN."""
        value, low, high = (
            math.nan if plain[name] is None else float(plain[name]) for name in ("value", "low", "high")
        )
        return cls(value, low, high)


@dataclass(frozen=True, slots=True)
class Method:
    """How intervals were computed.

    Parameters
    ----------
    name : str
        E.g. ``"percentile bootstrap"``.
    level : float
        Between 0 and 1.
    unit : {"clip", "group", ""}
        What was drawn: a clip with its copies, or a group; empty where that was not kept.
    """

    name: str
    level: float
    unit: str


def _number(value: float, sign: str = "") -> str:
    """Three decimals; very large numbers by their power of ten."""
    return format(value, f"{sign}.3f" if abs(value) < 1e6 else f"{sign}.3g")
