"""The demo, with and without the pre-trained network."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mxt.cli.demo import why_left_out
from mxt.core.errors import MxtError
from mxt.core.specs import WeightsFile
from mxt.core.weights import WeightsMissing
from mxt.registry import build_registry
from mxt.results.records import Evaluated
from mxt.workflows import demo as module
from mxt.workflows.demo import DemoStep, demo


@pytest.fixture(autouse=True)
def _small(monkeypatch, tmp_path):
    """A collection of a few notes, quick backbones, and no weights anywhere."""
    monkeypatch.setattr(module.synthesise, "__kwdefaults__", {"class_size": 5, "seed": 0})
    monkeypatch.setattr(module, "BACKBONES", ("mfcc",))
    monkeypatch.setenv("MXT_WEIGHTS_DIR", str(tmp_path / "weights"))
    monkeypatch.setenv("MXT_OFFLINE", "1")


def steps(registry, tmp_path, **options) -> list[DemoStep]:
    return list(demo(tmp_path / "demo", registry, **options))


def without(registry, name: str):
    return replace(registry, stages=tuple(entry for entry in registry.stages if entry.spec.name != name))


def test_the_commands_are_those_one_would_type_and_end_in_a_score(tmp_path):
    found = steps(build_registry(), tmp_path)
    assert [step.command for step in found] == [
        "mxt ingest timbres",
        "mxt extract --backbone mfcc",
        "mxt eval",
    ]
    assert isinstance(found[-1].result, Evaluated)


def test_a_network_that_is_not_installed_is_said_in_one_line_and_the_rest_runs(tmp_path):
    found = steps(without(build_registry(), "musicnn"), tmp_path, pretrained=True)
    assert isinstance(found[2].result, MxtError)
    assert (
        why_left_out(found[2].result)
        == "musicnn is not installed; in a checkout of mxt: pip install ./plugins/mxt-musicnn"
    )
    assert isinstance(found[3].result, Evaluated)


def test_weights_that_cannot_be_had_are_said_in_one_line_and_the_rest_runs(tmp_path, monkeypatch):
    from mxt.workflows import extract as extracting

    def extract(store, request, registry, **options):
        if request.backbone == "musicnn":
            raise WeightsMissing(
                WeightsFile("released", "a.whl", "", "0"), "is not there", called="musicnn:released"
            )
        return run(store, request, registry, **options)

    run = extracting.extract
    monkeypatch.setattr(extracting, "extract", extract)
    found = steps(build_registry(), tmp_path, pretrained=True)
    assert found[2].command == "mxt extract --backbone musicnn --layers penultimate"
    assert isinstance(found[2].result, MxtError)
    assert (
        why_left_out(found[2].result)
        == "weights musicnn:released: a.whl, sha256 0, is not there; to try again: mxt weights fetch musicnn"
    )
    assert isinstance(found[3].result, Evaluated)
