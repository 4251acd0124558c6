"""A view of which only those features are read that are asked for: of any number of clips."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mxt.core.clips import Clips
from mxt.core.reprs import short_repr
from mxt.core.specs import Layer
from mxt.core.views import Part, layers_text
from mxt.results.views import column_names, resolve_view
from mxt.store.features import DONE, FAILED, FeatureTable
from mxt.store.layout import Store
from mxt.store.table_ledger import Ledger


@dataclass(frozen=True, eq=False)
class _Part:
    """One feature table of a view: its layers, what it records about its rows, and the row of each clip."""

    table: FeatureTable
    layers: tuple[Layer, ...]
    ledger: Ledger
    rows: npt.NDArray[np.int64]
    __repr__ = short_repr

    @property
    def states(self) -> npt.NDArray[np.uint8]:
        """State of each clip; `OPEN`, which is 0, where it has no row."""
        return np.where(self.rows >= 0, self.ledger.states[self.rows], np.uint8(0))


@dataclass(frozen=True, eq=False)
class StoredView:
    """The features of a view, as an array whose rows are read when it is indexed.

    Parameters
    ----------
    clips : Clips
        One per row, in catalogue order.
    view : str
        In its canonical form.
    columns : tuple of str
        ``label.layer.number`` (or the column's own label) for each column.
    n_missing, n_failed : int
        Usable clips that are not extracted yet, or failed.
    parts
        Where the features are.
    """

    clips: Clips
    view: str
    columns: tuple[str, ...]
    n_missing: int
    n_failed: int
    parts: tuple[_Part, ...]
    __repr__ = short_repr

    @property
    def shape(self) -> tuple[int, int]:
        """Clips and columns."""
        return len(self.clips), len(self.columns)

    def __len__(self) -> int:
        return len(self.clips)

    def __getitem__(self, rows: slice | npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        """Features of some rows, float32 [rows, columns], finite.

        Raises
        ------
        StoreDamaged
            They are not what was written.
        """
        return np.concatenate(
            [
                part.table.at(part.rows[rows], [layer.name for layer in part.layers], part.ledger)
                for part in self.parts
            ],
            axis=1,
        )


def open_view(store: Store, dataset: str, view: str) -> StoredView:
    """Look up where the features of a view are, for the clips of a data set.

    Raises
    ------
    UnknownName, UsageError
        A table or layer that is not there; the message lists candidates.
    StoreDamaged
        What a table records about its rows is not what was written.
    """
    clips = store.catalogue.columns(dataset)
    clips = clips[clips.usable]
    parts = [
        _Part(
            table, layers, ledger := table.ledger(), ledger.rows_of(table.keys_in(store.catalogue, dataset))
        )
        for table, layers in resolve_view(store, view)
    ]
    done = np.logical_and.reduce([part.states == DONE for part in parts])
    failed = np.logical_or.reduce([part.states == FAILED for part in parts])
    return StoredView(
        clips=clips[done],
        view="+".join(
            str(Part(part.table.label, layers_text(part.layers, part.table.layers))) for part in parts
        ),
        columns=tuple(name for part in parts for name in column_names(part.table.label, part.layers)),
        n_missing=int((~done & ~failed).sum()),
        n_failed=int(failed.sum()),
        parts=tuple(_Part(part.table, part.layers, part.ledger, part.rows[done]) for part in parts),
    )
