"""From a view to a matrix: the columns of its feature tables, joined by the audio of the clips."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from mxt.core.errors import InputError, UnknownName
from mxt.core.records import ClipRecord
from mxt.core.reprs import short_repr
from mxt.core.specs import Layer
from mxt.core.views import Part, choose_layers, layers_text, parse_view

if TYPE_CHECKING:
    from mxt.store.features import FeatureTable
    from mxt.store.layout import Store


@dataclass(frozen=True, eq=False)
class Matrix:
    """Features of a view.

    Parameters
    ----------
    X : float32 [n, d]
        Finite.
    clips : tuple of ClipRecord
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
    clips: tuple[ClipRecord, ...]
    view: str
    columns: tuple[str, ...]
    n_missing: int
    n_failed: int
    fingerprints: Mapping[str, str]
    __repr__ = short_repr

    @property
    def ids(self) -> list[str]:
        """Clip ids, one a row."""
        return [clip.id for clip in self.clips]


def load_view(
    store: Store, dataset: str | None, view: str, *, clips: Sequence[ClipRecord] | None = None
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

    Raises
    ------
    UnknownName, UsageError
        A table or layer that is not there; the message lists candidates.
    StoreDamaged
        A row that should have features has none.
    """
    from mxt.store.features import DONE, FAILED

    parts = tables_of(store, view)
    clips = store.catalogue.clips(store.catalogue.dataset(dataset).name) if clips is None else clips
    clips = [clip for clip in clips if clip.usable]
    blocks, done, failed = [], np.ones(len(clips), dtype=bool), np.zeros(len(clips), dtype=bool)
    for table, layers in parts:
        X, state = table.read(
            [key for key in table.keys_of(clips) if key is not None], [layer.name for layer in layers]
        )
        done &= state == DONE
        failed |= state == FAILED
        blocks.append(X)
    return Matrix(
        X=np.concatenate(blocks, axis=1)[done],
        clips=tuple(clip for clip, there in zip(clips, done, strict=True) if there),
        view="+".join(str(Part(table.label, layers_text(layers, table.layers))) for table, layers in parts),
        columns=tuple(name for table, layers in parts for name in _column_names(table, layers)),
        n_missing=int((~done & ~failed).sum()),
        n_failed=int(failed.sum()),
        fingerprints={table.label: table.fingerprint for table, _ in parts},
    )


def tables_of(store: Store, view: str) -> list[tuple[FeatureTable, tuple[Layer, ...]]]:
    """The feature tables of a view, and the layers that it takes from each.

    Raises
    ------
    UnknownName, UsageError
        A table or layer that is not there; the message lists candidates.
    """
    return [_resolve(store, part) for part in parse_view(view)]


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

    def features(self, view: str, *, dataset: str | None = None) -> tuple[npt.NDArray[np.float32], list[str]]:
        """Features and clip ids.

        Parameters
        ----------
        view : str
            ``label[:layers]`` joined by ``+``.
        dataset : str, optional
            Else the one last ingested.

        Returns
        -------
        X : float32 [n, d]
        ids : list of str
        """
        matrix = self.matrix(view, dataset=dataset)
        return matrix.X, matrix.ids


def _resolve(store: Store, part: Part) -> tuple[FeatureTable, tuple[Layer, ...]]:
    tables = {table.label: table for table in store.features.tables()}
    if not tables:
        raise InputError(f"no features in {store.root} yet; mxt extract lists the backbones")
    if part.label not in tables:
        raise UnknownName("feature table", part.label, tables, hint="(views look like LABEL or LABEL:LAYERS)")
    table = tables[part.label]
    return table, choose_layers(part.layers, table.layers, of=part.label)


def _column_names(table: FeatureTable, layers: Sequence[Layer]) -> list[str]:
    return [
        f"{table.label}.{layer.name}.{name}"
        for layer in layers
        for name in layer.labels or map(str, range(layer.dimension))
    ]
