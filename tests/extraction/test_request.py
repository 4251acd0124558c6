"""A saved table gives back the request that made it."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from mxt.core.errors import InputError
from mxt.core.identity import sha256_file
from mxt.extraction.request import ExtractRequest
from mxt.registry import build_registry
from mxt.store.layout import Store
from mxt.workflows.extract import extract


def stored(registry, request, label=None):
    """A table as it is after `request`, without computing anything."""
    pipeline = request.pipeline(registry)
    return SimpleNamespace(label=label or pipeline.label, attributes={"pipeline": pipeline.identity()})


@pytest.mark.parametrize(
    "request_",
    [
        ExtractRequest("mfcc"),
        ExtractRequest("convnet", resampler="kaiser_best"),
        ExtractRequest("convnet", settings=("melspectrogram.floor_db=-60.0",)),
        ExtractRequest("mfcc", normalizer="rms", settings=("target_db=-18.0",)),
        ExtractRequest("convnet", normalizer="loudness_stack", settings=("levels_db=-18.0,0.0",)),
        ExtractRequest("inception_v3", weights="tf2015"),
        ExtractRequest("convnet", settings=("statistics=batch",)),
        ExtractRequest("convnet", weights="keras2"),
        ExtractRequest("marsyas"),
        ExtractRequest("marsyas", settings=("variant=paper",)),
        ExtractRequest("mfcc", label="mfcc_mine"),
        ExtractRequest("mfcc", label="mine"),
    ],
    ids=ExtractRequest.command,
)
def test_a_table_gives_back_the_request_that_made_it(request_):
    registry = build_registry()
    table = stored(registry, request_, request_.label)
    again = ExtractRequest.from_table(table, registry, dataset="genres")
    assert again == replace(request_, dataset="genres")
    assert again.pipeline(registry).fingerprint == request_.pipeline(registry).fingerprint


def test_the_label_that_was_given_is_in_the_command_even_where_it_begins_with_the_backbones_name(
    store, registry
):
    extract(store, ExtractRequest("tiny", label="tiny_mine"), registry)
    table = Store.open(store).features.find("tiny_mine")
    command = ExtractRequest.from_table(table, registry).command()
    assert command.endswith(" --as tiny_mine")


def test_a_label_made_from_the_pipeline_is_not_repeated(store, registry):
    extract(store, ExtractRequest("tiny", settings=("scale=2",)), registry)
    table = Store.open(store).features.find("tiny-scale2")
    assert ExtractRequest.from_table(table, registry).label is None


def test_weights_of_ones_own_are_asked_for_by_their_hash(tmp_path):
    registry = build_registry()
    file = tmp_path / "own.h5"
    file.write_bytes(b"weights")
    asked = ExtractRequest("convnet", weights_file=file)
    again = ExtractRequest.from_table(stored(registry, asked), registry)
    assert again == ExtractRequest("convnet", weights_sha256=sha256_file(file))
    assert again.command().endswith(f" --weights-file sha256:{sha256_file(file)}")
    with pytest.raises(InputError, match="--weights-file is needed: weights with the sha256"):
        again.pipeline(registry)
    found = replace(again, weights_file=file)
    assert found.pipeline(registry).fingerprint == asked.pipeline(registry).fingerprint


def test_a_stage_that_is_not_installed_is_given_with_all_its_parameters(registry):
    table = stored(registry, ExtractRequest("tiny", settings=("scale=2",)), label="mine")
    again = ExtractRequest.from_table(table, build_registry())
    assert {"scale=2.0", "nap=0.0"} <= set(again.settings)
    assert (again.plugins, again.label) == ((), "mine")


def test_a_stage_from_a_file_is_named_with_it(registry, plugin):
    table = stored(registry, ExtractRequest("tiny"))
    assert (
        ExtractRequest.from_table(table, registry).command()
        == f"mxt extract --backbone tiny --plugin {plugin}"
    )


def test_a_table_that_was_not_computed_has_no_request(registry):
    table = SimpleNamespace(label="mine", attributes={"kind": "imported", "file": "features.npz"})
    with pytest.raises(InputError, match="mine was not computed by mxt"):
        ExtractRequest.from_table(table, registry)


def test_a_command_says_all_that_was_asked():
    asked = ExtractRequest(
        "convnet", "135", dataset="my genres", device="cpu", jobs=2, limit=9, retry_failed=True
    )
    assert asked.command() == (
        "mxt extract --dataset 'my genres' --backbone convnet --layers 135 --device cpu --jobs 2 --limit 9 "
        "--retry-failed"
    )
