"""Tables: what is known of clips beside their features, for files and data frames."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mxt.core.clips import Clips
from mxt.core.columns import Column
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
BLOCK_VALUES = 1 << 23  # numbers of a block of rows: 32 MiB


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

    about: Mapping[str, Column[Any]]
    X: npt.NDArray[np.float32]
    columns: tuple[str, ...]
    view: str
    __repr__ = short_repr

    def blocks(self, rows: npt.NDArray[np.int64] | None = None) -> Iterator[npt.NDArray[np.int64]]:
        """The numbers of all rows, or these ones, some thousand at a time."""
        import numpy as np

        rows = np.arange(len(self)) if rows is None else rows
        size = max(1, BLOCK_VALUES // max(1, len(self.columns)))
        return (rows[first : first + size] for first in range(0, len(rows), size))

    def __len__(self) -> int:
        return len(self.X)


def about_clips(
    clips: Sequence[ClipRecord], targets: Sequence[str], *, with_fields: bool = False
) -> dict[str, Column[Any]]:
    """Columns that describe clips: id, targets, and split, fold and group where any has them.

    Parameters
    ----------
    clips : sequence of ClipRecord
    targets : sequence of str
        The data set's target columns. One that is called as a column of mxt's own becomes ``target.NAME``.
    with_fields : bool
        Whether all other columns that came with the data set follow.
    """
    clips = Clips.of(clips)
    columns: dict[str, Column[Any]] = {CLIP: clips.ids}
    for name in targets:
        columns[_target_column(name)] = _of_each(clips.targets, name)
    for name, column in zip(OWN[1:], (clips.splits, clips.folds, clips.groups), strict=True):
        if any(value is not None for value in column.distinct()):
            columns[name] = column
    if with_fields:
        for name in dict.fromkeys(name for fields in clips.fields.distinct() for name in fields):
            columns.setdefault(name, _of_each(clips.fields, name))
    return {written(name): column for name, column in columns.items()}


def _of_each(mappings: Column[Mapping[str, Any]], name: str) -> Column[Any]:
    return mappings.map(lambda values: values.get(name))


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

    return pa.Table.from_batches(arrow_batches(table, lists=lists), arrow_schema(table, lists=lists))


def arrow_schema(table: Table, *, lists: bool) -> pa.Schema:
    """Names and types of the columns of `arrow_table`."""
    import pyarrow as pa

    about = {name: arrow_type(values, lists=lists) for name, values in table.about.items()}
    return pa.schema({**about, **dict.fromkeys(table.columns, pa.float32())})


def arrow_batches(table: Table, *, lists: bool) -> Iterator[pa.RecordBatch]:
    """The rows of `arrow_table`, some thousand at a time."""
    import pyarrow as pa

    schema = arrow_schema(table, lists=lists)
    for rows in table.blocks():
        X = table.X[rows]
        columns = {
            name: arrow_array(values[rows], schema.field(name).type) for name, values in table.about.items()
        }
        columns |= {name: pa.array(X[:, number], pa.float32()) for number, name in enumerate(table.columns)}
        yield pa.record_batch([columns[name] for name in schema.names], schema)


def arrow_type(values: Column[Any], *, lists: bool) -> pa.DataType:
    """The type of a column that describes rows: numbers, texts, or lists of labels."""
    import pyarrow as pa

    if is_number(values):
        return pa.float64()
    if lists and any(isinstance(value, tuple) for value in _different(values)):
        return pa.list_(pa.string())
    return pa.string()


def arrow_array(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    """Values of a column of such a type."""
    import pyarrow as pa

    if kind == pa.string():
        return pa.array(joined(values), kind)
    return pa.array(
        [list(value) if isinstance(value, tuple) else value for value in written_all(list(values))], kind
    )


def is_number(values: Column[Any]) -> bool:
    """Whether a column holds numbers, and nothing else but what is missing."""
    return all(value is None or isinstance(value, (int, float)) for value in _different(values)) and any(
        isinstance(value, float) for value in _different(values)
    )


def _different(values: Column[Any]) -> Iterator[Any]:
    """The different values of a column, each when it is asked for."""
    return (values[row] for row in values.firsts().tolist())


def joined(values: Iterable[Any]) -> list[str | None]:
    """A column as texts."""
    texts = (SEVERAL.join(value) if isinstance(value, tuple) else value for value in values)
    return [None if text is None else written(str(text)) for text in texts]
