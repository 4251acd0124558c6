"""`mxt search`: which layers to join, chosen inside or as papers do, for data sets and backbones."""

from __future__ import annotations

import shlex
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from mxt.core.cores import cores
from mxt.core.errors import InputError, UnknownName, UsageError
from mxt.core.progress import SILENT, Progress
from mxt.core.records import ClipRecord, DatasetRecord
from mxt.core.reprs import short_repr
from mxt.core.specs import Layer
from mxt.core.views import choose_layers, parse_view
from mxt.evaluation import guards, statistics
from mxt.evaluation.assess import Assessment, assess
from mxt.evaluation.layer_search import Found, Search, search_layers
from mxt.evaluation.layers import Strategy, strategies
from mxt.evaluation.selection import LeftOut
from mxt.registry import Registry
from mxt.results.preparing import (
    Prepared,
    blame,
    common_clips,
    count_unusable,
    naming,
    open_store,
    prepare,
)
from mxt.results.records import Request
from mxt.results.saving import sample_hash, save
from mxt.results.search_record import (
    Searched,
    SearchResult,
    StrategyResult,
    from_record,
    saved_search,
    to_record,
)
from mxt.results.views import Matrix, load_view
from mxt.store.layout import Store

MOST_LAYERS = 8

__all__ = ["SearchRequest", "Searched", "search"]


@dataclass(frozen=True, slots=True)
class SearchRequest(Request):
    """What was asked of `search`: `features` are backbones' tables (``LABEL[:LAYERS]``), `beside` what is added to their layers."""

    beside: tuple[str, ...] = ()
    only: tuple[str, ...] = ()

    def search_command(self, dataset: str, view: str) -> str:
        """The command that searches the same again."""
        words = ["mxt", "search", "--dataset", dataset, "--features", view]
        words += [word for each in self.beside for word in ("--with", each)]
        options: list[tuple[str, Any]] = [
            ("--target", self.target),
            ("--group-by", self.group_by),
            ("--folds", self.folds),
            ("--head", self.head),
            *(("--protocol", name) for name in (self.protocols if self.protocols != ("nested",) else ())),
            ("--seed", self.seed or None),
            *(("--set", setting) for setting in self.settings),
        ]
        words += [word for name, value in options if value is not None for word in (name, str(value))]
        return shlex.join(words)


def search(
    store_path: Path,
    registry: Registry,
    request: SearchRequest | None = None,
    *,
    jobs: int | None = None,
    progress: Progress = SILENT,
) -> Searched:
    """Try every combination of layers.

    Parameters
    ----------
    store_path : Path
        The store's folder.
    registry : Registry
        Where heads and protocols are found.
    request : SearchRequest, optional
        By default every table of several layers extracted for the data set last ingested.
    jobs : int, optional
        Fits at a time; else one a core. Results do not depend on it.
    progress : Progress
        Told fit by fit.

    Raises
    ------
    EvaluationError, InputError, UsageError
        Nothing can be searched; the message says what to do.
    """
    request = request or SearchRequest()
    store = open_store(store_path)
    found = []
    for name in request.datasets or (None,):
        record = store.catalogue.dataset(name)
        clips = store.catalogue.clips(record.name)
        for view in request.features or _tables(store, record):
            space = _space(store, record, view, request.beside, clips, request.only)
            for protocol in request.protocols:
                found.append(
                    _Work(store, registry, request, record, space, clips, protocol, jobs or cores()).run(
                        progress
                    )
                )
    remarks = (
        ()
        if all(each.result_id for each in found)
        else (f"{store_path} cannot be written: the results are not saved",)
    )
    return Searched(tuple(found), remarks)


@dataclass(frozen=True, eq=False)
class _Space:
    """The layers searched: a matrix and the columns of each block."""

    view: str
    matrices: tuple[Matrix, ...]
    layers: tuple[Layer, ...]
    strategies: tuple[Strategy, ...]
    beside: tuple[str, ...]
    __repr__ = short_repr


