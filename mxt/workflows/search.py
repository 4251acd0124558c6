"""`mxt search`: which layers to join, chosen inside or as papers do, for data sets and backbones."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from mxt.core.cores import cores
from mxt.core.errors import InputError, UnknownName, UsageError
from mxt.core.progress import SILENT, Progress
from mxt.core.records import DatasetRecord
from mxt.core.reprs import short_repr
from mxt.core.specs import Layer
from mxt.core.views import choose_layers, parse_view
from mxt.evaluation import guards, statistics
from mxt.evaluation.assess import Assessment, assess
from mxt.evaluation.interval import Interval
from mxt.evaluation.layer_search import Found, Search, search_layers
from mxt.evaluation.layers import Strategy, strategies
from mxt.registry import Registry
from mxt.results.request import SearchRequest
from mxt.results.saving import provenance, save, saved_search
from mxt.results.search_record import Searched, SearchResult, StrategyResult
from mxt.results.study import Catalogued, Study, begin, open_store
from mxt.results.views import Matrix, load_view
from mxt.store.layout import Store

MOST_LAYERS = 8


def search(
    store_path: Path,
    request: SearchRequest,
    registry: Registry,
    *,
    jobs: int | None = None,
    progress: Progress = SILENT,
) -> Searched:
    """Try every combination of layers.

    Parameters
    ----------
    store_path : Path
        The store's folder.
    request : SearchRequest
        What is wanted; an empty one: every table of several layers of the data set last ingested.
    registry : Registry
        Where heads and protocols are found.
    jobs : int, optional
        Fits at a time (default: one per core). Results do not depend on it.
    progress : Progress
        Told fit by fit.

    Raises
    ------
    EvaluationError, InputError, UsageError
        Nothing can be searched; the message says what to do.
    """
    store = open_store(store_path)
    results = []
    for name in request.datasets or (None,):
        dataset = Catalogued.read(store, name)
        for view in request.features or _tables(store, dataset.record):
            space = _space(store, dataset, view, request)
            for protocol in request.protocols:
                study = begin(store, registry, request, dataset, space.matrices, protocol)
                results.append(_searched(study, space, jobs=jobs or cores(), progress=progress))
    saved = all(result.result_id for result in results)
    remarks = () if saved else (f"{store_path} cannot be written: the results are not saved",)
    return Searched(tuple(results), remarks)


@dataclass(frozen=True, eq=False)
class _Space:
    """The layers searched: a matrix and the columns of each block."""

    request: SearchRequest
    view: str
    matrices: tuple[Matrix, ...]
    layers: tuple[Layer, ...]
    strategies: tuple[Strategy, ...]
    beside: tuple[str, ...]
    __repr__ = short_repr


def _tables(store: Store, record: DatasetRecord) -> list[str]:
    """Labels of the tables of several layers that were extracted for a data set."""
    tables = {table.label: table for table in store.features.tables()}
    extracted = [part.label for view in store.catalogue.views(record.name) for part in parse_view(view)]
    labels = [
        label
        for label in dict.fromkeys(extracted)
        if label in tables and 1 < len(tables[label].layers) <= MOST_LAYERS
    ]
    if not labels:
        raise InputError(
            f"no features of {record.name} with several layers yet; "
            f"mxt extract --dataset {record.name} lists the backbones"
        )
    return labels


def _space(store: Store, dataset: Catalogued, view: str, request: SearchRequest) -> _Space:
    record, clips = dataset.record, dataset.clips
    parts = parse_view(view)
    if len(parts) != 1:
        raise UsageError(
            f"--features names one table here, not {view!r}; what is joined to its layers comes with --with"
        )
    table = store.features.find(parts[0].label)
    layers = choose_layers(parts[0].layers, table.layers, of=table.label)
    if len(layers) > MOST_LAYERS:
        raise UsageError(
            f"{len(layers)} layers of {table.label} make {2 ** len(layers) - 1:,} combinations; "
            f"choose up to {MOST_LAYERS}: "
            f"--features {table.label}:{','.join(str(layer.number) for layer in layers[:3])}"
        )
    matrices = [load_view(store, record.name, view, clips=clips)]
    matrices += [load_view(store, record.name, name, clips=clips) for name in request.beside]
    few = len(table.layers) <= 9
    digits = [str(layer.number) if few else layer.name for layer in layers]
    added = [(matrix.view, (len(layers) + i,)) for i, matrix in enumerate(matrices[1:])]
    tried = strategies(digits, added)
    if request.only:
        by_name = {strategy.name: strategy for strategy in tried}
        for name in request.only:
            if name not in by_name:
                raise UnknownName("combination", name, by_name)
        tried = tuple(by_name[name] for name in request.only)
    return _Space(request, matrices[0].view, tuple(matrices), layers, tried, tuple(view for view, _ in added))


def _searched(study: Study, space: _Space, *, jobs: int, progress: Progress) -> SearchResult:
    """Search one space, or read the search from the store."""
    prepared, blocks = study.prepared, _blocks(study, space)
    key = _key(study, space, blocks)
    if (before := saved_search(study.store, key)) is not None:
        return before
    begun = time.monotonic()
    task = Search(
        blocks,
        space.strategies,
        [prepared.learner(_columns(strategy, blocks)) for strategy in space.strategies],
        study.selection.sample.targets.y,
        study.selection.plan,
    )
    with study.scratch(key) as scratch:
        outcome = search_layers(
            task,
            nested=prepared.evaluation.nested,
            jobs=jobs,
            scratch=scratch,
            progress=progress,
            what=f"search {study.record.name} {space.view} {prepared.protocol}",
        )
    result = _result(study, space, task, outcome, key)
    result = _save(study, replace(result, seconds=time.monotonic() - begun), outcome)
    scratch.clear()
    return result


def _key(study: Study, space: _Space, blocks: Sequence[Any]) -> str:
    """Equal for searches that give the same result."""
    return study.prepared.key(
        np.concatenate(blocks, axis=1),
        kind="search 1",
        strategies=[[strategy.name, list(strategy.blocks)] for strategy in space.strategies],
        widths=[block.shape[1] for block in blocks],
        protocol=study.prepared.protocol,
        score=study.prepared.evaluation.score,
        dataset=study.record.name,
        views=[space.view, *space.beside],
    )


def _blocks(study: Study, space: _Space) -> list[Any]:
    """Columns of each layer, and of what is joined to them."""
    X = study.prepared.rows(space.matrices[0])
    edges = np.cumsum([layer.dimension for layer in space.layers])[:-1]
    return [*np.split(X, edges, axis=1), *(study.prepared.rows(matrix) for matrix in space.matrices[1:])]


def _columns(strategy: Strategy, blocks: Sequence[Any]) -> int:
    return sum(blocks[i].shape[1] for i in strategy.blocks)


def _result(study: Study, space: _Space, task: Search, outcome: Found, key: str) -> SearchResult:
    selection, seed = study.selection, study.request.seed
    evaluation = study.prepared.evaluation
    assessed = [assess(selection, one, seed=seed, score=evaluation.score) for one in outcome.found]
    whole = assess(selection, outcome.chosen, seed=seed, score=evaluation.score)
    best = int(np.argmax([one.first.value for one in assessed]))
    times = Counter(outcome.chosen_names)
    rows = [
        replace(
            _row(strategy.name, one, assessed[best], out.params),
            columns=_columns(strategy, task.blocks),
            chosen=times[strategy.name],
        )
        for strategy, one, out in zip(task.strategies, assessed, outcome.found, strict=True)
    ]
    fingerprints = {name: value for matrix in space.matrices for name, value in matrix.fingerprints.items()}
    return SearchResult(
        request=replace(space.request, datasets=(study.record.name,), features=(space.view,)),
        **study.common(),
        view=space.view,
        beside=space.beside,
        nested=evaluation.nested,
        folds=study.folds,
        scores=whole.scores,
        chance=whole.baselines["chance"],
        chosen=outcome.chosen_names,
        fold_names=tuple(fold.name for fold in selection.plan.folds),
        rows=tuple(rows),
        best=best,
        cost=_gap(assessed[best], whole),
        cautions=(
            *guards.about_clips(selection),
            *guards.about_score(selection, outcome.chosen, whole, nested=evaluation.nested),
        ),
        fits=outcome.fits,
        spared=outcome.spared,
        provenance=provenance(study.store, selection, study.record.name, fingerprints, key=key),
    )


def _save(study: Study, result: SearchResult, outcome: Found) -> SearchResult:
    arrays = {
        "strategies": np.array([row.name for row in result.rows]),
        "by_strategy": np.stack([one.predicted for one in outcome.found]),
    }
    return replace(result, result_id=save(study.store, result, study.selection, outcome.chosen, **arrays))


def _gap(first: Assessment, second: Assessment) -> Interval:
    """The paired difference of two main scores."""
    samples = first.samples[first.main] - second.samples[first.main]
    return statistics.interval(first.first.value - second.first.value, samples, first.units)


def _row(
    name: str, assessment: Assessment, best: Assessment, params: Sequence[Mapping[str, Any]]
) -> StrategyResult:
    same = all(dict(one) == dict(params[0]) for one in params)
    return StrategyResult(
        name=name,
        columns=0,
        score=assessment.first.interval,
        per_fold=assessment.per_fold,
        behind=_gap(assessment, best),
        chosen=0,
        params=dict(params[0]) if same else {},
        recalls={one.name: one.first.value for one in assessment.classes},
    )
