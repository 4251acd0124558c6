"""Reading feature tables."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import numpy as np
import pytest

from mxt.core.errors import StoreDamaged, StoreError, StoreReadOnly, UnknownName, UsageError
from mxt.core.specs import Layer
from mxt.store.features import DONE, FAILED, OPEN
from mxt.store.layout import Store


def test_features_come_back_in_the_order_asked_for(filled, child):
    wanted = [child.key_of(clip) for clip in (140, 1, 1, 77)]
    X, state = filled.read(wanted, ["two", "one"])
    assert X.dtype == np.float32
    expected = np.array(
        [np.concatenate([child.features_of(key)["two"], child.features_of(key)["one"]]) for key in wanted]
    )
    np.testing.assert_array_equal(X, expected)
    assert state.tolist() == [DONE] * 4


def test_clips_without_features_are_nan_and_say_why(filled, child):
    failed = next(clip for clip in range(150) if child.fails(child.key_of(clip)))
    X, state = filled.read([child.key_of(failed), child.key_of(9999)], ["one"])
    assert np.isnan(X).all()
    assert state.tolist() == [FAILED, OPEN]


def test_no_clips_give_no_rows(filled):
    X, state = filled.read([], ["one", "two"])
    assert (X.shape, state.shape) == ((0, 8), (0,))


def test_rows_are_found_by_key(filled, child):
    assert filled.ledger().rows_of([child.key_of(3), child.key_of(149), child.key_of(150)]).tolist() == [
        3,
        149,
        -1,
    ]


def test_an_unknown_layer_names_those_there_are(filled):
    with pytest.raises(UnknownName, match=r"no layer of synthetic called 'three'; there are: one, two"):
        filled.layer("three")


def test_a_table_is_read_with_zarr_alone(filled, child):
    import zarr

    group = zarr.open_group(str(filled.path), mode="r")
    assert group.attrs["label"] == "synthetic"
    assert group["audio"].shape == (150, 32)
    np.testing.assert_array_equal(group["layer1.one"][1], child.features_of(child.key_of(1))["one"])
    assert group["state"].chunks == group["reason"].chunks == (64,)


def test_equal_runs_leave_equal_attributes(filled):
    attributes = json.loads((filled.path / "zarr.json").read_text())["attributes"]
    assert set(attributes) == {"checksum", "fingerprint", "kind", "label", "layers", "pipeline", "seal"}
    assert attributes["layers"][1] == {
        "number": 2,
        "name": "two",
        "dimension": 5,
        "labels": ["a", "b", "c", "d", "e"],
    }


def test_layers_come_back_as_they_were_given(filled, child):
    assert filled.layers == child.LAYERS


@pytest.mark.usefixtures("filled")
def test_making_a_table_again_gives_the_one_there_is(store, child):
    assert len(child.make_table(store)) == 150


@pytest.mark.parametrize("wanted", ["synthetic", "synthetic.2"])
def test_labels_are_unique(wanted, store, table, layers):
    store.features.create("01" * 32, wanted, {}, layers)
    store.features.create("02" * 32, "synthetic", {}, layers)
    labels = [table.label for table in store.features.tables()]
    assert len(set(labels)) == 3
    assert table.label in labels


def test_a_label_of_ones_own_is_not_changed(store, table, layers):
    with pytest.raises(
        StoreError, match="another feature table is called synthetic; choose another name with --as"
    ):
        store.features.create("01" * 32, table.label, {}, layers, exact_label=True)


@pytest.mark.parametrize("label", ["a b", "", "a+b", "a:1", "é"])
def test_a_label_that_no_view_could_name_is_refused(label, store, layers):
    with pytest.raises(UsageError, match="is not a label"):
        store.features.create("01" * 32, label, {}, layers)


@pytest.mark.usefixtures("table")
def test_an_unknown_label_lists_the_nearest(store):
    with pytest.raises(UnknownName, match="did you mean synthetic"):
        store.features.find("synthetik")


def test_a_table_is_found_by_its_fingerprint(store, table):
    assert store.features.by_fingerprint(table.fingerprint).label == "synthetic"
    assert store.features.by_fingerprint("00" * 32) is None


def test_names_of_arrays_are_safe_on_every_system(store):
    names = ["con", "a/b", "A", "a", "..", "ü", "x" * 40, "__init__", "a:b*"]
    made = store.features.create("01" * 32, "odd", {}, [Layer(i, name, 2) for i, name in enumerate(names, 1)])
    arrays = [entry.name for entry in made.path.iterdir() if entry.name.startswith("layer")]
    assert len({name.lower() for name in arrays}) == len(names)
    assert all(
        name.isascii() and not set(name) & set('<>:"/\\|?*') and not name.endswith(".") for name in arrays
    )
    with made.writer() as writer:
        writer.assign([b"k" * 32])
        writer.put(0, {name: np.full(2, i, np.float32) for i, name in enumerate(names)})
    assert made.read([b"k" * 32], ["a", "A"])[0].tolist() == [[3, 3, 2, 2]]


def test_tables_made_at_once_by_several_threads_have_their_own_labels(store, layers):
    threads = [
        threading.Thread(target=store.features.create, args=(f"{i:02d}" * 32, "same", {}, layers))
        for i in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [table.label for table in store.features.tables()] == [
        "same",
        "same.2",
        "same.3",
        "same.4",
        "same.5",
        "same.6",
    ]


def test_labels_are_listed_without_importing_zarr(store, table):
    code = (
        "import sys, pathlib; from mxt.store.layout import Store; "
        f"tables = Store.open(pathlib.Path({str(store.root)!r}), read_only=True).features.tables(); "
        f"assert [t.label for t in tables] == [{table.label!r}]; assert 'zarr' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=30)


def test_a_reader_beside_a_writer_never_sees_half_a_chunk_as_done(table, child, keys):
    """Read all the time while chunks are committed: rows that count as done have values, or `read` raises."""
    seen, stop, caught = set(), threading.Event(), []

    def look():
        try:
            while not stop.is_set():
                X, state = table.read(keys(320), ["one", "two"])
                assert not np.isnan(X[state == DONE]).any()
                seen.add(int((state == DONE).sum()))
        except Exception as error:
            caught.append(error)

    thread = threading.Thread(target=look)
    thread.start()
    child.run(table, 320)
    stop.set()
    thread.join()
    assert caught == []
    assert seen


def test_reading_after_a_repair_opened_rows_is_tried_once_more(filled, child, monkeypatch):
    calls = []
    original = type(filled)._read_rows

    def once_stale(self, keys, *how):
        calls.append(len(keys))
        if len(calls) == 1:
            raise StoreDamaged("stale")
        return original(self, keys, *how)

    monkeypatch.setattr(type(filled), "_read_rows", once_stale)
    assert filled.read([child.key_of(1)], ["one"])[1].tolist() == [DONE]
    assert len(calls) == 2


READ_AS_NOBODY = """
import os, pathlib, sys
sys.path.insert(0, {here!r})
import mxt.store.table_writer, mxt.store.verify, mxt.store.verify_rows, mxt.store.verify_metadata
import mxt.store.catalogue, mxt.store.results
import sqlite3, filelock, zarr.codecs
from mxt.core.errors import StoreReadOnly
from mxt.store.layout import Store
import numpy as np
list(map(str, np.ones(1)))
# imports what is imported late
zarr.create_array(zarr.storage.MemoryStore(), name="a", shape=(1,), dtype="uint8")[:]
os.setuid(65534)
store = Store.open(pathlib.Path({root!r}), read_only={read_only})
(table,) = store.features.tables()
assert table.counts()[0] == 0, table.counts()
assert table.read([table.keys()[1].tobytes()], ["one"])[1][0] == 1
assert store.catalogue.datasets() == []
from mxt.store.verify import verify
assert verify(store).sound, verify(store).findings
for attempt in (
    lambda: table.writer().__enter__(),
    lambda: store.results.publish({{}}, {{}}),
    lambda: verify(store, repair=True),
    lambda: store.features.create("01" * 32, "new", {{}}, table.layers),
    lambda: store.log_run({{}}),
):
    try:
        attempt()
    except StoreReadOnly as error:
        print("refused:", error)
    else:
        raise SystemExit("was not refused")
