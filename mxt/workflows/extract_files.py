"""Features of audio files that belong to no data set, kept in the store by their content."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mxt.core.cores import cores
from mxt.core.errors import UsageError
from mxt.core.identity import audio_key, sha256_file
from mxt.core.progress import SILENT, Progress
from mxt.core.records import ClipRecord, DatasetRecord, FileRecord
from mxt.core.reprs import short_repr
from mxt.core.views import choose_layers
from mxt.extraction.plan import plan_for
from mxt.extraction.request import ExtractRequest
from mxt.ingestion.reading import measured as measure
from mxt.ingestion.requests import IngestRequest
from mxt.registry import Registry
from mxt.results.views import column_names
from mxt.store.features import DONE, OPEN
from mxt.store.layout import Store
from mxt.workflows.extract import compute_missing

if TYPE_CHECKING:
    import numpy.typing as npt

NO_DATASET = DatasetRecord("", "/", "", {}, (), "", "")
MOST_HASHES = 1 << 20  # of files that are not read again in this process


@dataclass(frozen=True, eq=False)
class FileFeatures:
    """Features of files.

    Parameters
    ----------
    X : float32 [files, columns]
        NaN where a file has none.
    columns : tuple of str
    failures : mapping
        Path to the reason why it has no features.
    """

    X: npt.NDArray[np.float32]
    columns: tuple[str, ...]
    failures: Mapping[str, str]
    __repr__ = short_repr


def extract_files(
    store: Path,
    request: ExtractRequest,
    registry: Registry,
    paths: Sequence[str],
    *,
    wait: float = 0.0,
    progress: Progress = SILENT,
) -> FileFeatures:
    """Features of audio files; those that the store has, of whatever path, are not computed again.

    Parameters
    ----------
    store : Path
        The store's folder; made where there is none.
    request : ExtractRequest
        What is wanted; its data set plays no part.
    registry : Registry
    paths : sequence of str
        The files, in the order of the rows that are returned.
    wait : float
        Seconds to wait for another process that computes the same features.

    Raises
    ------
    UsageError
        A stage, parameter or layer that is not there, or a backbone that computes whole data sets.
    StoreBusy, PluginError, WeightsError
        As of `mxt.workflows.extract.extract`.
    """
    opened = Store.open(store, create=True)
    pipeline = request.pipeline(registry)
    spec = pipeline.backbone.spec
    if spec.rows_together:
        raise UsageError(f"{spec.name} computes whole data sets at once here: no features of single files")
    layers = choose_layers(request.layers or spec.default_layers, spec.layers, of=spec.name)
    keys, failures = _keys(paths)
    table = opened.features.by_fingerprint(pipeline.fingerprint)
    missing = dict(keys)
    if table is not None:
        states = table.states_of(list(keys.values()))[1]
        missing = {path: keys[path] for path, state in zip(keys, states, strict=True) if state == OPEN}
    clips = measured(missing, failures, request.jobs or cores(), progress)
    if clips:
        plan = plan_for(opened, request, registry, NO_DATASET, clips)
        for failure in compute_missing(plan, wait=wait, progress=progress):
            failures[failure.clip] = f"{failure.reason.words}: {failure.detail}"
        table = opened.features.by_fingerprint(pipeline.fingerprint)
    X = np.full((len(paths), sum(layer.dimension for layer in layers)), np.nan, np.float32)
    if table is not None and keys:
        rows = {path: row for row, path in enumerate(keys)}
        values, states = table.read(list(keys.values()), [layer.name for layer in layers])
        for i, path in enumerate(paths):
            if path in rows:
                X[i] = values[rows[path]]
        for path, row in rows.items():
            if states[row] != DONE:
                failures.setdefault(path, "it failed before; mxt verify --repair computes it again")
    label = pipeline.label if table is None else table.label
    return FileFeatures(X, tuple(column_names(label, layers)), failures)


def _keys(paths: Sequence[str]) -> tuple[dict[str, bytes], dict[str, str]]:
    """The audio key of each file, and why others have none."""
    keys: dict[str, bytes] = {}
    failures: dict[str, str] = {}
    for path in dict.fromkeys(paths):
        try:
            status = Path(path).stat()
            keys[path] = audio_key(_hash(path, (status.st_size, status.st_mtime_ns, status.st_ino)))
        except OSError as error:
            failures[path] = error.strerror or str(error)
    return keys, failures


@lru_cache(maxsize=MOST_HASHES)
def _hash(path: str, stat: tuple[int, int, int]) -> str:  # noqa: ARG001
    """Hash of a file, read again where its size, time or inode changed."""
    return sha256_file(path)


def measured(
    keys: Mapping[str, bytes], failures: dict[str, str], jobs: int, progress: Progress
) -> list[ClipRecord]:
    """Files as clips, measured as ingest does; those that cannot be used are added to `failures`."""
    files, names = [], {}
    for path in keys:
        status, absolute = os.stat(path), os.path.abspath(path)
        files.append(FileRecord(absolute, status.st_size, status.st_mtime_ns, status.st_ino))
        names[absolute] = path
    clips: dict[str, ClipRecord] = {}
    for file in measure("", files, {}, IngestRequest(Path(), jobs=jobs), progress) if files else ():
        path = names[file.path]
        if file.measurement is None:
            failures[path] = f"{file.reason.words}: {file.detail}" if file.detail else file.reason.words
        else:
            clips[path] = ClipRecord(path, file, keys[path])
    return [clips[path] for path in keys if path in clips]