def _tables(store: Store, record: DatasetRecord) -> list[str]:
    """Labels of the tables of several layers that were extracted for a data set."""
    tables = {table.label: table for table in store.features.tables()}
    labels = [part.label for view in store.catalogue.views(record.name) for part in parse_view(view)]
    found = [
        label
        for label in dict.fromkeys(labels)
        if label in tables and 1 < len(tables[label].layers) <= MOST_LAYERS
    ]
    if not found:
        raise InputError(
            f"no features of {record.name} with several layers yet; mxt extract --dataset {record.name} lists the backbones"
        )
    return found


def _space(
    store: Store,
    record: DatasetRecord,
    view: str,
    beside: Sequence[str],
    clips: Sequence[ClipRecord],
    only: Sequence[str],
) -> _Space:
    parts = parse_view(view)
    if len(parts) != 1:
        raise UsageError(
            f"--features names one table here, not {view!r}; what is joined to its layers comes with --with"
        )
    table = store.features.find(parts[0].label)
    layers = choose_layers(parts[0].layers, table.layers, of=table.label)
    if len(layers) > MOST_LAYERS:
        raise UsageError(
            f"{len(layers)} layers of {table.label} make {2 ** len(layers) - 1:,} combinations; choose up to {MOST_LAYERS}: "
            f"--features {table.label}:{','.join(str(layer.number) for layer in layers[:3])}"
        )
    matrices = [load_view(store, record.name, view, clips=clips)]
    matrices += [load_view(store, record.name, each, clips=clips) for each in beside]
    few = len(table.layers) <= 9
    digits = [str(layer.number) if few else layer.name for layer in layers]
    added = [(each.view, (len(layers) + i,)) for i, each in enumerate(matrices[1:])]
    tried = strategies(digits, added)
    if only:
        by_name = {each.name: each for each in tried}
        for name in only:
            if name not in by_name:
                raise UnknownName("combination", name, by_name)
        tried = tuple(by_name[name] for name in only)
    return _Space(matrices[0].view, tuple(matrices), layers, tried, tuple(each.view for each in matrices[1:]))


