"""What Choi et al. 2017 found, and what was found in their released code and numbers, recomputed from a store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mxt.core.records import ClipRecord
from mxt.evaluation.batch_steps import step_test
from mxt.evaluation.crossval import cross_validate
from mxt.evaluation.duplicates import Duplicates, Pair, find_duplicates
from mxt.evaluation.metrics import main, pooled
from mxt.evaluation.splits import part_of
from mxt.papers.choi2017_tasks import published
from mxt.papers.records import Finding, TaskReproduction
from mxt.registry import Registry
from mxt.results.prepared import prepare
from mxt.results.request import EvaluateRequest
from mxt.results.views import Matrix, load_view
from mxt.store.layout import Store

CODE = "released code, keunwoochoi/transfer_learning_music (main_svm.py)"
SCORES = "published_scores.csv of the repository"
PAPER = "paper, arXiv:1703.09179"
FEATURES = "published features of the repository"
BATCH = 256
TOP = 7
BESIDE = 2  # rows


def findings(
    store: Store,
    registry: Registry,
    tasks: Sequence[TaskReproduction],
    features: str,
    mfcc: str,
    *,
    quick: bool,
    jobs: int | None,
) -> Iterator[Finding]:
    """All findings the store has something to say about."""
    yield _cells(tasks)
    if not quick:
        yield _standardisation(tasks)
        yield from _tuning(tasks)
    for dataset in dict.fromkeys(each.task.dataset for each in tasks):
        one = _Set(store, registry, dataset, features, mfcc, jobs or 1)
        yield from one.batches()
        if dataset == "gtzan_genre":
            yield from one.duplicates(quick=quick)
        yield from one.own_batch()
        yield from one.random_network()
    for each in tasks:
        yield from _layers(each)
        yield from _best(each)


def _cells(tasks: Sequence[TaskReproduction]) -> Finding:
    cells = [cell for each in tasks for cell in each.published]
    met = sum(cell.met for cell in cells)
    off = {
        f"{each.task.name} {cell.strategy}": cell.difference
        for each in tasks
        for cell in each.published
        if not cell.met
    }
    missed = f"; not met: {', '.join(f'{name} ({gap:+.4f})' for name, gap in off.items())}" if off else ""
    return Finding(
        "published cells",
        f"{met} of {len(cells)} published scores met within 0.002{missed}",
        SCORES,
        met == len(cells),
        {"met": met, "cells": len(cells), "off": off},
    )


def _standardisation(tasks: Sequence[TaskReproduction]) -> Finding:
    cells = [cell for each in tasks for cell in each.published if cell.unpublished_standardised is not None]
    raw = sum(cell.met for cell in cells)
    scaled = sum(
        abs((cell.unpublished_standardised or 0.0) - (cell.published or 0.0)) <= 0.002 for cell in cells
    )
    says = f"standardisation was never on: {raw} of {len(cells)} published cells are met on raw columns, {scaled} on standardised ones"
    return Finding(
        "standardisation",
        says,
        f"{CODE}: its scaler reads `on` in the constructor only; {SCORES}",
        raw > scaled,
        {"raw": raw, "standardised": scaled, "cells": len(cells)},
    )


def _tuning(tasks: Sequence[TaskReproduction]) -> Iterator[Finding]:
    for each in tasks:
        if each.nested is None:
            continue
        best, whole = each.released.rows[each.released.best], each.nested.scores[0]
        says = (
            f"{each.task.words}: best of {len(each.cells)} strategies, tuned and reported on the same folds, "
            f"{best.score.value:.3f} ({best.name}); "
            f"parameters and strategy chosen inside, on standardised columns and folds drawn at random, "
            f"{whole.value:.3f} (95 %: {whole.interval.bounds}): the difference is of all three, not of tuning alone"
        )
        numbers = {
            "released": best.score.value,
            "nested": whole.value,
            "low": whole.interval.low,
            "high": whole.interval.high,
            "chosen": list(each.nested.chosen),
        }
        yield Finding("tuning and reporting on the same folds", says, CODE, None, numbers)


def _layers(each: TaskReproduction) -> Iterator[Finding]:
    """How often each layer is among the best seven, beside what paper and table say."""
    plain = sorted((cell for cell in each.cells if cell.strategy.isdigit()), key=lambda cell: -cell.score)
    top = [cell.strategy for cell in plain[:TOP]]
    counts = {layer: sum(layer in name for name in top) for layer in "12345"}
    leaders = [layer for layer, count in counts.items() if count == max(counts.values())]
    claims = {
        "ballroom_extended": "12",
        "gtzan_genre": "12345",
        "emoMusic_a": "5",
        "emoMusic_v": "3",
        "jamendo_vd": "4",
    }
    claim = claims.get(each.task.name)
    level = len({cell.score for cell in plain[:TOP]}) == 1 and len(plain) > TOP
    if claim and not level:
        holds = (
            min(counts[layer] for layer in claim) >= TOP - 2
            if claim != "12345"
            else min(counts.values()) >= 3
        )
        stated = (
            f"layer {claim} matters"
            if len(claim) == 1
            else f"{'all layers' if claim == '12345' else 'layers 1 and 2'} matter"
        )
        says = (
            f"{each.task.words}: {stated} most, says the paper; in the best seven here ({' '.join(top)}) layers 1 to 5 occur "
            f"{' '.join(str(count) for count in counts.values())} times, most of all {' and '.join(leaders)}"
        )
        yield Finding("layers that matter", says, PAPER, holds, {"top": top, "counts": counts})
    if each.task.name == "emoMusic_v":
        best = top[:6]
        says = f"layer 3 is in {sum('3' in name for name in best)} of the best six: {' '.join(best)}"
        source = f"{PAPER} (states it); {SCORES} (says otherwise)"
        yield Finding(
            "layer 3 in valence's best six", says, source, all("3" in name for name in best), {"top": best}
        )
    if each.task.name == "gtzan_genre":
        many = sum(len(name) > 3 for name in top)
        yield Finding(
            "genre's best seven use more than three layers",
            f"{many} of 7 do: {' '.join(top)}",
            f"{PAPER} (states it); {SCORES} (says otherwise)",
            many == TOP,
            {"top": top},
        )
    by_name = {cell.strategy: cell.score for cell in each.cells}
    if "12345+mfcc" in by_name:
        gain = by_name["12345+mfcc"] - by_name["12345"]
        says = f"{each.task.words}: MFCCs joined to all layers change the score by {gain:+.3f} (12345 {by_name['12345']:.3f})"
        yield Finding(
            "joining MFCCs helps UrbanSound8K only",
            says,
            f"{PAPER}; {SCORES}",
            (gain > 0) == (each.task.name == "urbansound"),
            {"gain": gain},
        )


def _best(each: TaskReproduction) -> Iterator[Finding]:
    stated = published()["paper"]["best"].get(each.task.name)
    if stated is None:
        return
    best = max(each.cells, key=lambda cell: cell.score)
    table = published()["scores"].get(each.task.name, {})
    of_table = max(table.items(), key=lambda pair: pair[1]) if table else None
    words = f"; the published table's best is {of_table[1]:.3f} ({of_table[0]})" if of_table else ""
    strategy = f" ({stated[1]})" if stated[1] else ""
    says = f"{each.task.words}: best here {best.score:.3f} ({best.strategy}), in the paper's text {stated[0]:.3f}{strategy}{words}"
    yield Finding(
        "best score",
        says,
        f"{PAPER}" + (f"; {SCORES}" if of_table else ""),
        abs(best.score - stated[0]) <= 0.002,
        {"here": best.score, "paper": stated[0], "table": None if of_table is None else of_table[1]},
    )


@dataclass(frozen=True)
class _Set:
    """One data set of the store."""

    store: Store
    registry: Registry
    dataset: str
    features: str
    mfcc: str
    jobs: int

    def _matrix(self, view: str) -> Matrix | None:
        from mxt.core.errors import MxtError

        try:
            found = load_view(self.store, self.dataset, view)
        except MxtError:
            return None
        return found if len(found.clips) else None

    def batches(self) -> Iterator[Finding]:
        """A step at every 256th row."""
        layers, beside = self._matrix(f"{self.features}:1"), self._matrix(self.mfcc)
        if layers is None or len(layers.clips) <= BATCH + 12:
            return
        labels = [clip.targets.get("label") for clip in layers.clips]
        y = np.unique([str(label) for label in labels], return_inverse=True)[1]
        same = beside is not None and beside.ids == layers.ids
        found = step_test(layers.X, y, every=BATCH, beside=beside.X if same and beside else None)
        if found is None:
            return
        control = step_test(beside.X, y, every=BATCH) if same and beside else None
        rows = ", ".join(
            f"{row} ({step:.1f} times the median, {share:.1%} of other rows as large)"
            for row, step, share in zip(found.rows, found.steps, found.larger, strict=True)
        )
        says = f"{self.dataset}: step in layer 1{' not explained by the MFCCs' if same else ''} at row {rows}; p = {found.p:.2g}"
        says += f"; in the MFCCs themselves p = {control.p:.2g}" if control else ""
        yield Finding(
            "features know their batch of 256",
            says,
            f"{FEATURES}; {CODE}: batch normalisation mode 2",
            found.p < 0.05,
            {
                "rows": found.rows,
                "steps": found.steps,
                "p": found.p,
                "control_p": control.p if control else None,
            },
        )

    def duplicates(self, *, quick: bool) -> Iterator[Finding]:
        """GTZAN's repeated recordings, and what they and faulty clips do to the score."""
        beside, layers = self._matrix(self.mfcc), self._matrix(self.features)
        if beside is None or layers is None or beside.ids != layers.ids:
            return
        found = find_duplicates(beside.X)
        yield _pairs(found, beside)
        if quick:
            return
        copies = found.beyond_first(len(layers.clips))
        kept = [clip for clip, copy in zip(layers.clips, copies, strict=True) if not copy]
        for protocol in ("choi2017", "nested"):
            before, after = self._score(layers, layers.clips, protocol), self._score(layers, kept, protocol)
            says = (
                f"12345, {protocol}: {before:.3f} with all clips, {after:.3f} without {copies.sum()} copies"
            )
            numbers = {"all": before, "without": after, "copies": int(copies.sum())}
            yield Finding("what removing copies does", says, FEATURES, after <= before, numbers)
        parts = [
            replace(clip, split=part, fold=None)
            for clip in layers.clips
            if (part := clip.fields.get("filtered_split") or "")
        ]
        if {part_of(clip.split or "") for clip in parts} >= {"train", "valid", "test"}:
            score = self._score(layers, parts, "nested", "nested.outer=split")
            sizes = "/".join(
                str(sum(clip.split == part for clip in parts)) for part in ("train", "valid", "test")
            )
            says = f"12345 on the artist- and fault-filtered split ({sizes}): {score:.3f}"
            yield Finding(
                "what the filtered split does",
                says,
                "Kereliuk, Sturm, Larsen 2015 (the split)",
                None,
                {"score": score},
            )

    def own_batch(self) -> Iterator[Finding]:
        """Own-batch against frozen statistics on the same clips, where both were extracted."""
        tables = {table.label: _statistics(table.attributes) for table in self.store.features.tables()}
        own = next(
            (found for label, kind in tables.items() if kind == "batch" and (found := self._matrix(label))),
            None,
        )
        others = sorted(
            (label for label, kind in tables.items() if kind and kind != "batch"),
            key=lambda label: label != self.features,
        )
        frozen = next((found for label in others if (found := self._matrix(label))), None)
        if own is None or frozen is None:
            return
        common = set(own.ids) & set(frozen.ids)
        scores = [
            self._score(each, [clip for clip in each.clips if clip.id in common], "nested")
            for each in (own, frozen)
        ]
        says = (
            f"{self.dataset}: 12345 nested on {len(common):,} clips: own batches ({own.view}) {scores[0]:.3f}, "
            f"frozen statistics ({frozen.view}) {scores[1]:.3f}"
        )
        yield Finding(
            "own batches against frozen statistics",
            says,
            CODE,
            None,
            {"batch": scores[0], "frozen": scores[1]},
        )

    def random_network(self) -> Iterator[Finding]:
        """The network with random weights against MFCCs, where both are there."""
        tables = (
            table.label
            for table in self.store.features.tables()
            if _backbone(table.attributes).get("name") == "random_convnet"
        )
        drawn, mfcc = (
            next((found for label in tables if (found := self._matrix(label))), None),
            self._matrix(self.mfcc),
        )
        if drawn is None or mfcc is None:
            return
        common = set(drawn.ids) & set(mfcc.ids)
        scores = [
            self._score(each, [clip for clip in each.clips if clip.id in common], "nested")
            for each in (drawn, mfcc)
        ]
        says = f"{self.dataset}: nested on {len(common):,} clips: {drawn.view}, all layers, {scores[0]:.3f}, {mfcc.view} {scores[1]:.3f}"
        yield Finding(
            "a random network is at or above MFCCs",
            says,
            PAPER,
            scores[0] >= scores[1],
            {"random": scores[0], "mfcc": scores[1]},
        )

    def _score(self, matrix: Matrix, clips: Sequence[ClipRecord], protocol: str, *settings: str) -> float:
        request = EvaluateRequest(datasets=(self.dataset,), protocols=(protocol,), settings=settings)
        record = self.store.catalogue.dataset(self.dataset)
        prepared = prepare(self.registry, request, record, list(clips), protocol)
        X: Any = prepared.rows(matrix)
        targets, plan = prepared.selection.sample.targets, prepared.selection.plan
        found = cross_validate(
            prepared.learner(X.shape[1]),
            X,
            targets.y,
            plan,
            jobs=self.jobs,
            nested=prepared.evaluation.nested,
        )
        scores = pooled(targets.task, targets.y[found.rows], found.predicted, n_classes=len(targets.classes))
        return scores[main(targets.task).name]