"""


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs to be root to become another user"
)
@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("read_only", [True, False])
def test_a_store_of_another_user_is_read_and_not_written(read_only, store):
    with tempfile.TemporaryDirectory() as open_to_all:  # pytest closes its own folders to other users
        os.chmod(open_to_all, 0o755)
        root = shutil.copytree(store.root, Path(open_to_all) / "store")
        before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
        code = READ_AS_NOBODY.format(here=os.getcwd(), root=str(root), read_only=read_only)
        ended = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
        )
        assert ended.returncode == 0, ended.stderr
        assert ended.stdout.count("refused:") == 5
        assert {path: path.read_bytes() for path in root.rglob("*") if path.is_file()} == before


def test_a_store_opened_for_reading_makes_no_writer(store, table):
    with pytest.raises(StoreReadOnly, match="opened for reading only"):
        Store.open(store.root, read_only=True).features.find(table.label).writer()


def test_chunks_appear_under_their_name_when_they_are_whole(table, child, monkeypatch):
    """The bound on zarr: its LocalStore writes beside the chunk, as *.partial, and renames."""
    from pathlib import Path

    renamed = []
    original = Path.replace

    def watch(self, target):
        renamed.append((self.name, Path(target).name, Path(target).exists()))
        return original(self, target)

    monkeypatch.setattr(Path, "replace", watch)
    child.run(table, 64)
    chunks = [(temporary, name) for temporary, name, _ in renamed if name.startswith("c.")]
    assert {name for _, name in chunks} == {"c.0", "c.0.0"}
    assert all(temporary.endswith(".partial") for temporary, _ in chunks)
    assert not list(table.path.rglob("*.partial"))
