"""The numbers of a figure, as a table beside it."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from mxt.core.files import atomic_write, translate_os_errors
from mxt.evaluation.interval import Interval

NOTHING = Interval(float("nan"), float("nan"), float("nan"))


def write_numbers(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a CSV table; an interval takes three columns, and what is missing is an empty cell."""
    with translate_os_errors("writing", path), atomic_write(path, "w") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([cell for value in row for cell in _cells(value)] for row in rows)


def _cells(value: object) -> Iterator[object]:
    if isinstance(value, Interval):
        yield from (next(_cells(bound)) for bound in (value.value, value.low, value.high))
    elif value is None or value != value:  # NaN
        yield ""
    else:
        yield f"{value:.6f}" if isinstance(value, float) else value
