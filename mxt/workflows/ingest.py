"""`mxt ingest`: from a folder or table to catalogued data sets."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from mxt.core.progress import SILENT, Progress
from mxt.core.provenance import versions
from mxt.core.records import Remark
from mxt.ingestion.plan import make_plans
from mxt.ingestion.records import Ingested
from mxt.ingestion.requests import IngestRequest
from mxt.registry import Registry
from mxt.store.catalogue_intact import note_intact
from mxt.store.layout import Store


def ingest(
    store: Path, request: IngestRequest, registry: Registry, *, progress: Progress = SILENT
) -> tuple[Ingested, ...]:
    """Catalogue what lies in a folder or table; what is known already is not read again.

    Parameters
    ----------
    store : Path
        Folder of the store; made where there is none.
    request : IngestRequest
        The path, and how it is read.
    registry : Registry
        Where loaders are found.

    Returns
    -------
    tuple of Ingested
        One for each data set: several only where a folder holds features of several.

    Raises
    ------
    InputError, UsageError
        The path, the loader or its parameters cannot be used.
    Refused
        A step that needs ``--yes``.

    Examples
    --------
    ``(genres,) = ingest(Path("mxt-store"), IngestRequest(Path("genres")), build_registry())``
    """
    begun = time.monotonic()
    remarks: Sequence[Remark] = ()
    if request.unpack is not None:
        from mxt.ingestion.unpack import unpacked

        request, remarks = unpacked(request, registry, progress)
    known = Store.existing(store)
    plans = make_plans(known, request, registry, remarks=remarks)
    if request.dry_run:
        return tuple(replace(plan.dry_run(), seconds=time.monotonic() - begun) for plan in plans)
    intact = known.intact if known else frozenset()  # before anything is written
    opened = Store.open(store, create=True)
    opened.check_writable()
    ingested: list[Ingested] = []
    for plan in plans:
        result = plan.carry_out(opened, progress)
        result = replace(result, seconds=time.monotonic() - begun)
        begun = time.monotonic()
        opened.log_run(_entry(result))
        ingested.append(result)
    note_intact(store, intact.union(result.name for result in ingested), intact)
    return tuple(ingested)


def _entry(result: Ingested) -> dict[str, object]:
    """What the log of runs keeps."""
    return {
        "command": "ingest",
        "dataset": result.name,
        "root": result.root,
        "loader": result.loader,
        "clips": result.summary.clips,
        "used": result.summary.used,
        "read": result.read,
        "seconds": round(result.seconds, 3),
        "versions": versions(),
    }
