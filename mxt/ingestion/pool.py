"""Opens files in worker processes that may die or hang without harm to anything but the file they had."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, Pipe, wait

from mxt.core.errors import MxtError, Reason
from mxt.ingestion.requests import MEASURE, SECONDS_A_FILE
from mxt.ingestion.worker import READY, Bug, FileOutcome

BATCH = 16
BYTES_A_SECOND = 2e6  # what the slowest decoder of a long file manages
SECONDS_TO_START = 120.0
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
_START = (
    "import sys; sys.path[:] = {path!r}; from mxt.ingestion.worker import serve; serve({handle}, {work!r})"
)


@dataclass(frozen=True, slots=True)
class FileJob:
    """A file to be opened: its absolute path, and its size in bytes, which decides its time limit."""

    path: str
    size: int


@dataclass
class _Worker:
    """A process, its pipe, and the jobs it was given and has not answered, in order."""

    process: subprocess.Popen[bytes]
    connection: Connection
    deadline: float
    ready: bool = False
    given: deque[int] = field(default_factory=deque)


class Pool:
    """Workers that open files.

    Parameters
    ----------
    jobs : sequence of FileJob
        What is to be opened.
    workers : int
        Processes at a time.
    seconds : float
        Time limit of one file, to which its size adds.
    work : str
        ``"package.module:function"`` that is called with the path.
    """

    def __init__(
        self, jobs: Sequence[FileJob], *, workers: int, seconds: float = SECONDS_A_FILE, work: str = MEASURE
    ) -> None:
        self.jobs, self.seconds, self.work = jobs, seconds, work
        self.number = max(1, min(workers, -(-len(jobs) // 4)))
        self._waiting = deque(range(len(jobs)))
        self._workers: list[_Worker] = []

    def results(self) -> Generator[tuple[int, FileOutcome], None, None]:
        """Number and outcome of each job as it finishes; workers end with the iteration, however it ends.

        Raises
        ------
        RuntimeError
            A worker met a bug, which is not the fault of a file; the message holds its traceback.
        """
        try:
            while self._waiting or any(worker.given for worker in self._workers):
                while len(self._workers) < self.number and self._waiting:
                    self._workers.append(self._start())
                yield from self._once()
        finally:
            for worker in self._workers:
                _end(worker)

    def _once(self) -> Iterator[tuple[int, FileOutcome]]:
        """Wait until a worker says something or has taken too long."""
        patience = max(0.0, min(worker.deadline for worker in self._workers) - time.monotonic())
        spoken = set(wait([worker.connection for worker in self._workers], timeout=patience))
        for worker in list(self._workers):
            if worker.connection in spoken:
                yield from self._listen(worker)
            elif time.monotonic() >= worker.deadline:
                yield from self._replace(
                    worker, f"took longer than {self._limit(worker.given[0]):.0f} s" if worker.given else ""
                )

    def _listen(self, worker: _Worker) -> Iterator[tuple[int, FileOutcome]]:
        try:
            answer = worker.connection.recv()
        except (EOFError, OSError):
            yield from self._replace(worker, "")
            return
        if isinstance(answer, Bug):
            raise RuntimeError(f"a bug of mxt, met while opening {answer.path}:\n{answer.trace}")
        if answer == READY:
            worker.ready = True
        else:
            yield worker.given.popleft(), answer
        if not worker.given and not self._hand_out(worker):
            self._workers.remove(worker)
            _end(worker)
            return
        worker.deadline = time.monotonic() + self._limit(worker.given[0])

    def _hand_out(self, worker: _Worker) -> bool:
        """Give a worker its next files: many at first, single ones at the end; then all finish together."""
        share = max(1, min(BATCH, len(self._waiting) // (4 * self.number)))
        worker.given.extend(self._waiting.popleft() for _ in range(min(share, len(self._waiting))))
        if worker.given:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it died: _listen will notice
                worker.connection.send([self.jobs[number].path for number in worker.given])
        return bool(worker.given)

    def _replace(self, worker: _Worker, why: str) -> Iterator[tuple[int, FileOutcome]]:
        """Put an end to a worker; the file it had is what it died of, the others wait again."""
        self._workers.remove(worker)
        code, last_words = _end(worker)
        if not worker.ready:
            raise MxtError(
                f"a process that opens audio files did not start (exit {code}): "
                f"{last_words or why or 'no reason given'}"
            )
        if worker.given:
            first, *others = worker.given
            self._waiting.extendleft(reversed(others))
            yield (
                first,
                (
                    Reason.DECODER_FAILED,
                    f"the decoder {why}" if why else f"the decoder crashed ({_how(code)})",
                ),
            )

    def _limit(self, number: int) -> float:
        return self.seconds + self.jobs[number].size / BYTES_A_SECOND

    def _start(self) -> _Worker:
        ours, theirs = Pipe()
        try:
            command = _START.format(
                path=[path or os.getcwd() for path in sys.path], handle=theirs.fileno(), work=self.work
            )
            process = subprocess.Popen(
                [sys.executable, "-c", command],
                pass_fds=(theirs.fileno(),),
                env=os.environ | _ONE_THREAD,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
            )
        finally:
            theirs.close()
        return _Worker(process, ours, time.monotonic() + SECONDS_TO_START)


def _end(worker: _Worker) -> tuple[int, str]:
    """Close a worker's pipe and end it, by force where it works or hangs; its exit code and last words."""
    worker.connection.close()
    if worker.given:
        worker.process.kill()
    try:
        _, errors = worker.process.communicate(timeout=5)
    except subprocess.TimeoutExpired:
        worker.process.kill()
        _, errors = worker.process.communicate()
    lines = errors.decode("utf-8", "replace").strip().splitlines()
    return worker.process.returncode, lines[-1] if lines else ""


def _how(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit {code}"
