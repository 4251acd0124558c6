"""`mxt import`: features computed elsewhere become a feature table."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mxt.core.errors import InputError, UsageError
from mxt.core.identity import canonical_json, sha256_file, sha256_text
from mxt.core.progress import SILENT, Progress
from mxt.core.provenance import versions
from mxt.core.records import ClipRecord, is_other
from mxt.core.text import written
from mxt.ingestion.feature_files import Table, read_features
from mxt.ingestion.feature_rows import KIND, fill, finite_rows, single
from mxt.ingestion.plan import safe_name
from mxt.stages.datasets.matching import FileIndex, match_rows
from mxt.store.features import FeatureTable
from mxt.store.layout import Store

if TYPE_CHECKING:
    import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Imported:
    """What was imported.

    Parameters
    ----------
    dataset, label, fingerprint : str
        The data set whose clips they are, and the feature table.
    file : str
        Where they came from.
    rows : int
        Rows of the file.
    clips, used : int
        Usable clips of the data set, and those that have features now.
    written : int
        Rows stored now; the others were there.
    layers : mapping
        Layer to its columns.
    matched : mapping
        ``path``, ``name``, ``stem`` or ``order`` to the rows that were matched so.
    unknown, ambiguous, repeated, not_finite, missing : tuple of str
        Ids of rows that mean no usable clip, or cannot be told; that are there twice with equal numbers;
        clips whose numbers are not finite; clips the file has no row for.
    passed_over : tuple of str
        Columns or arrays that were not taken for features.
    """

    dataset: str
    label: str
    fingerprint: str
    file: str
    rows: int
    clips: int
    used: int
    written: int
    layers: Mapping[str, int]
    matched: Mapping[str, int]
    unknown: tuple[str, ...]
    ambiguous: tuple[str, ...]
    repeated: tuple[str, ...]
    not_finite: tuple[str, ...]
    missing: tuple[str, ...]
    passed_over: tuple[str, ...]


def import_features(
    store: Path,
    path: Path,
    *,
    dataset: str | None = None,
    label: str | None = None,
    id_column: str | None = None,
    in_catalogue_order: bool = False,
    progress: Progress = SILENT,
) -> Imported:
    """Bring features into the store; importing the same file again changes nothing.

    Parameters
    ----------
    store : Path
        The store's folder.
    path : Path
        npz, parquet or CSV with clip ids; npy, or one without ids, only with `in_catalogue_order`.
    dataset : str, optional
        Whose clips they are; else the one last ingested.
    label : str, optional
        Of the feature table; else the file's name.
    id_column : str, optional
        Column or array of clip ids; else recognised.
    in_catalogue_order : bool
        The rows are the clips in the order of ``mxt ls --clips``.

    Raises
    ------
    InputError
        The file cannot be read; rows are missing or twice there with different numbers; no row means a clip.
    UsageError
        Nothing says which row is which clip; these features are in another table.
    """
    begun = time.monotonic()
    opened = Store.open(store)
    opened.check_writable()
    record = opened.catalogue.dataset(dataset)
    clips = [clip for clip in opened.catalogue.clips(record.name) if not is_other(clip.file)]
    path = path.expanduser()
    known = {name for clip in clips for name in (*clip.targets, *clip.fields)}
    found = read_features(path, id_column=id_column, not_features=known)
    rows = _in_order(path, found, clips) if in_catalogue_order else _by_ids(path, found, clips)
    usable = [clip for clip in clips if clip.usable]
    chosen = [clip for clip in usable if clip.id in rows.of_clip]
    if not chosen:
        first = (
            f"; the first is {rows.unknown[0]!r}, a clip is {usable[0].id!r}"
            if rows.unknown and usable
            else ""
        )
        raise InputError(f"{path}: none of its {found.rows:,} rows means a clip of {record.name}{first}")
    places = np.array([rows.of_clip[clip.id] for clip in chosen], np.int64)
    arrays = {name: single(values[places]) for name, values in found.arrays.items()}
    good = finite_rows(arrays)
    if not good.any():
        raise InputError(f"{path}: no row is finite in all columns")
    table = _table(opened, path, found, label, order=clips if in_catalogue_order else None)
    written = fill(
        table, [key for key in table.keys_of(chosen) if key is not None], arrays, progress=progress
    )
    opened.catalogue.add_view(record.name, table.label)
    opened.log_run(
        {
            "command": "import",
            "dataset": record.name,
            "label": table.label,
            "fingerprint": table.fingerprint,
            "file": str(path),
            "computed": written,
            "seconds": round(time.monotonic() - begun, 3),
            "versions": versions(),
        }
    )
    return Imported(
        record.name,
        table.label,
        table.fingerprint,
        str(path),
        found.rows,
        len(usable),
        int(good.sum()),
        written,
        {layer.name: layer.dimension for layer in found.layers},
        rows.matched,
        rows.unknown,
        rows.ambiguous,
        rows.repeated,
        tuple(chosen[row].id for row in np.flatnonzero(~good)),
        tuple(clip.id for clip in usable if clip.id not in rows.of_clip),
        found.passed_over,
    )


@dataclass(frozen=True)
class _Rows:
    """Which row of a file is which clip's, and what could not be told."""

    of_clip: Mapping[str, int]
    matched: Mapping[str, int]
    unknown: tuple[str, ...] = ()
    ambiguous: tuple[str, ...] = ()
    repeated: tuple[str, ...] = ()


