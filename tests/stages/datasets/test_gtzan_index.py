"""What the package knows of every clip of GTZAN."""

from __future__ import annotations

import csv
from collections import Counter

import pytest

from mxt.stages.datasets.gtzan import GENRES
from mxt.stages.datasets.gtzan_index import gtzan_index


def test_there_are_a_thousand_clips_and_the_published_numbers_of_each_part():
    found = gtzan_index()
    assert Counter(name.partition(".")[0] for name in found) == dict.fromkeys(GENRES, 100)
    assert Counter(known.filtered_split for known in found.values()) == {
        "train": 443,
        "valid": 197,
        "test": 290,
        "": 70,
    }
    assert all(len(known.md5) == 32 for known in found.values())


@pytest.mark.realdata
def test_it_is_the_published_index(data):
    with (data / "gtzan_index" / "gtzan_genre.csv").open() as file:
        rows = {row["clip"]: (row["md5_of_wav"], row["fault_filtered_split"]) for row in csv.DictReader(file)}
    assert {name: (known.md5, known.filtered_split) for name, known in gtzan_index().items()} == rows
