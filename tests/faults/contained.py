"""Functions called in processes of their own, so that a crash does not end the tests.

A crash, a hang or running out of memory is an outcome like any other. A server process imports once what is
slow to import; every call is a fork of it, with nothing left over from the call before.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import multiprocessing.forkserver
import os
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

MEMORY = 12 << 30  # bytes of address space per call: far more than any needs, far less than the machine has
_fork = multiprocessing.get_context("forkserver")


@dataclass(frozen=True)
class Outcome:
    """What became of a call.

    Parameters
    ----------
    value : object
        What it returned.
    ended : str
        How it ended without returning: ``"hang"``, ``"signal 11"``, ``"exit 3"`` or a traceback; empty
        where it returned.
    seconds, megabytes : float
        Time it took, and memory it used beyond what it began with.
    """

    value: Any
    ended: str
    seconds: float
    megabytes: float = 0.0


def start(module: str) -> None:
    """Start the server, which imports `module` from this folder or from this process's import path."""
    _fork.set_forkserver_preload([module])
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join([str(Path(__file__).parent), *filter(None, sys.path)])
    try:
        multiprocessing.forkserver.ensure_running()
    finally:
        os.environ.pop("PYTHONPATH")
        if before is not None:
            os.environ["PYTHONPATH"] = before


def call(function: Callable[..., Any], *arguments: object, seconds: float = 60.0) -> Outcome:
    """Call one function in a process of its own."""
    return next(call_all(function, [arguments], seconds=seconds))


def call_all(
    function: Callable[..., Any],
    arguments: Iterable[tuple[object, ...]],
    *,
    seconds: float = 60.0,
    parallel: int = 1,
) -> Iterator[Outcome]:
    """Call a function once per set of arguments, each in its own process; outcomes come in the same order."""
    waiting: list[_Call] = []
    for given in arguments:
        if len(waiting) >= parallel:
            yield waiting.pop(0).outcome()
        waiting.append(_Call(function, given, seconds))
    for started in waiting:
        yield started.outcome()


class _Call:
    def __init__(self, function: Callable[..., Any], arguments: tuple[object, ...], seconds: float) -> None:
        self.begun, self.seconds = time.monotonic(), seconds
        self.ours, theirs = _fork.Pipe(duplex=False)
        self.process = _fork.Process(target=_serve, args=(theirs, function, arguments))
        self.process.start()
        theirs.close()

    def outcome(self) -> Outcome:
        left = self.begun + self.seconds - time.monotonic()
        said = None
        hangs = not wait([self.ours], timeout=max(0.0, left))
        if not hangs:
            with contextlib.suppress(EOFError, OSError):
                said = self.ours.recv()
        took = time.monotonic() - self.begun
        if said is None or hangs:
            self._kill(0.0 if hangs else 5.0)
        self.process.join()
        code = self.process.exitcode or 0
        self.process.close()
        self.ours.close()
        if hangs:
            return Outcome(None, "hang", took)
        if said is None:
            return Outcome(None, f"signal {-code}" if code < 0 else f"exit {code}", took)
        return Outcome(*said[:2], took, said[2])

    def _kill(self, patience: float) -> None:
        """Kill the process and everything it started."""
        self.process.join(patience)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid or 0, signal.SIGKILL)
        if self.process.is_alive():
            self.process.kill()


def _serve(theirs: Connection, function: Callable[..., Any], arguments: tuple[object, ...]) -> None:
    os.setpgid(0, 0)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        said = (function(*arguments), "")
    except BaseException:
        said = (None, traceback.format_exc())
    theirs.send((*said, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024))
    theirs.close()
