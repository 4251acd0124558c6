r"""Label tracks of Audacity: start, end and label between tabs; a band follows on a line with ``\``.

References
----------
.. [1] https://manual.audacityteam.org/man/importing_and_exporting_labels.html
"""

from __future__ import annotations

import math
import posixpath
from collections.abc import Iterable
from dataclasses import replace

from mxt.core.errors import TableError
from mxt.core.records import Annotation, Remark
from mxt.stages.annotations.quantities import number

BAND = "\\"


def file_name(recording: str) -> str:
    """What the label track of a recording is called.

    Examples
    --------
    >>> file_name("site/spinetail.wav")
    'spinetail.txt'
    """
    return posixpath.splitext(posixpath.basename(recording))[0] + ".txt"


def write(annotations: Iterable[Annotation]) -> str:
    r"""The label track of one recording, as text.

    Times are written to the microsecond, bands to the millionth of a hertz. Tabs and line ends in labels
    become spaces. Fields have no place in this format.

    Examples
    --------
    >>> write([Annotation("a.wav", 0.5, 2.0, "song", 2000.0, 8000.0)])
    '0.500000\t2.000000\tsong\n\\\t2000.000000\t8000.000000\n'
    """
    lines = []
    for annotation in annotations:
        lines.append(f"{annotation.start:.6f}\t{annotation.end:.6f}\t{' '.join(annotation.label.split())}\n")
        if annotation.low_hz is not None or annotation.high_hz is not None:
            lines.append(f"{BAND}\t{_hertz(annotation.low_hz)}\t{_hertz(annotation.high_hz)}\n")
    return "".join(lines)


def is_label_track(text: str) -> bool:
    """Whether the first line has a start and an end."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    cells = first.split("\t")
    return len(cells) in (2, 3) and all(math.isfinite(number(cell)) for cell in cells[:2])


def read(text: str, file: str) -> tuple[list[Annotation], list[Remark]]:
    r"""The annotations of a label track.

    Parameters
    ----------
    text : str
        Its content.
    file : str
        What it is called: the annotations' `file`, and in messages.

    Returns
    -------
    annotations : list of Annotation
        In the order of the lines.
    remarks : list of Remark
        Lines that cannot be read, each with its number.

    Raises
    ------
    TableError
        Not a single line is one of a label track.

    Examples
    --------
    >>> read("0.5\t2.0\tsong\n\\\t2000\t8000\n", "a.txt")[0][0].low_hz
    2000.0
    """
    annotations: list[Annotation] = []
    remarks = []
    for line_number, line in enumerate(text.splitlines(), 1):
        cells = [cell.strip() for cell in line.split("\t")]
        if not any(cells):
            continue
        first, second = (number(cell) for cell in (*cells, "", "")[:2])
        if cells[0] == BAND and len(cells) == 3 and annotations:
            annotations[-1] = replace(annotations[-1], low_hz=_band(cells[1]), high_hz=_band(cells[2]))
        elif len(cells) in (2, 3) and math.isfinite(first) and math.isfinite(second):
            annotations.append(Annotation(file, first, second, "".join(cells[2:])))
        else:
            where = f"{file}, line {line_number}: {line.strip()[:60]!r}"
            remarks.append(Remark("line that is not an annotation", where))
    if not annotations:
        raise TableError(f"{file} is not a label track: no line has start, end and label between tabs")
    return annotations, remarks


def _hertz(frequency: float | None) -> str:
    return "-1.000000" if frequency is None else f"{frequency:.6f}"


def _band(text: str) -> float | None:
    """A bound of a band; Audacity writes -1 where there is none."""
    frequency = number(text)
    return frequency if frequency >= 0 and math.isfinite(frequency) else None
