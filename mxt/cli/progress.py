"""Progress on standard error: bars on a terminal, lines elsewhere."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from mxt.cli import console
from mxt.cli.lines import LinesProgress
from mxt.cli.terminal import harmless
from mxt.core.progress import SILENT, Progress

STDERR = 2  # its file descriptor


@contextmanager
def shown_progress(quiet: bool = False) -> Iterator[Progress]:
    """Progress on standard error: a bar with rate and time left on a terminal, a line every ten seconds elsewhere.

    Parameters
    ----------
    quiet : bool
        True: none.
    """
    with _only_python_speaks():
        if quiet:
            yield SILENT
            return
        if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
            yield LinesProgress(console.warn)
            return
        from mxt.cli.bars import bars_progress

        with bars_progress(console.console(stderr=True)) as shown:
            sys.stdout, sys.stderr = (
                harmless(sys.stdout),
                harmless(sys.stderr),
            )  # those that write above the bars
            yield shown


@contextmanager
def _only_python_speaks() -> Iterator[None]:
    """What decoders write to the terminal by themselves goes nowhere: the clips concerned are named in the summary."""
    theirs = sys.stderr
    try:
        real = theirs.fileno() == STDERR
    except (OSError, ValueError):  # captured, or closed
        real = False
    if not real:
        yield
        return
    theirs.flush()
    kept, nothing = os.dup(STDERR), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, STDERR)
    sys.stderr = harmless(open(kept, "w", buffering=1, encoding=theirs.encoding, errors=theirs.errors))  # noqa: SIM115
    try:
        yield
    finally:
        sys.stderr.flush()
        os.dup2(kept, STDERR)
        sys.stderr.close()
        sys.stderr = theirs
        os.close(nothing)
