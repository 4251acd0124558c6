"""A chunk in a wrong place is noticed, named and repaired: rows are bound to their table, clip and layer."""

from __future__ import annotations

import json
import shutil
from contextlib import suppress

import numpy as np
import pytest

from mxt.core.errors import Reason, StoreDamaged
from mxt.core.specs import Layer
from mxt.store.table_arrays import open_array
from mxt.store.table_seals import BLOCK, layer_seals, outcome_seals
from mxt.store.verify import Problem, Repair, verify

LAYERS = ("layer1.one", "layer2.two")
ARRAYS = ("audio", "audio_copy", *LAYERS, "seal", "reason", "state")


def chunk_file(folder, array, chunk):
    return next(path for path in (folder / array).glob("c.*") if path.name.split(".")[1] == str(chunk))


def contents(folder):
    return {
        str(p.relative_to(folder)): p.read_bytes()
        for p in sorted(folder.rglob("*"))
        if p.is_file() and not p.name.startswith("lock")
    }


def over_the_next(folder, array, _other=None):
    shutil.copyfile(chunk_file(folder, array, 0), chunk_file(folder, array, 1))


def swapped(folder, array, _other):
    first, second = chunk_file(folder, array, 0), chunk_file(folder, array, 1)
    a, b = first.read_bytes(), second.read_bytes()
    first.write_bytes(b)
    second.write_bytes(a)


def from_another_table(folder, array, other):
    shutil.copyfile(chunk_file(other, array, 1), chunk_file(folder, array, 0))


@pytest.fixture
def other(store, child, chunked):
    """The folder of a table of the same layers and clips by another pipeline, in another order."""
    about = {"pipeline": {}, "kind": "extracted"}
    rows = 10_000 if chunked.rows > 64 else 0
    table = store.features.create("cd" * 32, "other", about, child.LAYERS, rows=rows)
    assert table.rows_per_chunk == chunked.rows
    keys = [child.key_of(clip) for clip in reversed(range(chunked.clips))]
    with table.writer() as writer:
        for row, key in zip(writer.assign(keys).tolist(), keys, strict=True):
            if child.fails(key):
                writer.fail(row, Reason.EMPTY)
            else:
                writer.put(row, {name: values + 1 for name, values in child.features_of(key).items()})
    return table.path


@pytest.mark.parametrize("misplace", [over_the_next, swapped, from_another_table])
@pytest.mark.parametrize("array", ARRAYS)
def test_a_misplaced_chunk_never_gives_a_wrong_value_and_is_put_right(
    array, misplace, store, chunked, child, other
):
    filled, keys = chunked.table, [child.key_of(clip) for clip in range(chunked.clips)]
    X, states = filled.read(keys, ["one", "two"])
    before = contents(filled.path)
    misplace(filled.path, array, other)
    changed = contents(filled.path) != before

    refused = False
    try:
        values, now = filled.read(keys, ["one", "two"])
        np.testing.assert_array_equal(values, X)
        assert (now == states).all()
    except StoreDamaged:
        refused = True
    assert refused == (changed and array != "audio_copy")

    named = {finding.part for finding in verify(store).findings if finding.where == "synthetic"}
    assert bool(named) == changed
    assert verify(store, repair=True).sound
    assert verify(store).findings == ()
    computed = child.run(filled, chunked.clips)
    if array in ("audio", "audio_copy", "state", "reason"):
        assert computed == [], "the seals tell what these were"
    assert contents(filled.path) == before


def test_a_whole_layer_under_the_name_of_another_is_refused(store):
    layers = (Layer(1, "a", 3), Layer(2, "b", 3))
    table = store.features.create("ef" * 32, "twins", {"pipeline": {}, "kind": "extracted"}, layers)
    with table.writer() as writer:
        for row in writer.assign([bytes([n + 1]) * 32 for n in range(70)]).tolist():
            writer.put(row, {"a": np.full(3, row + 1, np.float32), "b": np.full(3, -row, np.float32)})
    (table.path / "layer1.a").rename(table.path / "x")
    (table.path / "layer2.b").rename(table.path / "layer1.a")
    (table.path / "x").rename(table.path / "layer2.b")
    with pytest.raises(
        StoreDamaged,
        match=r"twins: layer1.a does not hold what was written in rows 0 to 69; mxt verify --repair",
    ):
        table.read([bytes([n + 1]) * 32 for n in range(70)], ["a"])


