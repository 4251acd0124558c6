"""Ctrl-C: the first one ends a command in order, the second one at once."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from mxt.cli import console

INTERRUPTED = 130  # exit code
AT_ONCE = 0.2  # seconds in which most commands end, so that nothing need be said about waiting
WAITING = "interrupted: finishing the current step; press Ctrl-C again to stop at once"
STOPPED = b"stopped: what is finished is kept; the same command continues\n"
SHOW_CURSOR = b"\x1b[?25h"  # progress bars hide it


@contextmanager
def interruptible() -> Iterator[None]:
    """Raise `KeyboardInterrupt` at the first Ctrl-C, with a line if ending takes time; end at the second.

    A store can be left at any time: what is committed counts, the rest is computed by the next run.
    """
    if (
        threading.current_thread() is not threading.main_thread()
        or signal.getsignal(signal.SIGINT) is not signal.default_int_handler
    ):
        yield
        return
    presses, telling = 0, threading.Timer(AT_ONCE, console.warn, [WAITING])
    telling.daemon = True

    def interrupt(_signal: int, _frame: object) -> None:
        nonlocal presses
        presses += 1
        if presses > 1:
            _end()
        telling.start()
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        telling.cancel()
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _end() -> None:
    stream = sys.stderr
    while (inner := getattr(stream, "rich_proxied_file", None)) is not None:
        stream = inner
    with suppress(OSError, ValueError):
        os.write(stream.fileno(), (SHOW_CURSOR + b"\r\n" if stream.isatty() else b"") + STOPPED)
    os._exit(INTERRUPTED)
