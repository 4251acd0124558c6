"""The metadata of a feature table, ``zarr.json`` of group and arrays: checked, written back if damaged."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from zarr.core.buffer import Buffer
from zarr.storage import MemoryStore

from mxt.core.errors import StoreDamaged
from mxt.core.files import atomic_write, remove_entry
from mxt.store.table import FeatureTable
from mxt.store.table_arrays import (
    chunk_files,
    create_array,
    open_array,
    read_rows,
    rows_in,
    rows_per_chunk,
    set_rows,
)
from mxt.store.table_attributes import read_attributes, table_layers, with_checksum
from mxt.store.table_chunks import Chunking, ZarrArray, chunking_of, recognised, usual_chunking
from mxt.store.table_schema import AUDIO, COPY, OPEN, SEAL, STATE, ArrayKind, array_kinds
from mxt.store.verify_findings import Finding, Problem, Repair


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
    arrays = _open_arrays(folder, kinds)
    usual = usual_chunking([chunking_of(array) for array in arrays.values()])
    damaged = [name for name in kinds if not _is_described(arrays.get(name), kinds[name], usual.rows)]
    if COPY not in damaged and dict(arrays[COPY].attrs) != _written_attributes(folder):
        damaged.append(COPY)
    findings += [_not_as_written(attributes["label"], f"{name}/zarr.json") for name in damaged]
    if damaged and not repair:
        return findings
    rows = _usual([rows_in(array) for name, array in arrays.items() if name not in damaged])
    for name in damaged:
        _write_array_metadata(folder, name, kinds[name], _own_chunking(folder / name, usual), rows)
    return findings + _check_lengths(folder, attributes["label"], kinds, repair=repair)


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
        return None, [Finding(folder.name[:12], "zarr.json", Problem.TABLE_LOST)]
    if repair:
        _write_group(folder, attributes)
    return attributes, [_not_as_written(attributes["label"], "zarr.json")]


def _not_as_written(label: str, part: str) -> Finding:
    return Finding(label, part, Problem.NOT_AS_WRITTEN, repair=Repair.WRITTEN_BACK)


def begin_sealing(folder: Path, table: FeatureTable) -> None:
    """Make the array of seals that a table of an older store lacks; it counts only after `end_sealing`."""
    shutil.rmtree(folder / SEAL, ignore_errors=True)
    chunking = chunking_of(open_array(folder, STATE))
    _write_array_metadata(folder, SEAL, array_kinds(table.layers)[SEAL], chunking, len(table))


def end_sealing(folder: Path, table: FeatureTable) -> None:
    """Say in the attributes, and in their copy, that the rows are sealed."""
    _write_group(folder, {**table.attributes, SEAL: 1})
    chunking = chunking_of(open_array(folder, COPY))
    _write_array_metadata(folder, COPY, array_kinds(table.layers)[COPY], chunking, len(table))


def _write_group(folder: Path, attributes: Mapping[str, Any]) -> None:
    stored: dict[str, Buffer] = {}
    zarr.create_group(MemoryStore(stored), attributes=with_checksum(attributes), zarr_format=3)
    _write(folder / "zarr.json", stored["zarr.json"])


def _describes_a_group(folder: Path) -> bool:
    """Whether ``zarr.json`` says besides its attributes what zarr needs (`read_attributes` has read it)."""
    metadata = json.loads((folder / "zarr.json").read_text(encoding="utf-8"))
    return bool(metadata.get("zarr_format") == 3 and metadata.get("node_type") == "group")


def _open_arrays(folder: Path, kinds: Mapping[str, ArrayKind]) -> dict[str, ZarrArray]:
    """The arrays that can be opened."""
    arrays = {}
    for name in kinds:
        with suppress(StoreDamaged):
            arrays[name] = open_array(folder, name)
    return arrays


def _own_chunking(array: Path, usual: Chunking) -> Chunking:
    """How an array whose metadata are lost is chunked, as its chunks show."""
    for _, path in chunk_files(array) if array.is_dir() else ():
        if path.is_file():
            return Chunking(usual.rows, recognised(path.read_bytes(), usual.codec))
    return usual


def _is_described(array: ZarrArray | None, kind: ArrayKind, chunk_rows: int) -> bool:
    """Whether an array's metadata are those it was made with, except for its length."""
    if array is None or array.ndim != 1 + len(kind[0]):
        return False
    chunking = chunking_of(array)
    if chunking.rows != chunk_rows or not chunking.is_known:
        return False
    expected = create_array(MemoryStore(), "expected", kind, chunking)
    found, wanted = ({**one.metadata.to_dict(), "attributes": None} for one in (array, expected))
    found["shape"], wanted["shape"] = (0, *array.shape[1:]), tuple(expected.shape)
    return json.dumps(found, default=str, sort_keys=True) == json.dumps(wanted, default=str, sort_keys=True)


def _check_lengths(
    folder: Path, label: str, kinds: Mapping[str, ArrayKind], *, repair: bool
) -> list[Finding]:
    """Lengths differ after a kill while rows were assigned; other differences are damage."""
    arrays = {name: open_array(folder, name, write=repair) for name in kinds}
    lengths = {name: rows_in(array) for name, array in arrays.items()}
    settled = np.flatnonzero(_read_state(folder) != OPEN)
    needed = int(settled[-1]) + 1 if len(settled) else 0
    too_long = any(length > lengths[AUDIO] for name, length in lengths.items() if name != COPY)
    damaged = too_long or min(lengths.values()) < needed or lengths[AUDIO] > lengths[COPY]
    rows = _usual(lengths.values()) if damaged else lengths[AUDIO]
    if repair:
        for array in arrays.values():
            set_rows(array, rows)
    return [
        Finding(
            label,
            f"{name}/zarr.json",
            Problem.WRONG_LENGTH,
            (length, rows),
            repair=Repair.WRITTEN_BACK,
        )
        for name, length in lengths.items()
        if damaged and length != rows
    ]


def _read_state(folder: Path) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """States as far as they can be read; none where they cannot."""
    array = open_array(folder, STATE)
    chunks = 1 + max((number for number, _ in chunk_files(folder / STATE)), default=-1)
    try:
        return read_rows(array, 0, min(rows_in(array), chunks * rows_per_chunk(array)))
    except StoreDamaged:
        return np.zeros(0, np.uint8)


def _usual(lengths: Iterable[int]) -> int:
    """The length that most arrays have."""
    return next((length for length, _ in Counter(lengths).most_common(1)), 0)


def _write_array_metadata(folder: Path, name: str, kind: ArrayKind, chunking: Chunking, rows: int) -> None:
    stored: dict[str, Buffer] = {}
    array = create_array(MemoryStore(stored), name, kind, chunking, rows=rows)
    if name == COPY:
        array.update_attributes(_written_attributes(folder))
    (folder / name).mkdir(exist_ok=True)
    _write(folder / name / "zarr.json", stored[f"{name}/zarr.json"])


def _written_attributes(folder: Path) -> dict[str, Any]:
    """The group's attributes as they are in the file."""
    return with_checksum(FeatureTable(folder).attributes)


def _write(path: Path, content: Buffer) -> None:
    if path.is_dir():
        remove_entry(path)
    with atomic_write(path) as file:
        file.write(content.to_bytes())
