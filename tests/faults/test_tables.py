"""Tables of labels: written in every way, full of anything, or broken."""

from __future__ import annotations

import random

import hostile_tables
import pytest
import tables_of_labels
from hostile_names import check


@pytest.mark.parametrize("what", tables_of_labels.readable())
def test_a_table_is_read_as_it_is_meant_however_it_is_written(tmp_path, what):
    check(hostile_tables.try_readable(tmp_path / "journey", what))


@pytest.mark.parametrize("form", [".csv", ".jsonl"])
def test_labels_and_headings_of_any_text_are_scored_as_plain_ones(tmp_path, form):
    check(hostile_tables.try_cells(tmp_path / "journey", form))


def test_a_table_that_is_broken_or_odd_is_taken_or_refused_in_a_line(tmp_path):
    odd = random.Random(15).sample(list(tables_of_labels.odd().items()), 8)
    damaged = [(f"damage {number}", tables_of_labels.damaged(number)) for number in range(7)]
    check(hostile_tables.try_odd(tmp_path / "journey", [*odd, *damaged]))
