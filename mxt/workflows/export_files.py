"""Tables as files that other tools read: npz, CSV and Parquet."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from mxt.core.errors import InputError, Refused, UsageError
from mxt.core.files import atomic_write
from mxt.core.reprs import short_repr

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

SEVERAL = ";"  # between the labels of one clip, in npz and csv


@dataclass(frozen=True, eq=False)
class Table:
    """Rows to be written.

    Parameters
    ----------
    about : mapping
        Columns that describe each row: text, numbers, tuples of labels, or ``None``.
    X : float32 [rows, columns]
    columns : tuple of str
        Names of the columns of `X`.
    view : str
        The view, or the result, that `X` is of.
    """

    about: Mapping[str, Sequence[Any]]
    X: npt.NDArray[np.float32]
    columns: tuple[str, ...]
    view: str
    __repr__ = short_repr


def check_file(path: Path, *, yes: bool) -> None:
    """Check that a table can be written to `path`, before the work.

    Raises
    ------
    UsageError
        Another suffix.
    Refused
        There is a file of this name, and not `yes`.
    """
    if path.suffix.lower() not in WRITERS:
        raise UsageError(f"{path.name}: the name of the file must end in {', '.join(WRITERS)}")
    if path.exists() and not yes:
        raise Refused(f"{path} already exists; add --yes to replace it")


def write_table(path: Path, table: Table) -> int:
    """Write a table in the format of the suffix; the size of the file in bytes.

    Raises
    ------
    InputError
        The file cannot be written.
    """
    try:
        with atomic_write(path) as file:
            WRITERS[path.suffix.lower()](file, table)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror or error}") from error
    return path.stat().st_size


def _is_number(values: Sequence[Any]) -> bool:
    return any(isinstance(value, float) for value in values) and all(
        value is None or isinstance(value, (int, float)) for value in values
    )


def _joined(values: Sequence[Any]) -> list[str | None]:
    return [
        SEVERAL.join(value) if isinstance(value, tuple) else None if value is None else str(value)
        for value in values
    ]


def _write_npz(file: IO[bytes], table: Table) -> None:
    """Arrays ``X``, ``columns``, ``view``, and one for each column of `Table.about`."""
    import numpy as np

    def array(values: Sequence[Any]) -> npt.NDArray[Any]:
        if _is_number(values):
            return np.array([np.nan if value is None else value for value in values], np.float64)
        return np.array([value or "" for value in _joined(values)], dtype=str)

    arrays: dict[str, Any] = {name: array(values) for name, values in table.about.items()}
    taken = {"X", "columns", "view", "file", "allow_pickle"}  # the last two mean something to NumPy
    arrays = {f"target.{name}" if name in taken else name: values for name, values in arrays.items()}
    np.savez_compressed(file, **arrays, X=table.X, columns=np.array(table.columns), view=np.array(table.view))


def _arrow(table: Table, *, lists: bool) -> pa.Table:
    """An Arrow table, features as float32; several labels as a list, or joined unless `lists`."""
    import pyarrow as pa

    columns: dict[str, Any] = {}
    for name, values in table.about.items():
        if _is_number(values):
            columns[name] = pa.array(values, pa.float64())
        elif lists and any(isinstance(value, tuple) for value in values):
            columns[name] = pa.array(
                [None if value is None else list(value) for value in values], pa.list_(pa.string())
            )
        else:
            columns[name] = pa.array(_joined(values), pa.string())
    for number, name in enumerate(table.columns):
        columns[name] = pa.array(table.X[:, number], pa.float32())
    return pa.table(columns)


def _write_csv(file: IO[bytes], table: Table) -> None:
    from pyarrow import csv

    csv.write_csv(_arrow(table, lists=False), file)


def _write_parquet(file: IO[bytes], table: Table) -> None:
    from pyarrow import parquet

    arrow = _arrow(table, lists=True)
    parquet.write_table(arrow.replace_schema_metadata({"mxt.view": table.view}), file)


WRITERS: dict[str, Callable[[IO[bytes], Table], None]] = {
    ".npz": _write_npz,
    ".csv": _write_csv,
    ".parquet": _write_parquet,
}
