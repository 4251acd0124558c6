"""Commands to be typed: those that make a saved thing again, and the one that usually comes next."""

from __future__ import annotations

import shlex

from mxt.core.commands import typed
from mxt.core.errors import InputError
from mxt.core.records import DatasetRecord
from mxt.extraction.request import ExtractRequest, plugin_files
from mxt.ingestion.derived import derive_words, is_derived
from mxt.registry import Registry
from mxt.registry.settings import given_settings
from mxt.store.catalogue import Catalogue
from mxt.store.features import FeatureTable


def first_extraction(registry: Registry) -> str:
    """What is proposed after the first ingest: the stronger pre-trained network, where it is installed."""
    if "musicnn" in registry.names("backbone"):
        return "mxt extract --backbone musicnn"
    return "mxt extract --backbone convnet --layers 135"


def dataset_commands(record: DatasetRecord, catalogue: Catalogue, registry: Registry) -> tuple[str, ...]:
    """What makes a data set like this: what it was derived from, and from what that, is ingested first."""
    if not is_derived(record):
        return (ingest_command(record, registry),)
    parent = next((each for each in catalogue.datasets() if each.name == record.params["parent"]), None)
    before = dataset_commands(parent, catalogue, registry) if parent is not None else ()
    return (*before, shlex.join(derive_words(record)))


def ingest_command(record: DatasetRecord, registry: Registry) -> str:
    """What ingests a data set like this."""
    settings = given_settings(registry, "dataset", record.loader, record.params)
    files = plugin_files(registry, [("dataset", record.loader)])
    options = [
        ("--name", record.name),
        ("--loader", record.loader),
        *(("--plugin", file) for file in files),
        *(("--set", f"{name}={value}") for name, value in settings.items()),
    ]
    return typed("ingest", record.root, options=options)


def table_command(table: FeatureTable, registry: Registry, *, dataset: str | None = None) -> str:
    """What computes or imports a feature table; empty for features that came with a data set."""
    if file := table.attributes.get("file"):
        in_order = bool(table.attributes.get("in_catalogue_order"))
        options = [("--dataset", dataset), ("--as", table.label), ("--in-catalogue-order", in_order)]
        return typed("import", file, options=options)
    try:
        return ExtractRequest.from_table(table, registry, dataset=dataset).command()
    except InputError:
        return ""
