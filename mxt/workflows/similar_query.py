"""What `mxt similar` compares: the clips of data sets, and the clip or file that is looked for."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mxt.core.clips import Clips
from mxt.core.errors import InputError, MxtError, UnknownName, UsageError
from mxt.core.identity import audio_key, sha256_file
from mxt.core.progress import Progress
from mxt.core.records import ClipRecord, DatasetRecord, Target
from mxt.core.reprs import short_repr
from mxt.core.specs import Layer
from mxt.core.text import written
from mxt.evaluation.columns import choose_target, group_values, target_values
from mxt.extraction.request import ExtractRequest
from mxt.registry import Registry
from mxt.results.tables import joined
from mxt.results.views import Matrix, load_view, resolve_view
from mxt.stages.datasets.matching import FileIndex
from mxt.store.features import DONE, FeatureTable
from mxt.store.layout import Store
from mxt.workflows.extract_files import extract_files, measured

if TYPE_CHECKING:
    import numpy.typing as npt


@dataclass(frozen=True, eq=False)
class Searched:
    """The clips among which is searched, of one data set or several."""

    records: tuple[DatasetRecord, ...]
    matrices: tuple[Matrix, ...]
    X: npt.NDArray[np.float32]
    clips: Clips
    __repr__ = short_repr

    @classmethod
    def load(cls, store: Store, names: Sequence[str], view: str) -> Searched:
        """The clips of these data sets that have features; without names, of the one last ingested.

        Raises
        ------
        InputError, UnknownName
            There are none; no such data set or view.
        """
        records = tuple(store.catalogue.dataset(name) for name in names or (None,))
        matrices = tuple(load_view(store, record.name, view) for record in records)
        clips = matrices[0].clips
        if len(matrices) > 1:
            clips = Clips.of([clip for matrix in matrices for clip in matrix.clips])
        if not len(clips):
            shown = " and ".join(record.name for record in records)
            raise InputError(
                f"no clip of {shown} has features in {matrices[0].view}; mxt extract computes them"
            )
        X = matrices[0].X if len(matrices) == 1 else np.concatenate([matrix.X for matrix in matrices])
        return cls(records, matrices, X, clips)

    def record(self, row: int) -> DatasetRecord:
        """The data set of a row."""
        ends = np.cumsum([len(matrix.clips) for matrix in self.matrices])
        return self.records[int(np.searchsorted(ends, row, side="right"))]

    def root(self, row: int | None) -> str:
        """The folder below which a row's file is; of no row, that of files with absolute paths."""
        return "/" if row is None else self.record(row).root

    def key(self, row: int) -> tuple[str, str]:
        """Data set and clip id of a row."""
        return self.record(row).name, written(self.clips.ids[row])

    def is_at(self, row: int | None) -> npt.NDArray[np.bool_]:
        """Where one row is, bool [n]."""
        return np.asarray(np.arange(len(self.clips)) == (-1 if row is None else row))

    def copies(self, clip: ClipRecord) -> npt.NDArray[np.bool_]:
        """Which rows have the audio of a clip, bool [n]."""
        return np.asarray((self.clips.keys == np.frombuffer(clip.key or b"\0", np.uint8)).all(axis=1))

    def target(self, name: str | None) -> str:
        """The target that is shown; empty where there is none."""
        record = self.records[0]
        return choose_target(self.matrices[0].clips, record.targets, name) if name or record.targets else ""

    def labels(self, name: str | None) -> Sequence[str]:
        """The label of each row, empty where it has none."""
        column = self.target(name)
        return target_values(self.clips, column).map(_text) if column else [""] * len(self.clips)

    def groups(self, group_by: str | None) -> Sequence[str]:
        """The group of each row, empty where it has none."""
        groups = group_values(self.clips, group_by)
        return groups.values.map(_text) if groups else [""] * len(self.clips)


def _text(value: Target) -> str:
    return joined([value])[0] or ""


@dataclass(frozen=True, eq=False)
class Query:
    """What is looked for: a clip, its row where it is one of those searched, and its features."""

    clip: ClipRecord
    dataset: str
    row: int | None
    x: npt.NDArray[np.float32]
    __repr__ = short_repr


def find_query(store: Store, searched: Searched, name: str, registry: Registry, progress: Progress) -> Query:
    """The clip of this id, else the file of this path, else the one clip whose file is called so.

    Raises
    ------
    UnknownName, InputError
        There is none; it has no features.
    """
    text, first = written(name), searched.matrices[0].clips
    row = next((row for row, id_ in enumerate(first.ids) if written(id_) == text), None)
    if row is None and Path(name).is_file():
        return _file(store, searched, Path(name), registry, progress)
    if row is None:
        row_of = first.rows_by_name()
        match = FileIndex(row_of).find(text)
        row = row_of.get(match.path) if match.path else None
    if row is None:
        raise _unknown(store, searched, name)
    return Query(first[row], searched.records[0].name, row, searched.X[row])


def _unknown(store: Store, searched: Searched, name: str) -> MxtError:
    """Why `name` is no clip with features."""
    dataset = searched.records[0].name
    clips = store.catalogue.columns(dataset)
    row_of = clips.rows_by_name()
    match = FileIndex(row_of).find(written(name))
    if match.path in row_of:
        clip, view = clips[row_of[match.path]], searched.matrices[0].view
        without = f"it has no features in {view}; mxt extract computes them"
        return InputError(f"{match.path} of {dataset}: {without if clip.usable else clip.reason.words}")
    if match.candidates:
        return UsageError(f"{name} may be {' or '.join(match.candidates[:3])}: write its path")
    return UnknownName(
        f"file, or clip of {dataset}", name, row_of, hint="(mxt ls --clips lists them)", most=3
    )


def _file(store: Store, searched: Searched, path: Path, registry: Registry, progress: Progress) -> Query:
    """A file, with the features that its content has in the tables, or that are computed now."""
    key, parts = audio_key(sha256_file(path)), []
    for table, layers in resolve_view(store, searched.matrices[0].view):
        X, state = table.read([key], [layer.name for layer in layers])
        parts.append(X[0] if state[0] == DONE else _computed(path, table, layers, registry, progress))
    failures: dict[str, str] = {}
    clips = measured({str(path): key}, failures, 1, progress)
    if failures:
        raise InputError(f"{path}: {failures[str(path)]}")
    return Query(clips[0], "", None, np.concatenate(parts))


def _computed(
    path: Path, table: FeatureTable, layers: Sequence[Layer], registry: Registry, progress: Progress
) -> npt.NDArray[np.float32]:
    """Features of a file as a table's are computed; nothing is added to the table.

    Raises
    ------
    InputError
        The file cannot be used, or the table was imported, or made by other versions of its stages.
    """
    request = ExtractRequest.from_table(table, registry)
    if request.pipeline(registry).fingerprint != table.fingerprint:
        raise InputError(
            f"{table.label} was made by other versions of its stages, and {path} has to be computed alike; "
            f"first: {request.command()}"
        )
    numbers = ",".join(str(layer.number) for layer in layers)
    with tempfile.TemporaryDirectory(prefix="mxt-") as folder:
        request = replace(request, layers=numbers, jobs=1, label=None)
        answer = extract_files(Path(folder, "store"), request, registry, [str(path)], progress=progress)
    if answer.failures:
        raise InputError(f"{path}: {answer.failures[str(path)]}")
    return np.asarray(answer.X[0], np.float32)
