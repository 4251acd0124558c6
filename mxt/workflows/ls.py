"""`mxt ls`: data sets, feature tables and results with their sizes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import starmap
from pathlib import Path
from typing import Any

from mxt.core.errors import StoreError
from mxt.core.files import folder_bytes
from mxt.core.records import DatasetRecord
from mxt.evaluation.interval import Interval
from mxt.results.index import Outline, outline, outlines
from mxt.results.plain import Result
from mxt.results.records import stale
from mxt.store.features import FeatureTable
from mxt.store.layout import Store


@dataclass(frozen=True, slots=True)
class DatasetEntry:
    """A data set: its clips, how many can be used, their seconds, its targets and the views extracted for it.

    `damage` is what keeps it from being read, else empty.
    """

    name: str
    root: str
    loader: str
    clips: int = 0
    used: int = 0
    seconds: float = 0.0
    targets: tuple[str, ...] = ()
    views: tuple[str, ...] = ()
    updated: str = ""
    last: bool = False
    damage: str = ""


@dataclass(frozen=True, slots=True)
class TableEntry:
    """A feature table: rows done, failed and open, layers, columns and bytes.

    `damage` is what keeps it from being read, else empty; its label is then the fingerprint.
    """

    label: str
    fingerprint: str
    done: int = 0
    failed: int = 0
    open: int = 0
    layers: tuple[str, ...] = ()
    columns: int = 0
    nbytes: int = 0
    damage: str = ""


@dataclass(frozen=True, slots=True)
class ResultEntry:
    """A result.

    Parameters
    ----------
    kind : {"evaluation", "search", ""}
    folds, grouping : str
        How clips were split, and what they were kept together by, in words.
    clips : int
        That took part.
    settings : mapping
        Parameters of the head.
    scores : mapping
        Names of metrics to scores, the main one first.
    nbytes : int
    stale : str
        Why it does not belong to the catalogue any more, else empty.
    damage : str
        What keeps it from being read, else empty.
    """

    id: str
    created: str = ""
    dataset: str = ""
    target: str = ""
    view: str = ""
    head: str = ""
    kind: str = ""
    protocol: str = ""
    folds: str = ""
    grouping: str = ""
    clips: int = 0
    seed: int | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    scores: Mapping[str, Interval] = field(default_factory=dict)
    nbytes: int = 0
    stale: str = ""
    damage: str = ""


@dataclass(frozen=True, slots=True)
class Contents:
    """What a store holds; sizes in bytes."""

    root: str
    nbytes: int
    datasets: tuple[DatasetEntry, ...]
    tables: tuple[TableEntry, ...]
    results: tuple[ResultEntry, ...]


def ls(store: Path) -> Contents:
    """List the data sets, feature tables and results of a store.

    Parameters
    ----------
    store : Path
        Its folder.
    """
    opened = Store.open(store, read_only=True)
    records = opened.catalogue.datasets()
    last = opened.catalogue.last() if records else ""
    return Contents(
        root=str(opened.root),
        nbytes=folder_bytes(opened.root),
        datasets=tuple(_dataset(opened, record, last) for record in records),
        tables=(
            *map(table_entry, opened.features.tables()),
            *starmap(_unreadable, opened.features.unreadable().items()),
        ),
        results=result_entries(opened),
    )


def table_entry(table: FeatureTable) -> TableEntry:
    """A feature table as listed."""
    layers = tuple(layer.name for layer in table.layers)
    columns = sum(layer.dimension for layer in table.layers)
    try:
        still_open, done, failed = table.counts()
    except StoreError as error:
        return TableEntry(
            table.label,
            table.fingerprint,
            layers=layers,
            columns=columns,
            nbytes=table.nbytes(),
            damage=str(error),
        )
    return TableEntry(
        table.label, table.fingerprint, done, failed, still_open, layers, columns, table.nbytes()
    )


def result_entries(store: Store) -> tuple[ResultEntry, ...]:
    """All results as listed, the oldest first."""
    known: dict[tuple[str, str, str], str] = {}
    return tuple(_result_entry(store, name, what, known) for name, what in outlines(store).items())


def result_entry(store: Store, name: str, result: Result) -> ResultEntry:
    """A result that was read, as listed."""
    return _result_entry(store, name, outline(result), {})


def _result_entry(
    store: Store, name: str, what: Outline | StoreError, known: dict[tuple[str, str, str], str]
) -> ResultEntry:
    """A result as listed; `known` keeps which labels are stale, so that each is looked up once."""
    nbytes = folder_bytes(store.results.path / name)
    if isinstance(what, StoreError):
        return ResultEntry(name, nbytes=nbytes, damage=str(what))
    labels = (what.dataset, what.target, what.targets_hash)
    if labels not in known:
        try:
            known[labels] = stale(*labels, store.catalogue)
        except StoreError as error:
            known[labels] = str(error)
    return ResultEntry(
        id=name,
        created=what.created,
        dataset=what.dataset,
        target=what.target,
        view=what.view,
        head=what.head,
        kind=what.kind,
        protocol=what.protocol,
        folds=what.folds,
        grouping=what.grouping,
        clips=what.clips,
        seed=what.seed,
        settings=what.settings,
        scores={score.name: score.interval for score in what.scores},
        nbytes=nbytes,
        stale=known[labels],
    )


def _dataset(store: Store, record: DatasetRecord, last: str) -> DatasetEntry:
    try:
        figures = store.catalogue.figures(record.name)
        views = tuple(store.catalogue.views(record.name))
    except StoreError as error:
        return DatasetEntry(record.name, record.root, record.loader, damage=str(error))
    return DatasetEntry(
        name=record.name,
        root=record.root,
        loader=record.loader,
        clips=figures.clips,
        used=figures.used,
        seconds=figures.seconds,
        targets=record.targets,
        views=views,
        updated=record.updated,
        last=record.name == last,
    )


def _unreadable(folder: Path, why: StoreError) -> TableEntry:
    return TableEntry(folder.name, folder.name, nbytes=folder_bytes(folder), damage=str(why))
