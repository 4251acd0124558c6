"""One feature table as readers see it: reading takes no lock and writes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from mxt.core.errors import Reason, StoreDamaged, StoreReadOnly, UnknownName
from mxt.core.files import folder_bytes, translate_os_errors
from mxt.core.identity import imported_key
from mxt.core.records import ClipRecord
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
    from mxt.store.catalogue import Catalogue
    from mxt.store.table_writer import TableWriter

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
        return self._read(self._array_of(name), 0, len(self))

    def keys_of(self, clips: Sequence[ClipRecord]) -> list[bytes | None]:
        """The key of each clip's row in this table; ``None`` for clips that cannot be used.

        It is the clip's audio key, or for imported features a key made of that (`imported_key`).
        """
        source = self.attributes.get("source_sha256")
        if source is None:
            return [clip.key for clip in clips]
        return [None if clip.key is None else imported_key(source, clip.id, clip.key) for clip in clips]

    def keys_in(self, catalogue: Catalogue, dataset: str) -> Keys:
        """The key of the row of each usable clip of a data set, in catalogue order: uint8 [used, 32]."""
        keys, source = catalogue.keys(dataset), self.attributes.get("source_sha256")
        if source is None:
            return keys
        clips = zip(catalogue.ids(dataset, usable=True), keys, strict=True)
        return as_keys([imported_key(source, id_, key.tobytes()) for id_, key in clips])

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

    def rows_of(self, keys: Sequence[bytes] | Keys) -> npt.NDArray[np.int64]:
        """Row of each audio key, int64 [n], -1 where it has none; raises `StoreDamaged` as `ledger` does."""
        return self.ledger().rows_of(keys)

    def states_of(
        self, keys: Sequence[bytes] | Keys
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
        """Row of each audio key (-1 where it has none), its state (then `OPEN`) and its reason."""
        ledger = self.ledger()
        rows = ledger.rows_of(keys)
        there = rows >= 0
        states, reasons = np.zeros(len(rows), np.uint8), np.zeros(len(rows), np.uint8)
        states[there], reasons[there] = ledger.states[rows[there]], ledger.reasons[rows[there]]
        return rows, states, reasons

    def read(
        self, keys: Sequence[bytes], layers: Sequence[str]
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.uint8]]:
        """Features of clips by audio key.

        Parameters
        ----------
        keys : sequence of bytes
            Audio keys.
        layers : sequence of str
            Layer names; their columns are joined in this order.

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
        arrays = [self._array_of(name) for name in layers]
        try:
            return self._read_rows(keys, arrays)
        except StoreDamaged:
            # a repair may have opened rows between state and layers: look again
            return self._read_rows(keys, arrays)

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
                layer.name: self._read_layer(layer_array(layer), some, done, ledger) for layer in self.layers
            }
            for place, row in enumerate(some):
                values = {name: array[place] for name, array in layers.items()}
                yield ledger.keys[row].tobytes(), values if done[place] else Reason(int(ledger.reasons[row]))

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

    def _array_of(self, layer_name: str) -> str:
        for layer in self.layers:
            if layer.name == layer_name:
                return layer_array(layer)
        raise UnknownName(f"layer of {self.label}", layer_name, [layer.name for layer in self.layers])

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
        self, keys: Sequence[bytes], arrays: Sequence[str]
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.uint8]]:
        ledger = self._ledger()
        rows = ledger.rows_of(keys)
        there = rows >= 0
        state = np.zeros(len(rows), np.uint8)
        state[there] = ledger.states[rows[there]]
        columns = [self._read_layer(name, rows, state == DONE, ledger) for name in arrays]
        return np.concatenate(columns, axis=1) if columns else np.zeros((len(rows), 0), np.float32), state

    def _read_layer(
        self, name: str, rows: npt.NDArray[np.int64], done: npt.NDArray[np.bool_], ledger: Ledger
    ) -> npt.NDArray[np.float32]:
        """Features of these rows in one layer, checked; NaN where they are not done."""
        wanted = rows[done]
        start, stop = (int(wanted.min()), int(wanted.max()) + 1) if len(wanted) else (0, 0)
        stored = self._read(name, start, stop)
        values = np.full((len(rows), stored.shape[1]), np.nan, np.float32)
        values[done] = stored[wanted - start]
        empty = np.isnan(values[done]).any(axis=1)
        self._refuse(f"{name} has no values, though they count as done, in", wanted[empty])
        if ledger.seals is not None:
            column = 1 + [layer_array(layer) for layer in self.layers].index(name)
            seals = layer_seals(self.fingerprint, name, ledger.keys[wanted], values[done])
            wrong = ledger.seals[wanted, column] != seals
            self._refuse(f"{name} does not hold what was written in", wanted[wrong])
        return values
