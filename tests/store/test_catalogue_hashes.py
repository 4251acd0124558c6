"""Changed values in the catalogue are reported as damage; errors of the system never are."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import pytest

from mxt.core.errors import StoreDamaged, StoreError
from mxt.core.records import ClipRecord, DatasetRecord, FileRecord, Measurement, Remark
from mxt.store.catalogue import Catalogue
from mxt.store.layout import Store
from mxt.store.verify import Problem, verify


def file_of(path: str) -> FileRecord:
    return FileRecord(
        path, 100, 1, 2, Measurement("ab" * 32, 1.5, 8000, 1, 12000, 0.5, 0.5, 0.1, decoder="libsndfile 1")
    )


@pytest.fixture
def catalogue(store) -> Catalogue:
    clips = [
        ClipRecord(f"{n}.wav", file_of(f"{n}.wav"), bytes([n + 1]) * 32, targets={"label": "ab"[n % 2]})
        for n in range(20)
    ]
    store.catalogue.replace_clips(
        DatasetRecord("notes", "/a", "folder", {}, ("label",), "", ""), clips, remarks=[Remark("row", "one")]
    )
    store.catalogue.add_view("notes", "mfcc")
    return store.catalogue


def edit(catalogue: Catalogue, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(catalogue.path)) as db, db:
        assert db.execute(statement, values).rowcount != 0


EDITS = {
    "a label": 'UPDATE clips SET targets = \'{"label": "b"}\' WHERE position = 0',
    "a key": "UPDATE clips SET key = zeroblob(32) WHERE position = 3",
    "a key that is none": "UPDATE clips SET key = 7 WHERE position = 3",
    "a clip that is gone": "DELETE FROM clips WHERE position = 5",
    "a hash of a file": "UPDATE files SET sha256 = 'cd' WHERE path = '3.wav'",
    "no JSON": "UPDATE clips SET targets = '{\"lab' WHERE position = 0",
    "deep nesting": f"UPDATE clips SET fields = '{'[' * 100_000}' WHERE position = 0",
    "a number as an id": "UPDATE clips SET id = 7 WHERE position = 0",
    "a reason there is not": "UPDATE clips SET reason = 99 WHERE position = 0",
    "a file that is gone": "DELETE FROM files WHERE path = '3.wav'",
    "a name": "UPDATE datasets SET name = 'motes'",
    "another default": "UPDATE datasets SET turn = 77",
    "a data set that is hidden": "UPDATE datasets SET ready = 0",
    "a data set that is gone": "DELETE FROM datasets",
    "a view": "UPDATE views SET view = 'mfce'",
    "a remark": "UPDATE remarks SET text = 'two'",
    "a column of another name": 'ALTER TABLE clips RENAME COLUMN "group" TO "grouq"',
    "a table that is gone": "DROP TABLE clips",
}


@pytest.mark.parametrize("what", EDITS)
def test_a_changed_value_is_named_by_verify_and_never_used(what, store, catalogue):
    clips, views = catalogue.clips("notes"), catalogue.views("notes")
    edit(catalogue, EDITS[what])
    findings = verify(store).findings
    assert [finding.where for finding in findings][:1] == ["catalogue"]
    assert findings[0].problem in (
        Problem.CATALOGUE_BROKEN,
        Problem.DATASET_CHANGED,
        Problem.DATASETS_GONE,
        Problem.DAMAGED,
    )
    try:
        record = catalogue.dataset()
        assert (record.name, catalogue.clips(record.name), catalogue.views(record.name)) == (
            "notes",
            clips,
            views,
        )
    except StoreDamaged as error:
        assert "no feature is computed again" in str(error) or "features are found again" in str(error)  # noqa: PT017 either is right


def test_ingesting_again_puts_a_changed_data_set_right(catalogue):
    clips = catalogue.clips("notes")
    edit(catalogue, EDITS["a key"])
    with pytest.raises(
        StoreDamaged, match="clips of data set notes are not what was written; ingest it again"
    ):
        catalogue.clips("notes")
    assert catalogue.changed("notes") == ["clips", "keys"]
    catalogue.replace_clips(DatasetRecord("notes", "/a", "folder", {}, ("label",), "", ""), clips)
    assert catalogue.clips("notes") == clips
    assert catalogue.damage() == {}


def test_an_ingest_that_was_cut_short_is_no_damage(store, catalogue):
    catalogue.save_files("notes", [file_of("new.wav")])
    assert verify(store).findings == ()
    assert len(catalogue.clips("notes")) == 20


def test_a_store_of_schema_1_is_migrated_after_a_copy_and_read_without(store, catalogue):
    clips = catalogue.clips("notes")
    edit(catalogue, "DROP TABLE hashes")
    (store.root / "mxt.json").write_text(json.dumps({"schema": 1}))
    assert Store.open(store.root, read_only=True).catalogue.clips("notes") == clips
    opened = Store.open(store.root)
    assert opened.catalogue.clips("notes") == clips
    assert (store.root / "catalogue.schema1.sqlite").exists()
    edit(catalogue, EDITS["a label"])
    assert opened.catalogue.damage() == {"notes": ["clips"]}


def test_no_permission_is_no_damage(store, catalogue, mxt_as_anybody):
    catalogue.path.chmod(0)
    for words in (("verify",), ("ls",), ("eval",)):
        ended = mxt_as_anybody(*words, "--store", store.root)
        assert ended.returncode == 1, words
        output = ended.stdout + ended.stderr
        assert "no permission" in output
        assert "move it away" not in output
        assert "Traceback" not in output


def test_a_catalogue_made_on_a_full_disk_is_an_empty_one(store):
    store.catalogue.path.write_bytes(b"")
    assert Store.open(store.root, read_only=True).catalogue.datasets() == []


def test_an_unreadable_reason_of_the_system_is_told_as_such(catalogue, monkeypatch):
    def fails(*_args, **_options):
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorcode = sqlite3.SQLITE_IOERR
        raise error

    monkeypatch.setattr("mxt.store.catalogue_connection.connect_to_write", fails)
    with pytest.raises(StoreError, match="disk I/O error") as raised:
        catalogue.datasets()
    assert not isinstance(raised.value, StoreDamaged)
