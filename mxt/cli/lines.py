"""Progress in words, for pipes and logs: how much, how fast, how much longer."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from mxt.cli import console
from mxt.core.progress import Step
from mxt.core.text import plural


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
        """Begin a piece of work; its last line is written only if there was an earlier one."""
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
        self.done, self.written, self.begun, self.at_it = 0, False, parent.clock(), 0
        self.last = self.begun
        self._lock = threading.Lock()

    def advance(self, n: int = 1) -> None:
        """`n` more are done."""
        with self._lock:
            self.done += n
            now = self.parent.clock()
            if now - self.last >= self.parent.every:
                self.last, self.written = now, True
                self._write(now)

    def workers(self, n: int) -> None:
        """`n` workers elsewhere are at it."""
        self.at_it = n

    def finish(self) -> None:
        """Write how far it came."""
        if self.written:
            self._write(self.parent.clock())

    def _write(self, now: float) -> None:
        words = progress_words(self.done, self.total, self.unit, now - self.begun, self.at_it)
        self.parent.write(f"{self.what}: {words}")


def progress_words(done: int, total: int | None, unit: str, elapsed: float, workers: int = 0) -> str:
    """How much is done, how fast, by how many workers if elsewhere, and the time left.

    Examples
    --------
    >>> progress_words(100, 300, "clips", 4.0)
    '100 of 300 clips, 25.0/s, 8 s left'
    >>> progress_words(100, 300, "clips", 4.0, workers=3)
    '100 of 300 clips, 25.0/s by 3 workers, 8 s left'
    """
    in_bytes = unit in ("B", "bytes")
    amount = console.size_text if in_bytes else "{:,}".format
    words = amount(done) + (f" of {amount(total)}" if total is not None else "")
    if unit and not in_bytes:
        words += f" {unit}"
    if elapsed <= 0 or done <= 0:
        return words
    rate = done / elapsed
    words += f", {console.size_text(round(rate))}/s" if in_bytes else f", {rate:.1f}/s"
    words += f" by {plural(workers, 'worker')}" if workers else ""
    if total is not None and done < total:
        return f"{words}, {console.seconds_text((total - done) / rate)} left"
    return f"{words}, {console.seconds_text(elapsed)}"
