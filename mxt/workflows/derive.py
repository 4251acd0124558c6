"""`mxt derive`: data sets made of others, in the catalogue alone."""

from __future__ import annotations

from pathlib import Path

from mxt.core.progress import SILENT, Progress
from mxt.core.provenance import versions
from mxt.ingestion.derived_datasets import derive_dataset
from mxt.ingestion.records import Derived
from mxt.ingestion.requests import DeriveRequest
from mxt.store.layout import Store


def derive(store: Path, request: DeriveRequest, *, progress: Progress = SILENT) -> Derived:
    """Derive a data set from another one; the data set that is meant where none is named stays the same.

    Parameters
    ----------
    store : Path
        The store's folder.
    request : DeriveRequest
        What is derived, and how.

    Raises
    ------
    InputError, UsageError
        No such parent, class or file; nothing is left.
    Refused
        Another data set has the name.
    """
    opened = Store.open(store)
    opened.check_writable()
    result = derive_dataset(opened.catalogue, request, progress=progress)
    opened.log_run(
        {
            "command": "derive",
            "dataset": result.name,
            "parent": result.parent,
            "how": result.how,
            "clips": result.summary.clips,
            "used": result.summary.used,
            "versions": versions(),
        }
    )
    return result
