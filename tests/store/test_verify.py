"""Damage is found, named and repaired: the repaired table is bit for bit the one that was written."""

from __future__ import annotations

import json
import random
import sqlite3

import numpy as np
import pytest

from mxt.core.errors import StoreBusy, StoreDamaged
from mxt.store.layout import Store
from mxt.store.table_arrays import open_array
from mxt.store.verify import Problem, verify

ARRAYS = ("audio", "audio_copy", "layer1.one", "layer2.two", "seal", "reason", "state")


def contents(folder):
    return {
        str(p.relative_to(folder)): p.read_bytes()
        for p in sorted(folder.rglob("*"))
        if p.is_file() and not p.name.startswith("lock")
    }


def chunk_file(table, array, chunk):
    (path,) = [p for p in (table.path / array).glob(f"c.{chunk}*") if p.name.split(".")[1] == str(chunk)]
    return path


def flip(path, bit=None):
    content = bytearray(path.read_bytes())
    bit = len(content) * 4 if bit is None else bit
    content[bit // 8] ^= 1 << (bit % 8)
    path.write_bytes(content)


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def delete(path):
    path.unlink()


def empty(path):
    path.write_bytes(b"")


@pytest.mark.usefixtures("filled")
def test_a_sound_store_has_no_findings(store):
    report = verify(store)
    assert report.findings == ()
    assert report.sound
    assert [(table.label, table.rows, table.chunks) for table in report.tables] == [("synthetic", 150, 21)]


@pytest.mark.parametrize("array", ARRAYS)
def test_every_single_flipped_bit_of_a_chunk_is_noticed(array, chunked):
    path = chunk_file(chunked.table, array, 1)
    whole, opened = path.read_bytes(), open_array(chunked.table.path, array)
    bits = range(len(whole) * 8) if len(whole) < 40 else random.Random(1).sample(range(len(whole) * 8), 320)
    unnoticed = []
    for bit in bits:
        flip(path, bit)
        try:
            opened[chunked.rows : 2 * chunked.rows]
            unnoticed.append(bit)
        except (ValueError, RuntimeError):
            pass
        path.write_bytes(whole)
    assert unnoticed == []


@pytest.mark.parametrize("spoil", [flip, cut, delete, empty])
@pytest.mark.parametrize("array", ARRAYS)
def test_a_damaged_chunk_is_named_repaired_and_computed_again_bit_for_bit(
    array, spoil, store, chunked, child
):
    table, there = chunked.table, range(chunked.rows, 2 * chunked.rows)
    before = contents(table.path)
    spoil(chunk_file(table, array, 1))

    named = [(f.part, f.first, f.last) for f in verify(store).findings]
    assert named, "nothing was found"
    assert all(part == array and first <= last for part, first, last in named)
    assert all(first in there and last in there for _, first, last in named)

    assert verify(store, repair=True).sound
    assert verify(store).findings == ()
    computed = child.run(table, chunked.clips)
    assert contents(table.path) == before
    assert set(computed) <= set(there)
    if not array.startswith("layer"):
        assert computed == [], "what other arrays tell is not computed again"


def test_a_checksum_that_differs_is_said_without_its_bytes(store, filled):
    flip(chunk_file(filled, ARRAYS[2], 1))
    assert [(finding.problem, finding.details) for finding in verify(store).findings] == [
        (Problem.NOT_READABLE, ("Stored and computed checksum do not match",))
    ]


@pytest.mark.parametrize("spoil", [flip, cut, delete, empty])
@pytest.mark.parametrize("name", ["", *ARRAYS])
def test_damaged_metadata_are_named_and_written_back(name, spoil, store, chunked, child):
    table = chunked.table
    before = contents(table.path)
    spoil(table.path / name / "zarr.json")
    findings = verify(store).findings
    assert [f.part for f in findings] == [f"{name}/zarr.json".lstrip("/")]
    report = verify(store, repair=True)
    assert report.sound
    assert report.tables[0].opened == 0
    assert child.run(table, chunked.clips) == []
    assert contents(table.path) == before


def test_a_changed_length_is_named_and_written_back(store, filled):
    before = contents(filled.path)
    path = filled.path / "layer1.one" / "zarr.json"
    path.write_text(path.read_text().replace("150", "100"))
    (finding,) = verify(store).findings
    assert (finding.where, finding.part) == ("synthetic", "layer1.one/zarr.json")
    assert (finding.problem, finding.details) == (Problem.WRONG_LENGTH, (100, 150))
    assert verify(store, repair=True).sound
    assert contents(filled.path) == before


def test_damage_in_several_places_is_repaired_at_once(store, filled, child):
    before = contents(filled.path)
    flip(chunk_file(filled, "audio", 0))
    flip(chunk_file(filled, "layer2.two", 0))
    delete(chunk_file(filled, "state", 1))
    cut(chunk_file(filled, "reason", 1))
    (filled.path / "zarr.json").unlink()
    assert verify(store, repair=True).sound
    child.run(filled, 150)
    assert contents(filled.path) == before


def test_keys_whose_copy_is_lost_too_are_given_up_and_their_clips_get_new_rows(store, filled, child):
    flip(chunk_file(filled, "audio", 1))
    flip(chunk_file(filled, "audio_copy", 1))
    assert Problem.KEYS_LOST in {f.problem for f in verify(store).findings}
    assert verify(store, repair=True).sound
    assert verify(store).findings == ()
    assert child.run(filled, 150) == list(range(150, 214))
    keys = [child.key_of(clip) for clip in range(150)]
    assert not (filled.read(keys, ["one"])[1] == 0).any()


def test_a_table_whose_attributes_and_their_copy_are_lost_is_named_and_others_are_read(store, filled, layers):
    store.features.create("cd" * 32, "other", {}, layers)
    cut(filled.path / "zarr.json")
    cut(filled.path / "audio_copy" / "zarr.json")
    report = verify(store, repair=True)
    assert not report.sound
    assert report.findings[0].problem is Problem.TABLE_LOST
    assert [table.label for table in store.features.tables()] == ["other"]
    assert list(store.features.unreadable()) == [filled.path]


def test_readers_refuse_damaged_chunks_and_name_their_rows(filled, child):
    flip(chunk_file(filled, "layer1.one", 1))
    keys = [child.key_of(clip) for clip in range(150)]
    with pytest.raises(
        StoreDamaged, match=r"layer1.one: rows 64 to 127 are not what was written.*mxt verify --repair"
    ):
        filled.read(keys, ["one"])
    assert filled.read(keys, ["two"])[0].shape == (150, 5)


def test_readers_refuse_rows_that_count_as_done_without_values(filled, child):
    delete(chunk_file(filled, "layer1.one", 2))
    with pytest.raises(
        StoreDamaged, match=r"synthetic: layer1.one has no values, .*in rows 128 to 149; mxt verify --repair"
    ):
        filled.read([child.key_of(clip) for clip in range(150)], ["one"])


def test_a_writer_stops_at_a_damaged_chunk_it_must_complete(filled, child):
    flip(chunk_file(filled, "layer1.one", 2))
    with pytest.raises(StoreDamaged, match="rows 128 to 191"):
        child.run(filled, 160)


def test_a_run_cut_short_is_told_from_damage(store, run_child):
    child_run = run_child(store.root, 70, "before state", 1)
    assert child_run.returncode < 0
    report = verify(store)
    assert report.sound
    assert {f.part for f in report.findings} == {"state"}
    assert not any(f.damage for f in report.findings)


def test_repair_needs_the_lock_and_looking_does_not(store, filled):
    with filled.writer():
        assert verify(store).sound
        with pytest.raises(StoreBusy, match="feature table synthetic is being written by process"):
            verify(store, repair=True)


def test_repair_of_a_sound_table_changes_no_byte(store, filled):
    before = contents(filled.path)
    assert verify(store, repair=True).findings == ()
    assert contents(filled.path) == before


def test_a_damaged_catalogue_is_named(store):
    path = store.root / "catalogue.sqlite"
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE t (x)")
    db.executemany("INSERT INTO t VALUES (?)", [("word" * 50,)] * 500)
    db.commit()
    db.close()
    assert verify(store).sound
    content = bytearray(path.read_bytes())
    content[4096:8192] = bytes(4096)
    path.write_bytes(content)
    (finding,) = verify(store).findings
    assert finding.where == "catalogue"
    assert finding.problem in (Problem.CATALOGUE_BROKEN, Problem.DAMAGED)


def test_a_damaged_result_is_named(store):
    good = store.results.publish({"dataset": "a", "accuracy": 0.5}, {"y": np.arange(50)})
    bad = store.results.publish({"dataset": "b"}, {"y": np.arange(50)})
    flip(store.root / "results" / bad / "predictions.npz")
    (finding,) = verify(store).findings
    assert (finding.where, finding.part) == (bad, "result")
    assert good not in finding.details[0]


def test_verify_of_a_large_table_goes_slab_by_slab(store, table, child, monkeypatch):
    from mxt.store import verify_slabs

    monkeypatch.setattr(verify_slabs, "SLAB_ROWS", 64)
    child.run(table, 150)
    flip(chunk_file(table, "layer1.one", 1))
    assert [(f.first, f.last) for f in verify(store).findings] == [(64, 127)]


def test_a_store_file_that_is_not_readable_is_said_so(tmp_path):
    Store.open(tmp_path / "s", create=True)
    (tmp_path / "s" / "mxt.json").write_text(json.dumps({"schema": "one"}))
    with pytest.raises(StoreDamaged, match="write that back"):
        Store.open(tmp_path / "s")


def test_what_a_writer_does_meanwhile_is_no_damage(store, filled, monkeypatch):
    from mxt.store import verify_rows

    looks = []
    original = verify_rows._inspect

    def first_one_is_between_two_arrays(*args):
        inspection = original(*args)
        looks.append(inspection)
        if len(looks) == 1:
            inspection.findings.append(verify_rows.Finding("synthetic", "state", Problem.CUT_SHORT))
        return inspection

    monkeypatch.setattr(verify_rows, "_inspect", first_one_is_between_two_arrays)
    assert verify(store).findings == ()
    assert len(looks) == 2
    assert filled.counts()[0] == 0
