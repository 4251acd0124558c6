"""Whether a file is still the one that was catalogued."""

from __future__ import annotations

import os

from mxt.core.errors import AudioError, Reason
from mxt.core.identity import sha256_file


def check_unchanged(path: str, stat: tuple[int, int, int], sha256: str) -> None:
    """Look at a file's size, modification time (ns) and inode; where they differ, at its content.

    Raises
    ------
    AudioError
        The file is gone, cannot be read, or has changed since ingest.
    """
    try:
        status = os.stat(path)
    except FileNotFoundError:
        raise AudioError(Reason.MISSING, "the file is gone since ingest") from None
    except OSError as error:
        raise AudioError(Reason.UNREADABLE, str(error.strerror)) from None
    if (status.st_size, status.st_mtime_ns, status.st_ino) == stat:
        return
    try:
        same = sha256_file(path) == sha256
    except OSError as error:
        raise AudioError(Reason.UNREADABLE, str(error.strerror)) from None
    if not same:
        raise AudioError(Reason.CHANGED, "the file has changed since ingest")
