"""Stores of schema 2 tell the kind of a file by the wording of its detail: their migration reads it, once."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import pytest

from mxt.core.errors import Reason
from mxt.core.records import ClipRecord, DatasetRecord, FileKind, FileRecord, Measurement
from mxt.store.catalogue_hashes import seal
from mxt.store.layout import Store
from mxt.store.verify import verify

SOUND = FileRecord("a.wav", 100, 1, 2, Measurement("ab" * 32, 1.5, 8000, 1, 12000, 0.5, 0.5, 0.1))
TEXT = FileRecord("text.wav", 9, 1, 3, reason=Reason.NOT_AUDIO, detail="Format not recognised")
OTHERS = [
    FileRecord(path, 9, 1, 4, reason=reason, detail=detail, kind=kind)
    for path, reason, detail, kind in (
        ("cover.jpg", Reason.NOT_AUDIO, "not opened: another kind of file (.jpg)", FileKind.OTHER),
        ("x.caf\udce9", Reason.NOT_AUDIO, "not opened: another kind of file (.caf\udce9)", FileKind.OTHER),
        (".hidden", Reason.HIDDEN, "its name begins with a dot", FileKind.HIDDEN),
    )
]


@pytest.fixture
def old(store) -> Store:
    """A store of schema 2."""
    clips = [ClipRecord("a.wav", SOUND, bytes(32), targets={"label": "x"})]
    clips += [ClipRecord(file.path, file, None, file.reason, file.detail) for file in (TEXT, *OTHERS)]
    for name in ("notes", "more"):
        store.catalogue.replace_clips(DatasetRecord(name, "/a", "folder", {}, ("label",), "", ""), clips)
    with closing(sqlite3.connect(store.catalogue.path)) as db, db:
        db.execute("ALTER TABLE files DROP COLUMN kind")
        for (dataset,) in db.execute("SELECT id FROM datasets").fetchall():
            seal(db, dataset)
    (store.root / "mxt.json").write_text(json.dumps({"schema": 2}))
    return store


def kinds(store: Store) -> dict[str, FileKind]:
    return {clip.id: clip.file.kind for clip in store.catalogue.clips("notes")}


EXPECTED = {
    "a.wav": FileKind.CLIP,
    "text.wav": FileKind.CLIP,
    "cover.jpg": FileKind.OTHER,
    "x.caf\udce9": FileKind.OTHER,
    ".hidden": FileKind.HIDDEN,
}


def test_a_store_of_schema_2_is_migrated_after_a_copy_and_nothing_of_it_is_called_damaged(old):
    before = old.catalogue.path.read_bytes()
    opened = Store.open(old.root)
    assert kinds(opened) == EXPECTED
    assert (old.root / "catalogue.schema2.sqlite").read_bytes() == before
    assert opened.catalogue.damage() == {}
    assert verify(opened).findings == ()
    assert kinds(Store.open(old.root, read_only=True)) == EXPECTED


def test_a_store_of_schema_2_is_read_without_being_written(old):
    before = old.catalogue.path.read_bytes()
    opened = Store.open(old.root, read_only=True)
    assert kinds(opened) == EXPECTED
    assert opened.catalogue.damage() == {}
    assert old.catalogue.path.read_bytes() == before


def test_a_migration_that_was_killed_before_its_end_is_done_again(old):
    Store.open(old.root)
    (old.root / "mxt.json").write_text(json.dumps({"schema": 2}))
    assert kinds(Store.open(old.root)) == EXPECTED
    assert Store.open(old.root).catalogue.damage() == {}


def test_files_that_were_damaged_before_the_migration_are_still_named_after_it(old):
    with closing(sqlite3.connect(old.catalogue.path)) as db, db:
        db.execute("UPDATE files SET sha256 = 'cd' WHERE path = 'a.wav' AND dataset = 1")
    assert Store.open(old.root).catalogue.damage() == {"notes": ["files"]}


def test_a_new_catalogue_and_a_migrated_one_have_the_same_columns(old, tmp_path):
    new = Store.open(tmp_path / "new", create=True)
    new.catalogue.begin("notes", "/a")
    Store.open(old.root)
    columns = []
    for path in (old.catalogue.path, new.catalogue.path):
        with closing(sqlite3.connect(path)) as db:
            columns.append([column[1:] for column in db.execute("PRAGMA table_info(files)")])
    assert columns[0] == columns[1]
