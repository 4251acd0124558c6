"""Clips as columns say what their records say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxt.core.clips import Clips
from mxt.core.columns import Column
from mxt.core.records import ClipRecord, FileKind, FileRecord, Measurement

MEASURED = Measurement("0" * 64, 3.25, 22050, 1, 71663, 0.5, 0.5, 0.1)
VALUES = st.one_of(st.none(), st.text(max_size=2), st.integers(0, 2), st.floats(0, 2), st.booleans())


def clip(name: str, *, used: bool = True, **columns) -> ClipRecord:
    file = columns.pop("file", FileRecord(f"{name}.wav", 1, 2, 3, MEASURED))
    return ClipRecord(name, file, name.encode().ljust(32, b"-") if used else None, **columns)


CLIPS = [
    clip(
        "a", targets={"genre": "rock", "tags": ("x", "y")}, split="train", fold="1", fields={"artist": "Ann"}
    ),
    clip("b", targets={"genre": "pop"}, group="g", start_us=500_000, end_us=2_000_000),
    clip("c", used=False, file=FileRecord("c.txt", 1, 2, 3, kind=FileKind.OTHER)),
    clip("d", targets={"bpm": 1.0}, fields={"genre": "jazz", "artist": "Bob"}, start_us=1_000_000),
    clip("e", targets={"genre": "rock"}, fields={"artist": "Ann"}, end_us=9_000_000),
]


@given(st.lists(VALUES))
def test_a_column_holds_what_it_was_given(values):
    column = Column.of(values)
    assert [(type(value), value) for value in column] == [(type(value), value) for value in values]
    assert column == values
    assert [column[row] for row in range(len(values))] == values
    assert [(type(v), v) for v in column.distinct()] == list(dict.fromkeys((type(v), v) for v in values))


@given(st.lists(VALUES), st.data())
def test_rows_of_a_column_are_those_of_its_values(values, data):
    rows = data.draw(st.lists(st.integers(0, max(len(values) - 1, 0)), max_size=len(values)))
    some = Column.of(values)[np.array(rows, dtype=np.int64)]
    wanted = [values[row] for row in rows]
    assert list(some.map(repr)) == list(map(repr, wanted))
    assert some.array(repr, object).tolist() == list(map(repr, wanted))
    assert list(map(repr, some.distinct())) == list(dict.fromkeys(map(repr, wanted)))


def test_columns_and_records_say_the_same():
    clips = Clips.of(CLIPS)
    assert list(clips) == CLIPS
    assert [clips[row] for row in range(-5, 5)] == CLIPS * 2
    assert clips.ids == [clip.id for clip in CLIPS]
    assert clips.paths == [clip.file.path for clip in CLIPS]
    assert [key.tobytes() for key in clips.keys] == [clip.key or bytes(32) for clip in CLIPS]
    for name in ("usable", "has_audio", "is_clip"):
        assert getattr(clips, name).tolist() == [getattr(clip, name) for clip in CLIPS]
    assert clips.durations.tolist() == [3.25, 1.5, 0.0, 2.25, 3.25]
    assert (clips.splits, clips.folds) == ([clip.split for clip in CLIPS], [clip.fold for clip in CLIPS])
    assert clips.groups == [clip.group for clip in CLIPS]


@pytest.mark.parametrize("name", ["genre", "tags", "bpm", "artist", "nothing"])
def test_the_values_of_a_name_are_those_of_the_target_else_of_the_field(name):
    wanted = [clip.targets[name] if name in clip.targets else clip.fields.get(name) for clip in CLIPS]
    assert Clips.of(CLIPS).values(name) == wanted


def test_names_come_by_first_appearance():
    assert Clips.of(CLIPS).names() == ["genre", "tags", "artist", "bpm"]


def test_some_clips_are_found_among_others():
    clips = Clips.of(CLIPS)
    some, others = clips[clips.usable], clips[np.array([4, 2, 0])]
    assert list(some) == [clip for clip in CLIPS if clip.usable]
    assert list(clips[1:3]) == CLIPS[1:3]
    assert some.rows_of(others).tolist() == [3, -1, 0]
    assert some.rows_of(Clips.of(CLIPS[::-1])).tolist() == [3, 2, -1, 1, 0]


def test_a_record_is_made_only_when_it_is_asked_for():
    made = []

    class Watched(list):
        def __getitem__(self, row):
            made.append(row)
            return super().__getitem__(row)

    clips = Clips.of(Watched(CLIPS))
    usable = clips[clips.usable]
    usable.values("genre"), usable.names(), len(usable), usable[1:]
    assert made == []
    assert usable[2] == CLIPS[3]
    assert made == [3]
