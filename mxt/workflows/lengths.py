"""`mxt lengths`: how much of each clip a representation needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mxt.core.errors import InputError, UsageError
from mxt.core.progress import SILENT, Progress
from mxt.core.reprs import short_repr
from mxt.core.views import parse_view
from mxt.evaluation import statistics
from mxt.evaluation.assess import Score
from mxt.evaluation.interval import Interval
from mxt.extraction.plan import make_plan
from mxt.extraction.request import ExtractRequest
from mxt.ingestion.lineage import last_ingested
from mxt.ingestion.requests import DeriveRequest
from mxt.registry import Registry
from mxt.results.records import DatasetResult
from mxt.results.request import EvaluateRequest
from mxt.store.features import FeatureTable
from mxt.store.layout import Store
from mxt.workflows.derive import derive
from mxt.workflows.evaluate import evaluate
from mxt.workflows.extract import extract


@dataclass(frozen=True, eq=False)
class AtLength:
    """What clips of so many seconds gave: the derived data set and its evaluation."""

    seconds: float
    dataset: str
    result: DatasetResult
    __repr__ = short_repr

    def score(self, view: str) -> Score | None:
        """The main score of a view."""
        return next((each.assessment.first for each in self.result.views if each.view == view), None)


@dataclass(frozen=True, eq=False)
class Lengths:
    """Scores by clip length, the shortest first.

    Parameters
    ----------
    dataset, target, head, main : str
    views : tuple of str
    rows : tuple of AtLength
    changes : mapping
        View to the difference of its main scores from the shortest clips to the longest, paired.
    chance : float
    computed : int
        Features that had to be computed.
    """

    dataset: str
    target: str
    head: str
    main: str
    views: tuple[str, ...]
    rows: tuple[AtLength, ...]
    changes: Mapping[str, Interval]
    chance: float
    computed: int
    __repr__ = short_repr


def lengths(
    store_path: Path,
    registry: Registry,
    seconds: Sequence[float],
    request: EvaluateRequest | None = None,
    *,
    start: float = 0.0,
    device: str = "auto",
    jobs: int | None = None,
    progress: Progress = SILENT,
) -> Lengths:
    """Derive an excerpt of each length, extract what is missing of every view, and evaluate them alike.

    Parameters
    ----------
    store_path : Path
    registry : Registry
    seconds : sequence of float
        Lengths of the excerpts.
    request : EvaluateRequest, optional
        Data set, views and how they are evaluated; by default every view of the data set last ingested.
    start : float
        Where excerpts begin, seconds.
    device, jobs : str, int
        Of the extraction.

    Raises
    ------
    UsageError, InputError
        Fewer than two lengths; views that cannot be computed for other clips.
    """
    wanted = sorted(set(seconds))
    if len(wanted) < 2:
        raise UsageError("--seconds names two lengths at least, e.g. --seconds 1,3,10")
    request = request or EvaluateRequest()
    store = Store.open(store_path)
    catalogue = store.catalogue
    parent = catalogue.dataset(request.datasets[0]) if request.datasets else last_ingested(catalogue)
    views = request.features or tuple(catalogue.views(parent.name))
    if not views:
        raise InputError(
            f"no features of {parent.name} yet; mxt extract --dataset {parent.name} --backbone … first"
        )
    recipes = [
        _recipe(store, registry, label)
        for label in dict.fromkeys(part.label for view in views for part in parse_view(view))
    ]
    names, computed = [], 0
    for length in wanted:
        excerpts = DeriveRequest("excerpt", {"start": start, "length": length}, parent.name)
        found = derive(store_path, excerpts, make_last=False, progress=progress)
        names.append(found.name)
        for recipe in recipes:
            asked = replace(recipe, dataset=found.name, device=device, jobs=jobs)
            computed += extract(store_path, asked, registry, progress=progress).computed
    evaluated = evaluate(
        store_path,
        replace(request, datasets=tuple(names), features=views, protocols=request.protocols[:1]),
        registry,
        jobs=jobs,
        progress=progress,
    )
    rows = tuple(
        AtLength(length, name, found)
        for length, name, found in zip(wanted, names, evaluated.datasets, strict=True)
    )
    first, last = rows[0].result, rows[-1].result
    return Lengths(
        parent.name,
        first.target,
        first.head,
        first.views[0].assessment.main,
        tuple(view.view for view in first.views),
        rows,
        _changes(first, last),
        first.views[0].assessment.baselines["chance"],
        computed,
    )


def _recipe(store: Store, registry: Registry, label: str) -> ExtractRequest:
    """What computes a feature table, for other clips.

    Raises
    ------
    InputError
        It was imported, came with a data set, or its stages are not what they were.
    """
    table = store.features.find(label)
    if "pipeline" not in table.attributes:
        raise InputError(
            f"{label} was not computed by mxt: it cannot be computed for excerpts; choose other views with --features"
        )
    request = ExtractRequest.from_table(table, registry)
    if request.weights_sha256:
        raise InputError(
            f"{label} needs --weights-file, which mxt lengths cannot repeat; derive excerpts and extract them one by one"
        )
    _check_same(store, registry, table, request)
    return request


def _check_same(store: Store, registry: Registry, table: FeatureTable, request: ExtractRequest) -> None:
    if make_plan(store.root, request, registry).pipeline.fingerprint != table.fingerprint:
        raise InputError(
            f"{table.label} was computed by other versions of its stages than are here; extract it again first"
        )


def _changes(first: DatasetResult, last: DatasetResult) -> dict[str, Interval]:
    found = {}
    for short, long in zip(first.views, last.views, strict=True):
        a, b = short.assessment, long.assessment
        samples = b.samples[b.main] - a.samples[a.main]
        found[long.view] = statistics.interval(b.first.value - a.first.value, samples)
    return found
