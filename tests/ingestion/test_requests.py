"""Requests know the command that repeats them, and saved things give their requests back."""

from __future__ import annotations

import shlex
from pathlib import Path

import numpy as np
import pytest

from mxt.cli.main import main
from mxt.core.errors import UnknownName, UsageError
from mxt.ingestion.derivations import DERIVATIONS
from mxt.ingestion.requests import DeriveRequest, ImportRequest, IngestRequest
from mxt.registry import build_registry
from mxt.store.layout import Store
from mxt.workflows.derive import derive
from mxt.workflows.import_features import import_features
from mxt.workflows.ingest import ingest

REGISTRY = build_registry()
OPTIONS = {
    "excerpt": {"start": 0.25, "length": 0.5},
    "windows": {"length": 0.5, "hop": 0.25},
    "loudness-classes": {"parts": 3, "only": ("Loud1", "Loud3"), "measure": "peak"},
    "min-class-size": {"size": 3},
    "classes": {"names": ("bow", "reed"), "target": "label"},
    "without": {"file": "faults.txt"},
    "nsynth": {"subset": "organ"},
}


def test_a_data_set_gives_back_the_request_it_was_ingested_with(store, collection):
    record = Store.open(store).catalogue.dataset()
    again = IngestRequest.from_dataset(record, REGISTRY)
    assert again == IngestRequest(collection, "folder", "timbres")
    (result,) = ingest(store, again, REGISTRY)
    assert (result.read, result.loader, result.changes.relabelled) == (0, "folder", ())


def test_parameters_of_a_loader_come_back_as_settings_where_they_are_not_the_defaults(store, collection):
    request = IngestRequest(collection, name="own", params={"label_level": 1, "target": ("label",)})
    ingest(store, request, REGISTRY)
    again = IngestRequest.from_dataset(Store.open(store).catalogue.dataset("own"), REGISTRY)
    assert again.command() == (
        f"mxt ingest {collection} --name own --loader folder --set label_level=1 --set target=label"
    )
    assert again.parameter_names == {"label_level", "target"}


@pytest.mark.parametrize("kind", DERIVATIONS)
def test_a_typed_derivation_means_the_request_that_worded_it(kind, store, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    jobs = 2 if DERIVATIONS[kind].reads_audio else None
    request = DeriveRequest(kind, OPTIONS[kind], "timbres", "new", yes=True, jobs=jobs)
    seen = []
    monkeypatch.setattr(
        "mxt.workflows.derive.derive", lambda _store, request, **_: seen.append(request) or 1 / 0
    )
    words = shlex.split(request.command())[1:]
    with pytest.raises(ZeroDivisionError):
        main([*words, "--store", str(store)])
    assert seen == [request]


def test_a_derived_data_set_gives_back_its_request(store):
    made = derive(store, DeriveRequest("loudness-classes", OPTIONS["loudness-classes"]))
    again = DeriveRequest.from_dataset(Store.open(store).catalogue.dataset(made.name))
    assert (again.options, again.parent, again.name) == (OPTIONS["loudness-classes"], "timbres", made.name)
    assert derive(store, again).changes.changed == ()


@pytest.mark.parametrize(
    ("kind", "options", "error", "message"),
    [
        ("excerpts", {}, UnknownName, "did you mean excerpt"),
        ("excerpt", {}, UsageError, "excerpt needs length"),
        ("excerpt", {"length": 1, "stop": 2}, UnknownName, "stop"),
        ("excerpt", {"length": 0.0}, UsageError, r"length is a number at least 0\.01"),
        ("windows", {"length": "long"}, UsageError, "length is a number"),
        ("loudness-classes", {"measure": "dB"}, UsageError, "measure is one of rms, peak, lufs"),
        ("min-class-size", {"size": 1.5}, UsageError, "size is a whole number"),
    ],
)
def test_a_derivation_that_makes_no_sense_is_refused_when_it_is_worded(kind, options, error, message):
    with pytest.raises(error, match=message):
        DeriveRequest(kind, options)


def test_an_imported_table_gives_back_its_request(store, tmp_path):
    clips = [clip for clip in Store.open(store).catalogue.clips("timbres") if clip.usable]
    np.savez(tmp_path / "m.npz", stimulus=[clip.id for clip in clips], X=np.arange(len(clips))[:, None] * 1.0)
    request = ImportRequest(tmp_path / "m.npz", label="mine", id_column="stimulus")
    made = import_features(store, request)
    table = Store.open(store).features.find(made.label)
    again = ImportRequest.from_table(table, dataset="timbres")
    assert again == ImportRequest(Path("m.npz"), "timbres", "mine", "stimulus")
    assert again.command() == "mxt import m.npz --dataset timbres --as mine --id-column stimulus"
