"""What is as it was ingested is not catalogued again; whatever may change a clip is noticed."""

from __future__ import annotations

import json
import os
import sqlite3
import struct
import wave
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from mxt.core.errors import Reason
from mxt.ingestion import unchanged
from mxt.ingestion.requests import IngestRequest
from mxt.registry import build_registry
from mxt.store import catalogue_checks
from mxt.store.catalogue import Catalogue
from mxt.store.catalogue_intact import NOTE, intact_datasets
from mxt.store.layout import Store
from mxt.store.verify import verify
from mxt.workflows.ingest import ingest

REGISTRY = build_registry()


def tone(path: Path, number: int = 1) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(
            struct.pack("<1600h", *((number * (i % 40) * 31) % 9000 - 4500 for i in range(1600)))
        )
    return path


@pytest.fixture
def notes(tmp_path) -> Path:
    """Six files, two classes, a table that is not used by the loader of folders, a hidden file."""
    for number in range(6):
        tone(tmp_path / "notes" / f"class{number % 2}" / f"{number}.wav", number)
    (tmp_path / "notes" / "readme.txt").write_text("notes")
    (tmp_path / "notes" / ".hidden").write_text("")
    return tmp_path / "notes"


@pytest.fixture
def features(tmp_path) -> Path:
    """Features of 40 clips in the published form."""
    root = tmp_path / "features_of_40"
    for folder in ("csv", "features"):
        (root / folder).mkdir(parents=True)
    rows = "".join(f"{i},fold{i % 4 + 1}/{i}-{i % 2}-0-0.wav,{i % 2}\n" for i in range(40))
    (root / "csv" / "urbansound.csv").write_text(f"id,filepath,label\n{rows}")
    rng = np.random.default_rng(1)
    for k in range(5):
        np.save(root / "features" / f"urbansound_layer_{k}.npy", rng.standard_normal((40, 32), np.float32))
    return root


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Ingest into one store; `run.written` counts how often clips were written."""
    write = Catalogue.replace_clips

    def counting(self, *args, **options):
        run_.written += 1
        return write(self, *args, **options)

    def run_(path, **options):
        (result,) = ingest(tmp_path / "store", IngestRequest(path, jobs=1, **options), REGISTRY)
        return result

    run_.written, run_.store = 0, tmp_path / "store"
    monkeypatch.setattr(Catalogue, "replace_clips", counting)
    return run_


def catalogue(run) -> Catalogue:
    return Store.open(run.store).catalogue


@pytest.mark.parametrize("what", ["notes", "features"])
def test_the_second_time_nothing_is_written_and_the_same_is_said(what, run, request):
    path = request.getfixturevalue(what)
    first = run(path)
    clips = catalogue(run).clips(first.name)
    again = run(path)
    assert run.written == 1
    assert (again.summary, again.views, again.name, again.root) == (
        first.summary,
        first.views,
        first.name,
        first.root,
    )
    assert (again.changes.first, again.changes.new, again.changes.changed) == (False, (), ())
    assert catalogue(run).clips(first.name) == clips
    assert verify(Store.open(run.store)).findings == ()


def test_the_second_time_no_file_of_the_store_is_touched(run, notes):
    def there():
        files = [path for path in run.store.rglob("*") if path.is_file()]
        return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in files}

    run(notes)
    before = there()
    run(notes)
    assert {name for name, what in there().items() if what != before[name]} == {"runs.jsonl"}


def test_what_was_ingested_last_is_the_default_also_where_nothing_changed(run, notes, features):
    assert run(notes).name == "notes"
    run(features)
    run(notes)
    assert (run.written, catalogue(run).dataset().name) == (2, "notes")


def test_a_dry_run_says_the_same_and_changes_nothing(run, notes, features):
    run(notes)
    run(features)
    again = run(notes, dry_run=True)
    assert (again.dry_run, again.summary.used, catalogue(run).last()) == (True, 6, "urbansound")


CHANGES = {
    "a new file": lambda root: tone(root / "class0" / "new.wav", 9),
    "a file that is gone": lambda root: (root / "class0" / "0.wav").unlink(),
    "other content": lambda root: tone(root / "class0" / "0.wav", 77),
    "another time": lambda root: os.utime(root / "class0" / "0.wav", ns=(1, 1)),
    "another file of that name": lambda root: tone(root / "n.wav", 5).replace(root / "class0" / "0.wav"),
    "a table": lambda root: (root / "readme.txt").write_text("other notes"),
    "a hidden file": lambda root: (root / ".more").write_text(""),
    "a moved file": lambda root: (root / "class0" / "0.wav").rename(root / "class1" / "0.wav"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_whatever_changes_in_the_folder_is_catalogued(what, run, notes):
    run(notes)
    CHANGES[what](notes)
    run(notes)
    assert run.written == 2


def test_other_parameters_another_version_and_rehash_are_no_repetitions(run, notes, monkeypatch):
    run(notes)
    run(notes, settings=("pattern={label}/{take}.wav",))
    run(notes, rehash=True)
    monkeypatch.setattr(unchanged, "__version__", "99")
    run(notes)
    assert run.written == 4


def test_a_file_that_could_not_be_read_is_tried_again(run, notes):
    text = notes / "class0" / "text.wav"
    text.symlink_to("missing.wav")  # left out by the walk: known to be missing
    assert run(notes).summary.left_out == {Reason.MISSING.words: 1}
    tone(text.parent / "missing.wav", 50)
    assert run(notes).summary.used == 8


def test_a_data_set_that_is_damaged_is_put_right(run, notes):
    run(notes)
    before = catalogue(run).clips("notes")
    with closing(sqlite3.connect(run.store / "catalogue.sqlite")) as db, db:
        db.execute("UPDATE clips SET key = zeroblob(32) WHERE position = 2")
    run(notes)
    assert (run.written, catalogue(run).clips("notes")) == (2, before)


def flip(path: Path, inside: bytes) -> None:
    """Change one bit of a file, where it holds these bytes."""
    content = bytearray(path.read_bytes())
    content[content.index(inside) + 1] ^= 1
    times = path.stat().st_atime_ns, path.stat().st_mtime_ns
    path.write_bytes(content)
    os.utime(path, ns=times)


@pytest.mark.parametrize("column", ["id", "key", "targets"])
def test_a_flipped_bit_is_put_right_also_where_the_catalogue_was_noted_as_intact(column, run, notes):
    run(notes)
    before = catalogue(run).clips("notes")
    assert intact_datasets(run.store) == {"notes"}
    with closing(sqlite3.connect(run.store / "catalogue.sqlite")) as db:
        ((value,),) = db.execute(f"SELECT {column} FROM clips WHERE position = 2")
    flip(run.store / "catalogue.sqlite", value if isinstance(value, bytes) else value.encode())
    assert intact_datasets(run.store) == frozenset()
    run(notes)
    assert (run.written, catalogue(run).clips("notes")) == (2, before)


def test_no_clip_is_checked_where_the_catalogue_is_noted_as_intact(run, notes, monkeypatch):
    run(notes)
    checked = []
    check = catalogue_checks.changed_parts

    def spying(db, name, parts):
        checked.extend(parts)
        return check(db, name, parts)

    monkeypatch.setattr(catalogue_checks, "changed_parts", spying)
    run(notes)
    assert not {"clips", "files"} & set(checked)
    (run.store / NOTE).write_text("{")
    run(notes)
    assert {"clips", "files"} <= set(checked)
    assert run.written == 1


def test_what_was_noted_as_intact_holds_for_other_data_sets_until_something_else_writes(run, notes, features):
    run(notes)
    run(features)
    assert intact_datasets(run.store) == {"notes", "urbansound"}
    run(notes)
    assert intact_datasets(run.store) == {"notes", "urbansound"}
    catalogue(run).add_view("notes", "other")
    assert intact_datasets(run.store) == frozenset()
    run(notes)
    assert intact_datasets(run.store) == {"notes"}


def test_features_that_are_open_again_are_stored_again(run, features):
    run(features)
    store = Store.open(run.store)
    table = store.features.find("choi2017_convnet")
    before = table.layer("block1").copy()
    chunk = next((table.path / "layer1.block1").glob("c.*"))
    chunk.write_bytes(b"damaged")
    verify(store, repair=True)
    assert table.counts()[0] == 40
    run(features)
    assert table.counts()[1] == 40
    np.testing.assert_array_equal(table.layer("block1"), before)


def test_features_whose_table_was_removed_are_stored_again(run, features):
    run(features)
    store = Store.open(run.store)
    store.features.remove(store.features.find("choi2017_convnet").path)
    run(features)
    assert store.features.find("choi2017_convnet").counts()[1] == 40


def test_features_whose_files_changed_are_stored_under_other_keys(run, features):
    run(features)
    path = features / "features" / "urbansound_layer_0.npy"
    np.save(path, np.load(path) + 1)
    assert len(run(features).changes.changed) == 40


def test_a_note_that_says_something_wrong_is_written_anew(run, notes):
    run(notes)
    note = json.loads((run.store / NOTE).read_text())
    (run.store / NOTE).write_text(json.dumps({**note, "sha256": "0" * 64}))
    run(notes)
    assert json.loads((run.store / NOTE).read_text()) == note
