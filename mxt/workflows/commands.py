"""Commands to be typed: those that make a saved thing again, and the one that usually comes next."""

from __future__ import annotations

from mxt.core.errors import InputError
from mxt.core.records import DatasetRecord
from mxt.extraction.request import ExtractRequest
from mxt.ingestion.lineage import is_derived, parent_of
from mxt.ingestion.requests import DeriveRequest, ImportRequest, IngestRequest
from mxt.registry import Registry
from mxt.store.catalogue import Catalogue
from mxt.store.features import FeatureTable


def first_extraction(registry: Registry, *, dataset: str | None = None) -> str:
    """What is proposed where there are no features yet: the stronger network, where it is installed."""
    if "musicnn" in registry.names("backbone"):
        return ExtractRequest("musicnn", dataset=dataset).command()
    return ExtractRequest("convnet", layers="135", dataset=dataset).command()


def dataset_commands(record: DatasetRecord, catalogue: Catalogue, registry: Registry) -> tuple[str, ...]:
    """What makes a data set like this: for a derived one, its parent is made first."""
    if not is_derived(record):
        return (IngestRequest.from_dataset(record, registry).command(),)
    parent = next((other for other in catalogue.datasets() if other.name == parent_of(record)), None)
    before = dataset_commands(parent, catalogue, registry) if parent is not None else ()
    return (*before, DeriveRequest.from_dataset(record).command())


def table_command(table: FeatureTable, registry: Registry, *, dataset: str | None = None) -> str:
    """What computes or imports a feature table; empty for features that came with a data set."""
    if table.attributes.get("file"):
        return ImportRequest.from_table(table, dataset=dataset).command()
    try:
        return ExtractRequest.from_table(table, registry, dataset=dataset).command()
    except InputError:
        return ""
