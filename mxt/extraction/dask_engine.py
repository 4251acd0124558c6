"""The engine ``dask``: tasks go to the workers of a Dask cluster, on this machine or on others."""

from __future__ import annotations

import logging
import os
import pickle
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from typing import Any

from mxt.core.errors import InputError, PluginError, Reason
from mxt.core.provenance import versions
from mxt.core.requirements import needed
from mxt.core.text import plural
from mxt.extraction.compute import Computed, Outcome
from mxt.extraction.dask_worker import Bundle, Returned, compute_bundle
from mxt.extraction.engine import Engine, OpenEngine
from mxt.extraction.recipe import Recipe
from mxt.extraction.tasks import ClipJob, Task

BUNDLE_SECONDS = 2.0  # of work that are sent to a worker at a time
LARGEST_BUNDLE = 256  # tasks
AHEAD = 2  # bundles for each worker that are submitted, so that none waits for the next
LOOK_SECONDS = 1.0  # between looks at the cluster, while nothing is finished
CONNECT_SECONDS = 30.0


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
        distributed = needed("distributed", by="--engine dask", install="pip install 'mxt[cluster]'")
        with _cluster(distributed, scheduler, workers) as address:
            client = _client(distributed, address, scheduler)
            try:
                opened = _Dask(client, recipe, say)
                _send_files(client, recipe)
                try:
                    yield opened
                finally:
                    opened.cancel()
            finally:
                client.close(timeout=2)

    return engine


@contextmanager
def _cluster(distributed: Any, scheduler: str | None, workers: int) -> Iterator[str]:
    """The address of the scheduler; without one, of a cluster of processes on this machine."""
    if scheduler is not None:
        yield scheduler
        return
    with distributed.LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        processes=True,
        memory_limit=0,  # a worker is not stopped for what it holds
        dashboard_address=None,
        silence_logs=logging.CRITICAL,
    ) as cluster:
        yield cluster.scheduler_address


def _client(distributed: Any, address: str, asked: str | None) -> Any:
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what matters is said by mxt
    try:
        return distributed.Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        if asked is None:
            raise
        raise InputError(
            f"no Dask scheduler answers at {asked}: {type(error).__name__}; "
            "start one with: dask scheduler, and workers with: dask worker ADDRESS"
        ) from error


def _send_files(client: Any, recipe: Recipe) -> None:
    """Send one-file plugins, and weights that a worker does not see, to all workers, also to later ones.

    Weights of several files are not sent: their folder has to lie where all workers see it.
    """
    sent = [path for path in recipe.plugins if path.is_file()]
    if recipe.weights is not None and recipe.weights.is_file():
        seen = client.run(os.access, str(recipe.weights), os.R_OK)
        sent += [] if seen and all(seen.values()) else [recipe.weights]
    for path in sent:
        client.upload_file(str(path), load=False)


class _Dask:
    """Bundles tasks, so that each is some seconds of work, and keeps every worker busy."""

    def __init__(self, client: Any, recipe: Recipe, say: Callable[[str], None]) -> None:
        self._client, self._recipe, self._say = client, recipe, say
        self._size, self._waiting = 1, list[Task]()
        self._sent: dict[Any, tuple[Task, ...]] = {}  # future to its tasks
        self._places: dict[Any, list[str]] = {}  # future to the workers it may go to, where it is not all
        self._done, self._ready = SimpleQueue[Any](), deque[Computed]()
        self._unfit: set[str] = set()
        self._known, self._looked = list[str](), -LOOK_SECONDS

    @property
    def ahead(self) -> int:
        """Tasks of some bundles for each worker that is there now."""
        return AHEAD * self._size * max(1, len(self._workers()))

    def submit(self, task: Task) -> None:
        self._waiting.append(task)
        if len(self._waiting) >= self._size:
            self._send_waiting()

    def finished(self) -> Computed:
        while not self._ready:
            if self._waiting:
                self._send_waiting()
            try:
                self._take(self._done.get(timeout=LOOK_SECONDS))
            except Empty:
                self._look()
        return self._ready.popleft()

    def cancel(self) -> None:
        """Cancel what has not begun."""
        if self._sent and self._client.status == "running":
            self._client.cancel(list(self._sent), force=True)

    def _workers(self) -> list[str]:
        """Addresses of the workers that were there a second ago."""
        if self._client.status == "running" and time.monotonic() - self._looked > LOOK_SECONDS:
            self._known = list(self._client.scheduler_info(n_workers=-1)["workers"])
            self._looked = time.monotonic()
        return self._known

    def _send_waiting(self) -> None:
        tasks, self._waiting = tuple(self._waiting), []
        self._send(tasks)

    def _send(self, tasks: tuple[Task, ...]) -> None:
        """Submit a bundle, to all workers or to those that can be used."""
        self._check_connection()
        job = tasks[0][0]
        folder = os.path.dirname(job.path) if isinstance(job, ClipJob) else ""
        bundle = Bundle(tasks, self._recipe, folder if os.path.isdir(folder) else "", versions())
        places = [worker for worker in self._workers() if worker not in self._unfit] if self._unfit else []
        if self._unfit and not places:
            raise InputError("none of the workers can be used (see above); what is finished is kept")
        future = self._client.submit(
            compute_bundle,
            pickle.dumps(bundle),
            pure=False,
            workers=places or None,
            allow_other_workers=False,
        )
        self._sent[future] = tasks
        if places:
            self._places[future] = places
        future.add_done_callback(self._done.put)

    def _take(self, future: Any) -> None:
        """What became of a bundle."""
        tasks = self._sent.pop(future, None)
        self._places.pop(future, None)
        if tasks is None:
            return
        if future.status != "finished":
            self._take_failed(future, tasks)
            return
        returned: Returned = future.result()
        if returned.problem:
            if returned.worker not in self._unfit:
                self._unfit.add(returned.worker)
                self._say(f"worker {returned.worker} is not used: {returned.problem}")
            self._send(tasks)
            return
        self._size = max(
            1, min(LARGEST_BUNDLE, round(BUNDLE_SECONDS * len(tasks) / max(returned.seconds, 1e-3)))
        )
        self._ready.extend(returned.computed)

    def _take_failed(self, future: Any, tasks: tuple[Task, ...]) -> None:
        self._check_connection()
        error = future.exception() if future.status == "error" else None
        if error is None:  # the scheduler lost it
            self._send(tasks)
        elif type(error).__name__ == "KilledWorker" and len(tasks) > 1:
            for task in tasks:  # which of them was it?
                self._send((task,))
        elif type(error).__name__ == "KilledWorker":
            detail = "every worker that computed it died"
            outcomes = (Outcome(job, None, Reason.UNREADABLE, detail) for job in tasks[0])
            self._ready.append(Computed(tuple(outcomes)))
        elif isinstance(error, ImportError):
            raise PluginError(f"a worker cannot import what this command uses: {error}") from error
        else:
            raise error

    def _look(self) -> None:
        """Whether the scheduler is there, and whether bundles wait for workers that are gone."""
        self._check_connection()
        if not self._places:
            return
        workers = set(self._workers())
        for future in [future for future, places in self._places.items() if workers.isdisjoint(places)]:
            self._places.pop(future)
            tasks = self._sent.pop(future)
            self._client.cancel([future], force=True)
            self._send(tasks)

    def _check_connection(self) -> None:
        if self._client.status in ("closing", "closed"):  # it has tried to connect again
            lost = plural(len(self._sent), "bundle")
            raise InputError(
                f"the Dask scheduler does not answer any more; {lost} of clips did not come back, and what "
                "is finished is kept: run the same command again"
            )
