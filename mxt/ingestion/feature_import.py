"""An import of features: rows of a file are matched with clips, and stored in a table of their own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from mxt.core.clips import Clips
from mxt.core.errors import InputError, UsageError
from mxt.core.identity import canonical_json, sha256_file, sha256_text
from mxt.core.progress import Progress
from mxt.core.records import DatasetRecord
from mxt.core.text import written
from mxt.ingestion.feature_files import FeatureFile, read_features
from mxt.ingestion.feature_rows import KIND, fill, finite_rows
from mxt.ingestion.names import safe_name
from mxt.ingestion.records import Imported
from mxt.ingestion.requests import ImportRequest
from mxt.ingestion.row_matching import MatchedRows, match_rows_to_clips
from mxt.store.features import FeatureTable
from mxt.store.layout import Store


def store_features(
    store: Store, record: DatasetRecord, request: ImportRequest, progress: Progress
) -> Imported:
    """Read a file of features, match its rows with the clips of a data set, and store them.

    Raises
    ------
    InputError
        The file cannot be read; rows are missing or contradict each other; none belongs to a clip.
    UsageError
        Nothing tells which row is which clip; these features are in another table.
    """
    path = request.file.expanduser()
    clips = store.catalogue.columns(record.name)
    clips = clips[clips.is_clip]
    features = read_features(path, id_column=request.id_column, not_features=set(clips.names()))
    rows = match_rows_to_clips(path, features, clips, in_order=request.in_catalogue_order)
    usable = clips[clips.usable]
    row_of = np.fromiter((rows.of_clip.get(name, -1) for name in usable.ids), np.int64, len(usable))
    chosen, index = usable[row_of >= 0], row_of[row_of >= 0]
    if not len(chosen):
        raise InputError(_no_match(path, record, features, rows, usable))
    finite = finite_rows(features.arrays, index)
    if not finite.any():
        raise InputError(f"{path}: no row is finite in all columns")
    table = _table(store, request, features, clips)
    keys = table.own_keys(chosen.ids, chosen.keys)
    stored = fill(table, keys, features.arrays, rows=index, progress=progress)
    store.catalogue.add_view(record.name, table.label)
    return Imported(
        dataset=record.name,
        label=table.label,
        fingerprint=table.fingerprint,
        file=str(path),
        rows=features.rows,
        clips=len(usable),
        used=int(finite.sum()),
        written=stored,
        layers={layer.name: layer.dimension for layer in features.layers},
        matched=rows.matched,
        unknown=rows.unknown,
        ambiguous=rows.ambiguous,
        repeated=rows.repeated,
        not_finite=tuple(chosen.ids[~finite]),
        missing=tuple(usable.ids[row_of < 0]),
        passed_over=features.passed_over,
    )


def _no_match(
    path: Path,
    record: DatasetRecord,
    features: FeatureFile,
    rows: MatchedRows,
    usable: Clips,
) -> str:
    example = ""
    if rows.unknown and len(usable):
        example = f"; the first is {rows.unknown[0]!r}, a clip is {usable.ids[0]!r}"
        if features.spans is not None and all(clip.whole for clip in usable):
            example += f". Its rows are segments: mxt ingest {path} catalogues them, if audio is beside it"
    return f"{path}: none of its {features.rows:,} rows belongs to a clip of {record.name}{example}"


def _table(store: Store, request: ImportRequest, features: FeatureFile, clips: Clips) -> FeatureTable:
    """The table of this file; made where there is none."""
    path = request.file.expanduser()
    source = sha256_file(path)
    identity: dict[str, Any] = {
        "kind": KIND,
        "source_sha256": source,
        "layers": [[layer.name, layer.dimension] for layer in features.layers],
    }
    if request.in_catalogue_order:  # the order tells which row is whose
        order = list(zip(clips.ids, clips.hashes(), strict=True))
        identity["order"] = sha256_text(canonical_json(order))
    fingerprint = sha256_text(canonical_json(identity))
    there = store.features.by_fingerprint(fingerprint)
    if there is not None:
        if request.label not in (None, there.label):
            raise UsageError(
                f"these features are in the table {there.label} already; leave out --as, or remove it: "
                f"mxt rm {there.label}"
            )
        return there
    attributes = {
        "kind": KIND,
        "source_sha256": source,
        "file": written(path.name),
        "in_catalogue_order": request.in_catalogue_order,
    }
    if request.id_column is not None:
        attributes["id_column"] = request.id_column
    label = request.label or safe_name(path.stem) or KIND
    exact = request.label is not None
    rows = int(clips.usable.sum())
    return store.features.create(
        fingerprint, label, attributes, features.layers, rows=rows, exact_label=exact
    )
