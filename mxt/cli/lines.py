"""Progress in words, for pipes and logs: how far, how fast, how long still."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from mxt.cli import console
from mxt.core.progress import Step


class LinesProgress:
    """Progress as plain lines, for pipes and logs.

    Parameters
    ----------
    write : callable
        Takes a line.
    every : float
        Seconds between two lines.
    clock : callable
        Monotonic seconds.
    """

    def __init__(
        self,
        write: Callable[[str], None],
        *,
        every: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.write, self.every, self.clock = write, every, clock

    @contextmanager
    def step(self, what: str, total: int | None, *, unit: str = "") -> Iterator[Step]:
        """Begin a piece of work; its last line is written only where an earlier one was."""
        counted = _CountedLines(self, what, total, unit)
        try:
            yield counted
        finally:
            counted.finish()

    def say(self, line: str) -> None:
        """Write one line."""
        self.write(line)


class _CountedLines:
    def __init__(self, parent: LinesProgress, what: str, total: int | None, unit: str) -> None:
        self.parent, self.what, self.total, self.unit = parent, what, total, unit
        self.done, self.told, self.begun = 0, False, parent.clock()
        self.last = self.begun
        self._lock = threading.Lock()

    def advance(self, n: int = 1) -> None:
        """`n` more are done."""
        with self._lock:
            self.done += n
            now = self.parent.clock()
            if now - self.last >= self.parent.every:
                self.last, self.told = now, True
                self.parent.write(
                    progress_line(self.what, self.done, self.total, self.unit, now - self.begun)
                )

    def finish(self) -> None:
        """Write how far it came."""
        if self.told:
            self.parent.write(
                progress_line(self.what, self.done, self.total, self.unit, self.parent.clock() - self.begun)
            )


def progress_line(what: str, done: int, total: int | None, unit: str, elapsed: float) -> str:
    """How much is done, how fast, and the time left.

    Examples
    --------
    >>> progress_line("extract", 100, 300, "clips", 4.0)
    'extract: 100 of 300 clips, 25.0/s, 8 s left'
    """
    in_bytes = unit in ("B", "bytes")
    shown, of = (
        (console.size_text(done), console.size_text(total or 0))
        if in_bytes
        else (f"{done:,}", f"{total or 0:,}")
    )
    line = (
        f"{what}: {shown}"
        + (f" of {of}" if total is not None else "")
        + (f" {unit}" if unit and not in_bytes else "")
    )
    if elapsed <= 0 or done <= 0:
        return line
    rate = done / elapsed
    line += f", {console.size_text(round(rate))}/s" if in_bytes else f", {rate:.1f}/s"
    if total is not None and done < total:
        return f"{line}, {console.seconds_text((total - done) / rate)} left"
    return f"{line}, {console.seconds_text(elapsed)}"
