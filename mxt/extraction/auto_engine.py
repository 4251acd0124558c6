"""The engine ``auto``: threads, and processes of this machine where they are measured to be faster.

Threads of one process lose where a network holds Python's interpreter lock: together they are little faster
than one. Where they leave cores idle, one is measured alone; where it is nearly as fast as all, processes are
tried: all this only where enough work is left for it to pay.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

from mxt.core.cores import cores
from mxt.core.errors import MxtError
from mxt.extraction.compute import Computed
from mxt.extraction.engine import Engine, OpenEngine, threads
from mxt.extraction.recipe import Recipe
from mxt.extraction.records import Trial
from mxt.extraction.tasks import Task

STEADY_SECONDS = 5.0  # that an engine is measured for, after all its workers have computed something
BUSY = 0.85  # of the cores, or of the rate that threads should have together: with more, they lose little
START_SECONDS = 5.0  # that processes take to start, and to load the network
WORTH = 4  # times that must be saved at least
FASTER = 1.1  # times the rate of threads that processes must reach
AHEAD = 4  # tasks for each thread that are submitted while they are measured


def auto(clips: int, processes: OpenEngine, keep: Callable[[Trial], None]) -> OpenEngine:
    """An engine that begins with threads, and goes on with processes where they are faster.

    Parameters
    ----------
    clips : int
        That are to be computed, about.
    processes : callable
        Opens the engine that may be faster.
    keep : callable
        Told of a trial.
    """

    @contextmanager
    def engine(recipe: Recipe, workers: int) -> Iterator[Engine]:
        with threads(recipe, workers) as first, ExitStack() as stack:
            if workers == 1 or recipe.device != "cpu":
                yield first
                return
            others = _Others(lambda: stack.enter_context(processes(recipe, workers)), stack.close)
            yield _Auto(first, others, _Limits(workers, clips), keep)

    return engine


@dataclass(frozen=True, slots=True)
class _Others:
    """How processes are started, and stopped."""

    start: Callable[[], Engine]
    stop: Callable[[], None]


@dataclass(frozen=True, slots=True)
class _Limits:
    """How many workers there are, and clips to be computed."""

    workers: int
    clips: int


class _Auto:
    """One engine at a time: it is measured, then finishes what it has begun before another takes over."""

    def __init__(
        self, first: Engine, others: _Others, limits: _Limits, keep: Callable[[Trial], None]
    ) -> None:
        self._first, self._others, self._keep = first, others, keep
        self._engine, self._n_workers, self._left = first, limits.workers, limits.clips
        self._meter: _Meter | None = _Meter(limits.workers)
        self._together = 0.0  # clips per second of all threads, while one is measured alone
        self._trial: Trial | None = None
        self._under_way, self._ready = 0, deque[Computed]()

    @property
    def ahead(self) -> int:
        """Few tasks while threads are measured: they are finished before others take over."""
        if self._meter is None or self._engine is not self._first:
            return self._engine.ahead
        return 1 if self._together else min(self._engine.ahead, AHEAD * self._n_workers)

    @property
    def workers(self) -> int:
        """Processes that are there now."""
        return self._engine.workers

    def submit(self, task: Task) -> None:
        self._engine.submit(task)
        self._under_way += 1

    def finished(self) -> Computed:
        if not self._ready:
            computed = self._take()
            if self._meter is not None and self._meter.is_enough(computed):
                self._judge(self._meter)
            return computed
        return self._ready.popleft()

    def _take(self) -> Computed:
        computed = self._engine.finished()
        self._under_way -= 1
        self._left -= len(computed.outcomes)
        return computed

    def _judge(self, meter: _Meter) -> None:
        """Decide with what to go on."""
        self._meter = None
        if self._trial is not None:
            self._keep_or_stop(replace(self._trial, processes=meter.rate))
        elif self._together:
            trial = Trial(self._together / meter.rate, self._together)
            if self._would_pay(trial.speedup / self._n_workers):
                self._try(trial)
        elif meter.busy < BUSY and self._would_pay(1 / self._n_workers, meter.rate):
            self._drain()
            self._together, self._meter = meter.rate, _Meter(1)

    def _would_pay(self, efficiency: float, rate: float | None = None) -> bool:
        """Whether processes could save enough, where threads have this share of the rate they should have."""
        saved = self._left / (rate or self._together) * (1 - efficiency)
        return efficiency < BUSY and saved > WORTH * START_SECONDS

    def _keep_or_stop(self, trial: Trial) -> None:
        assert trial.processes is not None
        trial = replace(trial, won=trial.processes > FASTER * trial.threads)
        self._keep(trial)
        if not trial.won:
            self._drain()
            self._engine = self._first
            self._others.stop()

    def _try(self, trial: Trial) -> None:
        self._drain()
        try:
            self._engine = self._others.start()
        except (MxtError, OSError, RuntimeError) as error:  # Dask is not installed, or cannot begin here
            self._keep(replace(trial, cause=str(error)))
            return
        self._trial, self._meter = trial, _Meter(self._n_workers)

    def _drain(self) -> None:
        while self._under_way:
            self._ready.append(self._take())


class _Meter:
    """Clips per second of an engine, and the share of the cores that this process uses meanwhile."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._elsewhere, self._before = set[str](), 0  # workers and tasks that were seen before it begins
        self._clips, self._tasks = 0, 0
        self._since = self._cpu = self.rate = self.busy = 0.0

    def is_enough(self, computed: Computed) -> bool:
        """Note what is finished; whether that is enough to judge by."""
        if self._before < self._workers or 0 < len(self._elsewhere) < self._workers:
            self._before += 1
            self._elsewhere |= {computed.worker} - {""}
            self._since, self._cpu = time.monotonic(), time.process_time()
            return False
        self._clips += len(computed.outcomes)
        self._tasks += 1
        seconds = time.monotonic() - self._since
        if seconds < STEADY_SECONDS or self._tasks < 2 * self._workers:
            return False
        self.rate = self._clips / seconds
        self.busy = (time.process_time() - self._cpu) / (seconds * min(self._workers, cores()))
        return True
