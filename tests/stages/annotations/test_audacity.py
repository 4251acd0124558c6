"""Label tracks of Audacity."""

from __future__ import annotations

import pytest

from mxt.core.errors import TableError
from mxt.core.records import Annotation
from mxt.stages.annotations import audacity

BOXES = [
    Annotation("a", 0.0, 0.000001),
    Annotation("a", 0.123456, 36000.654321, "Zaunkönig, Gesang"),
    Annotation("a", 1.5, 2.0, "song", 1250.5, 8000.0),
    Annotation("a", 1.5, 2.0, "call", None, 8000.0),
]


def test_what_is_written_is_read_back_to_the_microsecond():
    assert audacity.read(audacity.write(BOXES), "a") == (BOXES, [])


def test_tabs_and_line_ends_in_a_label_become_spaces():
    text = audacity.write([Annotation("a", 0, 1, "two\twords\nhere")])
    assert text == "0.000000\t1.000000\ttwo words here\n"


def test_a_band_without_bounds_is_none():
    (annotation,), _ = audacity.read("1\t2\tx\n\\\t-1.000000\t-1.000000\n", "a")
    assert (annotation.low_hz, annotation.high_hz) == (None, None)


def test_decimal_commas_and_windows_line_ends_are_read():
    (annotation,), _ = audacity.read("1,25\t2,5\tx\r\n", "a")
    assert (annotation.start, annotation.end) == (1.25, 2.5)


def test_lines_that_are_something_else_are_named():
    annotations, remarks = audacity.read("1\t2\tx\nnan\t2\ty\n\\\t1\t2\t3\n", "a.txt")
    assert len(annotations) == 1
    assert [remark.text for remark in remarks] == [
        r"a.txt, line 2: 'nan\t2\ty'",
        r"a.txt, line 3: '\\\t1\t2\t3'",
    ]


@pytest.mark.parametrize("text", ["", "\n", "la la la\n", "1 2 3\n", "start\tend\tlabel\n"])
def test_other_texts_are_refused(text):
    with pytest.raises(TableError, match=r"a\.txt is not a label track"):
        audacity.read(text, "a.txt")