def test_keys_copied_over_others_are_restored_from_their_copy(store, filled, child):
    over_the_next(filled.path, "audio")
    report = verify(store, repair=True)
    assert [(f.part, f.first, f.last, f.repair) for f in report.findings] == [
        ("audio", 64, 127, Repair.RESTORED)
    ]
    assert report.tables[0].opened == 0
    assert filled.ledger().rows_of([child.key_of(clip) for clip in range(150)]).tolist() == list(range(150))


def as_schema_1(table):
    """Make a table what a store of schema 1 holds: without seals."""
    from mxt.store.table_chunks import NEW_TABLES
    from mxt.store.table_schema import array_kinds
    from mxt.store.verify_metadata import _write_array_metadata, _write_group

    plain = {name: value for name, value in table.attributes.items() if name != "seal"}
    _write_group(table.path, plain)
    kind = array_kinds(table.layers)["audio_copy"]
    _write_array_metadata(table.path, "audio_copy", kind, NEW_TABLES, len(table))
    shutil.rmtree(table.path / "seal")


def test_a_table_without_seals_is_read_and_sealed_by_verify_repair(store, filled, child):
    keys = [child.key_of(clip) for clip in range(150)]
    before, X = contents(filled.path), filled.read(keys, ["one", "two"])[0]
    as_schema_1(filled)
    old = store.features.find("synthetic")
    assert not old.sealed
    np.testing.assert_array_equal(old.read(keys, ["one", "two"])[0], X)
    assert child.run(old, 160) == list(range(150, 160)), "and is written as it is"

    (finding,) = verify(store).findings
    assert (finding.part, finding.problem, finding.damage) == ("seal", Problem.NOT_SEALED, False)
    report = verify(store, repair=True)
    assert report.sound
    assert report.tables[0].opened == 0
    assert verify(store).findings == ()
    sealed = store.features.find("synthetic")
    assert sealed.sealed
    assert set(before) <= set(contents(filled.path))
    np.testing.assert_array_equal(sealed.read(keys, ["one", "two"])[0], X)


def test_keys_that_differ_in_a_table_without_seals_are_trusted_by_nobody(store, filled, child):
    as_schema_1(filled)
    old = store.features.find("synthetic")
    over_the_next(filled.path, "audio")
    keys = [child.key_of(clip) for clip in range(150)]
    with pytest.raises(
        StoreDamaged, match="keys, states and reasons are not those written in rows 64 to 127"
    ):
        old.read(keys, ["one"])
    report = verify(store, repair=True)
    assert Problem.KEYS_DIFFER in {finding.problem for finding in report.findings}
    assert child.run(store.features.find("synthetic"), 150) == list(range(150, 214))


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("audio", "150", "1000000000000"),
        ("audio_copy", "150", "1000000000000"),
        ("state", "150", "1000000000000"),
        ("layer1.one", "150", "1000000000000"),
        ("layer1.one", "float32", "int32"),
        ("seal", "uint32", "float32"),
    ],
)
def test_edited_metadata_never_fill_the_memory_or_change_a_value(name, old, new, store, filled, child):
    keys = [child.key_of(clip) for clip in range(150)]
    X, before = filled.read(keys, ["one", "two"])[0], contents(filled.path)
    path = filled.path / name / "zarr.json"
    path.write_text(path.read_text().replace(old, new, 1))
    with suppress(StoreDamaged):
        np.testing.assert_array_equal(filled.read(keys, ["one", "two"])[0], X)
    if name != "audio_copy":  # a longer copy is what a kill while rows are assigned leaves
        assert {finding.part for finding in verify(store).findings} == {f"{name}/zarr.json"}
    assert verify(store, repair=True).sound
    assert child.run(filled, 150) == []
    assert contents(filled.path) == before


def test_seals_do_not_depend_on_how_many_rows_are_sealed_at_once():
    rng = np.random.default_rng(1)
    keys, values = (
        rng.integers(0, 256, (BLOCK + 3, 32), np.uint8),
        rng.normal(size=(BLOCK + 3, 5)).astype(np.float32),
    )
    states = np.ones(len(keys), np.uint8)
    whole = layer_seals("ab", "layer1.one", keys, values)
    assert len(set(whole.tolist())) > BLOCK
    assert layer_seals("ab", "layer1.one", keys[-1:], values[-1:]) == whole[-1:]
    assert outcome_seals("ab", keys[:1], states[:1], states[:1]) != outcome_seals(
        "ac", keys[:1], states[:1], states[:1]
    )
    assert len(layer_seals("ab", "layer1.one", keys[:0], values[:0])) == 0


def test_a_table_says_in_its_attributes_that_it_is_sealed(filled):
    assert json.loads((filled.path / "zarr.json").read_text())["attributes"]["seal"] == 1
    assert open_array(filled.path, "seal").shape == (150, 3)
