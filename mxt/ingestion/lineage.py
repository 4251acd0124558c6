"""Which data sets are derived from which, and whether their parents have changed since."""

from __future__ import annotations

from mxt.core.identity import canonical_json, sha256_text
from mxt.core.records import DatasetRecord
from mxt.store.catalogue import Catalogue

DERIVED = "derived"  # in place of a loader's name


def is_derived(record: DatasetRecord) -> bool:
    """Whether a data set was derived from another one."""
    return record.loader == DERIVED


def parent_of(record: DatasetRecord) -> str:
    """Name of the data set that a derived one was derived from."""
    return str(record.params["parent"])


def ancestors(catalogue: Catalogue, record: DatasetRecord) -> list[DatasetRecord]:
    """What a data set was derived from, its parent first, as far as it is in the catalogue."""
    records = {other.name: other for other in catalogue.datasets()}
    line: list[DatasetRecord] = []
    while is_derived(record) and parent_of(record) in records:
        record = records[parent_of(record)]
        line.append(record)
    return line


def last_ingested(catalogue: Catalogue) -> DatasetRecord:
    """The data set last ingested; where one was derived after that, the ingested one it goes back to."""
    record = catalogue.dataset()
    return ([record, *ancestors(catalogue, record)])[-1]


def lineage(catalogue: Catalogue, parent: DatasetRecord) -> str:
    """Hash of all that a derived data set takes over from its parent."""
    inherited = [parent.root, list(parent.targets), catalogue.targets_hash(parent.name)]
    return sha256_text(canonical_json(inherited))


def outdated(record: DatasetRecord, catalogue: Catalogue) -> str:
    """Why a derived data set differs from what it would be now; empty where it does not, or was ingested."""
    if not is_derived(record):
        return ""
    name = parent_of(record)
    parent = next((other for other in catalogue.datasets() if other.name == name), None)
    if parent is None:
        return f"{name}, which it was derived from, is no longer in the catalogue"
    if lineage(catalogue, parent) == record.params.get("lineage"):
        return ""
    return f"{name}, which it was derived from, has changed since: mxt derive again {record.name}"
