"""What a store holds."""

from __future__ import annotations

import numpy as np
import pytest

from mxt.core.errors import InputError, UnknownName
from mxt.evaluation.interval import Interval
from mxt.extraction.request import ExtractRequest
from mxt.store.layout import Store
from mxt.workflows.extract import extract
from mxt.workflows.ls import ls
from mxt.workflows.ls_clips import ls_clips

RESULT = {
    "created": "2025-01-31T12:00:00+00:00",
    "dataset": "collection",
    "target": "label",
    "view": "tiny",
    "main": "accuracy",
    "head": {"name": "svm", "params": {}},
    "scores": {"accuracy": {"value": 0.75, "low": 0.6, "high": 0.9}},
    "targets_hash": "old",
}


@pytest.fixture
def name(store):
    return Store.open(store, read_only=True).catalogue.dataset().name


def test_an_empty_store_is_an_empty_list(tmp_path):
    Store.open(tmp_path / "s", create=True)
    found = ls(tmp_path / "s")
    assert (found.datasets, found.tables, found.results) == ((), (), ())
    assert not (tmp_path / "s" / "catalogue.sqlite").exists(), "listing writes nothing"


def test_no_store_is_said_so(tmp_path):
    with pytest.raises(InputError, match="no store at"):
        ls(tmp_path / "none")


def test_data_sets_tables_and_results_are_listed_with_figures(store, registry, name):
    extract(store, ExtractRequest(backbone="tiny", layers="1"), registry)
    opened = Store.open(store)
    result_id = opened.results.publish({**RESULT, "dataset": name}, {"y": np.arange(3)})
    found = ls(store)

    (dataset,) = found.datasets
    assert (dataset.name, dataset.clips, dataset.used, dataset.views, dataset.last) == (
        name,
        72,
        72,
        ("tiny:level",),
        True,
    )
    assert dataset.seconds > 10
    (table,) = found.tables
    assert (table.label, table.done, table.failed, table.open, table.layers, table.columns) == (
        "tiny",
        72,
        0,
        0,
        ("level", "both"),
        3,
    )
    (result,) = found.results
    assert (result.id, result.view, result.head, result.scores) == (
        result_id,
        "tiny",
        "svm",
        {"accuracy": Interval(0.75, 0.6, 0.9)},
    )
    assert result.stale == "labels or clips changed since"
    assert min(table.nbytes, result.nbytes) > 500
    assert found.nbytes > table.nbytes + result.nbytes


def test_a_table_and_a_result_that_cannot_be_read_are_listed_all_the_same(store, registry):
    extract(store, ExtractRequest(backbone="tiny"), registry)
    opened = Store.open(store)
    bad = opened.results.publish(RESULT, {})
    (opened.results.path / bad / "result.json").write_text("{")
    (folder,) = opened.features.folders()
    (folder / "zarr.json").write_text("{")
    found = ls(store)
    assert [(entry.label, bool(entry.damage)) for entry in found.tables] == [(folder.name, True)]
    assert [(entry.id, bool(entry.damage)) for entry in found.results] == [(bad, True)]


def test_clips_are_listed_in_catalogue_order_with_their_targets(store, name):
    entries = ls_clips(store)
    assert [entry.id for entry in entries] == [
        clip.id for clip in Store.open(store, read_only=True).catalogue.clips(name)
    ]
    assert all(entry.seconds > 0 and not entry.reason and entry.targets for entry in entries)
    with pytest.raises(UnknownName, match="no data set called 'other'"):
        ls_clips(store, "other")
