"""Removing by name, and what nothing refers to."""

from __future__ import annotations

import os

import numpy as np
import pytest

from mxt.core.errors import Refused, StoreBusy, StoreDamaged, StoreReadOnly, UnknownName
from mxt.extraction.request import ExtractRequest
from mxt.store.layout import Store
from mxt.workflows.extract import extract
from mxt.workflows.ls import ls
from mxt.workflows.remove import prune, remove


@pytest.fixture
def name(store):
    return Store.open(store, read_only=True).catalogue.dataset().name


@pytest.fixture
def opened(store, registry):
    """The store with one table and one result."""
    extract(store, ExtractRequest(backbone="tiny"), registry)
    opened = Store.open(store)
    opened.results.publish({"dataset": "x"}, {"y": np.arange(4)})
    return opened


def names(store):
    found = ls(store.root)
    return (
        [entry.name for entry in found.datasets],
        [entry.label for entry in found.tables],
        [entry.id for entry in found.results],
    )


def test_removing_needs_a_yes_and_says_what_would_go(opened, name):
    before = names(opened)
    with pytest.raises(
        Refused,
        match=rf"mxt rm would remove data set {name}, feature table tiny for good \(\d+ kB\); add --yes",
    ):
        remove(opened.root, [name, "tiny"])
    assert names(opened) == before


def test_a_dry_run_removes_nothing_and_names_sizes(opened):
    removal = remove(opened.root, ["tiny"], dry_run=True)
    assert [(item.kind, item.name) for item in removal.items] == [("feature table", "tiny")]
    assert removal.nbytes == ls(opened.root).tables[0].nbytes
    assert names(opened)[1] == ["tiny"]


def test_a_table_goes_with_the_views_on_it(opened, name):
    opened.catalogue.add_view(name, "tiny:1+other")
    opened.catalogue.add_view(name, "other")
    remove(opened.root, ["tiny"], yes=True)
    assert names(opened)[1] == []
    assert Store.open(opened.root).catalogue.views(name) == ["other"]
    assert [
        p.name
        for p in opened.features.path.iterdir()
        if p.name.strip(".").startswith(tuple("0123456789abcdef"))
    ] == []


def test_a_data_set_goes_and_its_features_stay(opened, name):
    remove(opened.root, [name], yes=True)
    assert names(opened)[:2] == ([], ["tiny"])


def test_a_result_goes(opened):
    (result_id,) = names(opened)[2]
    remove(opened.root, [result_id[-4:]], yes=True)
    assert names(opened)[2] == []
    assert opened.results.partial() == ()


def test_one_unknown_name_among_several_removes_nothing(opened):
    with pytest.raises(UnknownName):
        remove(opened.root, ["tiny", "tinny"], yes=True)
    assert names(opened)[1] == ["tiny"]


def test_a_table_that_is_being_written_is_not_removed(opened):
    with opened.features.find("tiny").writer(), pytest.raises(StoreBusy, match="being written by process"):
        remove(opened.root, ["tiny"], yes=True)
    assert names(opened)[1] == ["tiny"]


def test_a_damaged_table_is_removed_by_its_fingerprint(opened):
    (folder,) = opened.features.folders()
    (folder / "zarr.json").unlink()
    remove(opened.root, [folder.name[:12]], yes=True)
    assert opened.features.folders() == []


def test_a_newer_store_is_not_touched(opened):
    (opened.root / "mxt.json").write_text('{"schema": 99}')
    with pytest.raises(StoreReadOnly, match="newer mxt"):
        remove(opened.root, ["tiny"], yes=True)


def test_a_removed_table_is_computed_again(opened, registry):
    remove(opened.root, ["tiny"], yes=True)
    assert extract(opened.root, ExtractRequest(backbone="tiny"), registry).computed == 72


def test_prune_keeps_what_a_clip_uses_and_removes_the_rest(opened, registry):
    layers = registry.find("backbone", "tiny").spec.layers
    unused = opened.features.create("ab" * 32, "unused", {}, layers)
    with unused.writer() as writer:
        writer.assign([b"k" * 32])
    opened.features.create("cd" * 32, "just-made", {}, layers)
    opened.results.scratch("key").put(0, {"x": 1})
    (opened.features.path / ".ab12.removed").mkdir()
    new = opened.results.path / ".new.partial"
    old = opened.results.path / ".old.partial"
    for folder in (new, old):
        folder.mkdir()
    os.utime(old, (0, 0))

    shown = prune(opened.root, dry_run=True)
    assert {item.name for item in shown.items} == {"unused", ".partial-key", ".ab12.removed", ".old.partial"}
    with pytest.raises(Refused, match="mxt prune would remove"):
        prune(opened.root)
    assert prune(opened.root, yes=True).items == shown.items
    assert [table.label for table in opened.features.tables()] == ["just-made", "tiny"]
    assert new.exists()
    assert prune(opened.root).items == ()


def test_prune_removes_nothing_where_the_catalogue_is_gone(opened):
    (opened.root / "catalogue.sqlite").unlink()
    with pytest.raises(StoreDamaged, match="has no catalogue"):
        prune(opened.root, yes=True)
    assert [table.label for table in opened.features.tables()] == ["tiny"]


def test_prune_leaves_the_folds_of_an_evaluation_that_runs(opened):
    running = opened.results.scratch("running")
    running.put(0, {"x": 1})
    assert prune(opened.root, yes=True).items == ()
    assert running.get(0) is not None
    del running  # as the end of its process
    assert [item.name for item in prune(opened.root, yes=True).items] == [".partial-running"]
