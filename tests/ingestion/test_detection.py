"""One walk and one detection decide who reads a folder: a loader of clips, or one that brings features."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

import mxt.ingestion.plan
from mxt.core.records import DatasetRecord, Listing
from mxt.ingestion.detection import SURE, detect
from mxt.ingestion.requests import IngestRequest
from mxt.registry import build_registry
from mxt.workflows.ingest import ingest

PLUGIN = """
import dataclasses
from mxt.plugin import Clip, Detection, StageSpec, hookimpl

ASKED = []

@dataclasses.dataclass(frozen=True)
class Clips:
    def detect(self, listing):
        ASKED.append("clips")
        return Detection({clips}, "clips")
    def clips(self, listing):
        yield Clip("a.wav")

@dataclasses.dataclass(frozen=True)
class Features:
    def detect(self, listing):
        ASKED.append("features")
        return Detection({features}, "features")
    def feature_sets(self, listing):
        return []

@hookimpl
def mxt_stages():
    return [
        StageSpec(kind="dataset", name="my_clips", summary="s", target=":Clips"),
        StageSpec(kind="dataset", name="my_features", summary="s", target=":Features"),
    ]
"""
LISTING = Listing("/nowhere", ("a.wav",))


@pytest.fixture
def registry(tmp_path: Path):
    """A registry with a loader of clips and one of features that are as sure as they are told to be."""

    def build(clips: float, features: float):
        path = tmp_path / "mine.py"
        path.write_text(PLUGIN.format(clips=clips, features=features))
        return build_registry([path])

    return build


@pytest.mark.parametrize(
    ("clips", "features", "chosen"),
    [
        (1.0, SURE, "my_features"),
        (1.0, SURE - 0.01, "my_clips"),
        (0.5, 0.6, "my_features"),
        (0.0, 1.0, "my_features"),
    ],
)
def test_features_win_from_a_certain_score_on_else_the_surest_loader_does(registry, clips, features, chosen):
    detected = detect(LISTING, IngestRequest(Path("/nowhere")), registry(clips, features))
    assert detected.chosen.spec.name == chosen
    assert detected.brings_features is (chosen == "my_features")


def test_a_loader_that_is_named_is_taken_whatever_the_others_say(registry):
    detected = detect(LISTING, IngestRequest(Path("/nowhere"), loader="my_clips"), registry(0.0, 1.0))
    assert (detected.chosen.spec.name, detected.why) == ("my_clips", "chosen with --loader")


def test_the_loader_of_last_time_is_kept_unless_parameters_or_features_speak_against_it(registry):
    last = DatasetRecord("x", "/nowhere", "my_clips", {}, (), "", "")
    request = IngestRequest(Path("/nowhere"))
    assert detect(LISTING, request, registry(0.1, 0.5), last=last).why.startswith("as last time")
    assert detect(LISTING, request, registry(0.1, 0.95), last=last).chosen.spec.name == "my_features"
    given = IngestRequest(Path("/nowhere"), params={"label_level": 1})
    listing = Listing("/nowhere", ("x/a.wav", "y/b.wav"))
    assert detect(listing, given, registry(0.1, 0.5), last=last).chosen.spec.name == "folder"


def test_a_folder_is_walked_once_and_each_loader_is_asked_once(collection, tmp_path, monkeypatch):
    walks: list[Path] = []
    walk = mxt.ingestion.plan.walk
    monkeypatch.setattr(mxt.ingestion.plan, "walk", lambda path: walks.append(path) or walk(path))
    registry = build_registry()
    asked: Counter[str] = Counter()
    build = type(registry).build

    def counted(chosen):
        asked[chosen.spec.name] += 1
        return build(chosen)

    monkeypatch.setattr(type(registry), "build", staticmethod(counted))
    ingest(tmp_path / "store", IngestRequest(collection, dry_run=True), registry)
    assert walks == [collection]
    assert asked == dict.fromkeys(registry.names("dataset"), 1)
