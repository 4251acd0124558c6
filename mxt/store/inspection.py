"""The rows of a feature table, read chunk by chunk: what is damaged, and how it is put right.

A damaged array is put right from the others wherever they tell what it was: keys from their copy, states from layers and
reasons. Where they do not, the rows are opened again; computed again they are bit for bit what they were.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mxt.core.errors import Reason
from mxt.store.arrays import ZarrArray, chunk_error, open_array, rows_in
from mxt.store.findings import Finding, runs
from mxt.store.schema import AUDIO, CHUNK, COPY, DONE, FAILED, KEY_BYTES, OPEN, REASON, STATE, layer_array
from mxt.store.table import FeatureTable

SLAB = 64 * CHUNK  # rows read at a time
OPENED, RESTORED = "its rows are opened again", "restored"

Mask = npt.NDArray[np.bool_]


def inspect_rows(table: FeatureTable) -> Iterator[Slab]:
    """Read all rows, a few thousand at a time."""
    names = [STATE, REASON, *(layer_array(layer) for layer in table.layers), AUDIO, COPY]
    arrays = {name: open_array(table.path, name) for name in names}  # the state first: what it says is done was there before
    rows = min(rows_in(arrays[AUDIO]), rows_in(arrays[STATE]))  # behind these an assignment was cut short
    for start in range(0, rows, SLAB):
        slab = _look(table.label, arrays, start, min(start + SLAB, rows))
        # a writer beside us may have been between two arrays: what is damaged is still so at a second look
        yield _look(table.label, arrays, slab.start, slab.stop) if slab.findings else slab


def _look(label: str, arrays: Mapping[str, ZarrArray], start: int, stop: int) -> Slab:
    slab = Slab(label, start, stop)
    for name, array in arrays.items():
        slab.read(name, array)
    slab.judge()
    return slab


@dataclass
class Slab:
    """Some whole chunks of all arrays, and what is wrong with them.

    Parameters
    ----------
    label : str
        The table.
    start, stop : int
        Its rows.
    """

    label: str
    start: int
    stop: int
    values: dict[str, npt.NDArray[Any]] = field(default_factory=dict)
    unreadable: dict[str, dict[int, str]] = field(default_factory=dict)  # array -> chunk -> why
    findings: list[Finding] = field(default_factory=list)

    def __len__(self) -> int:
        return self.stop - self.start

    @property
    def layers(self) -> list[str]:
        """Names of the layers' arrays."""
        return [name for name in self.values if name not in (STATE, REASON, AUDIO, COPY)]

    def read(self, name: str, array: ZarrArray) -> None:
        """Read these rows of one array; the fill value stands where they cannot be read."""
        values = np.full((len(self), *array.shape[1:]), array.fill_value, array.dtype)
        stop = min(self.stop, rows_in(array))
        self.values[name], self.unreadable[name] = values, {}
        try:
            if stop > self.start:
                values[: stop - self.start] = array[self.start : stop]
        except Exception:  # whatever a codec or the disk raises: find out which chunks
            for chunk in range(self.start // CHUNK, -(-stop // CHUNK)):
                part = slice(chunk * CHUNK, min((chunk + 1) * CHUNK, stop))
                if why := chunk_error(array, chunk):
                    self.unreadable[name][chunk] = why
                else:
                    values[part.start - self.start : part.stop - self.start] = array[part]

    def judge(self) -> None:
        """Compare the arrays with each other; fills `findings`."""
        for name, chunks in self.unreadable.items():
            how = OPENED if name in self.layers or name == REASON else RESTORED
            for chunk, why in chunks.items():
                last = min((chunk + 1) * CHUNK, self.stop) - 1
                self.findings.append(Finding(self.label, name, f"not readable ({why})", chunk * CHUNK, last, repair=how))
        for name in self.layers:
            self._find(name, self.done & self.empty(name) & ~self._lost(name), "count as done and have no values", repair=OPENED)
        reasonless = (self.state == FAILED) & (self.values[REASON] == Reason.NONE) & ~self._lost(REASON)
        self._find(REASON, reasonless, "failed without a reason", repair=OPENED)
        self._find(STATE, self._uncommitted, "open, though what a run gave is there: it was cut short, or the chunk is gone",
                   damage=False, repair=RESTORED)  # fmt: skip
        self._find(AUDIO, self.keys_from_copy & ~self._lost(AUDIO), "keys are missing", repair=RESTORED)
        self._find(COPY, self.copy_from_keys & ~self._lost(COPY), "differ from the keys", repair=RESTORED)
        self._find(AUDIO, self.keyless & (self.state != OPEN), "keys are lost, and so is their copy", repair="computed again as new rows")

    def _find(self, part: str, rows: Mask, what: str, *, damage: bool = True, repair: str = "") -> None:
        for first, last in runs(rows, self.start):
            self.findings.append(Finding(self.label, part, what, first, last, damage, repair))

    def _lost(self, name: str) -> Mask:
        """Rows in chunks that cannot be read."""
        chunks = np.arange(self.start, self.stop) // CHUNK
        found: Mask = np.isin(chunks, list(self.unreadable[name]))
        return found

    def empty(self, layer: str) -> Mask:
        """Rows without (all of) their values in a layer."""
        found: Mask = np.isnan(self.values[layer]).any(axis=1)
        return found

    @property
    def state(self) -> npt.NDArray[np.uint8]:
        """States as read."""
        return self.values[STATE]

    @property
    def done(self) -> Mask:
        """Rows that count as done."""
        found: Mask = self.state == DONE
        return found

    @cached_property
    def complete(self) -> Mask:
        """Rows that have values in all layers."""
        found = np.ones(len(self), bool)
        for name in self.layers:
            found &= ~self.empty(name)
        return found

    @property
    def _uncommitted(self) -> Mask:
        """Rows that are open though layers or reason tell what became of them."""
        settled = self.complete | (self.values[REASON] != Reason.NONE)
        return np.array((self.state == OPEN) & settled & ~self._lost(STATE) & ~self.keyless, bool)

    def _has_key(self, name: str) -> Mask:
        return np.array(self.values[name].any(axis=1), bool)

    @property
    def keys_from_copy(self) -> Mask:
        """Rows whose key only the copy tells."""
        return ~self._has_key(AUDIO) & self._has_key(COPY)

    @property
    def copy_from_keys(self) -> Mask:
        """Rows whose key the copy does not tell, or tells differently."""
        differ: Mask = np.array(np.not_equal(self.values[AUDIO], self.values[COPY]).any(axis=1), bool)
        return self._has_key(AUDIO) & differ

    @property
    def keyless(self) -> Mask:
        """Rows whose key nothing tells."""
        return ~self._has_key(AUDIO) & ~self._has_key(COPY)

    def repaired_state(self) -> npt.NDArray[np.uint8]:
        """States as they must be: told by layers and reasons where lost, open where something else is."""
        told = np.where(self.complete, DONE, np.where(self.values[REASON] != Reason.NONE, FAILED, OPEN))
        state = np.where(self._lost(STATE) | self._uncommitted, told, self.state)
        broken = (state == DONE) & ~self.complete
        broken |= (state == FAILED) & (self.values[REASON] == Reason.NONE)
        state[broken | self.keyless] = OPEN
        return state.astype(np.uint8)


def repair_slab(slab: Slab, folder: Path) -> int:
    """Put right what a slab's findings name; the caller holds the writer's lock.

    Returns
    -------
    int
        Rows that were settled and are open now.
    """
    state = slab.repaired_state()
    lost_state = slab._lost(STATE)
    before = np.where(lost_state, FAILED, slab.state)
    _write_back(slab, folder, STATE, state)
    keys = np.where(slab.keys_from_copy[:, None], slab.values[COPY], slab.values[AUDIO]).reshape(-1, KEY_BYTES)
    for name, values in ((COPY, keys), (AUDIO, keys), (REASON, slab.values[REASON]), *((n, slab.values[n]) for n in slab.layers)):
        _write_back(slab, folder, name, values)
    return int(np.count_nonzero((before != OPEN) & (state == OPEN)))


def _write_back(slab: Slab, folder: Path, name: str, values: npt.NDArray[Any]) -> None:
    """Write the chunks that cannot be read or whose values change."""
    array = open_array(folder, name, write=True)
    for chunk in range(slab.start // CHUNK, -(-slab.stop // CHUNK)):
        part = slice(chunk * CHUNK - slab.start, min((chunk + 1) * CHUNK, slab.stop) - slab.start)
        unreadable = chunk in slab.unreadable[name]
        if unreadable:  # a part of a chunk is written by reading the rest
            key = array.metadata.encode_chunk_key((chunk,) + (0,) * (array.ndim - 1))
            (folder / name / key).unlink(missing_ok=True)
        if unreadable or not np.array_equal(values[part], slab.values[name][part], equal_nan=name in slab.layers):
            array[slab.start + part.start : slab.start + part.stop] = values[part]