@dataclass(frozen=True)
class _Work:
    """The search of one space on one data set by one protocol."""

    store: Store
    registry: Registry
    request: SearchRequest
    record: DatasetRecord
    space: _Space
    clips: Sequence[ClipRecord]
    protocol: str
    jobs: int

    def run(self, progress: Progress) -> SearchResult:
        unusable = count_unusable(self.clips)
        clips, without = common_clips(self.record, self.space.matrices, unusable)
        with naming(without):
            prepared = prepare(self.registry, self.request, self.record, clips, self.protocol)
        blocks = self._blocks(prepared)
        names = [[each.name, list(each.blocks)] for each in self.space.strategies]
        key = prepared.key(
            np.concatenate(blocks, axis=1),
            kind="search 1",
            strategies=names,
            widths=[block.shape[1] for block in blocks],
            protocol=self.protocol,
            score=prepared.evaluation.score,
            dataset=self.record.name,
            views=[self.space.view, *self.space.beside],
        )
        if (before := saved_search(self.store, key)) is not None:
            return before
        begun = time.monotonic()
        scratch = self.store.results.scratch(key)
        task = Search(
            blocks,
            self.space.strategies,
            self._learners(prepared, blocks),
            prepared.selection.sample.targets.y,
            prepared.selection.plan,
        )
        with blame(prepared.head):
            found = search_layers(
                task,
                nested=prepared.evaluation.nested,
                jobs=self.jobs,
                scratch=scratch,
                progress=progress,
                what=f"search {self.record.name} {self.space.view} {self.protocol}",
            )
        result = self._result(prepared, task, found, without, time.monotonic() - begun)
        result = self._save(result, prepared, found, key)
        scratch.clear()
        return result

    def _blocks(self, prepared: Prepared) -> list[Any]:
        X = prepared.rows(self.space.matrices[0])
        edges = np.cumsum([layer.dimension for layer in self.space.layers])[:-1]
        return [*np.split(X, edges, axis=1), *(prepared.rows(matrix) for matrix in self.space.matrices[1:])]

    def _learners(self, prepared: Prepared, blocks: Sequence[Any]) -> list[Any]:
        return [
            prepared.learner(sum(blocks[i].shape[1] for i in each.blocks)) for each in self.space.strategies
        ]

    def _result(
        self, prepared: Prepared, task: Search, found: Found, without: Sequence[LeftOut], seconds: float
    ) -> SearchResult:
        selection, seed, score = prepared.selection, self.request.seed, prepared.evaluation.score
        assessed = [assess(selection, each, seed=seed, score=score) for each in found.found]
        whole = assess(selection, found.chosen, seed=seed, score=score)
        best = int(np.argmax([each.first.value for each in assessed]))
        times = Counter(found.chosen_names)
        rows = [
            _row(
                strategy,
                sum(task.blocks[i].shape[1] for i in strategy.blocks),
                each,
                assessed[best],
                out.params,
                times[strategy.name],
            )
            for strategy, each, out in zip(task.strategies, assessed, found.found, strict=True)
        ]
        cost = statistics.interval(
            assessed[best].first.value - whole.first.value,
            assessed[best].samples[whole.main] - whole.samples[whole.main],
        )
        cautions = [
            *guards.about_clips(selection),
            *guards.about_score(selection, found.chosen, whole, nested=prepared.evaluation.nested),
        ]
        targets = selection.sample.targets
        return SearchResult(
            dataset=self.record.name,
            target=targets.column,
            task=targets.task,
            view=self.space.view,
            beside=self.space.beside,
            head=prepared.head.spec.name,
            protocol=self.protocol,
            nested=prepared.evaluation.nested,
            folds=f"{self.protocol} {selection.plan.words}",
            clips=len(selection.plan.tested),
            main=whole.main,
            scores=tuple(whole.scores),
            chance=whole.baselines["chance"],
            chosen=found.chosen_names,
            fold_names=tuple(fold.name for fold in selection.plan.folds),
            rows=tuple(rows),
            best=best,
            cost=cost,
            cautions=tuple(cautions),
            left_out=tuple((each.why, each.count) for each in (*without, *selection.left_out)),
            fits=found.fits,
            spared=found.spared,
            seconds=seconds,
        )

    def _save(self, result: SearchResult, prepared: Prepared, found: Found, key: str) -> SearchResult:
        matrices = self.space.matrices
        record = to_record(result) | {
            "search_key": key,
            "command": replace(self.request, protocols=(self.protocol,)).search_command(
                self.record.name, self.space.view
            ),
            "view": "+".join(matrix.view for matrix in matrices),
            "fingerprints": {
                name: value for matrix in matrices for name, value in matrix.fingerprints.items()
            },
            "head": prepared.head.identity(),
            "seed": self.request.seed,
            "params": {
                row.name: [dict(params) for params in out.params]
                for row, out in zip(result.rows, found.found, strict=True)
            },
            "targets_hash": self.store.catalogue.targets_hash(self.record.name, result.target),
            "sample_sha256": sample_hash(prepared.selection),
        }
        more = {
            "strategies": np.array([row.name for row in result.rows]),
            "by_strategy": np.stack([each.predicted for each in found.found]),
        }
        result_id = save(self.store, record, prepared.selection, found.chosen, **more)
        return replace(from_record(record), result_id=result_id, from_store=False)


def _row(
    strategy: Strategy,
    columns: int,
    each: Assessment,
    best: Assessment,
    params: Sequence[Mapping[str, Any]],
    chosen: int,
) -> StrategyResult:
    main = each.main
    behind = each.first.value - best.first.value
    same = all(dict(one) == dict(params[0]) for one in params)
    return StrategyResult(
        name=strategy.name,
        columns=columns,
        score=each.first.interval,
        per_fold=each.per_fold,
        behind=statistics.interval(behind, each.samples[main] - best.samples[main]),
        chosen=chosen,
        params=dict(params[0]) if same else {},
        recalls={one.name: one.first.value for one in each.classes},
    )


def describe(result: SearchResult) -> dict[str, Any]:
    """A search as plain values."""
    return asdict(result)
