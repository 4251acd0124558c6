"""The chapters of a report: one for each target of each data set, gathered from a store."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mxt.core.clips import Clips
from mxt.core.errors import MxtError
from mxt.core.text import written
from mxt.evaluation.columns import group_values, target_values
from mxt.evaluation.duplicates import LARGEST
from mxt.registry import Registry
from mxt.results.answers import ByClip, Shown, choose_shown, class_sizes, map_of, read_by_clip
from mxt.results.audit import audit
from mxt.results.audit_records import Audit
from mxt.results.paired import pair
from mxt.results.plain import Result
from mxt.results.records import DatasetResult, stale
from mxt.results.report import Card, Chapter, Comparison, Reported, Searched, ShownClip, Table
from mxt.results.search_record import SearchResult
from mxt.store.features import FeatureTable
from mxt.store.layout import Store


@dataclass(frozen=True)
class Gathering:
    """Where chapters are gathered from.

    Parameters
    ----------
    store : Store
    registry : Registry
        Where heads are found.
    commands : callable
        Gives the commands that make a result again.
    """

    store: Store
    registry: Registry
    commands: Callable[[Result], tuple[str, ...]]

    def chapter(self, results: Mapping[str, Result]) -> Chapter:
        """The chapter of results of one target of one data set, by their ids."""
        first = next(iter(results.values()))
        clips = catalogued(self.store, first.dataset)
        evaluations = {name: one for name, one in results.items() if isinstance(one, DatasetResult)}
        predictions = {name: read_by_clip(self.store, name, one) for name, one in evaluations.items()}
        readable = [one for one in predictions.values() if one is not None]
        shown = choose_shown(readable) if readable else Shown(frozenset(), frozenset())
        mapped = clips[rows_called(clips, shown.mapped)]
        reported = sorted(
            (
                self._reported(name, one, predictions[name], shown.clips, mapped)
                for name, one in evaluations.items()
            ),
            key=lambda one: -_sortable(one.result.first.value),
        )
        return Chapter(
            card=_card(self.store, first.dataset, first.target, clips),
            target=first.target,
            task=first.task,
            results=tuple(reported),
            comparison=_compared(self.store, reported),
            searches=tuple(
                Searched(name, one, self._stale(one), self.commands(one))
                for name, one in results.items()
                if isinstance(one, SearchResult)
            ),
            audit=self._audit(reported[0]) if reported else None,
            clips=_shown(clips, first.request.group_by, shown.clips),
        )

    def _reported(
        self,
        name: str,
        result: DatasetResult,
        predictions: ByClip | None,
        shown: frozenset[str],
        mapped: Clips,
    ) -> Reported:
        own = result.provenance.fingerprints.values()
        return Reported(
            id=name,
            result=result,
            stale=self._stale(result),
            answers=predictions.answers(shown) if predictions else None,
            calibration=predictions.calibration() if predictions else None,
            map=map_of(self.store, result, mapped),
            tables=tuple(_table(table) for table in self.store.features.tables() if table.fingerprint in own),
            commands=self.commands(result),
        )

    def _stale(self, result: Result) -> str:
        return stale(result.dataset, result.target, result.provenance.targets_hash, self.store.catalogue)

    def _audit(self, best: Reported) -> Audit | None:
        """The audit of the best result; ``None`` where what it needs is gone.

        Its own where that is whole, or where there are so many clips that listening would take very long.
        """
        saved = best.result.views[best.result.best].audit
        if best.stale or (saved is not None and (not saved.unheard or saved.clips > LARGEST)):
            return saved
        try:
            return audit(self.store, best.result, registry=self.registry)
        except MxtError:
            return None


def _compared(store: Store, results: Sequence[Reported]) -> Comparison | None:
    """The results against the best one: as they were compared, or on the clips that they have in common."""
    if len(results) < 2:
        return None
    compared = results[0].result.compared
    known = {one.view for one in compared}
    if all(one.result.compared == compared and one.result.view in known for one in results):
        gaps = {one.id: one.result.views[one.result.best].difference for one in results}
        return Comparison(results[0].result.clips, gaps, together=True)
    try:
        paired = pair(store, [(one.id, one.result) for one in results])
    except MxtError:
        return None
    gaps = {one.id: gap for one, gap in zip(results, paired.differences, strict=True)}
    return Comparison(len(paired.clips), gaps, together=False)


def catalogued(store: Store, dataset: str) -> Clips:
    """The clips of a data set; none where it is not in the catalogue any more."""
    try:
        clips = store.catalogue.columns(dataset)
    except MxtError:
        return Clips.of([])
    return clips[clips.is_clip]


def rows_called(clips: Clips, names: Collection[str]) -> npt.NDArray[np.int64]:
    """Rows of the clips with these ids as they are `written`."""
    rows = [row for row, id_ in enumerate(clips.ids) if written(id_) in names]
    return np.array(rows, dtype=np.int64)


def _card(store: Store, dataset: str, target: str, clips: Clips) -> Card:
    if not len(clips):
        return Card(dataset)
    record = store.catalogue.dataset(dataset)
    used = clips[clips.usable]
    labels = target_values(used, target)
    failures = [(written(clip.id), clip.reason.words, written(clip.detail)) for clip in clips[~clips.usable]]
    return Card(
        name=dataset,
        loader=record.loader,
        updated=record.updated,
        clips=len(clips),
        files=len(clips.paths.firsts()),
        used=len(used),
        seconds=sum(used.durations.tolist()),
        classes=class_sizes(labels),
        unlabelled=sum(label is None for label in labels),
        failures=tuple(failures),
        rates=store.catalogue.sample_rates(dataset),
    )


def _shown(clips: Clips, group_by: str | None, shown: frozenset[str]) -> dict[str, ShownClip]:
    try:
        groups = group_values(clips, group_by)
    except MxtError:
        groups = None
    return {
        written(clips.ids[row]): ShownClip(
            written((groups.values[row] if groups else None) or ""), float(clips.durations[row])
        )
        for row in rows_called(clips, shown).tolist()
    }


def _table(table: FeatureTable) -> Table:
    """A feature table as a report describes it."""
    about = table.attributes.get("specification") or {}
    pipeline = table.attributes.get("pipeline") or {}
    weights = about.get("weights") or {}
    window = pipeline.get("window") or {}
    rate, seconds = pipeline.get("sample_rate"), window.get("seconds")
    facts = {
        "what": about.get("summary"),
        "input": f"{rate / 1000:g} kHz" + (f", {window['kind']} window of {seconds:g} s" if seconds else "")
        if rate
        else None,
        "normalizer": (pipeline.get("normalizer") or {}).get("name"),
        "renderer": (pipeline.get("renderer") or {}).get("name"),
        "weights": weights.get("name") and f"{weights['name']}, {weights.get('source', '')}",
        "weights' SHA-256": weights.get("sha256"),
        "licence": about.get("licence"),
        "citation": about.get("citation"),
        "imported from": table.attributes.get("file"),
    }
    return Table(table.label, table.fingerprint, {name: str(value) for name, value in facts.items() if value})


def _sortable(value: float) -> float:
    return -math.inf if math.isnan(value) else value
