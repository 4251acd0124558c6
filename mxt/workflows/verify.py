"""`mxt verify`: read the whole store, name what is damaged, put right what can be."""

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
        Put right what can be; rows whose values are lost are opened, the next extraction computes
        just those.
    progress : Progress
        Told in chunks.

    Returns
    -------
    VerifyReport
        What was read, what is damaged, what was done about it.
    """
    opened = Store.open(store, read_only=not repair)
    return verify_store(opened, repair=repair, progress=progress)
