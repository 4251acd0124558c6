"""Where features, and the fits of an evaluation, are computed, as it was asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from mxt.core.cores import cores
from mxt.core.engines import EngineChoice
from mxt.core.progress import Progress
from mxt.evaluation.engine import Engine, Threads
from mxt.extraction.engine import OpenEngine, threads
from mxt.extraction.records import Trial
from mxt.extraction.request import ExtractRequest
from mxt.registry import build_registry


def extraction_engine(
    request: ExtractRequest, clips: int, progress: Progress, note: Callable[[Trial], None]
) -> OpenEngine:
    """The engine that an extraction of so many clips asks for; `note` is told what was measured of it.

    Raises
    ------
    UsageError
        There is none of this name.
    """
    choice = EngineChoice(request.engine, request.scheduler)
    if choice.name == "threads" and not choice.is_dask:
        return threads
    from mxt.extraction.auto_engine import auto
    from mxt.extraction.dask_engine import dask

    workers = dask(choice.scheduler, progress.say)
    return workers if choice.is_dask else auto(min(clips, request.limit or clips), workers, note)


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