def _backbone(attributes: Mapping[str, Any]) -> Mapping[str, Any]:
    """Name and parameters of what computed a table; empty for features that were brought."""
    pipeline = attributes.get("pipeline")
    found = pipeline.get("backbone") if isinstance(pipeline, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _statistics(attributes: Mapping[str, Any]) -> str:
    """The batch statistics with which a table of the network was computed; empty for tables of others."""
    backbone = _backbone(attributes)
    return str(backbone["params"].get("statistics", "")) if backbone.get("name") == "convnet" else ""


def _pairs(found: Duplicates, matrix: Matrix) -> Finding:
    ids = [clip.path_name for clip in map(_Named, matrix.clips)]
    labels = [clip.targets.get("label") for clip in matrix.clips]
    identical = [pair for pair in found.pairs if pair.identical]
    near = [pair for pair in found.pairs if not pair.identical]
    clash = [f"{ids[pair.first]} = {ids[pair.second]}" for pair in found.conflicts(labels)]
    run = {True: " (in a run with copies, so likely one too)", False: ""}
    beyond = ", ".join(
        f"{ids[pair.first]} and {ids[pair.second]} at {pair.distance:.2f}{run[in_step(pair, found)]}"
        for pair in found.beyond[:4]
    )
    named = f" ({', '.join(f'{ids[pair.first]} = {ids[pair.second]}' for pair in near)})" if near else ""
    farthest = f", the farthest at {near[-1].distance:.2f}" if near else ""
    says = (
        f"{len(identical)} identical pairs, {len(near)} more nearer than {found.limit:.2g}{farthest}{named}; "
        f"different labels: {', '.join(clash) or 'none'}; next: {beyond}"
    )
    numbers = {
        "identical": [[ids[pair.first], ids[pair.second]] for pair in identical],
        "near": [[ids[pair.first], ids[pair.second], pair.distance] for pair in near],
        "conflicts": clash,
        "beyond": [[ids[pair.first], ids[pair.second], pair.distance] for pair in found.beyond],
    }
    return Finding("duplicates seen in the MFCCs", says, FEATURES, bool(found.pairs), numbers)


def in_step(pair: Pair, found: Duplicates) -> bool:
    """Whether a pair lies in a run of copies: as many rows apart as one that was found beside it."""
    step = pair.second - pair.first
    return any(
        each.second - each.first == step and abs(each.first - pair.first) <= BESIDE for each in found.pairs
    )


@dataclass(frozen=True)
class _Named:
    clip: ClipRecord

    @property
    def path_name(self) -> str:
        """The file's name without folder and suffix."""
        return self.clip.file.path.rpartition("/")[2].rpartition(".")[0] or self.clip.id
