"""The summary of a data set is kept beside its clips, and is what they would give if they were read again."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from mxt.core.errors import Reason
from mxt.core.records import ClipRecord, DatasetRecord, FileKind, FileRecord, Measurement, Remark
from mxt.ingestion.earlier import Replaced
from mxt.ingestion.summary import Summary, catalogued_summary, summarise
from mxt.store.layout import Store

RECORD = DatasetRecord("notes", "/a", "folder", {}, ("label", "bpm", "tags"), "", "")
REMARKS = [Remark("row without a file", "x.wav"), Remark("odd", os.fsdecode(b"caf\xe9"))]


def clip(number: int, **changes: object) -> ClipRecord:
    key = bytes([1 + number % 7]) * 32
    notes = ("silent",) if number % 3 == 0 else ()
    measured = Measurement(key.hex(), 1.5 + number, 8000, 1, 12000, 0.5, 0.5, 0.1, notes=notes)
    file = FileRecord(os.fsdecode(b"%d/caf\xe9%d.wav" % (number % 2, number)), 100, 1, 2, measured)
    label = ("Rock", "rock", None, "jazz")[number % 4]
    record = ClipRecord(
        file.path,
        file,
        key,
        targets={"label": label, "bpm": 60.0 + number, "tags": ("a", "b")[: number % 3]},
        group=f"g{number % 4}",
        fields={"artist": f"a{number % 5}"},
    )
    return replace(record, **changes)


CLIPS = [
    *(clip(number) for number in range(12)),
    clip(12, key=None, reason=Reason.EMPTY, detail="no bytes"),
    ClipRecord("t.txt", FileRecord("t.txt", 9, 1, 3, kind=FileKind.OTHER), None, Reason.NOT_AUDIO, "text"),
]


@pytest.fixture
def store(tmp_path) -> Store:
    return Store.open(tmp_path / "store", create=True)


@pytest.mark.parametrize("clips", [CLIPS, CLIPS[:1], CLIPS[-1:], []])
def test_a_kept_summary_is_that_of_the_clips(clips, store):
    made, _ = Replaced().by(store.catalogue, RECORD, clips, REMARKS)
    kept = catalogued_summary(store.catalogue, RECORD)
    assert kept == made == summarise(store.catalogue.clips("notes"), RECORD.targets, REMARKS)
    assert isinstance(kept, Summary)


def test_where_none_was_kept_it_is_made_of_the_clips(store):
    store.catalogue.replace_clips(RECORD, CLIPS, remarks=REMARKS)
    assert catalogued_summary(store.catalogue, RECORD) == summarise(CLIPS, RECORD.targets, REMARKS)
