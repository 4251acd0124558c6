"""From a view to a matrix: the columns of its feature tables, joined by the audio of the clips."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from mxt.core.clips import Clips
from mxt.core.errors import InputError, StoreDamaged, UnknownName
from mxt.core.progress import SILENT, Progress
from mxt.core.records import ClipRecord
from mxt.core.reprs import short_repr
from mxt.core.room import make_room
from mxt.core.specs import Layer
from mxt.core.views import Part, choose_layers, layers_text, parse_view
from mxt.store.table_schema import DONE, FAILED

if TYPE_CHECKING:
    from mxt.results.features import Features
    from mxt.store.features import FeatureTable
    from mxt.store.layout import Store


@dataclass(frozen=True, eq=False)
class Matrix:
    """Features of a view.

    Parameters
    ----------
    X : float32 [n, d]
        Finite.
    clips : Clips
        One a row, in catalogue order.
    view : str
        In its canonical form.
    columns : tuple of str
        ``label.layer.number`` (or the column's own label) for each column.
    n_missing, n_failed : int
        Usable clips that are not extracted yet, or failed.
    fingerprints : mapping
        Label of each feature table to its fingerprint.
    """

    X: npt.NDArray[np.float32]
    clips: Clips
    view: str
    columns: tuple[str, ...]
    n_missing: int
    n_failed: int
    fingerprints: Mapping[str, str]
    __repr__ = short_repr

    @property
    def ids(self) -> list[str]:
        """Clip ids, one a row."""
        return list(self.clips.ids)


def load_view(
    store: Store,
    dataset: str | None,
    view: str,
    *,
    clips: Sequence[ClipRecord] | None = None,
    progress: Progress = SILENT,
) -> Matrix:
    """Read a view for the clips of a data set.

    Parameters
    ----------
    store : Store
    dataset : str or None
        ``None``: the one last ingested.
    view : str
        ``label[:layers]`` joined by ``+``.
    clips : sequence of ClipRecord, optional
        The clips of the data set, where they have been read already.
    progress : Progress

    Raises
    ------
    UnknownName, UsageError
        A table or layer that is not there; the message lists candidates.
    StoreDamaged
        A row that should have features has none.
    """
    parts = resolve_view(store, view)
    clips = (
        store.catalogue.columns(store.catalogue.dataset(dataset).name) if clips is None else Clips.of(clips)
    )
    clips = clips[clips.usable]
    done, failed = np.ones(len(clips), dtype=bool), np.zeros(len(clips), dtype=bool)
    for table, _ in parts:
        _, state, _ = table.states_of(table.own_keys(clips.ids, clips.keys))
        done &= state == DONE
        failed |= state == FAILED
    return Matrix(
        X=_read(store, parts, clips[done], progress),
        clips=clips[done],
        view="+".join(str(Part(table.label, layers_text(layers, table.layers))) for table, layers in parts),
        columns=tuple(name for table, layers in parts for name in column_names(table.label, layers)),
        n_missing=int((~done & ~failed).sum()),
        n_failed=int(failed.sum()),
        fingerprints={table.label: table.fingerprint for table, _ in parts},
    )


def _read(
    store: Store, parts: Sequence[tuple[FeatureTable, tuple[Layer, ...]]], clips: Clips, progress: Progress
) -> npt.NDArray[np.float32]:
    """Columns of these clips, whose rows are done, float32 [n, d]: in memory, or if large in a file."""
    widths = [sum(layer.dimension for layer in layers) for _, layers in parts]
    X = make_room((len(clips), sum(widths)), None if store.read_only else store.root)
    rows = len(clips) * sum(len(layers) for _, layers in parts)
    with progress.step("reading features", rows, unit="rows") as step:
        for (table, layers), end, width in zip(parts, np.cumsum(widths), widths, strict=True):
            keys = table.own_keys(clips.ids, clips.keys)
            _, state = table.read(
                keys, [layer.name for layer in layers], out=X[:, end - width : end], step=step
            )
            if not (state == DONE).all():
                raise StoreDamaged(
                    f"rows of feature table {table.label} were opened again meanwhile; run it again"
                )
    return X


class OpenStore:
    """A store opened for reading from Python: ``mxt.open("mxt-store").features("convnet:135")``.

    Parameters
    ----------
    path : str or Path
        The store's folder.
    """

    def __init__(self, path: str | Path = "mxt-store") -> None:
        from mxt.store.layout import Store

        self._store = Store.open(Path(path), read_only=True)

    def datasets(self) -> list[str]:
        """Names of the data sets."""
        return [record.name for record in self._store.catalogue.datasets()]

    def views(self, dataset: str | None = None) -> list[str]:
        """The views extracted for a data set (``None``: the one last ingested)."""
        return self._store.catalogue.views(self._store.catalogue.dataset(dataset).name)

    def matrix(self, view: str, *, dataset: str | None = None) -> Matrix:
        """Features with clips, columns and counts."""
        return load_view(self._store, dataset, view)

    def features(
        self,
        view: str,
        *,
        dataset: str | None = None,
        target: str | None = None,
        group_by: str | None = None,
    ) -> Features:
        """Features of a view, with targets, groups, clip ids and all other columns of the data set.

        Parameters
        ----------
        view : str
            ``label[:layers]`` joined by ``+``.
        dataset : str, optional
            Else the one last ingested.
        target : str, optional
            The column for `y`; else the first target.
        group_by : str, optional
            A column, ``folder``, ``file``, ``none``, or a regular expression with one group; else the groups
            of the catalogue.

        Returns
        -------
        Features
            Its attributes are `X`, `y`, `groups`, `ids` and `fields`; it can be unpacked as ``X, ids``, and
            made a data frame with ``to_pandas()`` and ``to_polars()``.

        Raises
        ------
        UnknownName, UsageError
            No such data set, view or column.
        """
        from mxt.results.features import Features

        record = self._store.catalogue.dataset(dataset)
        return Features.of(
            load_view(self._store, record.name, view), record, target=target, group_by=group_by
        )

    def __repr__(self) -> str:
        return f"OpenStore({str(self._store.root)!r}, datasets={self.datasets()})"


def resolve_view(store: Store, view: str) -> list[tuple[FeatureTable, tuple[Layer, ...]]]:
    """The feature tables of a view, each with the layers that are used.

    Raises
    ------
    UnknownName, UsageError
        A table or layer that is not there; the message lists candidates.
    """
    return [_resolve(store, part) for part in parse_view(view)]


def _resolve(store: Store, part: Part) -> tuple[FeatureTable, tuple[Layer, ...]]:
    tables = {table.label: table for table in store.features.tables()}
    if not tables:
        raise InputError(f"no features in {store.root} yet; mxt extract lists the backbones")
    if part.label not in tables:
        raise UnknownName("feature table", part.label, tables, hint="(views look like LABEL or LABEL:LAYERS)")
    table = tables[part.label]
    return table, choose_layers(part.layers, table.layers, of=part.label)


def column_names(label: str, layers: Sequence[Layer]) -> list[str]:
    """Names of the columns of these layers of a table: ``label.layer.number``, or their own labels."""
    return [
        f"{label}.{layer.name}.{name}"
        for layer in layers
        for name in layer.labels or map(str, range(layer.dimension))
    ]
