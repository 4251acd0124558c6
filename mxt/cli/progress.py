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
    """Progress on standard error: bars with rate and time left on a terminal, else a line every ten seconds.

    Parameters
    ----------
    quiet : bool
        Show none.
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
            # rich has put streams there that write above the bars
            sys.stdout, sys.stderr = harmless(sys.stdout), harmless(sys.stderr)
            yield shown


@contextmanager
def _only_python_speaks() -> Iterator[None]:
    """Discard what decoders write to the terminal by themselves; the summary names the clips concerned."""
    stream = sys.stderr
    try:
        real = stream.fileno() == STDERR
    except (OSError, ValueError):  # captured, or closed
        real = False
    if not real:
        yield
        return
    stream.flush()
    kept, nothing = os.dup(STDERR), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, STDERR)
    sys.stderr = harmless(open(kept, "w", buffering=1, encoding=stream.encoding, errors=stream.errors))  # noqa: SIM115
    try:
        yield
    finally:
        sys.stderr.flush()
        os.dup2(kept, STDERR)
        sys.stderr.close()
        sys.stderr = stream
        os.close(nothing)
