"""The engine ``dask``: tasks go to the workers of a Dask cluster, on this machine or on others."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from mxt.core.cluster import Cluster, open_cluster
from mxt.core.errors import Reason
from mxt.extraction.compute import Computed, Outcome
from mxt.extraction.dask_worker import Bundle, Returned, compute_bundle
from mxt.extraction.engine import Engine, OpenEngine
from mxt.extraction.recipe import Recipe
from mxt.extraction.tasks import ClipJob, Task

EQUAL = ("mxt", "torch")  # software that features depend on most
BUNDLE_SECONDS = 2.0  # of work that are sent to a worker at a time
LARGEST_BUNDLE = 256  # tasks
AHEAD = 2  # bundles for each thread of a worker that are submitted, so that none waits for the next


def dask(scheduler: str | None, say: Callable[[str], None]) -> OpenEngine:
    """An engine of the workers of a cluster.

    Parameters
    ----------
    scheduler : str, optional
        Address of its scheduler (``tcp://HOST:8786``); by default, a cluster of processes is started on this
        machine, and ends with the run.
    say : callable
        Told of every worker that cannot be used, in one line.
    """

    @contextmanager
    def engine(recipe: Recipe, workers: int) -> Iterator[Engine]:
        with open_cluster(scheduler, workers, say, equal=EQUAL) as cluster:
            for plugin in recipe.plugins:
                if plugin.is_file():
                    cluster.send(plugin, always=True)
            if recipe.weights is not None and recipe.weights.is_file():
                cluster.send(recipe.weights)  # of several files: they have to lie where all workers see them
            yield _Dask(cluster, recipe)

    return engine


class _Dask:
    """Bundles tasks, so that each is some seconds of work, and keeps every worker busy."""

    def __init__(self, cluster: Cluster, recipe: Recipe) -> None:
        self._cluster, self._recipe = cluster, recipe
        self._size, self._waiting = 1, list[Task]()
        self._ready = deque[Computed]()

    @property
    def ahead(self) -> int:
        """Tasks of some bundles for each worker that is there now."""
        return AHEAD * self._size * self._cluster.threads

    @property
    def workers(self) -> int:
        """How many there are now."""
        return self._cluster.workers

    def submit(self, task: Task) -> None:
        self._waiting.append(task)
        if len(self._waiting) >= self._size:
            self._send_waiting()

    def finished(self) -> Computed:
        while not self._ready:
            if self._waiting:
                self._send_waiting()
            tasks, answer = self._cluster.finished()
            if answer is None:
                self._take_lost(tasks)
                continue
            returned: Returned = answer.value
            whole = round(BUNDLE_SECONDS * len(tasks) / max(returned.seconds, 1e-3))
            self._size = max(1, min(LARGEST_BUNDLE, whole))
            self._ready.extend(replace(computed, worker=answer.worker) for computed in returned.computed)
        return self._ready.popleft()

    def _send_waiting(self) -> None:
        tasks, self._waiting = tuple(self._waiting), []
        self._send(tasks)

    def _send(self, tasks: tuple[Task, ...]) -> None:
        job = tasks[0][0]
        folder = os.path.dirname(job.path) if isinstance(job, ClipJob) else ""
        bundle = Bundle(tasks, self._recipe, folder if os.path.isdir(folder) else "")
        self._cluster.submit(partial(compute_bundle, bundle), tasks)

    def _take_lost(self, tasks: tuple[Task, ...]) -> None:
        """Every worker that computed a bundle died: which of its tasks was it?"""
        if len(tasks) > 1:
            for task in tasks:
                self._send((task,))
            return
        detail = "every worker that computed it died"
        outcomes = (Outcome(job, None, Reason.UNREADABLE, detail) for job in tasks[0])
        self._ready.append(Computed(tuple(outcomes)))
