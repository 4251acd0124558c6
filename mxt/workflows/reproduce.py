"""`mxt reproduce`: a paper's experiments on what is in the store, beside the numbers it published."""

from __future__ import annotations

from pathlib import Path

from mxt.core.errors import UnknownName
from mxt.core.progress import SILENT, Progress
from mxt.papers.choi2017.records import ReproduceRequest, Reproduction
from mxt.registry import Registry
from mxt.workflows.reproduce_choi2017 import reproduce_choi2017

PAPERS = {"choi2017": reproduce_choi2017}


def reproduce(
    store_path: Path,
    request: ReproduceRequest,
    registry: Registry,
    *,
    jobs: int | None = None,
    progress: Progress = SILENT,
) -> Reproduction:
    """Run a paper's experiments over the data sets of the store.

    Parameters
    ----------
    store_path : Path
    request : ReproduceRequest
    registry : Registry
    jobs : int, optional
        Fits at a time (default: one per core).
    progress : Progress

    Raises
    ------
    InputError
        None of the paper's data sets is in the store.
    UnknownName
        No such paper, or what the request names is not the paper's.
    """
    if request.paper not in PAPERS:
        raise UnknownName("paper", request.paper, PAPERS)
    return PAPERS[request.paper](store_path, request, registry, jobs=jobs, progress=progress)
