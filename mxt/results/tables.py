"""Tables: what is known of clips beside their features, for files and data frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mxt.core.records import ClipRecord
from mxt.core.reprs import short_repr
from mxt.core.text import written, written_all

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

CLIP = "clip"  # the column of clip ids
OWN = (CLIP, "split", "fold", "group")  # columns besides the targets
SEVERAL = ";"  # between the labels of one clip, where a column holds text only


@dataclass(frozen=True, eq=False)
class Table:
    """Rows of features, with columns that describe them.

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


def about_clips(
    clips: Sequence[ClipRecord], targets: Sequence[str], *, with_fields: bool = False
) -> dict[str, list[Any]]:
    """Columns that describe clips: id, targets, and split, fold and group where any has them.

    Parameters
    ----------
    clips : sequence of ClipRecord
    targets : sequence of str
        The data set's target columns. One that is called as a column of mxt's own becomes ``target.NAME``.
    with_fields : bool
        Whether all other columns that came with the data set follow.
    """
    columns: dict[str, list[Any]] = {CLIP: [clip.id for clip in clips]}
    for name in targets:
        columns[_target_column(name)] = [clip.targets.get(name) for clip in clips]
    for name in OWN[1:]:
        values = [getattr(clip, name) for clip in clips]
        if any(value is not None for value in values):
            columns[name] = values
    for name in dict.fromkeys(name for clip in clips if with_fields for name in clip.fields):
        columns.setdefault(name, [clip.fields.get(name) for clip in clips])
    return {written(name): written_all(values) for name, values in columns.items()}


def target_columns(targets: Sequence[str]) -> list[str]:
    """What `about_clips` calls the columns of targets."""
    return [written(_target_column(name)) for name in targets]


def _target_column(name: str) -> str:
    return f"target.{name}" if name in OWN else name


def arrow_table(table: Table, *, lists: bool) -> pa.Table:
    """An Arrow table, features as float32, one column each.

    Parameters
    ----------
    table : Table
    lists : bool
        Whether several labels of one clip are a list; otherwise they are joined by `SEVERAL`.
    """
    import pyarrow as pa

    columns = {name: arrow_column(values, lists=lists) for name, values in table.about.items()}
    for number, name in enumerate(table.columns):
        columns[name] = pa.array(table.X[:, number], pa.float32())
    return pa.table(columns)


def arrow_column(values: Sequence[Any], *, lists: bool) -> pa.Array:
    """A column that describes rows: numbers, texts, or lists of labels."""
    import pyarrow as pa

    if is_number(values):
        return pa.array(values, pa.float64())
    if lists and any(isinstance(value, tuple) for value in values):
        return pa.array([None if value is None else list(value) for value in values], pa.list_(pa.string()))
    return pa.array(joined(values), pa.string())


def is_number(values: Sequence[Any]) -> bool:
    """Whether a column holds numbers, and nothing else but what is missing."""
    return any(isinstance(value, float) for value in values) and all(
        value is None or isinstance(value, (int, float)) for value in values
    )


def joined(values: Sequence[Any]) -> list[str | None]:
    """A column as texts."""
    return [
        SEVERAL.join(value) if isinstance(value, tuple) else None if value is None else str(value)
        for value in values
    ]
