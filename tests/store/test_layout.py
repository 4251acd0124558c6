"""The store as a folder."""

from __future__ import annotations

import json

import pytest

from mxt.core.errors import InputError, StoreError, StoreReadOnly
from mxt.store import layout
from mxt.store.layout import SCHEMA, Store


def test_a_store_is_made_where_there_is_none_and_opened_again(tmp_path):
    Store.open(tmp_path / "a" / "store", create=True)
    assert json.loads((tmp_path / "a" / "store" / "mxt.json").read_text()) == {"schema": SCHEMA}
    assert not Store.open(tmp_path / "a" / "store").read_only


def test_no_store_says_how_to_make_one(tmp_path):
    with pytest.raises(InputError, match=r"no store at .*; mxt ingest PATH makes one"):
        Store.open(tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_a_folder_full_of_something_else_is_left_alone(tmp_path):
    (tmp_path / "song.wav").write_bytes(b"")
    with pytest.raises(InputError, match="not empty and is not a store"):
        Store.open(tmp_path, create=True)


def test_making_a_store_goes_on_after_a_kill(tmp_path):
    (tmp_path / ".mxt.json.123.partial").write_bytes(b"{")
    assert Store.open(tmp_path, create=True).root == tmp_path


def test_a_file_is_no_store(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(InputError, match="is a file, not a store"):
        Store.open(tmp_path / "file")


def test_a_store_of_a_newer_schema_is_read_and_not_written(store, table, layers):
    (store.root / "mxt.json").write_text(json.dumps({"schema": SCHEMA + 1}))
    newer = Store.open(store.root)
    assert newer.features.find(table.label).counts() == (0, 0, 0)
    with pytest.raises(StoreReadOnly, match="made by a newer mxt"):
        newer.check_writable()
    with pytest.raises(StoreReadOnly):
        newer.features.create("01" * 32, "new", {}, layers)


def test_a_store_of_an_older_schema_is_migrated_after_a_copy_of_its_catalogue(store, monkeypatch):
    before = (store.root / "catalogue.sqlite").read_bytes()
    called = []
    monkeypatch.setattr(layout, "SCHEMA", SCHEMA + 1)
    monkeypatch.setattr(layout, "MIGRATIONS", {SCHEMA: called.append})
    Store.open(store.root, read_only=True)
    assert called == []
    Store.open(store.root)
    assert called == [store.root]
    assert (store.root / f"catalogue.schema{SCHEMA}.sqlite").read_bytes() == before
    assert json.loads((store.root / "mxt.json").read_text()) == {"schema": SCHEMA + 1}


def test_a_store_that_cannot_be_migrated_is_refused(store, monkeypatch):
    monkeypatch.setattr(layout, "SCHEMA", SCHEMA + 1)
    with pytest.raises(StoreError, match="cannot bring to"):
        Store.open(store.root)


def test_runs_are_logged_line_by_line_and_a_torn_line_is_passed_over(store):
    assert store.runs() == []
    store.log_run({"command": "extract", "clips": 3})
    with (store.root / "runs.jsonl").open("a") as file:
        file.write('{"command": "ing')
    assert store.runs() == [{"command": "extract", "clips": 3}]
    store.log_run({"command": "eval"})
    assert store.runs()[-1] == {"command": "eval"}


@pytest.mark.parametrize(
    "line",
    [
        "[" * 100_000,
        '{"a":' * 90 + "1" + "}" * 90,
        '{"command": "extract", "failures": 3}',
        '{"command": "extract", "failures": [["a"]]}',
        '{"command": 1}',
        '{"computed": "many"}',
        '{"seconds": "long"}',
        '{"seconds": 1' + 400 * "0" + "}",
        '{"versions": "all"}',
        '{"fingerprint": []}',
        "3",
        "null",
        '"text"',
        "\udcff\udcfe",
        "1" * 5000,
    ],
)
def test_lines_of_the_log_that_mxt_did_not_write_are_passed_over(tmp_path, line):
    store = Store.open(tmp_path / "store", create=True)
    store.log_run({"command": "extract", "seconds": 1.5, "failures": [["a.wav", "stage failed", ""]]})
    with (tmp_path / "store" / "runs.jsonl").open("ab") as log:
        log.write(line.encode("utf-8", "surrogateescape") + b"\n")
    store.log_run({"command": "derive"})
    assert [run["command"] for run in store.runs()] == ["extract", "derive"]
