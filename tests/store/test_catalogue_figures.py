"""Counts, seconds and hashes of labels are kept beside the clips: known without reading them, never stale."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from contextlib import closing

import pytest

from mxt.core.errors import Reason, StoreDamaged
from mxt.core.identity import canonical_json, sha256_text
from mxt.core.records import ClipRecord, DatasetRecord, FileKind, FileRecord, Measurement
from mxt.core.text import written
from mxt.store.catalogue import Catalogue
from mxt.store.catalogue_figures import Figures
from mxt.store.catalogue_hashes import FIRST_PARTS
from mxt.store.catalogue_rows import LEFT_OUT
from mxt.store.layout import Store
from mxt.store.verify import Problem, verify

RECORD = DatasetRecord("notes", "/a", "folder", {}, ("label",), "", "")
ABOUT = {"summary": {"clips": 3}, "name": "caf\udce9"}


def clips(label: str = "b") -> list[ClipRecord]:
    measured = Measurement("ab" * 32, 1.5, 8000, 1, 12000, 0.5, 0.5, 0.1)
    sound = FileRecord("a.wav", 100, 1, 2, measured)
    text, odd = FileRecord("t.txt", 9, 1, 3, kind=FileKind.OTHER), FileRecord("n.wav", 9, 1, 4)
    return [
        ClipRecord("a.wav#0-1", sound, b"\1" * 32, end_us=1_000_000, targets={"label": label}),
        ClipRecord("a.wav#1-", sound, b"\2" * 32, start_us=1_000_000, fields={"take": "2"}),
        ClipRecord(os.fsdecode(b"caf\xe9"), odd, b"\3" * 32, targets={"label": "c"}),
        ClipRecord("n.wav", odd, None, Reason.NOT_AUDIO, "text"),
        ClipRecord("t.txt", text, None, Reason.NOT_AUDIO, "another kind"),
    ]


@pytest.fixture
def catalogue(store) -> Catalogue:
    store.catalogue.replace_clips(RECORD, iter(clips()), about=ABOUT)
    return store.catalogue


def edit(catalogue: Catalogue, *statements: str) -> None:
    with closing(sqlite3.connect(catalogue.path)) as db, db:
        for statement in statements:
            db.execute(statement)


def plain_hash(catalogue: Catalogue, target: str | None) -> str:
    """What `targets_hash` was in all earlier versions."""
    pairs = [
        (
            clip.id,
            clip.key.hex(),
            dict(clip.targets) if target is None else clip.targets.get(target, clip.fields.get(target)),
        )
        for clip in catalogue.clips("notes")
        if clip.key is not None
    ]
    return sha256_text(canonical_json(sorted(pairs, key=lambda pair: pair[0])))


def test_clips_are_counted_while_they_are_written_and_what_was_noted_comes_back(catalogue):
    assert catalogue.figures("notes") == Figures(clips=4, used=3, audio=2, seconds=1.5, about=ABOUT)


def test_keys_and_ids_and_clips_that_cannot_be_used_are_read_without_the_others(catalogue):
    used = [clip for clip in clips() if clip.usable]
    assert catalogue.keys("notes").tobytes() == b"".join(clip.key for clip in used)
    assert list(catalogue.ids("notes", usable=True)) == [clip.id for clip in used]
    assert [(clip.id, clip.reason, clip.detail) for clip in catalogue.unusable("notes")] == [
        ("n.wav", Reason.NOT_AUDIO, "text"),
        ("t.txt", Reason.NOT_AUDIO, "another kind"),
    ]


@pytest.mark.parametrize("target", ["label", "take", None])
def test_the_hash_of_labels_is_what_it_always_was(target, catalogue):
    assert catalogue.targets_hash("notes", target) == plain_hash(catalogue, target)
    assert catalogue.targets_hash("notes", target) == plain_hash(catalogue, target)  # as it was kept


def test_a_hash_of_labels_that_was_kept_follows_the_labels(catalogue):
    before = catalogue.targets_hash("notes", "label")
    catalogue.replace_clips(RECORD, clips("other"))
    assert catalogue.targets_hash("notes", "label") == plain_hash(catalogue, "label") != before


def test_hashes_of_labels_are_not_kept_where_nothing_can_be_written(catalogue):
    read_only = Catalogue(catalogue.path, read_only=True)
    before = catalogue.path.read_bytes()
    assert read_only.targets_hash("notes", "label") == plain_hash(catalogue, "label")
    assert catalogue.path.read_bytes() == before


@pytest.mark.parametrize(
    ("statement", "part", "read"),
    [
        ("UPDATE figures SET used = 4", "figures", lambda catalogue: catalogue.figures("notes")),
        (
            "UPDATE labels SET sha256 = 'ab'",
            "labels",
            lambda catalogue: catalogue.targets_hash("notes", "label"),
        ),
        ("UPDATE clips SET key = zeroblob(32) WHERE position = 0", "keys", lambda c: c.keys("notes")),
        (
            "UPDATE clips SET detail = 'texy' WHERE position = 3",
            "clips left out",
            lambda catalogue: catalogue.unusable("notes"),
        ),
    ],
)
def test_a_changed_figure_is_named_by_verify_and_never_used(statement, part, read, store, catalogue):
    catalogue.targets_hash("notes", "label")
    edit(catalogue, statement)
    assert [(f.problem, part in f.details) for f in verify(store).findings] == [
        (Problem.DATASET_CHANGED, True)
    ]
    with pytest.raises(StoreDamaged, match=f"{part}.* not what was written; ingest it again"):
        read(catalogue)


@pytest.fixture
def old(store, catalogue) -> Store:
    """A store of schema 3, as the version before wrote it."""
    edit(catalogue, "DROP TABLE figures", "DROP TABLE labels", "DELETE FROM hashes")
    queries = {
        "data set": "SELECT * FROM datasets WHERE id = ?",
        "files": "SELECT * FROM main.files WHERE dataset = ? ORDER BY path",
        "clips": "SELECT * FROM clips WHERE dataset = ? ORDER BY position",
        "remarks": "SELECT * FROM remarks WHERE dataset = ? ORDER BY position",
        "views": "SELECT * FROM views WHERE dataset = ? ORDER BY position",
    }
    assert tuple(queries) == FIRST_PARTS
    with closing(sqlite3.connect(catalogue.path)) as db, db:
        for part, query in queries.items():
            rows = db.execute(query, (1,))
            digest = hashlib.sha256(json.dumps([column[0] for column in rows.description]).encode("ascii"))
            for row in rows.fetchall():
                digest.update(json.dumps(row, default=bytes.hex).encode("ascii") + b"\n")
            db.execute("INSERT INTO hashes VALUES (1, ?, ?)", (part, digest.hexdigest()))
    (store.root / "mxt.json").write_text(json.dumps({"schema": 3}))
    return store


def test_a_store_of_schema_3_is_migrated_after_a_copy_and_counted(old):
    before = old.catalogue.path.read_bytes()
    opened = Store.open(old.root)
    assert opened.catalogue.figures("notes") == Figures(clips=4, used=3, audio=2, seconds=1.5)
    assert (old.root / "catalogue.schema3.sqlite").read_bytes() == before
    assert opened.catalogue.clips("notes") == clips()
    assert verify(opened).findings == ()


def test_a_store_of_schema_3_is_read_without_being_written(old):
    before = old.catalogue.path.read_bytes()
    opened = Store.open(old.root, read_only=True).catalogue
    assert opened.figures("notes") == Figures(clips=4, used=3, audio=2, seconds=1.5)
    assert opened.targets_hash("notes", "label") == plain_hash(opened, "label")
    assert len(opened.keys("notes")) == 3
    assert opened.damage() == {}
    assert old.catalogue.path.read_bytes() == before


def test_clips_that_were_damaged_before_the_migration_are_still_named_after_it(old):
    edit(old.catalogue, "UPDATE clips SET targets = '{\"lab' WHERE position = 0")
    assert Store.open(old.root).catalogue.damage() == {"notes": ["clips"]}


def test_one_clip_is_found_by_its_id_as_it_is_written(catalogue):
    for clip in clips():
        assert catalogue.clip("notes", written(clip.id)) == clip
    assert catalogue.clip("notes", "a.wav") is None


def test_paths_columns_and_sample_rates_are_those_of_the_clips(catalogue):
    assert list(catalogue.paths("notes")) == [(clip.id, clip.file.path) for clip in clips()]
    assert catalogue.column_names("notes") == ["label", "take"]
    assert catalogue.sample_rates("notes") == {8000: 2}


@pytest.mark.parametrize("ask", [lambda c: c.check("notes"), lambda c: list(c.paths("notes"))])
def test_changed_clips_are_told_rather_than_used(ask, catalogue):
    ask(catalogue)
    edit(catalogue, "UPDATE clips SET id = 'b.wav' WHERE position = 0")
    with pytest.raises(StoreDamaged, match="clips of data set notes are not what was written"):
        ask(catalogue)


def test_keys_are_known_to_be_those_of_a_data_set_without_reading_them(catalogue):
    keys = catalogue.keys("notes")
    assert catalogue.has_just("notes", keys)
    assert not catalogue.has_just("notes", keys[::-1])
    assert not catalogue.has_just("notes", keys[:-1])
    assert not catalogue.has_just("another", keys)
    edit(catalogue, "UPDATE clips SET key = x'00' WHERE position = 0")
    assert catalogue.has_just("notes", keys), "those that were written"
    with pytest.raises(StoreDamaged, match="keys"):
        catalogue.keys("notes")


def test_clips_that_were_left_out_are_found_without_looking_at_the_others(catalogue):
    with closing(sqlite3.connect(catalogue.path)) as db:
        plan = " ".join(row[-1] for row in db.execute(f"EXPLAIN QUERY PLAN {LEFT_OUT}", ("notes",)))
    assert "clips_left_out" in plan
