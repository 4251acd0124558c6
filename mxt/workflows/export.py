"""`mxt export`: a view as a file other tools read, with clip ids and targets."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from mxt.core.commands import typed
from mxt.core.errors import InputError, Refused, UsageError
from mxt.core.files import atomic_write
from mxt.core.records import ClipRecord
from mxt.core.text import written, written_all
from mxt.results.views import Matrix, load_view
from mxt.store.layout import Store

if TYPE_CHECKING:
    import numpy.typing as npt
    import pyarrow as pa

SEVERAL = ";"  # between the labels of one clip, in npz and csv
OWN = ("clip", "split", "fold", "group")  # columns besides the targets


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """What to write where.

    Parameters
    ----------
    view : str
        ``label[:layers]`` joined by ``+``.
    path : Path
        The file to write; ends in ``.npz``, ``.csv`` or ``.parquet``.
    dataset : str, optional
        The data set; default: the one last ingested.
    """

    view: str
    path: Path
    dataset: str | None = None

    def command(self) -> str:
        """The command that repeats this.

        Examples
        --------
        >>> ExportRequest("convnet:135", Path("x.npz"), "my genres").command()
        "mxt export convnet:135 x.npz --dataset 'my genres'"
        """
        return typed("export", self.view, self.path, options=[("--dataset", self.dataset)])


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written.

    Parameters
    ----------
    path : str
    dataset, view : str
    clips, columns : int
    missing, failed : int
        Usable clips without features: not extracted yet; failed.
    targets : tuple of str
        Names of the targets beside the features.
    nbytes : int
        Size of the file.
    """

    path: str
    dataset: str
    view: str
    clips: int
    columns: int
    missing: int
    failed: int
    targets: tuple[str, ...]
    nbytes: int


def export(store: Path, request: ExportRequest, *, yes: bool = False) -> Exported:
    """Write the features of a view.

    Parameters
    ----------
    store : Path
        The store's folder.
    request : ExportRequest
        What to write where.
    yes : bool
        Replace a file of this name.

    Raises
    ------
    UsageError
        Another suffix.
    Refused
        There is a file of this name.
    InputError
        No clip of the data set has features in this view, or the file cannot be written.
    """
    path = request.path
    write = WRITERS.get(path.suffix.lower())
    if write is None:
        raise UsageError(f"{path.name}: the name of the file must end in {', '.join(WRITERS)}")
    if path.exists() and not yes:
        raise Refused(f"{path} already exists; add --yes to replace it")
    opened = Store.open(store, read_only=True)
    record = opened.catalogue.dataset(request.dataset)
    matrix = load_view(opened, record.name, request.view)
    if not matrix.clips:
        raise InputError(f"no clip of {record.name} has features in {matrix.view}; mxt extract computes them")
    about = _about(matrix.clips, record.targets)
    try:
        with atomic_write(path) as file:
            write(file, matrix, about)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror or error}") from error
    return Exported(
        str(path),
        record.name,
        matrix.view,
        len(matrix.clips),
        matrix.X.shape[1],
        matrix.n_missing,
        matrix.n_failed,
        tuple(name for name in about if name not in OWN),
        path.stat().st_size,
    )


def _about(clips: Sequence[ClipRecord], targets: Sequence[str]) -> dict[str, list[Any]]:
    """Columns that describe each row: the clip, its targets, and its split, fold and group if it has any."""
    columns: dict[str, list[Any]] = {"clip": [clip.id for clip in clips]}
    for name in targets:
        column = f"target.{name}" if name in OWN else name
        columns[column] = [clip.targets.get(name) for clip in clips]
    for name in ("split", "fold", "group"):
        values = [getattr(clip, name) for clip in clips]
        if any(value is not None for value in values):
            columns[name] = values
    return {written(name): written_all(values) for name, values in columns.items()}


def _is_number(values: Sequence[Any]) -> bool:
    return any(isinstance(value, float) for value in values) and all(
        value is None or isinstance(value, (int, float)) for value in values
    )


def _joined(values: Sequence[Any]) -> list[str | None]:
    return [
        SEVERAL.join(value) if isinstance(value, tuple) else None if value is None else str(value)
        for value in values
    ]


def _write_npz(file: IO[bytes], matrix: Matrix, about: Mapping[str, Sequence[Any]]) -> None:
    """Arrays ``X``, ``columns``, ``view``, and one for each column of `about`."""
    import numpy as np

    def array(values: Sequence[Any]) -> npt.NDArray[Any]:
        if _is_number(values):
            return np.array([np.nan if value is None else value for value in values], np.float64)
        return np.array([value or "" for value in _joined(values)], dtype=str)

    arrays: dict[str, Any] = {name: array(values) for name, values in about.items()}
    taken = {"X", "columns", "view", "file", "allow_pickle"}  # the last two mean something to NumPy
    arrays = {f"target.{name}" if name in taken else name: values for name, values in arrays.items()}
    np.savez_compressed(
        file, **arrays, X=matrix.X, columns=np.array(matrix.columns), view=np.array(matrix.view)
    )


def _arrow(matrix: Matrix, about: Mapping[str, Sequence[Any]], *, lists: bool) -> pa.Table:
    """An Arrow table, features as float32; several labels as a list, or joined unless `lists`."""
    import pyarrow as pa

    columns: dict[str, Any] = {}
    for name, values in about.items():
        if _is_number(values):
            columns[name] = pa.array(values, pa.float64())
        elif lists and any(isinstance(value, tuple) for value in values):
            columns[name] = pa.array(
                [None if value is None else list(value) for value in values], pa.list_(pa.string())
            )
        else:
            columns[name] = pa.array(_joined(values), pa.string())
    for number, name in enumerate(matrix.columns):
        columns[name] = pa.array(matrix.X[:, number], pa.float32())
    return pa.table(columns)


def _write_csv(file: IO[bytes], matrix: Matrix, about: Mapping[str, Sequence[Any]]) -> None:
    from pyarrow import csv

    csv.write_csv(_arrow(matrix, about, lists=False), file)


def _write_parquet(file: IO[bytes], matrix: Matrix, about: Mapping[str, Sequence[Any]]) -> None:
    from pyarrow import parquet

    table = _arrow(matrix, about, lists=True)
    parquet.write_table(table.replace_schema_metadata({"mxt.view": matrix.view}), file)


WRITERS: dict[str, Callable[[IO[bytes], Matrix, Mapping[str, Sequence[Any]]], None]] = {
    ".npz": _write_npz,
    ".csv": _write_csv,
    ".parquet": _write_parquet,
}
