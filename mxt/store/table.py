"""One feature table as readers see it: reading takes no lock and writes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from mxt.core.errors import Reason, StoreDamaged, StoreReadOnly, UnknownName
from mxt.core.files import folder_bytes, translate_os_errors
from mxt.core.identity import imported_key
from mxt.core.specs import Layer
from mxt.store.table_attributes import read_attributes, table_layers
from mxt.store.table_keys import Keys, as_keys
from mxt.store.table_ledger import Ledger, name_rows
from mxt.store.table_schema import (
    AUDIO,
    COPY,
    DONE,
    FAILED,
    OPEN,
    REASON,
    SEAL,
    STATE,
    array_kinds,
    layer_array,
)
from mxt.store.table_seals import layer_seals, outcome_seals

if TYPE_CHECKING:
    from mxt.core.progress import Step
    from mxt.store.catalogue import Catalogue
    from mxt.store.table_writer import TableWriter

Features = npt.NDArray[np.float32]
READ_BYTES = 32 << 20  # of one layer that are read at a time
REPAIR = "mxt verify --repair opens them again, the next extract restores them"


class FeatureTable:
    """One feature table. Reading takes no lock and writes nothing.

    Parameters
    ----------
    path : Path
        Its folder, named by the fingerprint.
    read_only : bool
        Whether `writer` refuses.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self.path, self.read_only = path, read_only
        with translate_os_errors("reading", path):
            self.attributes: dict[str, Any] = read_attributes(path)
        self.label: str = self.attributes["label"]
        self.fingerprint: str = path.name
        self.layers = table_layers(self.attributes)
        self.kinds = array_kinds(self.layers, sealed=self.sealed)

    def __repr__(self) -> str:
        return f"FeatureTable({self.label}, {self.fingerprint[:12]})"

    def __len__(self) -> int:
        """Rows assigned."""
        from mxt.store.table_arrays import assigned_rows

        with translate_os_errors("reading", self.path):
            return assigned_rows(self.path, self._array(AUDIO))

    @property
    def sealed(self) -> bool:
        """Whether each row is bound to its place (`mxt.store.table_seals`): not in tables of schema 1."""
        return SEAL in self.attributes

    @property
    def rows_per_chunk(self) -> int:
        """Rows of one chunk, in every array of this table."""
        from mxt.store.table_arrays import rows_per_chunk

        return rows_per_chunk(self._array(AUDIO))

    def keys(self) -> npt.NDArray[np.uint8]:
        """Audio keys, uint8 [rows, 32]."""
        return self._read(AUDIO, 0, len(self))

    def states(self) -> npt.NDArray[np.uint8]:
        """`OPEN`, `DONE` or `FAILED`, uint8 [rows]."""
        return self._read(STATE, 0, len(self))

    def reasons(self) -> npt.NDArray[np.uint8]:
        """`Reason` of the failed rows, uint8 [rows]."""
        return self._read(REASON, 0, len(self))

    def counts(self) -> tuple[int, int, int]:
        """Rows open, done and failed."""
        counts = np.bincount(self.states(), minlength=3)
        return int(counts[OPEN]), int(counts[DONE]), int(counts[FAILED])

    def layer(self, name: str) -> npt.NDArray[np.float32]:
        """Features of one layer, float32 [rows, dimension]; NaN where a row is not done."""
        return self._read(layer_array(self._layer(name)), 0, len(self))

    def keys_in(self, catalogue: Catalogue, dataset: str) -> Keys:
        """The key of the row of each usable clip of a data set, in catalogue order: uint8 [used, 32]."""
        return self.own_keys(catalogue.ids(dataset, usable=True), catalogue.keys(dataset))

    def own_keys(self, ids: Iterable[str], keys: Keys) -> Keys:
        """The keys of the rows of usable clips, uint8 [n, 32], of which ids and audio keys are given.

        They are the audio keys, or for imported features keys made of these (`imported_key`).
        """
        source = self.attributes.get("source_sha256")
        if source is None:
            return keys
        each = zip(ids, keys, strict=True)
        return as_keys([imported_key(source, id_, key.tobytes()) for id_, key in each])

    def ledger(self) -> Ledger:
        """Whose the rows are and what became of them, checked.

        Raises
        ------
        StoreDamaged
            Rows are not those written: another chunk is in their place, or the copies of the keys differ.
        """
        try:
            return self._ledger()
        except StoreDamaged:
            return self._ledger()  # a repair may have been between two arrays: look again

    def states_of(
        self, keys: Sequence[bytes] | Keys
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
        """Row of each audio key (-1 where it has none), its state (then `OPEN`) and its reason."""
        return self.ledger().states_of(keys)

    def read(
        self,
        keys: Sequence[bytes] | Keys,
        layers: Sequence[str],
        *,
        out: Features | None = None,
        step: Step | None = None,
    ) -> tuple[Features, npt.NDArray[np.uint8]]:
        """Features of clips by audio key.

        Parameters
        ----------
        keys : sequence of bytes, or uint8 [n, 32]
            Audio keys.
        layers : sequence of str
            Layer names; their columns are joined in this order.
        out : float32 [n, D], optional
            What is filled; by default a new array.
        step : Step, optional
            Told of the rows of each layer.

        Returns
        -------
        X : float32 [n, D]
            NaN where a clip is not done.
        state : uint8 [n]
            `OPEN` also where a key has no row.

        Raises
        ------
        StoreDamaged
            A row that counts as done has no features, or a chunk is not what was written.
        """
        chosen = [self._layer(name) for name in layers]
        if out is None:
            out = np.empty((len(keys), sum(layer.dimension for layer in chosen)), np.float32)
        try:
            return out, self._read_rows(keys, chosen, out, step)
        except StoreDamaged:
            # a repair may have opened rows between state and layers: look again
            return out, self._read_rows(keys, chosen, out, None)

    def settled(
        self, *, at_once: int = 1024
    ) -> Iterator[tuple[bytes, Mapping[str, npt.NDArray[np.float32]] | Reason]]:
        """Key of every row that is done or failed, with its features by layer, or why there are none.

        Raises
        ------
        StoreDamaged
            A row is not what was written.
        """
        ledger = self.ledger()
        rows = np.flatnonzero(ledger.states != OPEN)
        for some in (rows[first : first + at_once] for first in range(0, len(rows), at_once)):
            done = ledger.states[some] == DONE
            layers = {
                layer.name: np.concatenate([part for _, part in self._read_layer(layer, some[done], ledger)])
                for layer in self.layers
                if done.any()
            }
            place = np.cumsum(done) - 1
            for number, row in enumerate(some):
                values = {name: array[place[number]] for name, array in layers.items()}
                yield ledger.keys[row].tobytes(), values if done[number] else Reason(int(ledger.reasons[row]))

    def nbytes(self) -> int:
        """Bytes on disk."""
        return folder_bytes(self.path)

    def writer(self, **options: Any) -> TableWriter:
        """The table's one writer, a context manager; see `TableWriter` for the options.

        Raises
        ------
        StoreReadOnly
            The store was opened for reading.
        """
        from mxt.store.table_writer import TableWriter

        if self.read_only:
            raise StoreReadOnly(f"feature table {self.label}: the store is opened for reading only")
        return TableWriter(self, **options)

    def _layer(self, name: str) -> Layer:
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise UnknownName(f"layer of {self.label}", name, [layer.name for layer in self.layers])

    def _array(self, name: str) -> Any:
        from mxt.store.table_arrays import open_array

        with translate_os_errors("reading", self.path):
            return open_array(self.path, name, kind=self.kinds[name])

    def _read(self, name: str, start: int, stop: int) -> npt.NDArray[Any]:
        from mxt.store.table_arrays import read_rows

        with translate_os_errors("reading", self.path):
            return read_rows(self._array(name), start, stop)

    def _ledger(self) -> Ledger:
        rows = len(self)
        # the state first: whatever it says is settled was written before it
        states, reasons = self._read(STATE, 0, rows), self._read(REASON, 0, rows)
        ledger = Ledger(
            self._read(AUDIO, 0, rows), states, reasons, self._read(SEAL, 0, rows) if self.sealed else None
        )
        settled = np.flatnonzero(states != OPEN)
        if ledger.seals is None:
            wrong = (ledger.keys[settled] != self._read(COPY, 0, rows)[settled]).any(axis=1)
        else:
            seals = outcome_seals(self.fingerprint, ledger.keys[settled], states[settled], reasons[settled])
            wrong = ledger.seals[settled, 0] != seals
        self._refuse("keys, states and reasons are not those written in", settled[wrong])
        return ledger

    def _refuse(self, what: str, rows: npt.NDArray[np.int64]) -> None:
        if len(rows):
            raise StoreDamaged(f"feature table {self.label}: {what} {name_rows(rows)}; {REPAIR}")

    def _read_rows(
        self, keys: Sequence[bytes] | Keys, layers: Sequence[Layer], out: Features, step: Step | None
    ) -> npt.NDArray[np.uint8]:
        """Fill `out` with the columns of layers, and give the states of the rows."""
        ledger = self._ledger()
        rows, state, _ = ledger.states_of(keys)
        out[state != DONE] = np.nan
        places = np.flatnonzero(state == DONE)
        places = places[np.argsort(rows[places], kind="stable")]
        end = 0
        for layer in layers:
            end += layer.dimension
            for part, values in self._read_layer(layer, rows[places], ledger):
                out[places[part], end - layer.dimension : end] = values
                if step is not None:
                    step.advance(len(values))
        return state

    def _read_layer(
        self, layer: Layer, rows: npt.NDArray[np.int64], ledger: Ledger
    ) -> Iterator[tuple[slice, Features]]:
        """Features of done rows, sorted, in one layer, checked; a part of them at a time."""
        name, column = layer_array(layer), 1 + self.layers.index(layer)
        chunk_bytes = 4 * layer.dimension * self.rows_per_chunk
        at_once = self.rows_per_chunk * max(1, READ_BYTES // chunk_bytes)
        for start in range(0, int(rows[-1]) + 1 if len(rows) else 0, at_once):
            part = slice(*np.searchsorted(rows, [start, start + at_once]).tolist())
            if part.start == part.stop:
                continue
            wanted = rows[part]
            first = int(wanted[0])
            values = self._read(name, first, int(wanted[-1]) + 1)[wanted - first]
            empty = np.isnan(values).any(axis=1)
            self._refuse(f"{name} has no values, though they count as done, in", wanted[empty])
            if ledger.seals is not None:
                seals = layer_seals(self.fingerprint, name, ledger.keys[wanted], values)
                wrong = ledger.seals[wanted, column] != seals
                self._refuse(f"{name} does not hold what was written in", wanted[wrong])
            yield part, values
