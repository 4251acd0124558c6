"""Findings from the features of a data set: their batches, their copies, and other networks beside them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mxt.core.errors import MxtError
from mxt.core.records import ClipRecord
from mxt.evaluation.batch_steps import step_test
from mxt.evaluation.crossval import cross_validate
from mxt.evaluation.duplicates import Duplicates, Pair, find_duplicates
from mxt.evaluation.fold_names import part_of
from mxt.evaluation.metrics import pooled
from mxt.papers.choi2017.findings import (
    BatchSteps,
    Copies,
    CopiesSeen,
    FilteredSplit,
    OwnBatches,
    RandomNetwork,
    WithoutCopies,
)
from mxt.papers.choi2017.records import ReproduceRequest
from mxt.papers.finding import Finding
from mxt.registry import Registry
from mxt.results.prepared import prepare
from mxt.results.request import EvaluateRequest
from mxt.results.views import Matrix, load_view
from mxt.store.layout import Store

BATCH = 256
BESIDE = 2  # rows
PARTS = ("train", "valid", "test")


@dataclass(frozen=True)
class Features:
    """The features of one data set of a store.

    Parameters
    ----------
    store : Store
    registry : Registry
    dataset : str
    request : ReproduceRequest
        Names the tables of the network and of the MFCCs.
    jobs : int
        Fits at a time.
    """

    store: Store
    registry: Registry
    dataset: str
    request: ReproduceRequest
    jobs: int

    def findings(self) -> Iterator[Finding]:
        """All findings that the tables of the data set allow."""
        yield from self.batches()
        if self.dataset == "gtzan_genre":
            yield from self.duplicates()
        yield from self.own_batches()
        yield from self.random_network()

    def batches(self) -> Iterator[BatchSteps]:
        """Test for a step at every 256th row."""
        layers, beside = self._matrix(f"{self.request.features}:1"), self._matrix(self.request.mfcc)
        if layers is None or len(layers.clips) <= BATCH + 12:
            return
        labels = [str(clip.targets.get("label")) for clip in layers.clips]
        y = np.unique(labels, return_inverse=True)[1]
        mfcc = beside.X if beside is not None and beside.ids == layers.ids else None
        steps = step_test(layers.X, y, every=BATCH, beside=mfcc)
        if steps is not None:
            control = None if mfcc is None else step_test(mfcc, y, every=BATCH)
            yield BatchSteps(self.dataset, steps, control, mfcc is not None)

    def duplicates(self) -> Iterator[Finding]:
        """GTZAN's repeated recordings, and what they and faulty clips do to the score."""
        beside, layers = self._matrix(self.request.mfcc), self._matrix(self.request.features)
        if beside is None or layers is None or beside.ids != layers.ids:
            return
        duplicates = find_duplicates(beside.X)
        yield copies_seen(duplicates, beside.clips)
        if self.request.quick:
            return
        copies = duplicates.beyond_first(len(layers.clips))
        kept = [clip for clip, copy in zip(layers.clips, copies, strict=True) if not copy]
        for protocol in ("choi2017", "nested"):
            before, after = (self._score(layers, clips, protocol) for clips in (layers.clips, kept))
            yield WithoutCopies(protocol, before, after, int(copies.sum()))
        filtered = [(clip, clip.fields.get("filtered_split") or "") for clip in layers.clips]
        parts = [replace(clip, split=part, fold=None) for clip, part in filtered if part]
        if {part_of(clip.split or "") for clip in parts} >= set(PARTS):
            train, valid, test = (sum(clip.split == part for clip in parts) for part in PARTS)
            score = self._score(layers, parts, "nested", "nested.outer=split")
            yield FilteredSplit((train, valid, test), score)

    def own_batches(self) -> Iterator[OwnBatches]:
        """Compare own-batch with frozen statistics on the same clips, where both were extracted."""
        kinds = {table.label: _statistics(table.attributes) for table in self.store.features.tables()}
        own = self._first(label for label, kind in kinds.items() if kind == "batch")
        others = [label for label, kind in kinds.items() if kind not in ("", "batch")]
        frozen = self._first(sorted(others, key=lambda label: label != self.request.features))
        if own is not None and frozen is not None:
            clips, batch_score, frozen_score = self._on_common_clips(own, frozen)
            yield OwnBatches(self.dataset, clips, own.view, batch_score, frozen.view, frozen_score)

    def random_network(self) -> Iterator[RandomNetwork]:
        """Compare the network with random weights with MFCCs, where both are there."""
        tables = [(table.label, _backbone(table.attributes)) for table in self.store.features.tables()]
        random = self._first(label for label, stage in tables if stage.get("name") == "random_convnet")
        mfcc = self._matrix(self.request.mfcc)
        if random is not None and mfcc is not None:
            clips, random_score, mfcc_score = self._on_common_clips(random, mfcc)
            yield RandomNetwork(self.dataset, clips, random.view, random_score, mfcc.view, mfcc_score)

    def _matrix(self, view: str) -> Matrix | None:
        """The features of a view, where the data set has any."""
        try:
            matrix = load_view(self.store, self.dataset, view)
        except MxtError:
            return None
        return matrix if len(matrix.clips) else None

    def _first(self, labels: Iterable[str]) -> Matrix | None:
        return next((matrix for label in labels if (matrix := self._matrix(label)) is not None), None)

    def _on_common_clips(self, first: Matrix, second: Matrix) -> tuple[int, float, float]:
        """The number of clips that have both views, and the nested score of each on them."""
        common = set(first.ids) & set(second.ids)
        a, b = (
            self._score(matrix, [clip for clip in matrix.clips if clip.id in common], "nested")
            for matrix in (first, second)
        )
        return len(common), a, b

    def _score(self, matrix: Matrix, clips: Sequence[ClipRecord], protocol: str, *settings: str) -> float:
        request = EvaluateRequest(datasets=(self.dataset,), protocols=(protocol,), settings=settings)
        record = self.store.catalogue.dataset(self.dataset)
        prepared = prepare(self.registry, request, record, list(clips), protocol)
        X: Any = prepared.rows(matrix)
        targets, plan = prepared.selection.sample.targets, prepared.selection.plan
        learner, nested = prepared.learner(X.shape[1]), prepared.evaluation.nested
        tested = cross_validate(learner, X, targets.y, plan, jobs=self.jobs, nested=nested)
        scores = pooled(
            targets.task, targets.y[tested.rows], tested.predicted, n_classes=len(targets.classes)
        )
        return scores["accuracy" if targets.task == "classification" else "r2"]


