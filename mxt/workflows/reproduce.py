"""`mxt reproduce choi2017`: the paper's grid over what is in the store, beside what was published, and its findings."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from mxt.core.errors import InputError, UnknownName, listed
from mxt.core.progress import SILENT, Progress
from mxt.core.views import parse_view
from mxt.papers.choi2017_findings import findings
from mxt.papers.choi2017_tasks import TASKS, Task, published
from mxt.papers.records import CLOSE, Cell, Finding, Reproduction, TaskReproduction
from mxt.registry import Registry
from mxt.results.request import SearchRequest
from mxt.results.study import open_store
from mxt.store.layout import Store
from mxt.workflows.search import search

PAPERS = ("choi2017",)

__all__ = [
    "CLOSE",
    "TASKS",
    "Cell",
    "Finding",
    "Reproduction",
    "Task",
    "TaskReproduction",
    "published",
    "reproduce",
]


def reproduce(
    store_path: Path,
    registry: Registry,
    paper: str = "choi2017",
    *,
    tasks: tuple[str, ...] = (),
    features: str = "choi2017_convnet",
    mfcc: str = "choi2017_mfcc",
    quick: bool = False,
    jobs: int | None = None,
    progress: Progress = SILENT,
) -> Reproduction:
    """Run the published grid over the data sets of the store.

    Parameters
    ----------
    store_path : Path
    registry : Registry
    paper : {"choi2017"}
    tasks : tuple of str
        Names of tasks or of their data sets; else all that are in the store.
    features, mfcc : str
        The tables of the network and of the MFCCs (left out where a data set has none).
    quick : bool
        Only the published protocol: no standardised column, no nested one, no findings that need them.
    jobs : int, optional
    progress : Progress

    Raises
    ------
    InputError, UnknownName
        None of the data sets is in the store; no such paper or task.
    """
    if paper not in PAPERS:
        raise UnknownName("paper", paper, PAPERS)
    store = open_store(store_path)
    wanted = _wanted(tasks)
    there = _with_features(store, features)
    found = [
        _task(
            store_path,
            registry,
            task,
            features,
            mfcc if mfcc in there[task.dataset] else "",
            quick,
            jobs,
            progress,
        )
        for task in wanted
        if task.dataset in there
    ]
    if not found:
        raise _nothing(store_path, wanted, features)
    absent = tuple(task.words for task in wanted if task.dataset not in there)
    return Reproduction(
        tuple(found), tuple(findings(store, registry, found, features, mfcc, quick=quick, jobs=jobs)), absent
    )


def _nothing(store_path: Path, wanted: list[Task], features: str) -> InputError:
    names = listed(dict.fromkeys(task.dataset for task in wanted))
    return InputError(
        f"{store_path} has no data set called {names} with features {features}; "
        "mxt ingest FOLDER --loader choi2017 brings the published ones"
    )


def _wanted(names: tuple[str, ...]) -> list[Task]:
    known = {task.name for task in TASKS} | {task.dataset for task in TASKS}
    for name in names:
        if name not in known:
            raise UnknownName("task", name, known)
    return [task for task in TASKS if not names or task.name in names or task.dataset in names]


def _with_features(store: Store, features: str) -> dict[str, set[str]]:
    """Data sets that have the network's features, and the labels of all their tables."""
    found = {}
    for record in store.catalogue.datasets():
        labels = {part.label for view in store.catalogue.views(record.name) for part in parse_view(view)}
        if features in labels:
            found[record.name] = labels
    return found


def _task(
    store_path: Path,
    registry: Registry,
    task: Task,
    features: str,
    mfcc: str,
    quick: bool,
    jobs: int | None,
    progress: Progress,
) -> TaskReproduction:
    catalogue = open_store(store_path).catalogue
    targets = catalogue.dataset(task.dataset).targets
    base = SearchRequest(
        datasets=(task.dataset,),
        features=(features,),
        beside=(mfcc,) if mfcc else (),
        protocols=("choi2017",),
        target=task.target if task.target in targets else None,
        only=strategies_of(mfcc),
    )
    released = search(store_path, base, registry, jobs=jobs, progress=progress).results[0]
    standardised = nested = None
    if not quick:
        scaled = replace(base, settings=("choi2017.standardise=yes",))
        standardised = search(store_path, scaled, registry, jobs=jobs, progress=progress).results[0]
        nested = search(
            store_path, replace(base, protocols=("nested",)), registry, jobs=jobs, progress=progress
        ).results[0]
    known = published()["scores"].get(task.name, {})
    cells = []
    for row in released.rows:
        name = _published_name(row.name)
        values = [
            None if each is None or (one := each.row(row.name)) is None else one.score.value
            for each in (standardised, nested)
        ]
        cells.append(Cell(name, row.score.value, known.get(name), values[0], values[1]))
    return TaskReproduction(
        task, tuple(cells), released, standardised, nested, len(catalogue.clips(task.dataset))
    )


def strategies_of(mfcc: str) -> tuple[str, ...]:
    """The paper's combinations: 31 of layers, the MFCCs, and all layers with them."""
    from mxt.evaluation.layers import strategies

    plain = [each.name for each in strategies(list("12345"))]
    return (*plain, *((mfcc, f"12345+{mfcc}") if mfcc else ()))


def _published_name(name: str) -> str:
    """As the published table writes it."""
    layers, plus, added = name.partition("+")
    if layers.isdigit():
        return f"{layers}+mfcc" if plus and added else layers
    return "mfcc"
