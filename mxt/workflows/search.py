"""`mxt search`: which layers to use, chosen inside or as papers do, for data sets and backbones."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from mxt.core.engines import THREADS, EngineChoice
from mxt.core.errors import UsageError
from mxt.core.progress import SILENT, Progress
from mxt.evaluation import guards, statistics
from mxt.evaluation.assess import Assessment, assess
from mxt.evaluation.engine import Engine
from mxt.evaluation.fitting import Learner
from mxt.evaluation.interval import Interval
from mxt.evaluation.layer_search import Found, Search, search_layers
from mxt.evaluation.layers import Strategy
from mxt.registry import Registry
from mxt.results.request import SearchRequest
from mxt.results.saving import provenance, save, saved_search
from mxt.results.search_record import Searched, SearchResult, StrategyResult
from mxt.results.study import Catalogued, Study, begin, open_store
from mxt.workflows.engines import fits_engine
from mxt.workflows.search_space import Space, spaces

WEIGHTING = 1  # raised when weightings of layers give other results


def search(
    store_path: Path,
    request: SearchRequest,
    registry: Registry,
    *,
    jobs: int | None = None,
    engine: EngineChoice = THREADS,
    progress: Progress = SILENT,
) -> Searched:
    """Try single layers, prefixes, pairs or all combinations of layers, and a learnt weighting of them.

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
    engine : EngineChoice
        What computes the fits; nor do results depend on that.
    progress : Progress
        Told fit by fit.

    Raises
    ------
    EvaluationError, InputError, UsageError
        Nothing can be searched; the message says what to do.
    """
    store = open_store(store_path)
    results = []
    with fits_engine(engine, jobs, progress) as fits:
        for name in request.datasets or (None,):
            dataset = Catalogued.read(store, name)
            for space in spaces(store, dataset, request, progress):
                for asked, protocol in product(request.each_head(), request.protocols):
                    study = begin(store, registry, asked, dataset, space.matrices, protocol)
                    results.append(_searched(study, space, fits, progress))
    saved = all(result.result_id for result in results)
    remarks = () if saved else (f"{store_path} cannot be written: the results are not saved",)
    return Searched(tuple(results), remarks)


def _searched(study: Study, space: Space, engine: Engine, progress: Progress) -> SearchResult:
    """Search one space, or read the search from the store."""
    prepared, blocks = study.prepared, _blocks(study, space)
    key = _key(study, space, blocks)
    if (before := saved_search(study.store, key)) is not None:
        return before
    begun = time.monotonic()
    task = Search(
        blocks,
        space.strategies,
        [_learner(study, strategy, blocks) for strategy in space.strategies],
        study.selection.sample.targets.y,
        study.selection.plan,
    )
    with study.scratch(key) as scratch:
        outcome = search_layers(
            task,
            nested=prepared.evaluation.nested,
            engine=engine,
            scratch=scratch,
            progress=progress,
            what=f"search {study.record.name} {space.view} {prepared.protocol}",
        )
    result = _result(study, space, task, outcome, key)
    result = _save(study, replace(result, seconds=time.monotonic() - begun), outcome)
    scratch.clear()
    return result


def _learner(study: Study, strategy: Strategy, blocks: Sequence[Any]) -> Learner:
    """The head; of a weighting, a linear one that is learnt with it."""
    if not strategy.weighted:
        return study.prepared.learner(_columns(strategy, blocks))
    if not study.prepared.evaluation.nested:
        raise UsageError(
            "--candidates weighted learns and chooses inside the learning parts, as --protocol nested does; "
            f"{study.prepared.protocol} chooses on the reported folds"
        )
    added = sum(blocks[i].shape[1] for i in strategy.blocks[strategy.weighted :])
    return study.prepared.weighting(strategy.weighted, added)


def _key(study: Study, space: Space, blocks: Sequence[Any]) -> str:
    """Equal for searches that give the same result."""
    weighted = [
        [WEIGHTING, strategy.name, _learner(study, strategy, blocks).grid]
        for strategy in space.strategies
        if strategy.weighted
    ]
    return study.prepared.key(
        np.concatenate(blocks, axis=1),
        kind="search 1",
        strategies=[[strategy.name, list(strategy.blocks)] for strategy in space.strategies],
        widths=[block.shape[1] for block in blocks],
        protocol=study.prepared.protocol,
        score=study.prepared.evaluation.score,
        dataset=study.record.name,
        views=[space.view, *space.beside],
        **({"weighted": weighted} if weighted else {}),
    )


def _blocks(study: Study, space: Space) -> list[Any]:
    """Columns of each layer, and of what is joined to them."""
    X = study.prepared.rows(space.matrices[0])
    edges = np.cumsum([layer.dimension for layer in space.chosen.layers])[:-1]
    return [*np.split(X, edges, axis=1), *(study.prepared.rows(matrix) for matrix in space.matrices[1:])]


def _columns(strategy: Strategy, blocks: Sequence[Any]) -> int:
    """That the head learns from: layers that are summed count once."""
    own = strategy.blocks[max(0, strategy.weighted - 1) :]
    return sum(blocks[i].shape[1] for i in own)


def _result(study: Study, space: Space, task: Search, outcome: Found, key: str) -> SearchResult:
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
            layers=space.chosen.layers_of(strategy),
        )
        for strategy, one, out in zip(task.strategies, assessed, outcome.found, strict=True)
    ]
    for s, weights in outcome.weights.items():
        means = weights.mean(axis=0).tolist()
        rows[s] = replace(rows[s], weights=dict(zip(rows[s].layers, means, strict=True)))
    fingerprints = {name: value for matrix in space.matrices for name, value in matrix.fingerprints.items()}
    return SearchResult(
        request=replace(
            space.request,
            datasets=(study.record.name,),
            features=(space.view,),
            candidates=space.chosen.kinds,
            head=study.request.head,
            heads=(),
        ),
        **study.common(),
        view=space.view,
        beside=space.beside,
        layers=space.chosen.by_depth,
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
            *(guards.about_choice(selection) if evaluation.nested else ()),
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
