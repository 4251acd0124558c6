"""The process that opens files: it may crash or hang on any of them, and is then replaced.

Run as ``python -c`` by `mxt.ingestion.pool`, not as a child of `multiprocessing`: nothing of the
parent's main module is imported again, and it starts in a quarter of a second.
"""

from __future__ import annotations

import importlib
import os
import signal
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection

from mxt.core.errors import AudioError, Reason
from mxt.core.records import Measurement

READY = "ready"
FileOutcome = Measurement | tuple[Reason, str]


@dataclass(frozen=True, slots=True)
class Bug:
    """An error that is neither the decoders' nor the operating system's: the file is not to blame."""

    path: str
    trace: str


def serve(handle: int, work: str) -> None:
    """Measure files until the other end of the pipe is closed.

    Parameters
    ----------
    handle : int
        File descriptor of the pipe: lists of paths come in, one `FileOutcome` or `Bug` per path goes out.
    work : str
        ``"package.module:function"`` from a path to a `Measurement`.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    module, _, name = work.partition(":")
    measure: Callable[[str], Measurement] = getattr(importlib.import_module(module), name)
    connection = Connection(handle)
    connection.send(READY)
    _silence()
    while True:
        try:
            paths = connection.recv()
        except (EOFError, OSError):
            return
        for path in paths:
            try:
                connection.send(outcome(measure, path))
            except Exception:
                connection.send(Bug(path, traceback.format_exc()))


def outcome(measure: Callable[[str], Measurement], path: str) -> FileOutcome:
    """What `measure` found in one file, or why it cannot be used; whatever else is raised is a bug."""
    try:
        return measure(path)
    except AudioError as error:
        return error.reason, error.detail
    except FileNotFoundError:
        return Reason.MISSING, "not there any more"
    except OSError as error:
        return Reason.UNREADABLE, error.strerror or str(error)
    except MemoryError:
        return Reason.DECODER_FAILED, "out of memory"


def _silence() -> None:
    """Decoders write warnings of their own to the terminal; nobody reads them there."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (1, 2):
        os.dup2(nothing, stream)
    os.close(nothing)
