"""The one writer of a feature table: rows are assigned once, chunks are committed whole, ``state`` last."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from mxt.core.errors import Reason, StoreDamaged, StoreError
from mxt.core.files import OwnedLock, translate_os_errors
from mxt.core.identity import KEY_BYTES
from mxt.store.table_arrays import (
    open_array,
    read_rows,
    remove_partial_files,
    rows_in,
    rows_per_chunk,
    set_rows,
    write_chunk,
)
from mxt.store.table_chunks import ZarrArray
from mxt.store.table_keys import as_keys, find_rows, first_of_each
from mxt.store.table_schema import (
    AUDIO,
    COPY,
    DONE,
    FAILED,
    OPEN,
    REASON,
    SEAL,
    STATE,
    layer_array,
)
from mxt.store.table_seals import layer_seals, outcome_seals

if TYPE_CHECKING:
    from mxt.store.table import FeatureTable

Bytes = npt.NDArray[np.uint8]
Rows = npt.NDArray[np.int64]
Values = dict[str, npt.NDArray[np.float32]]

_NO_KEY = f"an audio key has {KEY_BYTES} bytes, not all zero"


def no_fault(point: str) -> None:
    """Do nothing at the points where tests kill the process."""


class TableWriter:
    """The one writer of a feature table; used as a context manager, in one thread.

    Parameters
    ----------
    table : FeatureTable
        The table.
    flush_seconds : float
        Unfinished chunks are committed once their oldest row has waited so long.
    wait : float
        Seconds to wait for another writer before giving up.
    fault : callable
        For tests: called with the name of the point reached, ``"assigned"``, ``"before layers"``,
        ``"after layers"``, ``"before state"`` or ``"committed"``.
    clock : callable
        Seconds, never going back.
    """

    def __init__(
        self,
        table: FeatureTable,
        *,
        flush_seconds: float = 10.0,
        wait: float = 0.0,
        fault: Callable[[str], None] = no_fault,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.table, self._flush_seconds, self._fault, self._clock = table, flush_seconds, fault, clock
        self._lock = OwnedLock(table.path / "lock", f"feature table {table.label}", wait=wait)
        self._layers = {layer.name: (layer_array(layer), layer.dimension) for layer in table.layers}
        self._arrays: dict[str, ZarrArray] = {}
        self._chunk_rows = 0
        self._state: Bytes = np.zeros(0, np.uint8)
        self._reason: Bytes = np.zeros(0, np.uint8)
        self._keys: Bytes = np.zeros((0, KEY_BYTES), np.uint8)
        self._settled: dict[int, dict[int, Values | Reason]] = {}  # chunk -> row -> values, or why it failed
        self._since: dict[int, float] = {}  # chunk -> when its oldest settled row came

    def __enter__(self) -> TableWriter:
        """Take the lock and bring all arrays to the length of the assigned rows.

        Raises
        ------
        StoreBusy, StoreReadOnly, StoreFull, StoreDamaged
            Another process writes; no permission; no space; the table needs `mxt verify --repair`.
        """
        self._lock.__enter__()
        try:
            with self._writing("opening"):
                remove_partial_files(self.table.path)
                self._arrays = {
                    name: open_array(self.table.path, name, kind=kind, write=True)
                    for name, kind in self.table.kinds.items()
                }
                self._align()
                ledger = self.table.ledger()
            self._keys, self._state, self._reason = ledger.keys, ledger.states, ledger.reasons
        except BaseException:
            self._lock.__exit__()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Commit what is finished and release the lock, also after Ctrl-C."""
        try:
            if kind is None:
                self.flush()
            elif not issubclass(kind, StoreError):
                with suppress(StoreError):  # the first error says more
                    self.flush()
        finally:
            self._lock.__exit__()

    def assign(self, keys: Sequence[bytes] | Bytes) -> Rows:
        """Rows of these audio keys; new keys are appended once, in this order.

        Returns
        -------
        int64 [n]
            On disk before this returns.
        """
        if not isinstance(keys, np.ndarray) and any(len(key) != KEY_BYTES for key in keys):
            raise ValueError(_NO_KEY)
        wanted = as_keys(keys)
        if not np.all(np.any(wanted, axis=1)):
            raise ValueError(_NO_KEY)
        rows = find_rows(self._keys, wanted)
        new = np.flatnonzero(rows < 0)
        if len(new):
            with self._writing("writing"):
                self._append(first_of_each(wanted[new]))
            rows[new] = find_rows(self._keys, wanted[new])
            self._fault("assigned")
        return rows

    def open_rows(self) -> Rows:
        """Rows still to be computed, ascending, int64 [n]; rows that wait for their commit are left out."""
        lost = ~np.asarray(self._keys.any(axis=1))  # rows whose key was lost on disk
        still = (self._state == OPEN) & ~lost
        still &= find_rows(self._keys, self._keys) == np.arange(len(still))
        still[[row for chunk in self._settled.values() for row in chunk]] = False
        return np.flatnonzero(still).astype(np.int64)

    def retry(self, rows: Sequence[int] | Rows) -> None:
        """Open those of `rows` that failed."""
        wanted = np.asarray(rows, np.int64)
        wanted = wanted[self._state[wanted] == FAILED]
        self._state[wanted], self._reason[wanted] = OPEN, Reason.NONE
        with self._writing("writing"):
            for chunk in map(int, np.unique(wanted // self._chunk_rows)):
                part = self._part(chunk)
                write_chunk(self._arrays[STATE], chunk, self._state[part])
                write_chunk(self._arrays[REASON], chunk, self._reason[part])
                if self.table.sealed:
                    seals = read_rows(self._arrays[SEAL], part.start, part.stop)
                    seals[self._state[part] == OPEN] = 0
                    write_chunk(self._arrays[SEAL], chunk, seals)

    def put(self, row: int, features: Mapping[str, npt.NDArray[np.float32]]) -> None:
        """Settle a row with its features, float32 [dimension] for each layer, all finite."""
        values = {name: np.asarray(value, np.float32) for name, value in features.items()}
        expected = {name: (dimension,) for name, (_, dimension) in self._layers.items()}
        if (shapes := {name: value.shape for name, value in values.items()}) != expected:
            raise ValueError(f"expected the layers {expected}, got {shapes}")
        if not np.isfinite(np.concatenate(list(values.values()))).all():
            raise ValueError(f"row {row}: features must be finite; a row without features has failed")
        self._settle(row, values)

    def put_all(self, rows: Rows, features: Mapping[str, npt.NDArray[np.float32]]) -> None:
        """Settle several rows, int64 [n], with float32 [n, dimension] for each layer, all finite."""
        expected = {name: (len(rows), dimension) for name, (_, dimension) in self._layers.items()}
        if (shapes := {name: values.shape for name, values in features.items()}) != expected:
            raise ValueError(f"expected the layers {expected}, got {shapes}")
        if not all(np.isfinite(values).all() for values in features.values()):
            raise ValueError("features must be finite; a row without features has failed")
        for i, row in enumerate(rows.tolist()):
            self._settle(row, {name: values[i] for name, values in features.items()})

    def fail(self, row: int, reason: Reason) -> None:
        """Settle a row as failed."""
        self._settle(row, reason)

    def flush(self) -> None:
        """Commit everything settled so far."""
        for chunk in sorted(self._settled):
            self._commit(chunk)

    def _settle(self, row: int, outcome: Values | Reason) -> None:
        row = int(row)
        chunk = row // self._chunk_rows
        if self._state[row] != OPEN or row in self._settled.get(chunk, ()):
            raise ValueError(f"row {row} is settled already")
        now = self._clock()
        self._settled.setdefault(chunk, {})[row] = outcome
        self._since.setdefault(chunk, now)
        if np.count_nonzero(self._state[self._part(chunk)] == OPEN) == len(self._settled[chunk]):
            self._commit(chunk)
        if self._since and now - min(self._since.values()) >= self._flush_seconds:
            self.flush()

    def _commit(self, chunk: int) -> None:
        """Write one chunk of every array: layers, seal, reason, and last the state, which makes it count."""
        settled, part = self._settled[chunk], self._part(chunk)
        state, reason = self._state[part].copy(), self._reason[part].copy()
        done_before = state == DONE
        for row, outcome in settled.items():
            state[row - part.start] = FAILED if isinstance(outcome, Reason) else DONE
            reason[row - part.start] = outcome if isinstance(outcome, Reason) else Reason.NONE
        blocks: dict[str, npt.NDArray[np.float32]] = {}
        with self._writing("writing"):
            self._fault("before layers")
            for name, (array, dimension) in self._layers.items():
                blocks[array] = block = np.full((part.stop - part.start, dimension), np.nan, np.float32)
                if done_before.any():
                    block[done_before] = read_rows(self._arrays[array], part.start, part.stop)[done_before]
                for row, outcome in settled.items():
                    if not isinstance(outcome, Reason):
                        block[row - part.start] = outcome[name]
                write_chunk(self._arrays[array], chunk, block)
            self._fault("after layers")
            if self.table.sealed:
                self._seal(chunk, blocks, state, reason)
            write_chunk(self._arrays[REASON], chunk, reason)
            self._fault("before state")
            write_chunk(self._arrays[STATE], chunk, state)
        self._state[part], self._reason[part] = state, reason
        del self._settled[chunk], self._since[chunk]
        self._fault("committed")

    def _seal(
        self, chunk: int, blocks: Mapping[str, npt.NDArray[np.float32]], state: Bytes, reason: Bytes
    ) -> None:
        """Bind the newly settled rows of a chunk to their place; rows settled before keep their seals."""
        part = self._part(chunk)
        seals = read_rows(self._arrays[SEAL], part.start, part.stop)
        new = np.array(sorted(self._settled[chunk]), np.int64) - part.start
        keys, fingerprint = self._keys[part][new], self.table.fingerprint
        seals[new, 0] = outcome_seals(fingerprint, keys, state[new], reason[new])
        for column, (array, block) in enumerate(blocks.items(), start=1):
            seals[new, column] = layer_seals(fingerprint, array, keys, block[new])
        write_chunk(self._arrays[SEAL], chunk, seals)

    def _part(self, chunk: int) -> slice:
        """The assigned rows of a chunk."""
        start = chunk * self._chunk_rows
        return slice(start, min(start + self._chunk_rows, len(self._state)))

    def _append(self, keys: Bytes) -> None:
        """Append rows. The copy of the keys comes first, so that rows of `audio` always have one."""
        first, rows = len(self._state), len(self._state) + len(keys)
        for name in (COPY, AUDIO):
            self._arrays[name].resize((rows, KEY_BYTES))
            self._arrays[name][first:rows] = keys
        self._lengthen(rows)
        self._keys = np.concatenate([self._keys, keys])
        self._state = np.concatenate([self._state, np.full(len(keys), OPEN, np.uint8)])
        self._reason = np.concatenate([self._reason, np.zeros(len(keys), np.uint8)])

    def _lengthen(self, rows: int) -> None:
        for array in self._arrays.values():
            set_rows(array, rows)

    def _align(self) -> None:
        """Finish or undo an assignment that was cut short: `audio` has the right length."""
        lengths = {name: rows_in(array) for name, array in self._arrays.items()}
        chunk_rows = {rows_per_chunk(array) for array in self._arrays.values()}
        rows = lengths[AUDIO]
        too_long = any(length > rows for name, length in lengths.items() if name != COPY)
        if rows > lengths[COPY] or too_long or len(chunk_rows) > 1:
            raise StoreDamaged(
                f"the arrays of feature table {self.table.label} have lengths, or chunks, "
                f"that no run leaves: {lengths}; mxt verify --repair"
            )
        (self._chunk_rows,) = chunk_rows
        self._lengthen(rows)
        keys = read_rows(self._arrays[AUDIO], 0, rows)
        if (missing := ~keys.any(axis=1)).any():
            keys[missing] = read_rows(self._arrays[COPY], 0, rows)[missing]
            self._arrays[AUDIO][:] = keys

    @contextmanager
    def _writing(self, what: str) -> Iterator[None]:
        with translate_os_errors(what, self.table.path):
            yield
