"""A study: the clips, folds and head of one protocol on one data set, and where its results are kept."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mxt.core.clips import Clips
from mxt.core.errors import EvaluationError, MxtError, PluginError, stage_failures
from mxt.core.identity import canonical_json
from mxt.core.pipeline import Chosen
from mxt.core.records import DatasetRecord
from mxt.core.reprs import short_repr
from mxt.evaluation.left_out import LeftOut, Why
from mxt.evaluation.selection import Selection
from mxt.registry import Registry
from mxt.results.prepared import Prepared, prepare
from mxt.results.request import EvaluateRequest
from mxt.results.views import Matrix
from mxt.store.layout import Store
from mxt.store.scratch import Scratch


@dataclass(frozen=True, eq=False)
class Catalogued:
    """A data set as catalogued, with all its clips."""

    record: DatasetRecord
    clips: Clips
    __repr__ = short_repr

    @classmethod
    def read(cls, store: Store, name: str | None) -> Catalogued:
        """A data set of a store; ``None``: the one last ingested."""
        record = store.catalogue.dataset(name)
        return cls(record, store.catalogue.columns(record.name))


@dataclass(frozen=True, eq=False)
class Study:
    """One protocol and head on the clips of a data set that have all views.

    Parameters
    ----------
    store : Store
    request : EvaluateRequest
        What was asked, with one `head` where several were.
    record : DatasetRecord
    matrices : tuple of Matrix
        Features of the views.
    prepared : Prepared
    left_out : tuple of LeftOut
        What takes no part, for want of features or by the protocol.
    """

    store: Store
    request: EvaluateRequest
    record: DatasetRecord
    matrices: tuple[Matrix, ...]
    prepared: Prepared
    left_out: tuple[LeftOut, ...]
    __repr__ = short_repr

    @property
    def selection(self) -> Selection:
        """The clips that take part, with their folds."""
        return self.prepared.selection

    @property
    def folds(self) -> str:
        """The protocol and its folds in words."""
        return f"{self.prepared.protocol} {self.selection.plan.words}"

    @contextmanager
    def scratch(self, key: str) -> Iterator[Scratch]:
        """Where finished parts of the work `key` are kept; errors of a plugin's head are named as such."""
        with _blame(self.prepared.head):
            yield self.store.results.scratch(key)

    def common(self) -> dict[str, Any]:
        """What every result of the study says."""
        targets = self.selection.sample.targets
        return {
            "dataset": self.record.name,
            "target": targets.column,
            "task": targets.task,
            "stage": json.loads(canonical_json(self.prepared.head.identity())),
            "protocol": self.prepared.protocol,
            "grouping": self.selection.groups.words if self.selection.groups else "",
            "clips": len(self.selection.plan.tested),
            "left_out": self.left_out,
        }


def open_store(path: Path) -> Store:
    """A store to be written, where results can be saved in it; else one to be read."""
    writable = all(os.access(folder, os.W_OK) for folder in (path, path / "results") if folder.exists())
    return Store.open(path, read_only=not writable)


def _common_clips(record: DatasetRecord, matrices: Sequence[Matrix]) -> Clips:
    """Clips that have all views, in catalogue order."""
    clips = matrices[0].clips
    for matrix in matrices[1:]:
        clips = clips[matrix.clips.rows_of(clips) >= 0]
    if not len(clips):
        views = " and ".join(matrix.view for matrix in matrices)
        raise EvaluationError(
            f"no clip of {record.name} has features of {views}; run mxt extract for it first"
        )
    return clips


def _without(record: DatasetRecord, clips: Clips, matrices: Sequence[Matrix]) -> Iterator[LeftOut]:
    """How many clips of a data set lack which features; other files beside the audio are not counted."""
    if unusable := int((~clips.usable & clips.is_clip).sum()):
        yield LeftOut(Why.UNUSABLE, unusable, record.name)
    for matrix in matrices:
        if matrix.n_missing:
            yield LeftOut(Why.NOT_EXTRACTED, matrix.n_missing, matrix.view)
        if matrix.n_failed:
            yield LeftOut(Why.FAILED, matrix.n_failed, matrix.view)


def begin(
    store: Store,
    registry: Registry,
    request: EvaluateRequest,
    dataset: Catalogued,
    matrices: Sequence[Matrix],
    protocol: str,
) -> Study:
    """Prepare a study of the clips that have all views."""
    record = dataset.record
    without = tuple(_without(record, dataset.clips, matrices))
    common = _common_clips(record, matrices)
    with _naming(without):
        prepared = prepare(registry, request, record, common, protocol)
    left_out = (*without, *prepared.selection.left_out)
    return Study(store, request, record, tuple(matrices), prepared, left_out)


@contextmanager
def _naming(without: Sequence[LeftOut]) -> Iterator[None]:
    """An error for want of clips also names the clips that are not there."""
    try:
        yield
    except EvaluationError as error:
        if not without:
            raise
        missing = "; ".join(f"{left.count:,} clips: {left.words}" for left in without)
        raise EvaluationError(f"{error} (not there: {missing})") from error


@contextmanager
def _blame(head: Chosen) -> Iterator[None]:
    """What the code of a plugin's head raises becomes a `PluginError` that names it."""
    try:
        yield
    except MxtError:
        raise
    except stage_failures() as error:
        if head.distribution == "mxt":
            raise
        raise PluginError(
            f"head {head.spec.name!r} of {head.distribution} failed: {type(error).__name__}: {error}"
        ) from error
