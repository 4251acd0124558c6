"""The workers of a Dask cluster, on this machine or on others, as one command uses them."""

from __future__ import annotations

import logging
import os
import pickle
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from mxt.core.cluster_worker import Answer, answer
from mxt.core.errors import InputError, PluginError
from mxt.core.provenance import versions
from mxt.core.requirements import needed
from mxt.core.text import plural

LOOK_SECONDS = 1.0  # between looks at the cluster, while nothing is finished
CONNECT_SECONDS = 30.0
INSTALL = "pip install 'mxt[cluster]'"


@contextmanager
def open_cluster(
    scheduler: str | None, workers: int, say: Callable[[str], None], *, equal: Collection[str]
) -> Iterator[Cluster]:
    """The workers of a cluster; at the end, what has not begun is cancelled.

    Parameters
    ----------
    scheduler : str, optional
        Address of its scheduler (``tcp://HOST:8786``); by default, a cluster of processes is started on this
        machine, and ends here.
    workers : int
        How many processes are started.
    say : callable
        Told of every worker that cannot be used, in one line.
    equal : collection of str
        Software whose versions have to be equal here and in the workers.

    Raises
    ------
    InputError
        No scheduler answers.
    PluginError
        Dask is not installed.
    """
    distributed = needed("distributed", by="--engine dask", install=INSTALL)
    with _address(distributed, scheduler, workers) as address:
        client = _client(distributed, address, scheduler)
        wanted = {name: version for name, version in versions().items() if name in equal}
        cluster = Cluster(client, say, wanted, is_here=scheduler is None)
        try:
            yield cluster
        finally:
            cluster.close()


@contextmanager
def _address(distributed: Any, scheduler: str | None, workers: int) -> Iterator[str]:
    """The address of the scheduler; without one, of a cluster of processes on this machine."""
    if scheduler is not None:
        yield scheduler
        return
    with distributed.LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        processes=True,
        memory_limit=0,  # a worker is not stopped for what it holds
        dashboard_address="127.0.0.1:0",  # rather than one port for all clusters of a machine
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


@dataclass(frozen=True, slots=True)
class _Sent:
    """A call on its way, what it is to the caller, and the workers it may go to where it is not all."""

    pickled: bytes
    token: Any
    places: tuple[str, ...] = ()


