"""What is written for Raven and Audacity is read back: equal spans to the microsecond."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxt.core.identity import microseconds
from mxt.core.records import Annotation
from mxt.stages.annotations import audacity, raven, spans
from mxt.stages.annotations.columns import SpanNames
from mxt.stages.datasets.table_reading import parse_table

DAY = 86_400 * 10**6  # microseconds
WORDS = st.text(
    st.characters(codec="utf-8", exclude_categories=("C", "Zl", "Zp")), min_size=1, max_size=20
).map(lambda text: " ".join(text.split()))


@st.composite
def annotations(draw):
    start, length = draw(st.integers(0, DAY)), draw(st.integers(1, DAY))
    low = draw(st.none() | st.integers(0, 20_000_000))
    high = None if low is None else low + draw(st.integers(1, 20_000_000))
    return Annotation(
        "night/a.wav",
        start / 1e6,
        (start + length) / 1e6,
        draw(WORDS),
        None if low is None else low / 1e3,
        None if high is None else high / 1e3,
    )


def spans_of(these):
    return [(microseconds(a.start), microseconds(a.end), a.label, a.low_hz, a.high_hz) for a in these]


def read_raven(text):
    rows = parse_table(text, "utf-8", "a.Table.1.selections.txt", form="txt")
    return spans.read(rows, spans.columns_of(rows, spans.Named(SpanNames())))


@given(st.lists(annotations(), min_size=1, max_size=20))
def test_label_tracks_of_audacity_are_read_back(written):
    read, remarks = audacity.read(audacity.write(written), "a.txt")
    assert (spans_of(read), remarks) == (spans_of(written), [])


@given(st.lists(annotations(), min_size=1, max_size=20))
def test_selection_tables_of_raven_are_read_back(written):
    read, remarks = read_raven(raven.write(written))
    assert (spans_of(read), remarks) == (spans_of(written), [])
    assert {annotation.file for annotation in read} == {"a.wav"}


def test_fields_are_columns_of_a_selection_table():
    (read,), _ = read_raven(raven.write([Annotation("a.wav", 0, 1, "SP", fields={"confidence": "0.93"})]))
    assert read.fields["confidence"] == "0.93"


@pytest.mark.parametrize("write", [audacity.write, raven.write])
def test_an_hour_of_windows_keeps_its_order(write):
    written = [Annotation("a.wav", n * 2.5, n * 2.5 + 5, "x") for n in range(1440)]
    text = write(written)
    read, _ = audacity.read(text, "a") if write is audacity.write else read_raven(text)
    assert spans_of(read) == spans_of(written)
