"""The predictions of a result as a file other tools read: one row for each clip, and its place on a map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mxt.core.columns import Column
from mxt.core.errors import MxtError, UnknownName
from mxt.core.records import Task
from mxt.core.text import written
from mxt.core.views import parse_view
from mxt.evaluation.projection import Method, project
from mxt.results.plain import Result
from mxt.results.predictions import Predictions, features_of
from mxt.results.saving import load_result
from mxt.results.tables import Table
from mxt.store.layout import Store
from mxt.workflows.export_files import Format, write_table

LARGEST_TSNE = 5000  # clips up to which the map is by t-SNE; larger ones are by PCA
OWN = ("clip", "path", "true", "predicted", "fold", "run", "projection_x", "projection_y")


@dataclass(frozen=True, slots=True)
class ExportedPredictions:
    """What was written.

    Parameters
    ----------
    path, result, dataset, view, task : str
    rows : int
        One for each clip and run.
    classes : int
        Columns with a number for each class or label.
    values : {"probabilities", "scores", ""}
        What these numbers are; empty where the result has none.
    projection : {"pca", "tsne"}, optional
        How clips were projected; ``None`` where their features are not there any more.
    without : str
        Why they were not.
    nbytes : int
        Size of the file.
    """

    path: str
    result: str
    dataset: str
    view: str
    task: Task
    rows: int
    classes: int
    values: str
    projection: Method | None
    without: str
    nbytes: int


def find_result(store: Store, name: str) -> str | None:
    """The id of the result called `name`; ``None`` where it is a view, or neither."""
    if parse_view(name)[0].label in {table.label for table in store.features.tables()}:
        return None
    try:
        return store.results.find(name)
    except UnknownName:
        return None


def export_predictions(store: Store, result_id: str, path: Path, format: Format) -> ExportedPredictions:
    """Write the predictions of a result: clip, recording, truth, prediction, fold, map, a column per class.

    Raises
    ------
    StoreDamaged, InputError
        They are not what was saved; the file cannot be written.
    """
    result = load_result(store, result_id)
    predictions = Predictions.read(store, result_id, result)
    about: dict[str, Sequence[Any]] = {
        "clip": predictions.clips,
        "path": _paths(store, result.dataset, predictions.clips),
        "true": _named(predictions, predictions.targets.y),
        "predicted": _named(predictions, predictions.predicted),
        "fold": predictions.fold,
    }
    if predictions.run.any():
        about["run"] = (predictions.run + 1).astype(float).tolist()
    places, projection, without = _places(store, result, predictions)
    for name, column in zip(OWN[-2:], () if places is None else places.T, strict=False):
        about[name] = column.tolist()
    X, values = _of_classes(predictions)
    names = predictions.targets.classes if values else ()
    columns = tuple(f"class.{name}" if name in OWN else name for name in names)
    described = {name: Column.of(values) for name, values in about.items()}
    nbytes = write_table(path, Table(described, X, columns, result_id), format)
    rows = len(predictions.clips)
    return ExportedPredictions(
        str(path),
        result_id,
        result.dataset,
        result.view,
        result.task,
        rows,
        len(columns),
        values,
        projection,
        without,
        nbytes,
    )


def _paths(store: Store, dataset: str, clips: Sequence[str]) -> list[str | None]:
    """Where the recording of each clip is; ``None`` where it is not catalogued any more."""
    known: Mapping[str, str] = {}
    if dataset in {record.name for record in store.catalogue.datasets()}:
        root = Path(store.catalogue.dataset(dataset).root)
        wanted = set(clips)
        known = {
            name: written(str(root / path))
            for id_, path in store.catalogue.paths(dataset)
            if (name := written(id_)) in wanted
        }
    return [known.get(clip) for clip in clips]


def _named(predictions: Predictions, values: npt.NDArray[Any]) -> list[Any]:
    """Class names, tuples of labels, or numbers."""
    targets = predictions.targets
    if targets.task == "regression":
        return [float(value) for value in values]
    names = np.array(targets.classes, dtype=object)
    if targets.task == "multilabel":
        return [tuple(names[there]) for there in values.astype(bool)]
    return list(names[values])


def _places(
    store: Store, result: Result, predictions: Predictions
) -> tuple[npt.NDArray[np.float64] | None, Method | None, str]:
    """Two coordinates for each row, how they were made, or why there are none."""
    first = predictions.run == 0
    clips = [clip for clip, kept in zip(predictions.clips, first, strict=True) if kept]
    try:
        X = features_of(store, result, clips)
    except MxtError as error:
        return None, None, str(error)
    method: Method = "tsne" if len(clips) <= LARGEST_TSNE else "pca"
    row_of = {clip: row for row, clip in enumerate(clips)}
    places = project(X, method, result.request.seed)
    return places[[row_of[clip] for clip in predictions.clips]], method, ""


def _of_classes(predictions: Predictions) -> tuple[npt.NDArray[np.float32], str]:
    """A number for each row and class, and what it is."""
    if predictions.probabilities is not None:
        return predictions.probabilities, "probabilities"
    if predictions.targets.task == "multilabel" and predictions.scores is not None:
        return predictions.scores, "scores"
    return np.zeros((len(predictions.clips), 0), dtype=np.float32), ""
