"""`mxt info CLIP`: everything that is known of one clip, and what a tagger heard in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mxt.core.errors import Reason, StoreError
from mxt.core.records import ClipRecord, Measurement
from mxt.core.text import written
from mxt.store.features import DONE, FAILED, FeatureTable
from mxt.store.layout import Store
from mxt.store.table_keys import Keys, as_keys
from mxt.workflows.ls_clips import ClipEntry, clip_entry

STRONGEST = 5
TAGS = ("tags", "species")  # layers called so, whose columns have labels, hold their probabilities


@dataclass(frozen=True, slots=True)
class ClipRow:
    """A clip in a feature table: ``"done"``, ``"failed"`` (why) or ``"open"``."""

    label: str
    state: str
    reason: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Heard:
    """The strongest tags of a table that has probabilities of labels, the strongest first."""

    label: str
    layer: str
    tags: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class ClipInfo:
    """A clip.

    Parameters
    ----------
    dataset, root, path : str
        The data set, its folder, and the file below it.
    clip : ClipEntry
        As listed: targets, split, fold, group, fields, why it was left out.
    start, end : float, optional
        Seconds, of a part of a file.
    measurement : Measurement, optional
        What the file's samples gave; ``None`` where it could not be read or has no audio.
    tables : tuple of ClipRow
        Feature tables that have a row of it.
    heard : tuple of Heard
        What taggers heard in it.
    """

    dataset: str
    root: str
    path: str
    clip: ClipEntry
    start: float | None
    end: float | None
    measurement: Measurement | None
    tables: tuple[ClipRow, ...]
    heard: tuple[Heard, ...]


def clip_info(store: Store, dataset: str, clip_id: str) -> ClipInfo:
    """What is known of the clip `clip_id` of `dataset`."""
    clip = next(store.catalogue.each_clip(dataset, id_=clip_id))
    details = {
        run.get("fingerprint"): detail
        for run in store.runs()
        for failed, _, detail in run.get("failures") or ()
        if failed == written(clip_id)
    }
    tables = store.features.tables()
    rows = {table: row for table in tables if (row := _row(table, clip, details)) is not None}
    return ClipInfo(
        dataset=dataset,
        root=store.catalogue.dataset(dataset).root,
        path=clip.file.path,
        clip=clip_entry(clip),
        start=None if clip.start_us is None else clip.start_us / 1e6,
        end=None if clip.end_us is None else clip.end_us / 1e6,
        measurement=clip.file.measurement,
        tables=tuple(rows.values()),
        heard=tuple(
            heard for table, row in rows.items() if row.state == "done" for heard in _heard(table, clip)
        ),
    )


def _key(table: FeatureTable, clip: ClipRecord) -> Keys | None:
    """The key of its row, uint8 [1, 32]; ``None`` where the clip cannot be used."""
    return None if clip.key is None else table.own_keys([clip.id], as_keys([clip.key]))


def _row(table: FeatureTable, clip: ClipRecord, details: Mapping[Any, str]) -> ClipRow | None:
    """``None`` where the table has no row of the clip."""
    if (key := _key(table, clip)) is None:
        return None
    try:
        (row,), (state,), (reason,) = table.states_of(key)
    except StoreError as error:
        return ClipRow(table.label, "damaged", detail=str(error))
    if row < 0:
        return None
    if state == FAILED:
        return ClipRow(table.label, "failed", Reason(int(reason)).words, details.get(table.fingerprint, ""))
    return ClipRow(table.label, "done" if state == DONE else "open")


def _heard(table: FeatureTable, clip: ClipRecord) -> Sequence[Heard]:
    """The strongest labels of the layer of probabilities, where the table has one."""
    key, heard = _key(table, clip), []
    for layer in table.layers:
        if key is not None and layer.name in TAGS and layer.labels:
            try:
                values = table.read(key, [layer.name])[0][0]
            except StoreError:
                continue  # mxt verify names it
            strongest = np.argsort(-values, kind="stable")[:STRONGEST]
            heard.append(
                Heard(
                    table.label,
                    layer.name,
                    tuple((layer.labels[column], float(values[column])) for column in strongest),
                )
            )
    return heard
