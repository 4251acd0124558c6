"""`mxt info`: everything that is known of a data set, a feature table, a result or a clip."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from mxt.core.errors import Reason, StoreError
from mxt.core.identity import KEY_BYTES
from mxt.core.records import DatasetRecord
from mxt.core.reprs import short_repr
from mxt.core.text import written
from mxt.ingestion.lineage import outdated
from mxt.ingestion.summary import Summary, catalogued_summary
from mxt.registry import Registry
from mxt.results.plain import Result
from mxt.results.saving import load_result
from mxt.store.catalogue import Catalogue
from mxt.store.features import DONE, FAILED, FeatureTable
from mxt.store.layout import Store
from mxt.store.names import WITH_CLIPS, Named, find_named
from mxt.store.table_keys import find_rows
from mxt.workflows.commands import dataset_commands, result_commands, table_command
from mxt.workflows.info_clip import ClipInfo, clip_info
from mxt.workflows.ls import ResultEntry, TableEntry, result_entries, result_entry, table_entry


@dataclass(frozen=True, slots=True)
class Left:
    """A clip that was left out, or whose features failed: its id, its data set, why."""

    clip: str
    dataset: str
    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of a data set a feature table holds: usable clips done, failed and missing."""

    dataset: str
    label: str
    done: int
    failed: int
    missing: int


@dataclass(frozen=True, slots=True)
class DatasetInfo:
    """A data set: as catalogued, in figures, what was left out, what was made of it, how to make it again.

    `outdated` says of a derived one what has become of its parent, else it is empty.
    """

    record: DatasetRecord
    summary: Summary
    failures: tuple[Left, ...]
    views: tuple[str, ...]
    coverage: tuple[Coverage, ...]
    results: tuple[str, ...]
    commands: tuple[str, ...]
    outdated: str = ""


@dataclass(frozen=True, slots=True)
class TableInfo:
    """A feature table: as listed, its provenance, failures, runs, and how to make it again."""

    entry: TableEntry
    attributes: Mapping[str, Any]
    coverage: tuple[Coverage, ...]
    failures: tuple[Left, ...]
    runs: tuple[Mapping[str, Any], ...]
    commands: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ResultInfo:
    """A result: as listed, all that was saved of it, and the commands that make it again."""

    entry: ResultEntry
    result: Result
    commands: tuple[str, ...]


def info(
    store: Path, name: str, registry: Registry, *, kind: str | None = None, dataset: str | None = None
) -> DatasetInfo | TableInfo | ResultInfo | ClipInfo:
    """Everything about the data set, feature table, result or clip called `name`.

    Parameters
    ----------
    store : Path
        The store's folder.
    name : str
        A data set, the label of a feature table, the id of a result or a part of it that is its own, the id
        of a clip, or its file's name or stem.
    registry : Registry
        Where defaults of stages are looked up.
    kind : str, optional
        ``"dataset"``, ``"features"``, ``"result"`` or ``"clip"``, where a name is used twice.
    dataset : str, optional
        The data set of the clip that is meant.

    Raises
    ------
    UnknownName, UsageError
        Nothing, or several things, are called so.
    """
    opened = Store.open(store, read_only=True)
    named = find_named(opened, name, kind, kinds=WITH_CLIPS, dataset=dataset)
    if named.kind == "clip":
        return clip_info(opened, named.dataset, named.name)
    if named.kind == "dataset":
        return _dataset_info(opened, named.name, registry)
    if named.kind == "features":
        return _table_info(opened, named, registry)
    return _result_info(opened, named.name, registry)


def _dataset_info(store: Store, name: str, registry: Registry) -> DatasetInfo:
    catalogue = store.catalogue
    record = catalogue.dataset(name)
    tables = store.features.tables()
    return DatasetInfo(
        record=record,
        summary=catalogued_summary(catalogue, record),
        failures=tuple(
            Left(clip.id, name, clip.reason.words, clip.detail) for clip in catalogue.unusable(name)
        ),
        views=tuple(catalogue.views(name)),
        coverage=tuple(part for table in tables if (part := _Rows.of(table, catalogue, name).coverage)),
        results=tuple(entry.id for entry in result_entries(store) if entry.dataset == name),
        commands=dataset_commands(record, catalogue, registry),
        outdated=outdated(record, catalogue),
    )


