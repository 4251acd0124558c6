"""`mxt derive again`: derived data sets, as they are after a change of their parents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from mxt.core.errors import InputError, UnknownName, UsageError
from mxt.core.progress import SILENT, Progress
from mxt.ingestion.lineage import ancestors, is_derived
from mxt.ingestion.records import Derived
from mxt.ingestion.requests import DeriveRequest
from mxt.store.layout import Store
from mxt.workflows.derive import derive


def derive_again(
    store: Path, names: Sequence[str] = (), *, jobs: int | None = None, progress: Progress = SILENT
) -> tuple[Derived, ...]:
    """Derive data sets again from what their parents are now, parents first.

    Parameters
    ----------
    store : Path
        The store's folder.
    names : sequence of str
        Which (default: all derived ones).
    jobs : int, optional
        Clips read at a time, where audio is measured (default: one per core).

    Raises
    ------
    UnknownName, UsageError
        No such data set, or it was ingested.
    InputError
        No data set is derived, or a parent is gone.
    """
    catalogue = Store.open(store).catalogue
    records = {record.name: record for record in catalogue.datasets()}
    for name in names:
        if name not in records:
            raise UnknownName("data set", name, records)
        if not is_derived(records[name]):
            raise UsageError(f"{name} is not derived; mxt ingest {records[name].root} reads it again")
    wanted = [
        record for record in records.values() if is_derived(record) and record.name in (names or records)
    ]
    if not wanted:
        raise InputError("no data set here is derived; mxt derive --help lists the ways")
    wanted.sort(key=lambda record: len(ancestors(catalogue, record)))
    requests = [replace(DeriveRequest.from_dataset(record), yes=True, jobs=jobs) for record in wanted]
    return tuple(derive(store, request, progress=progress) for request in requests)
