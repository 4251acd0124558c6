"""Everything about a data set, a table or a result."""

from __future__ import annotations

import shlex

import numpy as np
import pytest

from mxt.core.errors import Reason, UnknownName, UsageError
from mxt.core.pipeline import Pipeline
from mxt.extraction.request import ExtractRequest
from mxt.store.layout import Store
from mxt.workflows.extract import extract
from mxt.workflows.info import DatasetInfo, ResultInfo, TableInfo, info


@pytest.fixture
def name(store):
    return Store.open(store, read_only=True).catalogue.dataset().name


@pytest.fixture
def extracted(store, registry):
    """The store with a table `tiny-scale2` of which one row has failed since."""
    extract(store, ExtractRequest(backbone="tiny", settings=("scale=2",)), registry)
    return store


def test_a_data_set_tells_its_figures_and_how_to_make_it_again(extracted, registry, name):
    found = info(extracted, name, registry)
    assert isinstance(found, DatasetInfo)
    assert (found.summary.used, found.failures, found.views) == (72, (), ("tiny-scale2",))
    assert [(c.label, c.done, c.failed, c.missing) for c in found.coverage] == [("tiny-scale2", 72, 0, 0)]
    words = shlex.split(found.commands[0])
    assert words[:3] == ["mxt", "ingest", found.record.root]
    assert words[words.index("--loader") + 1] == "folder"


def test_a_table_tells_its_provenance_and_the_command_that_makes_it_again(extracted, registry, name, plugin):
    found = info(extracted, "tiny-scale2", registry)
    assert isinstance(found, TableInfo)
    assert found.attributes["pipeline"]["backbone"]["params"] == {"nap": 0.0, "scale": 2.0}
    assert found.runs[-1]["computed"] == 72
    assert found.commands == (
        f"mxt extract --dataset {name} --backbone tiny --set scale=2.0 --plugin {plugin}",
    )


def test_the_command_of_a_table_extracts_nothing_new(extracted, registry, name):
    words = shlex.split(info(extracted, "tiny-scale2", registry).commands[0])
    settings = tuple(words[place + 1] for place, word in enumerate(words) if word == "--set")
    again = extract(extracted, ExtractRequest(backbone="tiny", settings=settings, dataset=name), registry)
    assert (again.label, again.computed) == ("tiny-scale2", 0)


def test_failed_clips_are_named_with_reason_and_detail(extracted, registry, name):
    store = Store.open(extracted)
    table, clip = store.features.find("tiny-scale2"), store.catalogue.clips(name)[5]
    other = store.features.create("cd" * 32, "failing", table.attributes, table.layers)
    with other.writer() as writer:
        writer.assign([clip.key, b"gone from the catalogue".ljust(32)])
        writer.fail(0, Reason.TOO_SHORT)
        writer.fail(1, Reason.STAGE_FAILED)
    store.log_run({"fingerprint": other.fingerprint, "failures": [[clip.id, "too short", "3 samples"]]})
    found = info(extracted, "failing", registry)
    assert [(f.clip, f.dataset, f.reason, f.detail) for f in found.failures] == [
        (clip.id, name, "too short", "3 samples"),
        ("key 676f6e652066", "", "stage failed", ""),
    ]


def test_a_result_lists_the_commands_that_make_it_again(extracted, registry, name):
    store = Store.open(extracted)
    table = store.features.find("tiny-scale2")
    command = f"mxt eval --dataset {name} --features tiny-scale2"
    saved = {
        "dataset": name,
        "view": "tiny-scale2:1",
        "fingerprints": {table.label: table.fingerprint},
        "command": command,
    }
    result_id = store.results.publish(saved, {"y": np.arange(2)})
    found = info(extracted, result_id[-4:], registry)
    assert isinstance(found, ResultInfo)
    assert [c.split()[1] for c in found.commands] == ["ingest", "extract", "eval"]
    assert found.commands[-1] == command


def test_a_stage_that_is_not_installed_any_more_has_all_its_parameters_written_out(extracted, name):
    from mxt.registry import build_registry

    (command,) = info(extracted, "tiny-scale2", build_registry()).commands
    assert command == f"mxt extract --dataset {name} --backbone tiny --set nap=0.0 --set scale=2.0"


def test_a_weight_set_and_a_normalizer_are_part_of_the_command(store, registry):
    normalizer = registry.choose("normalizer", "peak", {"target_db": -3.0})
    backbone = registry.choose("backbone", "convnet", {}, weights="keras2")
    weights = backbone.spec.weight_set("keras2")
    pipeline = Pipeline(backbone, normalizer, resampler="kaiser_best", weights=weights, weights_name="keras2")
    Store.open(store).features.create(
        pipeline.fingerprint, "mine", {"pipeline": pipeline.identity()}, backbone.spec.layers
    )
    (command,) = info(store, "mine", registry).commands
    assert command == (
        "mxt extract --backbone convnet --weights keras2 --normalizer peak --set target_db=-3.0 "
        "--resampler kaiser_best --as mine"
    )


def test_a_name_used_twice_asks_for_the_kind(store, registry, name):
    Store.open(store).features.create("ab" * 32, name, {}, registry.find("backbone", "tiny").spec.layers)
    with pytest.raises(
        UsageError,
        match=f"{name} is a data set and a feature table; say which with --kind dataset or --kind features",
    ):
        info(store, name, registry)
    assert isinstance(info(store, name, registry, kind="features"), TableInfo)
    assert isinstance(info(store, name, registry, kind="datasets"), DatasetInfo)
    with pytest.raises(UnknownName, match="no kind called"):
        info(store, name, registry, kind="thing")


def test_an_unknown_name_lists_the_nearest_of_all_kinds(extracted, registry):
    with pytest.raises(
        UnknownName,
        match=r"no data set, feature table, result or clip called 'tiny-scale'; did you mean tiny-scale2\?",
    ):
        info(extracted, "tiny-scale", registry)


def test_a_table_is_found_by_its_fingerprint(extracted, registry):
    fingerprint = Store.open(extracted).features.find("tiny-scale2").fingerprint
    assert info(extracted, fingerprint[:10], registry).entry.label == "tiny-scale2"
