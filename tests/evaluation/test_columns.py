from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mxt.core.errors import InputError, UnknownName, UsageError
from mxt.core.records import ClipRecord
from mxt.evaluation.columns import choose_target, group_values, read_folds, target_values

MakeClip = Callable[..., ClipRecord]


@pytest.fixture
def clips(make_clip: MakeClip) -> list[ClipRecord]:
    return [
        make_clip(f"{digit}/{speaker}_{digit}.wav", targets={"digit": digit}, fields={"speaker": speaker})
        for digit in "01"
        for speaker in ("ann", "bob")
    ]


@pytest.mark.parametrize(
    ("group_by", "expected"),
    [
        ("speaker", ["ann", "bob", "ann", "bob"]),
        ("digit", ["0", "0", "1", "1"]),
        ("folder", ["0", "0", "1", "1"]),
        (r"/([a-z]+)_", ["ann", "bob", "ann", "bob"]),
    ],
)
def test_groups_come_from_a_column_a_field_the_folder_or_the_name(
    clips: list[ClipRecord], group_by: str, expected: list[str]
) -> None:
    groups = group_values(clips, group_by)
    assert groups is not None
    assert list(groups.values) == expected
    assert groups.count == 2


def test_without_asking_the_groups_of_the_catalogue_are_used(make_clip: MakeClip) -> None:
    groups = group_values([make_clip("a.wav", group="x"), make_clip("b.wav")], None)
    assert groups is not None
    assert groups.values == ("x", None)


def test_segments_of_one_file_belong_together(make_clip: MakeClip) -> None:
    groups = group_values(
        [
            make_clip("a.wav", "1", id="a.wav#0-1"),
            make_clip("a.wav", "2", id="a.wav#1-2"),
            make_clip("b.wav"),
        ],
        None,
    )
    assert groups is not None
    assert groups.values == ("a.wav", "a.wav", "b.wav")


def test_where_nothing_is_known_there_are_no_groups(clips: list[ClipRecord]) -> None:
    assert group_values(clips, None) is None


def test_an_unknown_column_lists_the_nearest(clips: list[ClipRecord]) -> None:
    with pytest.raises(UnknownName, match="did you mean speaker"):
        group_values(clips, "speakr")


@pytest.mark.parametrize(
    ("pattern", "message"),
    [("(a)(b)", "2 groups in parentheses"), ("(zzz)", "matches no clip"), ("(", "nor a regular expression")],
)
def test_a_pattern_that_gives_no_group_is_refused(
    clips: list[ClipRecord], pattern: str, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        group_values(clips, pattern)


def test_the_first_target_is_learnt_and_any_column_can_be(clips: list[ClipRecord]) -> None:
    assert choose_target(clips, ("digit",), None) == "digit"
    assert target_values(clips, choose_target(clips, ("digit",), "speaker")) == ["ann", "bob", "ann", "bob"]


def test_an_unknown_target_lists_what_there_is(clips: list[ClipRecord]) -> None:
    with pytest.raises(UnknownName, match="did you mean digit"):
        choose_target(clips, ("digit",), "digits")


def test_without_any_target_the_columns_are_named(clips: list[ClipRecord]) -> None:
    with pytest.raises(InputError, match="--target: digit, speaker"):
        choose_target(clips, (), None)


@pytest.mark.parametrize(
    "text",
    [
        "clip,fold\na.wav,1\nb c.wav,2\n",
        "\ufeffFold;Clip\r\n1;a.wav\r\n2;b c.wav\r\n",
        "clip\tfold\na.wav\t1\nb c.wav\t2",
    ],
)
def test_a_file_of_folds_is_read(tmp_path: Path, text: str) -> None:
    path = tmp_path / "folds.csv"
    path.write_text(text, encoding="utf-8")
    assert read_folds(path) == {"a.wav": "1", "b c.wav": "2"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a.wav,1\n", "first line is to be clip,fold"),
        ("clip,fold\na,1\na,2\n", "a is in fold 1 and in fold 2"),
        ("", "first line"),
    ],
)
def test_a_file_that_gives_no_folds_says_why(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "folds.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        read_folds(path)


def test_none_groups_nothing_even_where_groups_are_known(make_clip: MakeClip) -> None:
    clips = [make_clip(f"{i}.wav", group="tape") for i in range(3)]
    assert group_values(clips, None) is not None
    assert group_values(clips, "none") is None
