"""`mxt export`: a view as a file other tools read, with clip ids and targets; or a result's predictions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mxt.core.commands import typed
from mxt.core.errors import InputError, UsageError
from mxt.results.tables import OWN, Table, about_clips
from mxt.results.views import load_view
from mxt.store.layout import Store
from mxt.workflows.export_files import check_file, write_table
from mxt.workflows.export_predictions import ExportedPredictions, export_predictions, find_result


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """What to write where.

    Parameters
    ----------
    view : str
        ``label[:layers]`` joined by ``+``; or a result: its id, a part of it that is its own, or ``"last"``.
    path : Path
        The file to write; ends in ``.npz``, ``.csv`` or ``.parquet``.
    dataset : str, optional
        The data set of a view; default: the one last ingested.
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
    check_file(request.path, yes=yes)
    opened = Store.open(store, read_only=True)
    if (result_id := find_result(opened, request.view)) is not None:
        if request.dataset is not None:
            raise UsageError(f"{result_id} is a result: it has a data set of its own; leave out --dataset")
        return export_predictions(opened, result_id, request.path)
    record = opened.catalogue.dataset(request.dataset)
    matrix = load_view(opened, record.name, request.view)
    if not matrix.clips:
        raise InputError(f"no clip of {record.name} has features in {matrix.view}; mxt extract computes them")
    about = about_clips(matrix.clips, record.targets)
    nbytes = write_table(request.path, Table(about, matrix.X, matrix.columns, matrix.view))
    return Exported(
        str(request.path),
        record.name,
        matrix.view,
        len(matrix.clips),
        matrix.X.shape[1],
        matrix.n_missing,
        matrix.n_failed,
        tuple(name for name in about if name not in OWN),
        nbytes,
    )
