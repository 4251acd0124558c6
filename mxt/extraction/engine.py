"""Engines: where tasks are carried out. An engine only submits tasks, and gives back what is finished."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from queue import SimpleQueue
from typing import Any, Protocol

from mxt.extraction.compute import Computed, compute_prepared, forward
from mxt.extraction.loading import load
from mxt.extraction.recipe import Prepared, Recipe, prepare
from mxt.extraction.tasks import Task

LOADED_AHEAD = 2  # tasks per worker whose windows may wait in memory
COMPUTED_AHEAD = 16  # tasks per worker that are submitted, so that none waits while rows are committed
TURN_SECONDS = 0.0005


class Engine(Protocol):
    """Somewhere that tasks of one recipe are computed."""

    @property
    def ahead(self) -> int:
        """How many tasks are submitted before one has to be finished: enough to keep every worker busy."""

    @property
    def workers(self) -> int:
        """How many workers there are now, of engines elsewhere; 0 for threads of this process."""

    def submit(self, task: Task) -> None:
        """Have `mxt.extraction.compute.compute` called for `task`, soon and somewhere."""

    def finished(self) -> Computed:
        """Wait for the next task to be finished, whichever that is.

        Raises
        ------
        MxtError
            What the task raised.
        """


OpenEngine = Callable[[Recipe, int], AbstractContextManager[Engine]]
"""Opens an engine for a recipe, with a number of workers; its end cancels the tasks that have not begun."""


def carry_out(tasks: Iterable[Task], engine: Engine) -> Iterator[Computed]:
    """Compute tasks with an engine; they are submitted in order, and come as they are finished."""
    under_way = 0
    for task in tasks:
        while under_way >= engine.ahead:  # it may become less
            yield engine.finished()
            under_way -= 1
        engine.submit(task)
        under_way += 1
    for _ in range(under_way):
        yield engine.finished()


@contextmanager
def threads(recipe: Recipe, workers: int) -> Iterator[Engine]:
    """The threads of this process: decoding, resampling and torch release the interpreter.

    A worker decodes, renders and runs the network for a task on one thread of its own. On CUDA the workers
    only decode, and the thread that takes what is finished feeds the one model.

    Raises
    ------
    PluginError, UsageError
        The recipe cannot be prepared.
    """
    from threadpoolctl import threadpool_limits

    prepared = prepare(recipe)
    with threadpool_limits(1), short_turns():  # the limit: for matrix products of NumPy as well
        pool = ThreadPoolExecutor(workers, thread_name_prefix="mxt", initializer=one_thread)
        try:
            yield _Threads(pool, prepared, workers)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


class _Threads:
    workers = 0

    def __init__(self, pool: ThreadPoolExecutor, prepared: Prepared, workers: int) -> None:
        self.feeds_gpu = prepared.device != "cpu"
        self.ahead = workers * (LOADED_AHEAD if self.feeds_gpu else COMPUTED_AHEAD)
        self._pool, self._prepared = pool, prepared
        self._finished = SimpleQueue[Future[Any]]()

    def submit(self, task: Task) -> None:
        if self.feeds_gpu:
            future: Future[Any] = self._pool.submit(load, task, self._prepared.reading)
        else:
            future = self._pool.submit(compute_prepared, task, self._prepared)
        future.add_done_callback(self._finished.put)

    def finished(self) -> Computed:
        result = self._finished.get().result()
        return forward(result, self._prepared) if self.feeds_gpu else result


@contextmanager
def short_turns() -> Iterator[None]:
    """Let a thread that comes out of an operation wait less for the interpreter, which commits keep busy."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(TURN_SECONDS)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def one_thread() -> None:
    """Let torch use one thread in this one."""
    import torch

    torch.set_num_threads(1)