def _table_info(store: Store, named: Named, registry: Registry) -> TableInfo:
    assert named.path is not None
    table = FeatureTable(named.path, read_only=True)
    datasets = [record.name for record in store.catalogue.datasets()]
    rows = [_Rows.of(table, store.catalogue, name) for name in datasets]
    runs = [run for run in store.runs() if run.get("fingerprint") == table.fingerprint]
    coverage = tuple(part.coverage for part in rows if part.coverage)
    commands = [table_command(table, registry, dataset=part.dataset) for part in coverage] or [
        table_command(table, registry)
    ]
    return TableInfo(
        entry=table_entry(table),
        attributes=table.attributes,
        coverage=coverage,
        failures=_failures(table, store.catalogue, rows, runs),
        runs=tuple(runs),
        commands=tuple(filter(None, commands)),
    )


def _result_info(store: Store, name: str, registry: Registry) -> ResultInfo:
    result = load_result(store, name)
    return ResultInfo(result_entry(store, name, result), result, result_commands(store, result, registry))


@dataclass(frozen=True, eq=False)
class _Rows:
    """The rows of a data set's usable clips in a table, as the table tells them.

    Parameters
    ----------
    rows : int64 [used]
        In catalogue order; -1 where a clip has none.
    states : uint8 [rows of the table]
        Empty where the table cannot be read.
    """

    dataset: str
    label: str
    rows: npt.NDArray[np.int64]
    states: npt.NDArray[np.uint8]
    __repr__ = short_repr

    @classmethod
    def of(cls, table: FeatureTable, catalogue: Catalogue, dataset: str) -> Self:
        try:
            there, states = table.keys(), table.states()
            if catalogue.has_just(dataset, there):
                return cls(dataset, table.label, np.arange(len(there)), states)
        except StoreError:
            there, states = np.zeros((0, KEY_BYTES), np.uint8), np.zeros(0, np.uint8)
        return cls(dataset, table.label, find_rows(there, table.keys_in(catalogue, dataset)), states)

    @property
    def coverage(self) -> Coverage | None:
        """``None`` where the table holds no clip of the data set, or cannot be read."""
        there = self.states[self.rows[self.rows >= 0]]
        done, failed = int(np.count_nonzero(there == DONE)), int(np.count_nonzero(there == FAILED))
        missing = len(self.rows) - done - failed
        return Coverage(self.dataset, self.label, done, failed, missing) if len(there) else None


def _failures(
    table: FeatureTable, catalogue: Catalogue, datasets: Sequence[_Rows], runs: Sequence[Mapping[str, Any]]
) -> tuple[Left, ...]:
    """Clips whose row failed, with what the run that met them noted."""
    try:
        ledger = table.ledger()
    except StoreError:
        return ()
    details = {clip: detail for run in runs for clip, _, detail in run.get("failures") or ()}
    unknown, lost = ledger.states == FAILED, []
    for part in datasets:
        there = np.flatnonzero(part.rows >= 0)
        failed = there[ledger.states[part.rows[there]] == FAILED]
        ids = list(catalogue.ids(part.dataset, usable=True)) if len(failed) else []
        for number in failed.tolist():
            reason = Reason(int(ledger.reasons[part.rows[number]])).words
            lost.append(Left(ids[number], part.dataset, reason, details.get(written(ids[number]), "")))
        unknown[part.rows[there]] = False
    for row in np.flatnonzero(unknown):
        reason = Reason(int(ledger.reasons[row])).words
        lost.append(Left(f"key {ledger.keys[row].tobytes().hex()[:12]}", "", reason))
    return tuple(lost)
