"""`mxt import`: features computed elsewhere become a feature table."""

from __future__ import annotations

import time
from pathlib import Path

from mxt.core.progress import SILENT, Progress
from mxt.core.provenance import versions
from mxt.ingestion.feature_import import store_features
from mxt.ingestion.records import Imported
from mxt.ingestion.requests import ImportRequest
from mxt.store.layout import Store


def import_features(store: Path, request: ImportRequest, *, progress: Progress = SILENT) -> Imported:
    """Bring features into the store; importing the same file again changes nothing.

    Parameters
    ----------
    store : Path
        The store's folder.
    request : ImportRequest
        The file, and whose features it holds.

    Raises
    ------
    InputError
        The file cannot be read; rows are missing or contradict each other; none belongs to a clip.
    UsageError
        Nothing tells which row is which clip; these features are in another table.
    """
    begun = time.monotonic()
    opened = Store.open(store)
    opened.check_writable()
    result = store_features(opened, opened.catalogue.dataset(request.dataset), request, progress)
    opened.log_run(
        {
            "command": "import",
            "dataset": result.dataset,
            "label": result.label,
            "fingerprint": result.fingerprint,
            "file": result.file,
            "computed": result.written,
            "seconds": round(time.monotonic() - begun, 3),
            "versions": versions(),
        }
    )
    return result
