"""Features without a store: of clips or of stretches of recordings, in order, in bounded memory."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from mxt.audio.decode import LARGEST, blocks, mix
from mxt.core.errors import AudioError, Reason
from mxt.extraction.compute import Computed, compute_prepared
from mxt.extraction.engine import one_thread, short_turns
from mxt.extraction.loading import Stretch, is_long
from mxt.extraction.recipe import Prepared, Recipe, prepare
from mxt.extraction.tasks import ClipJob, Job, Task

AHEAD = 2  # tasks per worker that wait in memory
LEAST_TAIL = 0.5  # of a window: what is left at the end of a recording and shorter belongs to the last window


@dataclass(frozen=True, slots=True)
class Cut:
    """How recordings are cut: windows of `window` seconds every `hop` seconds."""

    window: float
    hop: float

    def count(self, seconds: float) -> int:
        """How many stretches a recording of so many seconds has."""
        if seconds < self.window:
            return 1
        full = 1 + int((seconds - self.window) / self.hop + 1e-6)
        return full + self._has_tail(seconds, full)

    def _has_tail(self, seconds: float, full: int) -> bool:
        covered, left = (full - 1) * self.hop + self.window, seconds - full * self.hop
        return seconds > covered + 1e-6 and left >= LEAST_TAIL * self.window

    def stretches(self, path: str, clip_id: str, *, skip: int = 0) -> Iterator[Stretch]:
        """The stretches of a recording, decoded from beginning to end.

        Parameters
        ----------
        path, clip_id : str
            The file, and what it is called.
        skip : int
            So many from the beginning are left out.

        Raises
        ------
        AudioError
            The recording cannot be decoded, or not to its end; what came before was good.
        """
        held, first, number, rate = np.zeros(0, np.float32), 0, 0, 0
        for x, rate in blocks(path):
            held = np.concatenate([held, mix(x)])
            length = math.floor(self.window * rate + 1e-6)
            while (begin := round(number * self.hop * rate)) + length <= first + len(held):
                if number >= skip:
                    y = held[begin - first : begin - first + length].copy()
                    yield self._checked(clip_id, number * self.hop, number * self.hop + self.window, y, rate)
                number += 1
            keep = max(0, min(len(held), round(number * self.hop * rate) - first))
            held, first = held[keep:], first + keep
        seconds = (first + len(held)) / rate
        if number >= skip and (number == 0 or self._has_tail(seconds, number)):
            y = held[max(0, round(number * self.hop * rate) - first) :]
            yield self._checked(clip_id, number * self.hop, seconds, y, rate)

    @staticmethod
    def _checked(clip_id: str, start: float, end: float, y: np.ndarray, rate: int) -> Stretch:
        if not np.abs(y).max(initial=0.0) <= LARGEST:
            detail = f"samples that are NaN, infinite or absurdly large, from {start:g} s on"
            raise AudioError(Reason.NOT_FINITE, detail)
        return Stretch(clip_id, start, end, y, rate)


Answer = tuple[Task, tuple[Computed, ...]]


class Direct:
    """Recipes in memory, and the threads that compute by them.

    Parameters
    ----------
    prepared : sequence of Prepared
        Each task goes through all of them.
    """

    def __init__(self, pool: ThreadPoolExecutor, prepared: Sequence[Prepared], workers: int) -> None:
        self._pool, self._prepared, self._ahead = pool, prepared, max(1, workers) * AHEAD

    def compute(self, jobs: Iterable[Job]) -> Iterator[Answer]:
        """What becomes of jobs, in batches and in order: for each batch, the outcomes of each recipe."""
        waiting: deque[tuple[Task, Future[tuple[Computed, ...]]]] = deque()
        try:
            for task in self._batches(jobs):
                waiting.append((task, self._pool.submit(self._work, task)))
                if len(waiting) > self._ahead:
                    yield _next(waiting)
            while waiting:
                yield _next(waiting)
        finally:
            for _, future in waiting:
                future.cancel()

    def _work(self, task: Task) -> tuple[Computed, ...]:
        return tuple(compute_prepared(task, prepared) for prepared in self._prepared)

    def _batches(self, jobs: Iterable[Job]) -> Iterator[Task]:
        """Jobs in batches; clips that are decoded piece by piece alone."""
        size = max(prepared.batch_windows for prepared in self._prepared)
        batch: list[Job] = []
        for job in jobs:
            if self._is_long(job):
                if batch:
                    yield tuple(batch)
                    batch = []
                yield (job,)
                continue
            batch.append(job)
            if len(batch) == size:
                yield tuple(batch)
                batch = []
        if batch:
            yield tuple(batch)

    def _is_long(self, job: Job) -> bool:
        windows = (prepared.reading.window for prepared in self._prepared)
        return isinstance(job, ClipJob) and any(is_long(job, window) for window in windows)


def _next(waiting: deque[tuple[Task, Future[tuple[Computed, ...]]]]) -> Answer:
    task, future = waiting.popleft()
    return task, future.result()


@contextmanager
def direct(recipes: Sequence[Recipe], workers: int) -> Iterator[Direct]:
    """Prepare recipes, and open the threads that compute by them.

    Raises
    ------
    PluginError, UsageError
        A recipe cannot be prepared.
    """
    with direct_prepared([prepare(recipe) for recipe in recipes], workers) as computing:
        yield computing


@contextmanager
def direct_prepared(prepared: Sequence[Prepared], workers: int) -> Iterator[Direct]:
    """Open the threads that compute by recipes in memory."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1), short_turns():
        pool = ThreadPoolExecutor(max(1, workers), thread_name_prefix="mxt", initializer=one_thread)
        try:
            yield Direct(pool, prepared, workers)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
