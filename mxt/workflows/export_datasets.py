"""A view as a folder that Hugging Face's `datasets` opens: Parquet files, one for each split, and a card."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mxt.core.columns import Column
from mxt.core.errors import InputError, Refused
from mxt.core.files import folder_bytes, translate_os_errors
from mxt.core.text import written_all
from mxt.evaluation.fold_names import part_of
from mxt.results.tables import Table, arrow_array, arrow_type

if TYPE_CHECKING:
    import numpy.typing as npt
    import pyarrow as pa

CARD, DATA, COLUMN = "README.md", "data", "features"
SPLITS = {"train": "train", "valid": "validation", "test": "test"}
WITHOUT = "unassigned"  # the split of clips that have none, where others have one


def check_folder(path: Path, *, yes: bool) -> None:
    """Check that a folder can be written to `path`, before the work.

    Raises
    ------
    Refused, InputError
        There is one of this name, and not `yes`; it holds other things, which are never removed.
    """
    if not path.exists():
        return
    if not yes:
        raise Refused(f"{path} already exists; add --yes to replace it")
    ours = path.is_dir() and {entry.name for entry in path.iterdir()} <= {CARD, DATA}
    if not ours or any(entry.suffix != ".parquet" for entry in (path / DATA).glob("*")):
        raise InputError(f"{path} is not a folder that mxt export wrote: choose another name")


def write_folder(path: Path, table: Table, *, dataset: str, classes: Sequence[str]) -> int:
    """Write a view as a folder for ``datasets.load_dataset``; the size of its files in bytes.

    Features are one column of lists of float32, and the columns `classes` are class labels.

    Parameters
    ----------
    path : Path
        The folder; replaced where there is one.
    table : Table
        Its column ``split``, where it has one, decides which file a row goes to.
    dataset : str
        The name of the data set, for the card.
    classes : sequence of str
        Columns of `Table.about` that hold one class for each clip.

    Raises
    ------
    InputError
        The folder cannot be written.
    """
    from pyarrow import parquet

    columns, splits = _Columns.of(table, classes), _splits(table.about.get("split"), len(table))
    with translate_os_errors("writing", path):
        partial = Path(
            tempfile.mkdtemp(dir=path.absolute().parent, prefix=f".{path.name}.", suffix=".partial")
        )
        try:
            folder = partial / "folder"  # mkdtemp's own folder is closed to others
            (folder / DATA).mkdir(parents=True)
            for name, rows in splits.items():
                file = folder / DATA / f"{name}-00000-of-00001.parquet"
                with parquet.ParquetWriter(file, columns.schema) as writer:
                    for block in table.blocks(rows):
                        writer.write_batch(columns.batch(table, block))
            (folder / CARD).write_text(_card(table, dataset, splits), encoding="utf-8")
            if path.exists():
                path.rename(partial / "earlier")
            folder.rename(path)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    return folder_bytes(path)


def _splits(values: Column[str | None] | None, rows: int) -> dict[str, npt.NDArray[np.int64]]:
    """Rows of each split, by the names that `datasets` gives them; all are ``train`` where there is none."""
    if values is None:
        return {"train": np.arange(rows)}
    names = values.map(_split_name)
    return {name: np.flatnonzero(names.where(name.__eq__)) for name in names.distinct()}


def _split_name(value: str | None) -> str:
    name = SPLITS.get(part_of(value) or "", value) if value else WITHOUT
    return re.sub(r"\W+", "_", name).strip("_") or WITHOUT


@dataclass(frozen=True)
class _Columns:
    """The columns of the files.

    Parameters
    ----------
    schema : pyarrow.Schema
        With what `datasets` wants to know of them.
    about : mapping
        Their names to those of `Table.about`; the last column holds the features.
    numbers : mapping
        Of columns of classes: the number of each class.
    """

    schema: pa.Schema
    about: Mapping[str, str]
    numbers: Mapping[str, Mapping[str, int]]

    @classmethod
    def of(cls, table: Table, classes: Sequence[str]) -> _Columns:
        """The columns of a table, of which `classes` hold one class for each clip."""
        import pyarrow as pa

        about = {f"{name}_" if name == COLUMN else name: name for name in table.about if name != "split"}
        numbers: dict[str, dict[str, int]] = {}
        types: dict[str, pa.DataType] = {}
        kinds: dict[str, Mapping[str, Any]] = {}
        for column, name in about.items():
            if name in classes:
                names = sorted({value for value in table.about[name].distinct() if value is not None})
                numbers[column] = {value: number for number, value in enumerate(names)}
                types[column] = pa.int64()
                kinds[column] = {"names": written_all(names), "_type": "ClassLabel"}
            else:
                types[column] = arrow_type(table.about[name], lists=True)
                kinds[column] = _kind(types[column])
        width = len(table.columns)
        types[COLUMN], kinds[COLUMN] = pa.list_(pa.float32(), width), _list_of("float32", width)
        metadata = {"huggingface": json.dumps({"info": {"features": kinds}}), "mxt.view": table.view}
        return cls(pa.schema(types, metadata), about, numbers)

    def batch(self, table: Table, rows: npt.NDArray[np.int64]) -> pa.RecordBatch:
        """Some rows of a table."""
        import pyarrow as pa

        columns = []
        for column, name in self.about.items():
            values: Sequence[Any] = table.about[name][rows]
            if column in self.numbers:
                values = [None if value is None else self.numbers[column][value] for value in values]
            columns.append(arrow_array(values, self.schema.field(column).type))
        flat = pa.array(np.ascontiguousarray(table.X[rows], np.float32).ravel())
        columns.append(pa.FixedSizeListArray.from_arrays(flat, len(table.columns)))
        return pa.record_batch(columns, self.schema)


def _kind(of: pa.DataType) -> Mapping[str, Any]:
    import pyarrow as pa

    if pa.types.is_list(of):
        return _list_of("string")
    return {"dtype": "float64" if pa.types.is_floating(of) else "string", "_type": "Value"}


def _list_of(dtype: str, length: int = -1) -> dict[str, Any]:
    """A list as all versions of `datasets` know it; those from 4.0 on read it as their `List`."""
    return {"feature": {"dtype": dtype, "_type": "Value"}, "length": length, "_type": "Sequence"}


def _card(table: Table, dataset: str, splits: Iterable[str]) -> str:
    """The card, with the files of each split: without them `datasets` guesses."""
    files = "".join(f"  - split: {name}\n    path: {DATA}/{name}-*\n" for name in splits)
    columns = ", ".join(f"`{name}`" for name in table.columns[:8])
    more = f", … ({len(table.columns):,} in all)" if len(table.columns) > 8 else ""
    return (
        f"---\nconfigs:\n- config_name: default\n  data_files:\n{files}---\n\n"
        f"# {dataset}: features of {table.view}\n\n"
        f"{len(table):,} clips. The column `{COLUMN}` holds {columns}{more}; the other columns describe "
        "the clips. Written by `mxt export`.\n"
    )
