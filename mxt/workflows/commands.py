"""Commands to be typed: those that make a saved thing again, and the one that usually comes next."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from mxt.core.errors import MxtError
from mxt.core.records import DatasetRecord
from mxt.core.specs import Kind
from mxt.ingestion.lineage import is_derived, parent_of
from mxt.ingestion.requests import DeriveRequest, ImportRequest, IngestRequest
from mxt.registry import Registry
from mxt.store.catalogue import Catalogue
from mxt.store.features import FeatureTable


def first_extraction(registry: Registry) -> str:
    """What is proposed after the first ingest: the stronger of the pre-trained networks, where it is installed."""
    if "musicnn" in registry.names("backbone"):
        return "mxt extract --backbone musicnn"
    return "mxt extract --backbone convnet --layers 135"


def dataset_commands(record: DatasetRecord, catalogue: Catalogue, registry: Registry) -> tuple[str, ...]:
    """What makes a data set like this: what it was derived from, and from what that, is ingested first."""
    if not is_derived(record):
        return (IngestRequest.from_dataset(record, registry).command(),)
    parent = next((each for each in catalogue.datasets() if each.name == parent_of(record)), None)
    before = dataset_commands(parent, catalogue, registry) if parent is not None else ()
    return (*before, DeriveRequest.from_dataset(record).command())


def extract_command(table: FeatureTable, registry: Registry, *, dataset: str | None = None) -> str:
    """What computes or imports a feature table; empty where neither is described (features that came with a data set)."""
    if table.attributes.get("file"):
        return ImportRequest.from_table(table, dataset=dataset).command()
    pipeline = table.attributes.get("pipeline")
    if not isinstance(pipeline, Mapping) or not isinstance(pipeline.get("backbone"), Mapping):
        return ""
    backbone, normalizer = pipeline["backbone"], pipeline.get("normalizer") or {"name": "none", "params": {}}
    words = ["mxt", "extract", *(["--dataset", dataset] if dataset else []), "--backbone", backbone["name"]]
    words += _weights(registry, backbone["name"], pipeline.get("weights"))
    words += _settings(registry, "backbone", backbone["name"], backbone["params"])
    words += _renderer_settings(registry, backbone, pipeline.get("renderer"))
    if normalizer["name"] != "none":
        words += [
            "--normalizer",
            normalizer["name"],
            *_settings(registry, "normalizer", normalizer["name"], normalizer["params"]),
        ]
    renderer = (pipeline.get("renderer") or {}).get("name", "")
    words += _plugin_files(
        registry, ("backbone", backbone["name"]), ("normalizer", normalizer["name"]), ("renderer", renderer)
    )
    if pipeline.get("resampler", "soxr") != "soxr":
        words += ["--resampler", pipeline["resampler"]]
    if not table.label.startswith(backbone["name"]):
        words += ["--as", table.label]
    return shlex.join(words)


def _plugin_files(registry: Registry, *stages: tuple[Kind, str]) -> list[str]:
    """``--plugin`` for stages that come from a file of one's own."""
    entries = [entry for entry in registry.stages if (entry.spec.kind, entry.spec.name) in stages]
    return [word for options in dict.fromkeys(entry.options for entry in entries) for word in options]


def _weights(registry: Registry, backbone: str, weights: Mapping[str, Any] | None) -> list[str]:
    """The weight set where it is not the default one; a file of one's own is named by its hash."""
    if not weights:
        return []
    try:
        sets = registry.find("backbone", backbone).spec.weights
    except MxtError:
        sets = ()
    for place, known in enumerate(sets):
        if known.sha256 == weights.get("sha256"):
            return ["--weights", known.name] if place else []
    return ["--weights-file", f"sha256:{weights.get('sha256')}"]


def _renderer_settings(
    registry: Registry, backbone: Mapping[str, Any], renderer: Mapping[str, Any] | None
) -> list[str]:
    """``--set`` for parameters of the renderer that are not those the backbone brings; none where that is not known."""
    if not renderer:
        return []
    try:
        brought = registry.choose("backbone", backbone["name"], backbone["params"]).spec.input.params
        usual = registry.find("renderer", renderer["name"]).spec.parameters(brought)
    except MxtError:
        return []
    given = {
        name: value
        for name, value in renderer["params"].items()
        if usual.get(name) != value and value is not None
    }
    return [
        word
        for name, value in given.items()
        for word in ("--set", f"{renderer['name']}.{name}={_text(value)}")
    ]


def _settings(registry: Registry, kind: Kind, name: str, params: Mapping[str, Any]) -> list[str]:
    """``--set`` for parameters that differ from the defaults; all of them where the stage is not installed."""
    try:
        defaults = {param.name: param.default for param in registry.find(kind, name).spec.params}
    except MxtError:
        defaults = {}
    words = []
    for key, value in params.items():
        plain = tuple(value) if isinstance(value, list) else value
        if value is not None and (key not in defaults or defaults[key] != plain):
            words += ["--set", f"{key}={_text(value)}"]
    return words


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return ",".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
