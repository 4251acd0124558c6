"""Times and frequencies as people write them: units in headings, minutes and hours, commas as decimals."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

SECONDS = {
    "": 1.0,
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds", "hms", "hh:mm:ss", "h:m:s"), 1.0),
    **dict.fromkeys(("ms", "msec", "msecs", "millisecond", "milliseconds"), 1e-3),
    **dict.fromkeys(("us", "µs", "usec", "microsecond", "microseconds"), 1e-6),
    **dict.fromkeys(("minute", "minutes"), 60.0),
}
HERTZ = {"": 1.0, "hz": 1.0, "khz": 1e3}
_UNITS = "|".join(map(re.escape, sorted({*SECONDS, *HERTZ} - {""}, key=len, reverse=True)))
_HEADING = re.compile(
    rf"(?P<words>.*?)(?:[\s_.\-]*[(\[]\s*(?P<in>.*?)\s*[)\]]|[\s_.\-]+(?P<after>{_UNITS}))?"
)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A column of times or frequencies.

    Parameters
    ----------
    heading : str
        Of the column.
    factor : float
        One of its units in seconds, or in hertz.
    """

    heading: str
    factor: float = 1.0

    def of(self, row: Mapping[str, Any]) -> float | None:
        """The value of a row in seconds or hertz: `None` where it is empty, NaN where it is not a number."""
        value = row.get(self.heading)
        return None if value is None or value == "" else number(str(value)) * self.factor


def number(text: str) -> float:
    """Seconds, ``minutes:seconds`` or ``hours:minutes:seconds``; NaN where it is none of these.

    Examples
    --------
    >>> number("1:30"), number("0,25"), number("soon")
    (90.0, 0.25, nan)
    """
    parts = text.strip().replace(",", ".").split(":")
    if len(parts) > 3:
        return math.nan
    try:
        return sum(float(part) * 60.0**power for power, part in enumerate(reversed(parts)))
    except ValueError:
        return math.nan


def words_and_unit(heading: str) -> tuple[str, str]:
    """A heading without case, blanks and hyphens, and the unit it ends with.

    Examples
    --------
    >>> words_and_unit("Begin Time (s)"), words_and_unit("onset_ms"), words_and_unit("offset")
    (('begintime', 's'), ('onset', 'ms'), ('offset', ''))
    """
    parsed = _HEADING.fullmatch(heading.strip().lower())
    if parsed is None:
        return heading, ""
    words = re.sub(r"[^\w]|_", "", parsed["words"])
    return words, (parsed["in"] or parsed["after"] or "").strip(". ")
