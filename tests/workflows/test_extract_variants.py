"""A stage that got a parameter: features computed before keep their label and meaning."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from mxt.extraction.plan import make_plan
from mxt.extraction.request import ExtractRequest
from mxt.ingestion.requests import IngestRequest
from mxt.registry import Registry, build_registry
from mxt.store.layout import Store
from mxt.workflows.extract import extract
from mxt.workflows.ingest import ingest

PAPER = ExtractRequest("marsyas", settings=("variant=paper",), label="marsyas")


@pytest.fixture(scope="module")
def registry() -> Registry:
    return build_registry()


@pytest.fixture
def old_store(tmp_path: Path, registry: Registry) -> Path:
    """A store with a table `marsyas` of version 1 of the stage, which had no variants."""
    for name in ("a", "b"):
        (tmp_path / "sounds" / name).mkdir(parents=True)
        y = np.random.default_rng(ord(name)).uniform(-0.3, 0.3, 22_050)
        soundfile.write(tmp_path / "sounds" / name / "1.wav", y, 22_050)
    store = tmp_path / "store"
    ingest(store, IngestRequest(tmp_path / "sounds"), registry)
    extract(store, PAPER, registry)
    backbone = Store.open(store).features.find("marsyas").attributes["pipeline"]["backbone"]
    assert (backbone["version"], backbone["params"]) == (1, {})  # as it was written then
    return store


def test_a_table_from_before_is_that_of_the_papers_variant(old_store: Path, registry: Registry) -> None:
    again = extract(old_store, ExtractRequest("marsyas", settings=("variant=paper",)), registry)
    assert (again.label, again.computed, again.done) == ("marsyas", 0, 2)
    table = Store.open(old_store).features.find("marsyas")
    request = ExtractRequest.from_table(table, registry)
    assert request == PAPER
    assert request.pipeline(registry).fingerprint == table.fingerprint


def test_the_new_default_gets_a_table_of_its_own_and_says_whose_the_label_is(
    old_store: Path, registry: Registry
) -> None:
    before = Store.open(old_store).features.find("marsyas").layer("timbre")
    plan = make_plan(old_store, ExtractRequest("marsyas"), registry)
    assert plan.label == "marsyas.2"  # known before anything is computed
    result = extract(old_store, ExtractRequest("marsyas"), registry)
    assert (result.label, result.computed, result.namesake) == ("marsyas.2", 2, PAPER)
    tables = Store.open(old_store).features
    np.testing.assert_array_equal(tables.find("marsyas").layer("timbre"), before)
    assert not np.allclose(tables.find("marsyas.2").layer("timbre"), before)


def test_a_table_with_its_usual_label_has_no_namesake(old_store: Path, registry: Registry) -> None:
    assert extract(old_store, PAPER, registry).namesake is None
    named = ExtractRequest("marsyas", label="marsyas.released")
    assert extract(old_store, named, registry).namesake is None
