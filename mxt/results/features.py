"""Features as arrays and data frames: what other tools are given."""

from __future__ import annotations

import html
import importlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from mxt.core.columns import Column
from mxt.core.errors import UsageError
from mxt.core.records import ClipRecord, DatasetRecord, Target
from mxt.core.reprs import short_repr
from mxt.core.text import written, written_all
from mxt.evaluation.columns import choose_target, group_values, target_values
from mxt.evaluation.tasks import infer_task, is_labelled
from mxt.results.tables import CLIP, OWN, Table, about_clips, arrow_table
from mxt.results.views import Matrix

if TYPE_CHECKING:
    import pyarrow as pa

SHOWN_ROWS, SHOWN_COLUMNS = 5, 4  # of a notebook's preview


@dataclass(frozen=True, eq=False)
class Features:
    """Features of the clips of a data set, and what is known of these clips.

    Unpacking gives the features and the clip ids: ``X, ids = store.features("convnet:135")``. Every library
    that reads Arrow reads it directly: ``polars.DataFrame(features)``, ``pyarrow.table(features)``,
    ``narwhals.from_arrow(features, backend="pandas")``.

    Parameters
    ----------
    X : float32 [n, d]
        Finite.
    y : array [n], optional
        The target: class names, numbers (float64, NaN where there is none), or tuples of labels; ``None`` for
        an unlabelled clip. ``None`` where the data set has no target.
    groups : array [n], optional
        What belongs together, as scikit-learn's splitters take it; a clip of no group has its id. ``None``
        where no groups are known.
    ids : list of str
        Clip ids.
    fields : mapping
        Every column of the data set (targets, split, fold, group, and whatever came with it) to its values.
    columns : tuple of str
        Names of the columns of `X`.
    view, dataset, target : str
        `target` is empty where `y` is ``None``.

    Examples
    --------
    >>> features = mxt.open("mxt-store").features("convnet:135")  # doctest: +SKIP
    >>> cross_val_score(SVC(), features.X, features.y, groups=features.groups)  # doctest: +SKIP
    """

    X: npt.NDArray[np.float32]
    y: npt.NDArray[Any] | None
    groups: npt.NDArray[np.object_] | None
    ids: list[str]
    fields: Mapping[str, Sequence[Any]]
    columns: tuple[str, ...]
    view: str
    dataset: str
    target: str
    __repr__ = short_repr

    @classmethod
    def of(
        cls, matrix: Matrix, record: DatasetRecord, *, target: str | None = None, group_by: str | None = None
    ) -> Features:
        """The features of a view of a data set.

        Parameters
        ----------
        matrix : Matrix
        record : DatasetRecord
        target : str, optional
            The column for `y`; by default the first target.
        group_by : str, optional
            As ``--group-by`` takes it; by default the catalogue's groups, or the files segments come from.

        Raises
        ------
        UnknownName, UsageError
            No such column, or none to group by.
        """
        clips = matrix.clips
        column = choose_target(clips, record.targets, target) if target or record.targets else ""
        return cls(
            X=matrix.X,
            y=_y(target_values(clips, column), is_target=column in record.targets) if column else None,
            groups=_groups(clips, group_by),
            ids=matrix.ids,
            fields={
                name: written_all(list(values))
                for name, values in about_clips(clips, record.targets, with_fields=True).items()
                if name != CLIP
            },
            columns=matrix.columns,
            view=matrix.view,
            dataset=record.name,
            target=column,
        )

    def __iter__(self) -> Iterator[Any]:
        """`X` and `ids`."""
        yield self.X
        yield self.ids

    def to_arrow(self) -> pa.Table:
        """An Arrow table: clip, all fields, and one column for each column of `X`."""
        about = {name: Column.of(values) for name, values in {CLIP: self.ids, **self.fields}.items()}
        return arrow_table(Table(about, self.X, self.columns, self.view), lists=True)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """The same through Arrow's PyCapsule interface."""
        return self.to_arrow().__arrow_c_stream__(requested_schema)

    def to_pandas(self) -> Any:
        """The same as a pandas data frame.

        Raises
        ------
        UsageError
            pandas is not installed.
        """
        _needed("pandas", "to_pandas()")
        return self.to_arrow().to_pandas()

    def to_polars(self) -> Any:
        """The same as a Polars data frame.

        Raises
        ------
        UsageError
            Polars is not installed.
        """
        return _needed("polars", "to_polars()").from_arrow(self.to_arrow())

    def _repr_html_(self) -> str:
        """The first rows, for notebooks."""
        about = [self.target] if self.target in self.fields else []
        about += [name for name in OWN[1:] if name in self.fields and name not in about]
        head = [CLIP, *about, *self.columns[:SHOWN_COLUMNS]]
        rows = [
            [self.ids[row], *(self.fields[name][row] for name in about)]
            + [f"{value:.4g}" for value in self.X[row, :SHOWN_COLUMNS]]
            for row in range(min(SHOWN_ROWS, len(self.ids)))
        ]
        more = f", of which {SHOWN_COLUMNS} are shown" if len(self.columns) > SHOWN_COLUMNS else ""
        caption = (
            f"{self.dataset} · {self.view} · {len(self.ids):,} clips, {len(self.columns):,} columns{more}"
        )
        body = "".join(_html_row(row, "td") for row in rows)
        return (
            f"<table><caption>{html.escape(written(caption))}</caption>{_html_row(head, 'th')}{body}</table>"
        )


def _y(values: Sequence[Target], *, is_target: bool) -> npt.NDArray[Any]:
    labelled = [value for value in values if is_labelled(value)]
    task = infer_task(labelled, text_is_class=is_target)
    if labelled and task == "regression":
        return np.array([float(value) if is_labelled(value) else np.nan for value in values])  # type: ignore[arg-type]
    if len(labelled) == len(values) and task == "classification":
        return np.array([str(value) for value in values])
    return _objects([value if is_labelled(value) else None for value in values])


def _groups(clips: Sequence[ClipRecord], group_by: str | None) -> npt.NDArray[np.object_] | None:
    groups = group_values(clips, group_by)
    if groups is None:
        return None
    return _objects(
        [clip.id if group is None else group for clip, group in zip(clips, groups.values, strict=True)]
    )


def _objects(values: Sequence[object]) -> npt.NDArray[np.object_]:
    """An array of objects [n], also of tuples of equal length."""
    array = np.empty(len(values), dtype=object)
    for row, value in enumerate(values):
        array[row] = value
    return array


def _needed(package: str, method: str) -> Any:
    try:
        return importlib.import_module(package)
    except ImportError as error:
        raise UsageError(f"{method} needs {package}: pip install {package}") from error


def _html_row(cells: Sequence[object], tag: str) -> str:
    texts = (html.escape(written("" if cell is None else str(cell))) for cell in cells)
    return f"<tr>{''.join(f'<{tag}>{text}</{tag}>' for text in texts)}</tr>"
