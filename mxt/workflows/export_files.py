"""Tables as files that other tools read: npz, CSV and Parquet."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal, get_args

from mxt.core.columns import Column
from mxt.core.errors import InputError
from mxt.core.files import atomic_write
from mxt.results.tables import Table, arrow_batches, arrow_schema, is_number, joined

if TYPE_CHECKING:
    import numpy.typing as npt

Format = Literal["npz", "csv", "parquet", "datasets"]
FORMATS: dict[str, Format] = {name: name for name in get_args(Format)}


def write_table(path: Path, table: Table, format: Format) -> int:
    """Write a table as npz, CSV or Parquet; the size of the file in bytes.

    Raises
    ------
    InputError
        The file cannot be written.
    """
    try:
        with atomic_write(path) as file:
            WRITERS[format](file, table)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror or error}") from error
    return path.stat().st_size


def _write_npz(file: IO[bytes], table: Table) -> None:
    """Arrays ``X``, ``columns``, ``view``, and one for each column of `Table.about`."""
    import numpy as np

    taken = {"X", "columns", "view", "file", "allow_pickle"}  # the last two mean something to NumPy
    named = {f"target.{name}" if name in taken else name: values for name, values in table.about.items()}
    arrays: dict[str, Any] = {name: _array(values) for name, values in named.items()}
    np.savez_compressed(file, **arrays, X=table.X, columns=np.array(table.columns), view=np.array(table.view))


def _array(values: Column[Any]) -> npt.NDArray[Any]:
    import numpy as np

    if is_number(values):
        return np.array([np.nan if value is None else value for value in values], np.float64)
    return np.array([value or "" for value in joined(values)], dtype=str)


def _write_csv(file: IO[bytes], table: Table) -> None:
    from pyarrow import csv

    with csv.CSVWriter(file, arrow_schema(table, lists=False)) as writer:
        for batch in arrow_batches(table, lists=False):
            writer.write_batch(batch)


def _write_parquet(file: IO[bytes], table: Table) -> None:
    from pyarrow import parquet

    schema = arrow_schema(table, lists=True).with_metadata({"mxt.view": table.view})
    with parquet.ParquetWriter(file, schema) as writer:
        for batch in arrow_batches(table, lists=True):
            writer.write_batch(batch.replace_schema_metadata(schema.metadata))


WRITERS: dict[Format, Callable[[IO[bytes], Table], None]] = {
    "npz": _write_npz,
    "csv": _write_csv,
    "parquet": _write_parquet,
}
