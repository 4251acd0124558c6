"""`mxt lengths`: how much of each clip a representation needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from mxt.core.errors import InputError, UsageError
from mxt.core.progress import SILENT, Progress
from mxt.core.views import parse_view
from mxt.evaluation import statistics
from mxt.evaluation.interval import Interval
from mxt.extraction.request import ExtractRequest
from mxt.ingestion.lineage import last_ingested
from mxt.ingestion.requests import DeriveRequest
from mxt.registry import Registry
from mxt.results.lengths import AtLength, Lengths, LengthsRequest
from mxt.results.records import DatasetResult
from mxt.store.layout import Store
from mxt.workflows.commands import first_extraction
from mxt.workflows.derive import derive
from mxt.workflows.evaluate import evaluate
from mxt.workflows.extract import extract


def lengths(
    store_path: Path,
    request: LengthsRequest,
    registry: Registry,
    *,
    jobs: int | None = None,
    progress: Progress = SILENT,
) -> Lengths:
    """Derive excerpts of each length, extract what is missing of every view, and evaluate all lengths alike.

    Parameters
    ----------
    store_path : Path
    request : LengthsRequest
    registry : Registry
    jobs : int, optional
        Parallel workers (default: one per core).
    progress : Progress

    Raises
    ------
    UsageError, InputError
        There are fewer than two lengths, or views that cannot be computed for other clips.
    """
    seconds = sorted(set(request.seconds))
    if len(seconds) < 2:
        raise UsageError("--seconds needs at least two lengths, e.g. --seconds 1,3,10")
    store = Store.open(store_path)
    catalogue, study = store.catalogue, request.study
    parent = catalogue.dataset(study.datasets[0]) if study.datasets else last_ingested(catalogue)
    views = study.features or tuple(catalogue.views(parent.name))
    if not views:
        raise InputError(
            f"no features of {parent.name} yet; first: {first_extraction(registry, dataset=parent.name)}"
        )
    recipes = [
        replace(recipe, device=request.device, jobs=jobs) for recipe in _recipes(store, registry, views)
    ]
    names, computed = [], 0
    for length in seconds:
        excerpts = DeriveRequest("excerpt", {"start": request.start, "length": length}, parent.name)
        derived = derive(store_path, excerpts, progress=progress)
        names.append(derived.name)
        for recipe in recipes:
            of_excerpts = replace(recipe, dataset=derived.name)
            computed += extract(store_path, of_excerpts, registry, progress=progress).computed
    study = replace(study, datasets=tuple(names), features=views, protocols=study.protocols[:1])
    results = evaluate(store_path, study, registry, jobs=jobs, progress=progress).datasets
    rows = tuple(AtLength(*row) for row in zip(seconds, names, results, strict=True))
    return Lengths(parent.name, rows, _changes(results[0], results[-1]), computed)


def _recipes(store: Store, registry: Registry, views: Sequence[str]) -> list[ExtractRequest]:
    """What computes the tables of these views, for other clips.

    Raises
    ------
    InputError
        A table was imported, came with a data set, or its stages are not what they were.
    """
    recipes = []
    for label in dict.fromkeys(part.label for view in views for part in parse_view(view)):
        table = store.features.find(label)
        if "pipeline" not in table.attributes:
            raise InputError(
                f"{label} was not computed by mxt, which is needed for excerpts; choose other --features"
            )
        recipe = ExtractRequest.from_table(table, registry)
        if recipe.weights_sha256:
            raise InputError(
                f"{label} needs --weights-file, which mxt lengths cannot repeat; "
                "derive excerpts and extract them one by one"
            )
        if recipe.pipeline(registry).fingerprint != table.fingerprint:
            raise InputError(f"{label} was computed by other versions of its stages; extract it again first")
        recipes.append(recipe)
    return recipes


def _changes(first: DatasetResult, last: DatasetResult) -> dict[str, Interval]:
    """The main scores of the longest clips minus those of the shortest."""
    changes = {}
    for short, long in zip(first.views, last.views, strict=True):
        a, b = short.assessment, long.assessment
        samples = b.samples[b.main] - a.samples[a.main]
        changes[long.view] = statistics.interval(b.first.value - a.first.value, samples, a.units)
    return changes
