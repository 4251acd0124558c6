"""Commands to be typed: those that make a saved thing again, and the one that usually comes next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mxt.core.errors import InputError
from mxt.core.records import DatasetRecord
from mxt.core.views import parse_view
from mxt.extraction.request import ExtractRequest
from mxt.ingestion.lineage import is_derived, parent_of
from mxt.ingestion.requests import DeriveRequest, ImportRequest, IngestRequest
from mxt.registry import Registry

if TYPE_CHECKING:
    from mxt.results.plain import Result
    from mxt.store.catalogue import Catalogue
    from mxt.store.features import FeatureTable
    from mxt.store.layout import Store


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


def result_commands(store: Store, result: Result, registry: Registry) -> tuple[str, ...]:
    """What makes a result again, from the recordings on."""
    record = next((known for known in store.catalogue.datasets() if known.name == result.dataset), None)
    commands = list(dataset_commands(record, store.catalogue, registry)) if record is not None else []
    commands += [table_command(table, registry, dataset=result.dataset) for table in tables_of(store, result)]
    return tuple(filter(None, [*commands, result.request.command()]))


def tables_of(store: Store, result: Result) -> list[FeatureTable]:
    """The feature tables of a result and of the views it was compared with, if they are still there."""
    from mxt.results.search_record import SearchResult

    views = [result.view]
    views += result.beside if isinstance(result, SearchResult) else [one.view for one in result.compared]
    labels = {part.label for view in views if view for part in parse_view(view)}
    own = result.provenance.fingerprints
    return [
        table
        for table in store.features.tables()
        if table.fingerprint in own.values() or table.label in labels - set(own)
    ]
