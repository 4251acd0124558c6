"""`mxt verify`: read the whole store, name what is damaged, repair what can be repaired."""

from __future__ import annotations

from pathlib import Path

from mxt.core.progress import SILENT, Progress
from mxt.store.layout import Store
from mxt.store.verify import VerifyReport
from mxt.store.verify import verify as verify_store


def verify(store: Path, *, repair: bool = False, progress: Progress = SILENT) -> VerifyReport:
    """Read everything in a store.

    Parameters
    ----------
    store : Path
        Its folder.
    repair : bool
        Repair what can be repaired; rows whose values are lost are opened, and the next extraction computes
        just those.
    progress : Progress
        Counts chunks.

    Returns
    -------
    VerifyReport
        What was read, what is damaged, what was done about it.
    """
    return verify_store(Store.open(store, read_only=not repair), repair=repair, progress=progress)
