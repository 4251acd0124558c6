"""The engine ``dask`` of evaluations: folds and fits go to the workers of a Dask cluster."""

from __future__ import annotations

import pickle
import uuid
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache, partial
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import numpy.typing as npt

from mxt.core.cluster import Cluster, open_cluster
from mxt.core.engines import EngineChoice
from mxt.core.errors import EvaluationError
from mxt.core.progress import Step
from mxt.evaluation.dask_worker import Computed, Plugins, compute
from mxt.evaluation.engine import Engine, Given, Item, Work

EQUAL = ("mxt", "numpy", "scikit-learn")  # software that scores depend on
AHEAD = 2  # items for each thread of a worker that are submitted, so that none waits for the next
LARGE = 1 << 16  # bytes from which an array is a file that workers map, rather than part of a message


@contextmanager
def dask(
    choice: EngineChoice, workers: int, say: Callable[[str], None], load: Callable[[Sequence[Path]], object]
) -> Iterator[Engine]:
    """An engine of the workers of a cluster, which is started or joined when there is something to compute.

    Parameters
    ----------
    choice : EngineChoice
        Names the scheduler, and plugins that bring heads.
    workers : int
        How many processes are started on this machine, where no scheduler is named.
    say : callable
        Told of every worker that cannot be used, in one line.
    load : callable
        Loads plugins; a function that workers can import.
    """
    with TemporaryDirectory(prefix="mxt-", ignore_cleanup_errors=True) as folder, ExitStack() as stack:

        @cache
        def cluster() -> Cluster:
            opened = stack.enter_context(open_cluster(choice.scheduler, workers, say, equal=EQUAL))
            for plugin in choice.plugins:
                if plugin.is_file():
                    opened.send(plugin, always=True)
            return opened

        yield _Dask(cluster, Path(folder), Plugins(choice.plugins, load))


class _Dask:
    """The work and large arrays are files, which workers read once; messages stay small."""

    apart = True

    def __init__(self, cluster: Callable[[], Cluster], folder: Path, plugins: Plugins) -> None:
        self._open, self._folder, self._plugins = cluster, folder, plugins
        self._files: dict[int, tuple[npt.NDArray[Any], Path]] = {}  # by the array's id
        self._used: set[int] = set()

    def run(
        self, work: Work[Item, Given], items: Sequence[Item], step: Step
    ) -> Generator[tuple[Item, Given], None, None]:
        """Compute items in the order given, and yield them as they are finished."""
        cluster = self._open()
        self._used = set()
        pickled = self._pickled(work)
        self._forget_unused()
        path = self._new_file("work")
        path.write_bytes(pickled)
        cluster.send(path)
        under_way = 0
        try:
            for item in items:
                while under_way >= _ahead(cluster, work):
                    yield self._finished(cluster, step)
                    under_way -= 1
                cluster.submit(partial(compute, path, self._pickled(item), self._plugins), item)
                under_way += 1
            for _ in range(under_way):
                yield self._finished(cluster, step)
        finally:
            cluster.cancel()
            self._remove(path)

    def _finished(self, cluster: Cluster, step: Step) -> tuple[Any, Any]:
        item, answer = cluster.finished()
        if answer is None:
            raise EvaluationError(
                "every worker that tried one of the fits died, perhaps for want of memory; what is finished "
                "is kept: run the same command again with fewer or larger workers, or without --engine dask"
            )
        computed: Computed = answer.value
        step.workers(cluster.workers)
        step.advance(computed.fits)
        return item, computed.value

    def _pickled(self, value: object) -> bytes:
        file = BytesIO()
        _Pickler(file, self._file_of).dump(value)
        return file.getvalue()

    def _file_of(self, array: npt.NDArray[Any]) -> Path:
        """The file of an array, written and sent where it is new."""
        self._used.add(id(array))
        if id(array) not in self._files:
            path = self._new_file("npy")
            np.save(path, array)
            self._open().send(path)
            self._files[id(array)] = array, path
        return self._files[id(array)][1]

    def _forget_unused(self) -> None:
        """Remove files of arrays that were part of the work before and are not of this one."""
        for number in self._files.keys() - self._used:
            self._remove(self._files.pop(number)[1])

    def _new_file(self, kind: str) -> Path:
        return self._folder / f"mxt-{uuid.uuid4().hex}.{kind}"

    def _remove(self, path: Path) -> None:
        path.unlink()
        self._open().forget(path)


def _ahead(cluster: Cluster, work: Work[Any, Any]) -> int:
    """Items that are submitted before one has to be finished: enough for all workers, or for memory here."""
    threads = cluster.threads
    room = work.workers(threads, apart=True) if cluster.is_here else threads
    return room if room < threads else AHEAD * threads


class _Pickler(pickle.Pickler):
    def __init__(self, file: BytesIO, file_of: Callable[[npt.NDArray[Any]], Path]) -> None:
        super().__init__(file, protocol=pickle.HIGHEST_PROTOCOL)
        self._file_of = file_of

    def persistent_id(self, value: object) -> str | None:
        """The file of a large array; ``None`` for what is pickled as it is."""
        if isinstance(value, np.ndarray) and value.nbytes >= LARGE and not value.dtype.hasobject:
            return str(self._file_of(value))
        return None