def copies_seen(duplicates: Duplicates, clips: Sequence[ClipRecord]) -> CopiesSeen:
    """Duplicates by the names of their files."""

    def named(pairs: Iterable[Pair]) -> tuple[Copies, ...]:
        return tuple(
            Copies(
                _name(clips[pair.first]), _name(clips[pair.second]), pair.distance, in_step(pair, duplicates)
            )
            for pair in pairs
        )

    return CopiesSeen(
        limit=duplicates.limit,
        identical=named(pair for pair in duplicates.pairs if pair.identical),
        near=named(pair for pair in duplicates.pairs if not pair.identical),
        conflicts=named(duplicates.conflicts([clip.targets.get("label") for clip in clips])),
        beyond=named(duplicates.beyond),
    )


def in_step(pair: Pair, duplicates: Duplicates) -> bool:
    """Whether a pair lies in a run of copies: as many rows apart as a pair of copies beside it."""
    step = pair.second - pair.first
    return any(
        copies.second - copies.first == step and abs(copies.first - pair.first) <= BESIDE
        for copies in duplicates.pairs
    )


def _name(clip: ClipRecord) -> str:
    """The name of the clip's file without folder and suffix."""
    return clip.file.path.rpartition("/")[2].rpartition(".")[0] or clip.id


def _backbone(attributes: Mapping[str, Any]) -> Mapping[str, Any]:
    """Name and parameters of what computed a table; empty for imported features."""
    pipeline = attributes.get("pipeline")
    backbone = pipeline.get("backbone") if isinstance(pipeline, Mapping) else None
    return backbone if isinstance(backbone, Mapping) else {}


def _statistics(attributes: Mapping[str, Any]) -> str:
    """The batch statistics with which the network computed a table; empty for tables of others."""
    backbone = _backbone(attributes)
    return str(backbone["params"].get("statistics", "")) if backbone.get("name") == "convnet" else ""
