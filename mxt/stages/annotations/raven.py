"""Selection tables of Raven: one row per box, with times in seconds and a band in hertz, between tabs.

References
----------
.. [1] Raven Pro User's Manual, Cornell Lab of Ornithology, chapter "Selections": columns of selection tables.
"""

from __future__ import annotations

import csv
import io
import posixpath
from collections.abc import Iterable

from mxt.core.records import Annotation

SELECTION, VIEW, CHANNEL = "Selection", "View", "Channel"
BEGIN, END = "Begin Time (s)", "End Time (s)"
LOW, HIGH = "Low Freq (Hz)", "High Freq (Hz)"
BEGIN_FILE = "Begin File"
LABEL = "Annotation"


def file_name(recording: str) -> str:
    """What the selection table of a recording is called.

    Examples
    --------
    >>> file_name("site/spinetail.wav")
    'spinetail.Table.1.selections.txt'
    """
    return posixpath.splitext(posixpath.basename(recording))[0] + ".Table.1.selections.txt"


def write(annotations: Iterable[Annotation]) -> str:
    r"""The selection table of one recording, as text.

    Times are written to the microsecond. Each field becomes a column behind the label. Selections without a
    band are those of a waveform. Line ends and tabs in texts become spaces.

    Examples
    --------
    >>> write([Annotation("a.wav", 0.5, 2.0, "song")]).splitlines()[1]
    '1\tWaveform 1\t1\t0.500000\t2.000000\t\t\ta.wav\tsong'
    """
    annotations = list(annotations)
    standard = [SELECTION, VIEW, CHANNEL, BEGIN, END, LOW, HIGH, BEGIN_FILE, LABEL]
    further = [
        name
        for name in dict.fromkeys(name for annotation in annotations for name in annotation.fields)
        if name not in standard
    ]
    text = io.StringIO()
    table = csv.writer(text, delimiter="\t", lineterminator="\n")
    table.writerow([*standard, *further])
    for selection, annotation in enumerate(annotations, 1):
        band = annotation.low_hz is not None and annotation.high_hz is not None
        cells = [
            selection,
            annotation.fields.get(VIEW, "Spectrogram 1" if band else "Waveform 1"),
            annotation.fields.get(CHANNEL, "1"),
            f"{annotation.start:.6f}",
            f"{annotation.end:.6f}",
            _hertz(annotation.low_hz),
            _hertz(annotation.high_hz),
            posixpath.basename(annotation.file),
            annotation.label,
            *(annotation.fields.get(name, "") for name in further),
        ]
        table.writerow([" ".join(str(cell).split()) for cell in cells])
    return text.getvalue()


def _hertz(frequency: float | None) -> str:
    return "" if frequency is None else f"{frequency:.6f}"
