"""The metadata of a feature table (``zarr.json`` of its group and arrays): checked, and written back where damaged."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from zarr.core.buffer import Buffer
from zarr.storage import MemoryStore

from mxt.core.errors import StoreDamaged
from mxt.core.files import atomic_write, remove_entry
from mxt.core.identity import canonical_json, sha256_text
from mxt.store.arrays import chunk_files, create_array, open_array, read_rows, rows_in, set_rows
from mxt.store.findings import Finding
from mxt.store.schema import AUDIO, CHUNK, COPY, OPEN, SEAL, STATE, ArrayKind, array_kinds
from mxt.store.table import CHECKSUM, FeatureTable, read_attributes, table_layers

WRITTEN_BACK = "written back"


def check_metadata(folder: Path, *, repair: bool) -> list[Finding]:
    """Check what describes a table, before its rows are looked at.

    Parameters
    ----------
    folder : Path
        The table's folder.
    repair : bool
        Write back what is damaged; the caller holds the writer's lock.
    """
    attributes, findings = _check_attributes(folder, repair=repair)
    if attributes is None or (findings and not repair):
        return findings
    kinds = array_kinds(table_layers(attributes), sealed=SEAL in attributes)
    place = attributes["label"]
    damaged = [name for name, kind in kinds.items() if not _described_well(folder, name, kind)]
    copied = {} if COPY in damaged else dict(open_array(folder, COPY).attrs)
    if COPY not in damaged and copied != _with_checksum(folder):
        damaged.append(COPY)
    findings += [
        Finding(place, f"{name}/zarr.json", "not what was written", repair=WRITTEN_BACK) for name in damaged
    ]
    if damaged and not repair:
        return findings
    if damaged:
        lengths = {name: rows_in(open_array(folder, name)) for name in kinds if name not in damaged}
        for name in damaged:
            _write_array_metadata(folder, name, kinds[name], _usual(lengths))
    return findings + _check_lengths(folder, place, kinds, repair=repair)


def _check_attributes(folder: Path, *, repair: bool) -> tuple[dict[str, Any] | None, list[Finding]]:
    """The attributes, from their copy where the group's own are damaged."""
    with suppress(StoreDamaged):
        attributes = read_attributes(folder)
        if attributes.get("fingerprint") == folder.name and _describes_a_group(folder):
            return attributes, []
    try:
        attributes = read_attributes(folder / COPY)
    except StoreDamaged:
        attributes = {}
    if attributes.get("fingerprint") != folder.name:
        lost = "not what was written, and so is its copy: the table cannot be read; remove it (mxt rm) and extract again"
        return None, [Finding(folder.name[:12], "zarr.json", lost)]
    if repair:
        _write_group(folder, attributes)
    return attributes, [
        Finding(attributes["label"], "zarr.json", "not what was written", repair=WRITTEN_BACK)
    ]


def begin_sealing(folder: Path, table: FeatureTable) -> None:
    """Make the array of seals that a table of an older store lacks; it counts once `end_sealing` has said so."""
    shutil.rmtree(folder / SEAL, ignore_errors=True)
    kind = array_kinds(table.layers)[SEAL]
    _write_array_metadata(folder, SEAL, kind, len(table))


def end_sealing(folder: Path, table: FeatureTable) -> None:
    """Say in the attributes, and in their copy, that the rows are sealed."""
    _write_group(folder, {**table.attributes, SEAL: 1})
    _write_array_metadata(folder, COPY, array_kinds(table.layers)[COPY], len(table))


def _write_group(folder: Path, attributes: Mapping[str, Any]) -> None:
    stored: dict[str, Buffer] = {}
    zarr.create_group(MemoryStore(stored), attributes=_checked(attributes), zarr_format=3)
    _write(folder / "zarr.json", stored["zarr.json"])


def _describes_a_group(folder: Path) -> bool:
    """Whether ``zarr.json`` says besides its attributes what zarr needs (`read_attributes` has read it)."""
    told = json.loads((folder / "zarr.json").read_text(encoding="utf-8"))
    return bool(told.get("zarr_format") == 3 and told.get("node_type") == "group")


def _described_well(folder: Path, name: str, kind: ArrayKind) -> bool:
    """Whether an array's metadata are those it was made with, but for its length."""
    try:
        found = open_array(folder, name)
    except StoreDamaged:
        return False
    stored: dict[str, Buffer] = {}
    expected = create_array(MemoryStore(stored), name, kind)
    if found.ndim != expected.ndim:
        return False
    told, wanted = ({**array.metadata.to_dict(), "attributes": None} for array in (found, expected))
    told["shape"] = (0, *found.shape[1:])
    wanted["shape"] = tuple(expected.shape)
    return json.dumps(told, default=str, sort_keys=True) == json.dumps(wanted, default=str, sort_keys=True)


def _check_lengths(
    folder: Path, place: str, kinds: Mapping[str, ArrayKind], *, repair: bool
) -> list[Finding]:
    """Lengths differ after a kill while rows were assigned; other differences are damage."""
    arrays = {name: open_array(folder, name, write=repair) for name in kinds}
    lengths = {name: rows_in(array) for name, array in arrays.items()}
    settled = np.flatnonzero(read_state(folder) != OPEN)
    needed = int(settled[-1]) + 1 if len(settled) else 0
    wrong = [
        name for name in kinds if (name != COPY and lengths[name] > lengths[AUDIO]) or lengths[name] < needed
    ]
    if lengths[AUDIO] > lengths[COPY]:
        wrong.append(AUDIO)
    rows = _usual(lengths) if wrong else lengths[AUDIO]
    findings = []
    if wrong:
        odd = [name for name in kinds if lengths[name] != rows]
        findings = [
            Finding(place, f"{name}/zarr.json", f"{lengths[name]} rows, not {rows}", repair=WRITTEN_BACK)
            for name in odd
        ]
    if repair:
        for array in arrays.values():
            set_rows(array, rows)
    return findings


def read_state(folder: Path) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """States as far as they can be read: open where they cannot."""
    array = open_array(folder, STATE)
    there = max((number for number, _ in chunk_files(folder / STATE)), default=-1) + 1
    try:
        return read_rows(array, 0, min(rows_in(array), there * CHUNK))
    except StoreDamaged:
        return np.zeros(0, np.uint8)


def _usual(lengths: Mapping[str, int]) -> int:
    """The length most arrays have."""
    return Counter(lengths.values()).most_common(1)[0][0] if lengths else 0


def _write_array_metadata(folder: Path, name: str, kind: ArrayKind, rows: int) -> None:
    stored: dict[str, Buffer] = {}
    array = create_array(MemoryStore(stored), name, kind, rows=rows)
    if name == COPY:
        array.update_attributes(_with_checksum(folder))
    (folder / name).mkdir(exist_ok=True)
    _write(folder / name / "zarr.json", stored[f"{name}/zarr.json"])


def _with_checksum(folder: Path) -> dict[str, Any]:
    """The group's attributes as they are in the file."""
    return _checked(FeatureTable(folder).attributes)


def _checked(attributes: Mapping[str, Any]) -> dict[str, Any]:
    return {**attributes, CHECKSUM: sha256_text(canonical_json(dict(attributes)))}


def _write(path: Path, content: Buffer) -> None:
    if path.is_dir():
        remove_entry(path)
    with atomic_write(path) as file:
        file.write(content.to_bytes())
