"""Selection tables of Raven."""

from __future__ import annotations

from mxt.core.records import Annotation
from mxt.stages.annotations import raven


def test_a_selection_table_has_ravens_headings_and_further_fields_behind_the_label():
    text = raven.write([Annotation("x/a.wav", 0.5, 1.25, "SP", 2000, 8000.5, {"confidence": "0.9"})])
    assert text == (
        "Selection\tView\tChannel\tBegin Time (s)\tEnd Time (s)\tLow Freq (Hz)\tHigh Freq (Hz)\t"
        "Begin File\tAnnotation\tconfidence\n"
        "1\tSpectrogram 1\t1\t0.500000\t1.250000\t2000.000000\t8000.500000\ta.wav\tSP\t0.9\n"
    )


def test_a_table_of_no_selection_has_headings():
    assert raven.write([]).startswith("Selection\tView\tChannel\tBegin Time (s)\tEnd Time (s)\t")
