from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from mxt.core.records import ClipRecord
from mxt.evaluation.columns import group_values
from mxt.evaluation.groupings import likeness, nearest, proposals, split_groups

RNG = np.random.default_rng(0)
MakeClip = Callable[..., ClipRecord]


@pytest.fixture
def takes(make_clip: MakeClip) -> list[ClipRecord]:
    """Four takes of three digits by two speakers."""
    return [
        make_clip(f"{digit}_{speaker}_{take}.wav", targets={"digit": str(digit)}, fields={"take": str(take)})
        for digit in range(3)
        for speaker in ("ann", "bob")
        for take in range(4)
    ]


def test_columns_and_parts_of_names_are_proposed_but_not_the_classes(takes: list[ClipRecord]) -> None:
    ways = {way.name: (way.origin, way.groups) for way in proposals(takes, "digit")}
    assert ways == {"take": ("column", 4), "(?:^|/)[^/_]+_([^/_]+)_[^/]*$": ("name", 2)}


def test_a_proposal_can_be_typed_as_it_is(takes: list[ClipRecord]) -> None:
    for way in proposals(takes, "digit"):
        groups = group_values(takes, way.name)
        assert groups is not None
        assert groups.values == way.values


@pytest.mark.parametrize("separator", ["_", "-", ".", " "])
@pytest.mark.parametrize("part", [0, 1, 2])
def test_any_part_between_separators_is_proposed(make_clip: MakeClip, separator: str, part: int) -> None:
    names = [["a", "b", "c"] for _ in range(8)]
    for number, name in enumerate(names):
        name[part] = f"x{number % 4}"
    clips = [
        make_clip(f"f_1/{n}/{separator.join(name)}.wav", targets={"y": str(n % 2)})
        for n, name in enumerate(names)
    ]
    ways = [way for way in proposals(clips, "y") if way.origin == "name" and way.groups == 4]
    assert ways
    groups = group_values(clips, ways[0].name)
    assert groups is not None
    assert groups.values == tuple(name[part] for name in names)


def test_files_of_one_name_in_several_folders_are_proposed_as_one_group(make_clip: MakeClip) -> None:
    clips = [make_clip(f"{folder}/{i}.wav", targets={"y": str(i % 2)}) for folder in "ab" for i in range(4)]
    assert ("name", 4) in {(way.origin, way.groups) for way in proposals(clips, "y")}


def test_groups_that_shape_the_features_are_alike_and_others_are_not(takes: list[ClipRecord]) -> None:
    speaker, take = (way.codes for way in reversed(proposals(takes, "digit")))
    y = np.repeat(np.arange(3), 8)
    X = 10 * np.eye(3)[y][:, :3] + 5 * np.eye(2)[speaker][:, [0, 1, 0]] + 0.1 * RNG.normal(size=(24, 3))
    neighbour = nearest(X)
    assert likeness(neighbour, speaker, y).clear
    assert not likeness(neighbour, take, y).clear


def test_split_groups_are_counted(takes: list[ClipRecord]) -> None:
    way = proposals(takes, "digit")[0]
    assert split_groups(way, way.codes) == 0
    assert split_groups(way, np.arange(24) // 12) == 4
    assert split_groups(way, np.full(24, -1)) == 0
