from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mxt.evaluation.hashing import hash_part, hash_parts

NAMES = [f"genre/{number:05d}.wav" for number in range(4000)]


def test_percentages_are_met_on_many_names() -> None:
    counts = Counter(hash_parts(NAMES, of="name", percent=(10, 10)))
    assert {part: round(number / len(NAMES), 2) for part, number in counts.items()} == pytest.approx(
        {"train": 0.8, "valid": 0.1, "test": 0.1}, abs=0.015
    )


def test_sides_are_those_of_the_tutorial_s_formula() -> None:
    # the percentages that its own line gives: 41.67, 4.84, 7.84, 13.62, 80.23
    names = ("daisy.jpg", "rose.jpg", "2.wav", "12.wav", "blues.00000.wav")
    assert [hash_part(name) for name in names] == ["train", "valid", "valid", "test", "train"]
    assert hash_part("12.wav", valid=10, test=3.6) == "train"
    assert hash_part("12.wav", valid=10, test=3.62) == "test"


@settings(max_examples=30)
@given(st.lists(st.text(min_size=1).filter(lambda name: "/" not in name), min_size=1, max_size=30))
def test_a_file_keeps_its_side_whatever_is_added_and_wherever_it_moves(added: list[str]) -> None:
    before = hash_parts(NAMES[:50], of="name", percent=(10, 10))
    after = hash_parts([*added, *(f"elsewhere/{name}" for name in NAMES[:50])], of="name", percent=(10, 10))
    assert after[len(added) :] == before


def test_variants_of_a_file_keep_to_its_side() -> None:
    assert len({hash_part(f"leaf7_nohash_{number}.jpg") for number in range(20)}) == 1


def test_a_larger_testing_part_takes_only_from_the_others() -> None:
    small, large = (hash_parts(NAMES, of="path", percent=(0, percent)) for percent in (10, 30))
    assert all(b == "test" for a, b in zip(small, large, strict=True) if a == "test")
    assert "valid" not in small
