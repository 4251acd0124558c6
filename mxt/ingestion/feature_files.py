"""Reads features that were computed elsewhere: npz, parquet and CSV with clip ids, npy without.

Columns of start and end beside the ids make rows segments of files.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mxt.core.errors import InputError, UnknownName, UsageError, listed
from mxt.core.reprs import short_repr
from mxt.core.specs import Layer
from mxt.ingestion.feature_columns import floats, holds_numbers, is_number, stacked
from mxt.stages.annotations.columns import DURATION, END, START, by_words
from mxt.stages.annotations.quantities import SECONDS, words_and_unit

if TYPE_CHECKING:
    import numpy.typing as npt
    import pyarrow as pa

LAYER = "features"  # the name of the only layer, where a file names none
EXPORTED = "X"  # the array of features in a file of `mxt export`, whatever columns the data set has
ID_NAMES = tuple(
    [
        "clip",
        "clips",
        "clip_id",
        "clip_ids",
        "id",
        "ids",
        "file",
        "files",
        "file_name",
        "filename",
        "filenames",
        "path",
        "paths",
        "name",
        "names",
    ]
)
ABOUT = ("split", "fold", "group", "label", "labels", "y", "target", "targets")
"""Columns that describe a clip and are no features, like the targets and fields of the data set."""


@dataclass(frozen=True, eq=False)
class FeatureFile:
    """Features as a file holds them.

    Parameters
    ----------
    ids : tuple of str, or None
        Clip ids of the rows; ``None`` where the file holds none.
    layers : tuple of Layer
    arrays : mapping
        Layer name to a float array [n, dimension].
    passed_over : tuple of str
        What was not taken for features.
    spans : float64 [n, 2], optional
        Start and end of the rows in seconds, where they are segments of the files that `ids` name; NaN where
        there is none.
    """

    ids: tuple[str, ...] | None
    layers: tuple[Layer, ...]
    arrays: Mapping[str, npt.NDArray[Any]]
    passed_over: tuple[str, ...] = ()
    spans: npt.NDArray[np.float64] | None = None
    __repr__ = short_repr

    @property
    def rows(self) -> int:
        """Rows of every layer."""
        return len(next(iter(self.arrays.values())))


def read_features(
    path: Path, *, id_column: str | None = None, not_features: Collection[str] = ()
) -> FeatureFile:
    """Read a file of features.

    Parameters
    ----------
    path : Path
        Ends in ``.npz``, ``.parquet``, ``.csv``, ``.tsv`` or ``.npy``.
    id_column : str, optional
        Array or column of clip ids; else recognised by its name.
    not_features : collection of str
        Names of columns that are no features, such as targets.

    Raises
    ------
    UsageError
        Another suffix.
    InputError
        The file cannot be read, holds no numbers, or its parts have different numbers of rows.
    """
    read = READERS.get(path.suffix.lower())
    if read is None:
        raise UsageError(f"{path.name}: files of features end in {', '.join(READERS)}")
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    try:
        return read(path, id_column, frozenset(not_features) | set(ABOUT))
    except (OSError, ValueError, EOFError) as error:  # pyarrow's errors and zipfile's are among these
        raise InputError(f"{path} cannot be read: {error}") from error


def _read_npy(path: Path, id_column: str | None, _: Collection[str]) -> FeatureFile:
    """A file that is mapped into memory, not read: it may be larger than memory."""
    if id_column is not None:
        raise UsageError(f"{path.name} is a bare array: it has no column {id_column}")
    return _checked(path, None, {LAYER: np.load(path, mmap_mode="r", allow_pickle=False)}, ())


def _read_npz(path: Path, id_column: str | None, not_features: Collection[str]) -> FeatureFile:
    """Arrays by name: text [n] are the ids, numbers [n, d] the layers."""
    import zipfile

    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except zipfile.BadZipFile as error:
        raise InputError(f"{path} cannot be read: {error}") from error
    name = _id_name(path, list(arrays), id_column)
    ids = None if name is None else _texts(path, name, arrays.pop(name))
    labels = arrays.pop("columns", None)
    times = _time_names([key for key, values in arrays.items() if values.ndim == 1]) if ids else ()
    spans = _spans({time: arrays.pop(time) for time in times})
    numbers = {
        key: values for key, values in arrays.items() if values.ndim == 2 and values.dtype.kind in "fiu"
    }
    layers = {key: values for key, values in numbers.items() if key == EXPORTED or key not in not_features}
    others = sorted(set(arrays) - set(layers))
    if len(layers) == 1:
        columns = tuple(map(str, labels)) if labels is not None and labels.ndim == 1 else ()
        named = {LAYER if key == EXPORTED else key: values for key, values in layers.items()}
        return _checked(path, ids, named, others, labels=columns, spans=spans)
    return _checked(path, ids, layers, others, spans=spans)


def _read_parquet(path: Path, id_column: str | None, not_features: Collection[str]) -> FeatureFile:
    from pyarrow import parquet

    with path.open("rb") as file:  # Arrow itself takes no path that is not UTF-8
        return _from_arrow(path, parquet.read_table(file), id_column, not_features)


def _read_csv(path: Path, id_column: str | None, not_features: Collection[str]) -> FeatureFile:
    """Ids stay the text they are: ``00012`` is not twelve."""
    import pyarrow as pa
    from pyarrow import csv

    delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
    options = csv.ParseOptions(delimiter=delimiter, newlines_in_values=True)
    with path.open("rb") as file, csv.open_csv(file, parse_options=options) as reader:
        headings = reader.schema.names
    name = _id_name(path, headings, id_column)
    convert = csv.ConvertOptions(column_types={name: pa.string()} if name is not None else {})
    with path.open("rb") as file:
        return _from_arrow(
            path, csv.read_csv(file, parse_options=options, convert_options=convert), name, not_features
        )


def _from_arrow(
    path: Path, table: pa.Table, id_column: str | None, not_features: Collection[str]
) -> FeatureFile:
    """Columns of numbers are one layer; columns of lists of numbers are a layer each."""
    name = _id_name(path, table.column_names, id_column)
    ids = (
        None
        if name is None
        else tuple("" if value is None else str(value) for value in table.column(name).to_pylist())
    )
    times = _time_names([field.name for field in table.schema if is_number(field.type)]) if ids else ()
    spans = _spans({time: floats(table.column(time)) for time in times})
    numbers, layers, passed = [], {}, []
    for field in table.schema:
        if field.name == name or field.name in times or field.name in not_features:
            continue
        if is_number(field.type):
            numbers.append(field.name)
        elif holds_numbers(field.type):
            layers[field.name] = stacked(path, field.name, table.column(field.name))
        else:
            passed.append(field.name)
    if not layers and numbers:
        # a missing number is NaN, which is counted and never learnt from
        columns = [floats(table.column(each)) for each in numbers]
        layers = {LAYER: np.stack(columns, axis=1)}
        return _checked(path, ids, layers, passed, labels=tuple(numbers), spans=spans)
    return _checked(path, ids, layers, [*passed, *numbers], spans=spans)


def _time_names(names: Sequence[str]) -> tuple[str, ...]:
    """The columns of start and end, or of start and duration, where there are both."""
    timed = [name for name in names if words_and_unit(name)[1] in SECONDS]
    start, end = by_words(timed, START), by_words(timed, END) or by_words(timed, DURATION)
    return () if start is None or end is None else (start, end)


def _spans(times: Mapping[str, npt.NDArray[Any]]) -> npt.NDArray[np.float64] | None:
    """Start and end in seconds, float64 [n, 2], of two columns of times; ``None`` where there are none."""
    if not times:
        return None
    start, end = (
        np.asarray(values, np.float64) * SECONDS[words_and_unit(name)[1]] for name, values in times.items()
    )
    is_duration = by_words(times, END) is None
    return np.stack([start, start + end if is_duration else end], axis=1)


def _id_name(path: Path, names: Sequence[str], given: str | None) -> str | None:
    """What holds the ids: as given, else by its name."""
    if given is not None:
        if given not in names:
            raise UnknownName(f"column of {path.name}", given, names)
        return given
    by_name = {name.lower(): name for name in reversed(names)}
    return next((by_name[name] for name in ID_NAMES if name in by_name), None)


def _texts(path: Path, name: str, values: npt.NDArray[Any]) -> tuple[str, ...]:
    if values.ndim != 1 or values.dtype.kind not in "USiu":
        raise InputError(f"{path}: {name} is to hold one clip id a row, it is {values.dtype} {values.shape}")
    return tuple(
        value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
        for value in values.tolist()
    )


def _checked(
    path: Path,
    ids: tuple[str, ...] | None,
    arrays: Mapping[str, npt.NDArray[Any]],
    passed_over: Sequence[str],
    *,
    labels: tuple[str, ...] = (),
    spans: npt.NDArray[np.float64] | None = None,
) -> FeatureFile:
    """Check the shapes, and name the layers."""
    if not arrays:
        there = f"; there are {listed(passed_over)}" if passed_over else ""
        raise InputError(f"{path}: no features, that is numbers of the shape [clips, columns]{there}")
    for name, values in arrays.items():
        if values.ndim != 2 or values.dtype.kind not in "fiu" or not values.shape[1]:
            raise InputError(
                f"{path}: {name} should be numbers of the shape [clips, columns], "
                f"it is {values.dtype} {values.shape}"
            )
    counts = {name: len(values) for name, values in arrays.items()} | (
        {"clip ids": len(ids)} if ids is not None else {}
    )
    if len(set(counts.values())) > 1:
        raise InputError(
            f"{path}: the rows do not agree: {listed(f'{name} {count:,}' for name, count in counts.items())}"
        )
    layers = tuple(
        Layer(
            number,
            name,
            values.shape[1],
            labels if len(labels) == values.shape[1] and len(arrays) == 1 else (),
        )
        for number, (name, values) in enumerate(arrays.items(), 1)
    )
    return FeatureFile(ids, layers, arrays, tuple(passed_over), spans)


READERS: Mapping[str, Callable[[Path, str | None, Collection[str]], FeatureFile]] = {
    ".npz": _read_npz,
    ".parquet": _read_parquet,
    ".csv": _read_csv,
    ".tsv": _read_csv,
    ".npy": _read_npy,
}
