"""What changed in a data set is found by comparing the clips in the catalogue, before and after."""

from __future__ import annotations

import os
from dataclasses import replace

from mxt.core.errors import Reason
from mxt.core.records import ClipRecord, DatasetRecord, FileKind, FileRecord
from mxt.store.catalogue import Catalogue
from mxt.store.catalogue_changes import ClipChanges

RECORD = DatasetRecord("notes", "/a", "folder", {}, ("label",), "", "")


def clip(name: str, **changes: object) -> ClipRecord:
    record = ClipRecord(name, FileRecord(name, 1, 1, 1), b"k" * 32, targets={"label": "a", "bpm": 60.0})
    return replace(record, **changes)


def other(name: str) -> ClipRecord:
    return ClipRecord(name, FileRecord(name, 1, 1, 1, kind=FileKind.OTHER), None, Reason.NOT_AUDIO)


def changes_of(tmp_path, before, now) -> ClipChanges:
    catalogue, changes = Catalogue(tmp_path / "catalogue.sqlite"), ClipChanges()
    catalogue.replace_clips(RECORD, before)
    catalogue.replace_clips(RECORD, now, changes=changes)
    return changes


def test_clips_are_new_changed_gone_or_relabelled_in_catalogue_order(tmp_path):
    odd = os.fsdecode(b"caf\xe9.wav")
    before = [clip("d"), clip("c"), clip("b"), clip("gone2"), clip("gone1"), clip(odd), clip("same")]
    now = [
        clip("new2"),
        clip("new1"),
        clip("d", key=b"x" * 32),
        clip("c", key=None, reason=Reason.EMPTY),
        clip("b", targets={"label": "b", "bpm": 60.0}),
        clip(odd, targets={}),
        clip("same"),
    ]
    assert changes_of(tmp_path, before, now) == ClipChanges(
        new=("new2", "new1"), changed=("d", "c"), gone=("gone2", "gone1"), relabelled=("b", odd)
    )


def test_targets_in_another_order_and_equal_numbers_are_the_same_labels(tmp_path):
    now = [clip("a", targets={"bpm": 60, "label": "a"})]
    assert changes_of(tmp_path, [clip("a")], now) == ClipChanges()


def test_files_beside_the_clips_do_not_count(tmp_path):
    assert changes_of(tmp_path, [clip("a"), other("x.txt")], [clip("a"), other("y.txt")]) == ClipChanges()
