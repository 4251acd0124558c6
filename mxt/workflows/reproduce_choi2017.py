"""`mxt reproduce choi2017`: the grid over what is in the store, the published scores, and the findings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from mxt.core.cores import cores
from mxt.core.errors import InputError, UnknownName, listed
from mxt.core.progress import SILENT, Progress, Titled
from mxt.core.views import parse_view
from mxt.evaluation.candidates import strategies
from mxt.papers.choi2017 import from_grid
from mxt.papers.choi2017.from_features import Features
from mxt.papers.choi2017.records import Cell, ReproduceRequest, Reproduction, TaskReproduction
from mxt.papers.choi2017.tasks import TASKS, Task, published, published_name
from mxt.papers.finding import Finding
from mxt.registry import Registry
from mxt.results.request import SearchRequest
from mxt.results.search_record import SearchResult
from mxt.results.study import open_store
from mxt.store.layout import Store
from mxt.workflows.search import search

Run = Callable[[SearchRequest, str], SearchResult]


def reproduce_choi2017(
    store_path: Path,
    request: ReproduceRequest,
    registry: Registry,
    *,
    jobs: int | None = None,
    progress: Progress = SILENT,
) -> Reproduction:
    """Run the published grid over the data sets of the store.

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
        None of the data sets is in the store.
    UnknownName
        No such task.
    """
    store = open_store(store_path)
    wanted, labels = _wanted(request.tasks), _labels(store)
    present = [task for task in wanted if request.features in labels.get(task.dataset, ())]
    if not present:
        raise _nothing(store_path, wanted, request.features)
    _check_strategies(request.strategies)
    tasks = []
    for number, task in enumerate(present, start=1):
        mfcc = request.mfcc if request.mfcc in labels[task.dataset] else ""
        only = _only(request, mfcc)
        title = f"{task.words} ({number} of {len(present)})"

        def run(grid: SearchRequest, words: str, title: str = title) -> SearchResult:
            shown = Titled(progress, f"{title}, {words}")
            return search(store_path, grid, registry, jobs=jobs, progress=shown).results[0]

        if only:
            tasks.append(_task(task, replace(request, mfcc=mfcc), only, store, run))
    if not tasks:
        names = listed(request.strategies)
        raise InputError(f"no task of {store_path} has the features for {names}: MFCCs ({request.mfcc})")
    cells = from_grid.cells_met(tasks)
    findings = (cells, *_findings(store, request, registry, tasks, jobs=jobs or cores()))
    done = [task.task for task in tasks]
    return Reproduction(
        cells, tuple(tasks), findings, tuple(task.words for task in wanted if task not in done)
    )


def _nothing(store_path: Path, wanted: Sequence[Task], features: str) -> InputError:
    names = listed(dict.fromkeys(task.dataset for task in wanted))
    return InputError(
        f"{store_path} has no data set called {names} with features {features}; "
        "mxt ingest FOLDER --loader choi2017 brings the published ones"
    )


def _wanted(names: Sequence[str]) -> list[Task]:
    known = {task.name for task in TASKS} | {task.dataset for task in TASKS}
    for name in names:
        if name not in known:
            raise UnknownName("task", name, known)
    return [task for task in TASKS if not names or task.name in names or task.dataset in names]


def _labels(store: Store) -> dict[str, set[str]]:
    """The labels of the tables that every data set has."""
    catalogue = store.catalogue
    return {
        record.name: {part.label for view in catalogue.views(record.name) for part in parse_view(view)}
        for record in catalogue.datasets()
    }


def _check_strategies(names: Sequence[str]) -> None:
    known = [published_name(name) for name in strategies_of("mfcc")]
    for name in names:
        if name not in known:
            raise UnknownName("combination", name, known)


def _only(request: ReproduceRequest, mfcc: str) -> tuple[str, ...]:
    """The combinations asked for that a task with these MFCCs has."""
    names = strategies_of(mfcc)
    return tuple(
        name for name in names if not request.strategies or published_name(name) in request.strategies
    )


def _findings(
    store: Store,
    request: ReproduceRequest,
    registry: Registry,
    tasks: Sequence[TaskReproduction],
    *,
    jobs: int,
) -> Iterator[Finding]:
    """All findings that the store allows."""
    if not request.quick:
        yield from_grid.standardisation(tasks)
        yield from from_grid.same_folds(tasks)
    for dataset in dict.fromkeys(task.task.dataset for task in tasks):
        yield from Features(store, registry, dataset, request, jobs).findings()
    for task in tasks:
        yield from from_grid.of_task(task, whole=not request.strategies)


def _task(
    task: Task, request: ReproduceRequest, only: tuple[str, ...], store: Store, run: Run
) -> TaskReproduction:
    """Search by the published protocol and, unless it has to be quick, on standardised columns and nested."""
    mfcc, catalogue = request.mfcc, store.catalogue
    base = SearchRequest(
        datasets=(task.dataset,),
        features=(request.features,),
        beside=(mfcc,) if mfcc else (),
        protocols=("choi2017",),
        target=task.target if task.target in catalogue.dataset(task.dataset).targets else None,
        only=only,
    )
    released = run(base, "as released")
    standardised = nested = None
    if not request.quick:
        standardised = run(replace(base, settings=("choi2017.standardise=yes",)), "standardised")
        nested = run(replace(base, protocols=("nested",)), "nested")
    known = published()["scores"].get(task.name, {})
    cells = []
    for row in released.rows:
        name = published_name(row.name)
        others = (_score(result, row.name) for result in (standardised, nested))
        cells.append(Cell(name, row.score.value, known.get(name), *others))
    clips = catalogue.figures(task.dataset).clips
    return TaskReproduction(task, tuple(cells), released, standardised, nested, clips)


def _score(result: SearchResult | None, name: str) -> float | None:
    row = None if result is None else result.row(name)
    return None if row is None else row.score.value


def strategies_of(mfcc: str) -> tuple[str, ...]:
    """The paper's combinations: 31 of layers, the MFCCs, and all layers with them."""
    plain = [strategy.name for strategy in strategies(list("12345"))]
    return (*plain, *((mfcc, f"12345+{mfcc}") if mfcc else ()))
