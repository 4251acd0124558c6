"""A view as a folder that Hugging Face's `datasets` opens: Parquet files, one for each split, and a card."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mxt.core.errors import InputError, Refused
from mxt.core.files import folder_bytes, translate_os_errors
from mxt.evaluation.fold_names import part_of
from mxt.results.tables import Table, arrow_column, is_number

if TYPE_CHECKING:
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

    splits = _splits(table.about.get("split"), len(table.X))
    arrow = _arrow(table, classes)
    with translate_os_errors("writing", path):
        partial = Path(
            tempfile.mkdtemp(dir=path.absolute().parent, prefix=f".{path.name}.", suffix=".partial")
        )
        try:
            folder = partial / "folder"  # mkdtemp's own folder is closed to others
            (folder / DATA).mkdir(parents=True)
            for name, rows in splits.items():
                parquet.write_table(arrow.take(rows), folder / DATA / f"{name}-00000-of-00001.parquet")
            (folder / CARD).write_text(_card(table, dataset, splits), encoding="utf-8")
            if path.exists():
                path.rename(partial / "earlier")
            folder.rename(path)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    return folder_bytes(path)


def _splits(values: Sequence[str | None] | None, rows: int) -> dict[str, list[int]]:
    """Rows of each split, by the names that `datasets` gives them; all are ``train`` where there is none."""
    if values is None:
        return {"train": list(range(rows))}
    splits: dict[str, list[int]] = {}
    for row, value in enumerate(values):
        name = SPLITS.get(part_of(value) or "", value) if value else WITHOUT
        splits.setdefault(re.sub(r"\W+", "_", name).strip("_") or WITHOUT, []).append(row)
    return splits


def _arrow(table: Table, classes: Sequence[str]) -> pa.Table:
    import pyarrow as pa

    columns: dict[str, pa.Array] = {}
    kinds: dict[str, Mapping[str, Any]] = {}
    for name, values in table.about.items():
        if name == "split":
            continue
        column = f"{name}_" if name == COLUMN else name
        if name in classes:
            names = sorted({value for value in values if value is not None})
            number = {value: i for i, value in enumerate(names)}
            columns[column] = pa.array(
                [None if value is None else number[value] for value in values], pa.int64()
            )
            kinds[column] = {"names": names, "_type": "ClassLabel"}
        else:
            columns[column] = arrow_column(values, lists=True)
            kinds[column] = _kind(columns[column], values)
    flat = pa.array(np.ascontiguousarray(table.X, np.float32).ravel())
    columns[COLUMN] = pa.FixedSizeListArray.from_arrays(flat, table.X.shape[1])
    kinds[COLUMN] = _list_of("float32", table.X.shape[1])
    metadata = {"huggingface": json.dumps({"info": {"features": kinds}}), "mxt.view": table.view}
    return pa.table(columns).replace_schema_metadata(metadata)


def _kind(column: pa.Array, values: Sequence[Any]) -> Mapping[str, Any]:
    import pyarrow as pa

    if pa.types.is_list(column.type):
        return _list_of("string")
    return {"dtype": "float64" if is_number(values) else "string", "_type": "Value"}


def _list_of(dtype: str, length: int = -1) -> dict[str, Any]:
    """A list as all versions of `datasets` know it; those from 4.0 on read it as their `List`."""
    return {"feature": {"dtype": dtype, "_type": "Value"}, "length": length, "_type": "Sequence"}


def _card(table: Table, dataset: str, splits: Mapping[str, Sequence[int]]) -> str:
    """The card, with the files of each split: without them `datasets` guesses."""
    files = "".join(f"  - split: {name}\n    path: {DATA}/{name}-*\n" for name in splits)
    columns = ", ".join(f"`{name}`" for name in table.columns[:8])
    more = f", … ({len(table.columns):,} in all)" if len(table.columns) > 8 else ""
    return (
        f"---\nconfigs:\n- config_name: default\n  data_files:\n{files}---\n\n"
        f"# {dataset}: features of {table.view}\n\n"
        f"{len(table.X):,} clips. The column `{COLUMN}` holds {columns}{more}; the other columns describe "
        "the clips. Written by `mxt export`.\n"
    )