class Cluster:
    """Calls that workers carry out; those of a worker that dies or cannot be used go to others.

    Parameters
    ----------
    client : distributed.Client
    say : callable
        Told of every worker that cannot be used.
    needed : mapping
        Versions that workers have to have, by the name of the software.
    is_here : bool
        Whether the cluster was started on this machine, for this command alone.
    """

    def __init__(
        self, client: Any, say: Callable[[str], None], needed: Mapping[str, str], *, is_here: bool
    ) -> None:
        self.is_here = is_here
        self._client, self._say, self._needed = client, say, needed
        self._sent: dict[Any, _Sent] = {}
        self._done = SimpleQueue[Any]()
        self._unfit: set[str] = set()
        self._known: dict[str, int] = {}  # threads of each worker
        self._looked = -LOOK_SECONDS
        self._uploads: set[str] = set()  # names of files that were sent

    @property
    def workers(self) -> int:
        """How many workers there were a second ago that can be used."""
        return len(self._fit())

    @property
    def threads(self) -> int:
        """How many calls they carry out at a time; at least 1."""
        return max(1, sum(self._fit().values()))

    def send(self, file: Path, *, always: bool = False) -> None:
        """Send a file to all workers, also to later ones, where any does not see it; or `always`.

        `mxt.core.cluster_worker.seen_here` finds it there.
        """
        from distributed.diagnostics.plugin import UploadFile

        if self.is_here:
            return
        if not always:
            seen = self._client.run(os.access, str(file), os.R_OK)
            if seen and all(seen.values()):
                return
        self._client.register_plugin(UploadFile(str(file), load=False), name=self._upload(file))
        self._uploads.add(self._upload(file))

    def forget(self, file: Path) -> None:
        """Send a file to later workers no more."""
        if (name := self._upload(file)) in self._uploads and self._client.status == "running":
            self._uploads.remove(name)
            self._client.unregister_worker_plugin(name)

    def _upload(self, file: Path) -> str:
        return f"mxt-{self._client.id}-{file}"

    def submit(self, call: Callable[[], Any], token: Any) -> None:
        """Have a call carried out, soon and somewhere; `finished` gives its token back."""
        self._send(_Sent(pickle.dumps(call), token))

    def finished(self) -> tuple[Any, Answer | None]:
        """Wait for the next call to be finished, whichever that is.

        Returns
        -------
        token : object
        answer : Answer, optional
            ``None`` where every worker that tried it died.

        Raises
        ------
        InputError
            The scheduler is gone, or no worker can be used.
        PluginError
            A worker cannot import what the call needs.
        Exception
            What the call raised.
        """
        while True:
            try:
                future = self._done.get(timeout=LOOK_SECONDS)
            except Empty:
                self._look()
                continue
            sent = self._sent.pop(future, None)
            if sent is None:
                continue
            if future.status != "finished":
                if self._is_lost(future):
                    return sent.token, None
                self._send(sent)
                continue
            answer: Answer = future.result()
            if not answer.problem:
                return sent.token, answer
            if answer.worker not in self._unfit:
                self._unfit.add(answer.worker)
                self._say(f"worker {answer.worker} is not used: {answer.problem}")
            self._send(sent)

    def cancel(self) -> None:
        """Forget all calls; those that have not begun are not carried out."""
        sent, self._sent = list(self._sent), {}
        if sent and self._client.status == "running":
            self._client.cancel(sent, force=True)

    def close(self) -> None:
        """Leave the workers as they were."""
        self.cancel()
        if self._client.status == "running":
            for name in self._uploads:
                self._client.unregister_worker_plugin(name)
        self._client.close(timeout=2)

    def _fit(self) -> dict[str, int]:
        """Threads of the workers that can be used, by address."""
        if self._client.status == "running" and time.monotonic() - self._looked > LOOK_SECONDS:
            workers = self._client.scheduler_info(n_workers=-1)["workers"]
            self._known = {address: worker["nthreads"] for address, worker in workers.items()}
            self._looked = time.monotonic()
        return {address: n for address, n in self._known.items() if address not in self._unfit}

    def _send(self, sent: _Sent) -> None:
        self._check_connection()
        places = tuple(self._fit()) if self._unfit else ()
        if self._unfit and not places:
            raise InputError("none of the workers can be used (see above); what is finished is kept")
        future = self._client.submit(
            answer,
            sent.pickled,
            self._needed,
            pure=False,
            workers=list(places) or None,
            allow_other_workers=False,
        )
        self._sent[future] = _Sent(sent.pickled, sent.token, places)
        future.add_done_callback(self._done.put)

    def _is_lost(self, future: Any) -> bool:
        """Whether every worker died of a call that did not succeed; else it can be sent again."""
        self._check_connection()
        error = future.exception() if future.status == "error" else None
        if error is None:  # the scheduler lost it
            return False
        if type(error).__name__ == "KilledWorker":
            return True
        if isinstance(error, ImportError):
            raise PluginError(f"a worker cannot import what this command uses: {error}") from error
        raise error

    def _look(self) -> None:
        """Whether the scheduler is there, and whether calls wait for workers that are gone."""
        self._check_connection()
        workers = set(self._fit())
        for future, sent in list(self._sent.items()):
            if sent.places and workers.isdisjoint(sent.places):
                del self._sent[future]
                self._client.cancel([future], force=True)
                self._send(sent)

    def _check_connection(self) -> None:
        if self._client.status in ("closing", "closed"):  # it has tried to connect again
            lost = plural(len(self._sent), "piece")
            raise InputError(
                f"the Dask scheduler does not answer any more; {lost} of work did not come back, and what is "
                "finished is kept: run the same command again"
            )
