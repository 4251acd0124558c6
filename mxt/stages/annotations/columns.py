"""Which columns of a table hold times, bands, recordings and labels, by their headings."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mxt.core.errors import UnknownName
from mxt.stages.annotations.quantities import HERTZ, SECONDS, Quantity, number, words_and_unit
from mxt.stages.datasets.table_rows import Rows

START = (
    "start starttime begin begintime onset onsettime tstart timestart tmin xmin t0 segmentstart eventstart"
)
END = "end endtime stop stoptime offset offsettime tend timeend tmax xmax finish segmentend eventend"
DURATION = "duration dur segmentduration eventduration deltatime"
UNSURE_START, UNSURE_END, UNSURE_DURATION = (
    "from time",
    "to until",
    "length",
)  # only where all values are times
LOW = "lowfreq lowfrequency freqlow minfreq minfrequency freqmin fmin lowerfreq lowerfrequency lowf"
HIGH = "highfreq highfrequency freqhigh maxfreq maxfrequency freqmax fmax upperfreq upperfrequency highf"
LOW_IN_HERTZ, HIGH_IN_HERTZ = "low lower min bottom", "high upper max top"  # only with a unit
FILE = (
    "beginpath beginfile filename file filepath path audiofile audiopath audiofilename audio "
    "soundfile recording"
)
LABEL = (
    "label labels annotation annotations species class classname category tag tags target event eventlabel "
    "sound soundtype call calltype commonname scientificname speciescode code text word phone type name"
)
FILE_OFFSET = "fileoffset"  # Raven, in a table of several recordings: where in its own a selection begins
TELLING = ("time", "start", "begin", "end", "onset", "offset", "stop", "sec", "from", "to", "at", "dur", "ms")


@dataclass(frozen=True, slots=True)
class SpanNames:
    """Columns of times that were given by name; empty ones are detected.

    `unit` is a key of `SECONDS`, or ``auto`` for that of the heading.
    """

    start: str = ""
    end: str = ""
    duration: str = ""
    unit: str = "auto"

    @property
    def given(self) -> bool:
        """Whether any column is named."""
        return bool(self.start or self.end or self.duration)


@dataclass(frozen=True, slots=True)
class SpanColumns:
    """Columns that say where something begins and ends; `None` for those that are missing.

    Where there is an `origin`, `end` counts from there, and `start` from the beginning of the recording.
    """

    start: Quantity | None
    end: Quantity | None = None
    duration: Quantity | None = None
    origin: Quantity | None = None
    low: Quantity | None = None
    high: Quantity | None = None

    @property
    def bounded(self) -> bool:
        """Whether both ends are known."""
        return self.start is not None and (self.end is not None or self.duration is not None)

    @property
    def times(self) -> list[str]:
        """The columns of times."""
        columns = (self.start, self.end, self.duration, self.origin)
        return [column.heading for column in columns if column is not None]

    @property
    def headings(self) -> set[str]:
        """The columns of times and bands."""
        return {*self.times, *(column.heading for column in (self.low, self.high) if column is not None)}

    def span(self, row: Mapping[str, Any]) -> tuple[float | None, float | None]:
        """Start and end in seconds: `None` where empty, NaN where it is no time."""
        start, end, length, origin = (
            column.of(row) if column is not None else None
            for column in (self.start, self.end, self.duration, self.origin)
        )
        if origin is not None and end is not None:
            return start, (start or 0.0) + end - origin
        if end is None and length is not None:
            end = (start or 0.0) + length
        return start, end

    def band(self, row: Mapping[str, Any]) -> tuple[float | None, float | None]:
        """Lower and upper bound in hertz, where they are given."""
        low, high = (column.of(row) if column is not None else None for column in (self.low, self.high))
        return (
            low if low is not None and math.isfinite(low) else None,
            high if high is not None and math.isfinite(high) else None,
        )


def find_spans(rows: Rows, named: SpanNames) -> SpanColumns | None:
    """The columns of times of a table; `None` where it has none.

    Raises
    ------
    UnknownName
        A column that was named does not exist.
    """
    start = _named(rows, named.start) or _find(rows, START, SECONDS, unsure=UNSURE_START)
    end = _named(rows, named.end) or _find(rows, END, SECONDS, unsure=UNSURE_END)
    duration = _named(rows, named.duration) or _find(rows, DURATION, SECONDS, unsure=UNSURE_DURATION)
    if named.given:  # those that are named belong together; others may mean something else
        end, duration = (
            (_named(rows, named.end), _named(rows, named.duration))
            if named.end or named.duration
            else (end, duration)
        )
    elif start is None and end is not None and duration is not None:
        start, end = (end, None) if words_and_unit(end.heading)[0] == "offset" else (None, end)
    if start is not None and not named.start and _unsure(start) and end is None and duration is None:
        start = None
    if start is None and end is None:
        return None
    if named.unit != "auto":
        start, end, duration = (
            column and Quantity(column.heading, SECONDS[named.unit]) for column in (start, end, duration)
        )
    low = _find(rows, LOW, HERTZ) or _find(rows, LOW_IN_HERTZ, {"hz": 1.0, "khz": 1e3})
    high = _find(rows, HIGH, HERTZ) or _find(rows, HIGH_IN_HERTZ, {"hz": 1.0, "khz": 1e3})
    own = None if named.given or end is None else _find(rows, FILE_OFFSET, SECONDS)
    if own is not None:
        return SpanColumns(own, end, origin=start, low=low, high=high)
    return SpanColumns(start, end, duration if end is None else None, low=low, high=high)


def by_words(headings: Iterable[str], words: str) -> str | None:
    """The first of `headings` that is one of `words`, in the order of these."""
    ranks = words.split()
    ranked = [(ranks.index(word), name) for name in headings if (word := words_and_unit(name)[0]) in ranks]
    return min(ranked, key=lambda pair: pair[0])[1] if ranked else None


def heading_named(rows: Rows, name: str) -> str:
    """The heading `name`, in upper or lower case.

    Raises
    ------
    UnknownName
    """
    if name in rows.headings:
        return name
    alike = [heading for heading in rows.headings if heading.strip().lower() == name.strip().lower()]
    if len(alike) != 1:
        raise UnknownName(f"column of {rows.path}", name, rows.headings)
    return alike[0]


def label_column(rows: Rows, used: set[str]) -> str | None:
    """The column headed as labels are, or the only one of text that is not always the same."""
    free = [name for name in rows.headings if name not in used]
    known = by_words(free, LABEL)
    if known is not None:
        return known
    texts = [
        name
        for name in free
        if name.lower() not in ("view", "selection", "channel")
        and len({str(value or "") for value in rows.column(name)} - {""}) > 1
        and not _times(rows, name)
    ]
    return texts[0] if len(texts) == 1 else None


def likely_spans(rows: Rows, used: set[str]) -> tuple[str, str] | None:
    """Two columns that may be the start and end of something: numbers, of which the second is never smaller.

    Those whose headings speak of time are preferred to others.
    """
    numbers = [name for name in rows.headings if name not in used and _times(rows, name)]
    pairs = [
        (first, second)
        for index, first in enumerate(numbers)
        for second in numbers[index + 1 :]
        if all(a <= b for a, b in zip(_numbers(rows, first), _numbers(rows, second), strict=True))
    ]
    return max(pairs, key=_telling) if pairs else None


def _telling(pair: Sequence[str]) -> int:
    return sum(any(word in name.lower() for word in TELLING) for name in pair)


def _named(rows: Rows, name: str) -> Quantity | None:
    if not name:
        return None
    heading = heading_named(rows, name)
    return Quantity(heading, SECONDS.get(words_and_unit(heading)[1], 1.0))


def _find(rows: Rows, words: str, units: Mapping[str, float], *, unsure: str = "") -> Quantity | None:
    """The column headed by one of `words`, in one of `units`; by an `unsure` one if all values are times."""
    usable = [name for name in rows.headings if words_and_unit(name)[1] in units]
    heading = by_words(usable, words)
    if heading is None and unsure:
        heading = by_words(usable, unsure)
        heading = heading if heading is not None and _times(rows, heading) else None
    return None if heading is None else Quantity(heading, units[words_and_unit(heading)[1]])


def _unsure(column: Quantity) -> bool:
    return words_and_unit(column.heading)[0] in UNSURE_START.split()


def _numbers(rows: Rows, name: str) -> list[float]:
    return [number(str(value)) for value in rows.column(name) if value not in (None, "")]


def _times(rows: Rows, name: str) -> bool:
    """Whether a column has a time that is not negative in every row."""
    values = _numbers(rows, name)
    return len(values) == len(rows.rows) and all(math.isfinite(value) and value >= 0 for value in values)