def _in_order(path: Path, found: Table, clips: Sequence[ClipRecord]) -> _Rows:
    """Row i is clip i of all clips, or of the usable ones: their numbers tell which."""
    usable = [clip for clip in clips if clip.usable]
    for order in (usable, clips):
        if found.rows == len(order):
            return _Rows({clip.id: row for row, clip in enumerate(order)}, {"order": found.rows})
    of_all = f", or all {len(clips):,}" if len(clips) > len(usable) else ""
    raise InputError(
        f"{path}: {found.rows:,} rows; the data set has {len(usable):,} usable clips{of_all} (mxt ls --clips): which is which?"
    )


def _by_ids(path: Path, found: Table, clips: Sequence[ClipRecord]) -> _Rows:
    """Rows by clip id; by file name, or name without suffix, where that is clear."""
    if found.ids is None:
        raise UsageError(
            f"{path.name} has no clip ids: name their column with --id-column, or, where its rows are the clips in the order of "
            "mxt ls --clips, say --in-catalogue-order"
        )
    ids, repeated = _each_once(path, found.ids, found)
    matches = match_rows(FileIndex(written(clip.id) for clip in clips), list(ids))
    usable = {written(clip.id): clip.id for clip in clips if clip.usable}
    of_clip = {
        usable[match.path]: row
        for row, match in zip(ids.values(), matches, strict=True)
        if match.path in usable
    }
    return _Rows(
        of_clip,
        dict(Counter(match.how for match in matches if match.path in usable)),
        tuple(
            text
            for text, match in zip(ids, matches, strict=True)
            if match.how != "ambiguous" and match.path not in usable
        ),
        tuple(text for text, match in zip(ids, matches, strict=True) if match.how == "ambiguous"),
        repeated,
    )


def _each_once(path: Path, ids: Sequence[str], found: Table) -> tuple[dict[str, int], tuple[str, ...]]:
    """Id to its row; ids that are there twice with equal numbers.

    Raises
    ------
    InputError
        One is there twice with different numbers, or a row has none.
    """
    rows: dict[str, int] = {}
    repeated = []
    for row, text in enumerate(ids):
        if not text.strip():
            raise InputError(f"{path}: row {row + 1} has no clip id")
        first = rows.setdefault(text, row)
        if first == row:
            continue
        if not all(_equal(values[first], values[row]) for values in found.arrays.values()):
            raise InputError(
                f"{path}: {text} is there twice, in rows {first + 1} and {row + 1}, with different numbers"
            )
        repeated.append(text)
    return rows, tuple(repeated)


def _equal(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> bool:
    return bool(np.array_equal(a, b, equal_nan=a.dtype.kind == "f"))


def _table(
    store: Store, path: Path, found: Table, label: str | None, *, order: Sequence[ClipRecord] | None
) -> FeatureTable:
    """The table of this file; made where there is none."""
    source = sha256_file(path)
    layers = [[layer.name, layer.dimension] for layer in found.layers]
    identity: dict[str, Any] = {"kind": KIND, "source_sha256": source, "layers": layers}
    if order is not None:  # the order is what says which row is whose
        identity["order"] = sha256_text(
            canonical_json([[clip.id, clip.key.hex() if clip.key else ""] for clip in order])
        )
    fingerprint = sha256_text(canonical_json(identity))
    there = store.features.by_fingerprint(fingerprint)
    if there is not None:
        if label not in (None, there.label):
            raise UsageError(
                f"these features are in the table {there.label} already; leave out --as, or remove it: mxt rm {there.label}"
            )
        return there
    attributes = {
        "kind": KIND,
        "source_sha256": source,
        "file": written(path.name),
        "in_catalogue_order": order is not None,
    }
    name = label or safe_name(path.stem) or KIND
    return store.features.create(fingerprint, name, attributes, found.layers, exact_label=label is not None)
