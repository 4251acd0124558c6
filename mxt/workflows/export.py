"""`mxt export`: a view as a file or folder that other tools read, or the predictions of a result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mxt.core.columns import Column
from mxt.core.commands import typed
from mxt.core.errors import InputError, Refused, UsageError
from mxt.results.tables import Table, about_clips, target_columns
from mxt.results.views import load_view
from mxt.store.layout import Store
from mxt.workflows.export_datasets import check_folder, write_folder
from mxt.workflows.export_files import FORMATS, WRITERS, Format, write_table
from mxt.workflows.export_predictions import ExportedPredictions, export_predictions, find_result


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """What to write where.

    Parameters
    ----------
    view : str
        ``label[:layers]`` joined by ``+``; or a result: its id, a part of it that is its own, or ``"last"``.
    path : Path
        The file to write; ends in ``.npz``, ``.csv`` or ``.parquet``. For ``"datasets"``, a folder.
    dataset : str, optional
        The data set of a view; default: the one last ingested.
    format : {"npz", "csv", "parquet", "datasets"}, optional
        By default the one that the file's name ends in.
    """

    view: str
    path: Path
    dataset: str | None = None
    format: Format | None = None

    @property
    def chosen_format(self) -> Format | None:
        """The format asked for, or that of the file's suffix; ``None`` where neither is one."""
        return self.format or FORMATS.get(self.path.suffix.lower().lstrip("."))

    def command(self) -> str:
        """The command that repeats this.

        Examples
        --------
        >>> ExportRequest("convnet:135", Path("x.npz"), "my genres").command()
        "mxt export convnet:135 x.npz --dataset 'my genres'"
        """
        options = [("--dataset", self.dataset), ("--format", self.format)]
        return typed("export", self.view, self.path, options=options)


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written.

    Parameters
    ----------
    path, format : str
    dataset, view : str
    clips, columns : int
    missing, failed : int
        Usable clips without features: not extracted yet; failed.
    targets : tuple of str
        Names of the targets beside the features.
    nbytes : int
        Size of the file, or of those in the folder.
    """

    path: str
    format: Format
    dataset: str
    view: str
    clips: int
    columns: int
    missing: int
    failed: int
    targets: tuple[str, ...]
    nbytes: int


def export(store: Path, request: ExportRequest, *, yes: bool = False) -> Exported | ExportedPredictions:
    """Write the features of a view, or the predictions of a result.

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
        Another suffix; a result and a data set.
    Refused
        There is a file of this name.
    InputError
        No clip of the data set has features in this view, or the file cannot be written.
    """
    format = _checked_format(request, yes=yes)
    opened = Store.open(store, read_only=True)
    if (result_id := find_result(opened, request.view)) is not None:
        if request.dataset is not None:
            raise UsageError(f"{result_id} is a result: it has a data set of its own; leave out --dataset")
        if format == "datasets":
            raise UsageError(f"{result_id} is a result: predictions are written as npz, csv or parquet")
        return export_predictions(opened, result_id, request.path, format)
    record = opened.catalogue.dataset(request.dataset)
    matrix = load_view(opened, record.name, request.view)
    if not len(matrix.clips):
        raise InputError(f"no clip of {record.name} has features in {matrix.view}; mxt extract computes them")
    about = about_clips(matrix.clips, record.targets, with_fields=format == "datasets")
    table = Table(about, matrix.X, matrix.columns, matrix.view)
    if format == "datasets":
        nbytes = write_folder(
            request.path, table, dataset=record.name, classes=_classes(about, record.targets)
        )
    else:
        nbytes = write_table(request.path, table, format)
    return Exported(
        path=str(request.path),
        format=format,
        dataset=record.name,
        view=matrix.view,
        clips=len(matrix.clips),
        columns=matrix.X.shape[1],
        missing=matrix.n_missing,
        failed=matrix.n_failed,
        targets=tuple(target_columns(record.targets)),
        nbytes=nbytes,
    )


def _checked_format(request: ExportRequest, *, yes: bool) -> Format:
    """The format, where it can be written to the path.

    Raises
    ------
    UsageError, Refused, InputError
        Nothing says which format; there is something of this name.
    """
    format = request.chosen_format
    if format is None:
        suffixes = ", ".join(f".{name}" for name in WRITERS)
        raise UsageError(
            f"{request.path.name}: the name of the file must end in {suffixes}; or choose a --format"
        )
    if format == "datasets":
        check_folder(request.path, yes=yes)
    elif request.path.exists() and not yes:
        raise Refused(f"{request.path} already exists; add --yes to replace it")
    return format


def _classes(about: Mapping[str, Column[Any]], targets: Sequence[str]) -> list[str]:
    """The targets that are one class for each clip."""
    return [
        name
        for name in target_columns(targets)
        if all(value is None or isinstance(value, str) for value in about[name].distinct())
    ]
