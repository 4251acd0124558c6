"""Where the fits of an evaluation are computed, as it was asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from mxt.core.cores import cores
from mxt.core.engines import EngineChoice
from mxt.core.progress import Progress
from mxt.evaluation.engine import Engine, Threads
from mxt.registry import build_registry


@contextmanager
def fits_engine(choice: EngineChoice, jobs: int | None, progress: Progress) -> Iterator[Engine]:
    """The engine that was chosen.

    Parameters
    ----------
    choice : EngineChoice
    jobs : int, optional
        Workers on this machine (default: one per core).
    progress : Progress
        Told of workers that cannot be used.
    """
    if not choice.is_dask:
        yield Threads(jobs or cores())
        return
    from mxt.evaluation.dask_engine import dask

    with dask(choice, jobs or cores(), progress.say, build_registry) as engine:
        yield engine
