"""The rows of a feature table, read chunk by chunk: what is damaged, and how it is put right.

A damaged array is put right from the others wherever they tell what it was: a key from its copy, state and
reason from the seal they fit. Where they do not, the rows are opened again; computed again they are bit for
bit what they were. Where two readable copies differ neither is trusted: the seal decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from mxt.core.errors import Reason
from mxt.core.files import remove_entry
from mxt.store.arrays import ZarrArray, chunk_error, open_array, rows_in
from mxt.store.findings import Finding, runs
from mxt.store.schema import AUDIO, CHUNK, COPY, DONE, FAILED, OPEN, REASON, SEAL, STATE
from mxt.store.seal import layer_seals, outcome_seals
from mxt.store.table import FeatureTable

SLAB = 64 * CHUNK  # rows read at a time
OPENED, RESTORED, NEW_ROWS = "its rows are opened again", "restored", "computed again as new rows"
OUTCOMES = ((DONE, Reason.NONE), *((FAILED, reason) for reason in Reason if reason))

Mask = npt.NDArray[np.bool_]
Bytes = npt.NDArray[np.uint8]


def inspect_rows(table: FeatureTable) -> Iterator[Slab]:
    """Read all rows, a few thousand at a time."""
    # the state first: what it says is settled was there before
    arrays = {name: open_array(table.path, name, kind=kind) for name, kind in reversed(table.kinds.items())}
    rows = min(rows_in(arrays[AUDIO]), rows_in(arrays[STATE]))  # behind these an assignment was cut short
    for start in range(0, rows, SLAB):
        slab = _look(table, arrays, start, min(start + SLAB, rows))
        # a writer beside us may have been between two arrays: what is damaged is still so at a second look
        yield _look(table, arrays, slab.start, slab.stop) if slab.findings else slab


def _look(table: FeatureTable, arrays: Mapping[str, ZarrArray], start: int, stop: int) -> Slab:
    slab = Slab(table, start, stop)
    for name, array in arrays.items():
        slab.read(name, array)
    slab.judge()
    return slab


@dataclass
class Slab:
    """Some whole chunks of all arrays, and what is wrong with them.

    Parameters
    ----------
    table : FeatureTable
        Whose.
    start, stop : int
        Its rows.
    """

    table: FeatureTable
    start: int
    stop: int
    values: dict[str, npt.NDArray[Any]] = field(default_factory=dict)
    unreadable: dict[str, dict[int, str]] = field(default_factory=dict)  # array -> chunk -> why
    findings: list[Finding] = field(default_factory=list)
    right: dict[str, npt.NDArray[Any]] = field(
        default_factory=dict
    )  # what the arrays besides the layers must hold

    def __len__(self) -> int:
        return self.stop - self.start

    @property
    def layers(self) -> list[str]:
        """Names of the layers' arrays."""
        return [name for name in self.values if name not in (STATE, REASON, SEAL, AUDIO, COPY)]

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
        """Compare the arrays with each other: fills `findings`, and `right` with what must be written."""
        for name, chunks in self.unreadable.items():
            how = OPENED if name in self.layers else RESTORED
            for chunk, why in chunks.items():
                last = min((chunk + 1) * CHUNK, self.stop) - 1
                self.findings.append(
                    Finding(self.table.label, name, f"not readable ({why})", chunk * CHUNK, last, repair=how)
                )
        keys, told = self._judge_keys()
        state, reason = self._judge_outcomes(keys, told)
        state = self._judge_layers(keys, state)
        state[~keys.any(axis=1)] = OPEN
        reason[state == OPEN] = Reason.NONE
        self.right = {
            STATE: state,
            COPY: keys,
            AUDIO: keys,
            REASON: reason,
            SEAL: self._seals(keys, state, reason),
        }

    def _judge_keys(self) -> tuple[Bytes, Told]:
        """The right key of each row (zeros where nothing tells it), and what its seal tells of it."""
        audio, copy = self.values[AUDIO], self.values[COPY]
        has_audio, has_copy = _any(audio), _any(copy)
        keys = np.where(has_audio[:, None], audio, copy)
        told = self._fit(keys)
        differ: Mask = has_audio & has_copy & _any(np.not_equal(audio, copy))
        by_copy: Mask = differ & ~told.fits
        if by_copy.any():
            second = self._fit(copy)
            by_copy &= second.fits
            keys[by_copy] = copy[by_copy]
            told = Told(*(np.where(by_copy, b, a) for a, b in zip(told, second, strict=True)))
        unsolved = differ & ~told.fits
        keys[unsolved] = 0
        for name, other in ((AUDIO, COPY), (COPY, AUDIO)):
            readable = ~self._lost(name) & ~self._lost(other) & ~unsolved
            missing, wrong = (
                ~_any(self.values[name]) & _any(keys),
                _any(np.not_equal(self.values[name], keys)),
            )
            self._find(name, readable & missing, "keys are missing", repair=RESTORED)
            self._find(name, readable & differ & wrong, "are not the keys written here", repair=RESTORED)
        self._find(
            AUDIO, unsolved, "differ from their copy, and nothing tells which are right", repair=NEW_ROWS
        )
        lost = ~has_audio & ~has_copy & (self.values[STATE] != OPEN)
        self._find(AUDIO, lost, "keys are lost, and so is their copy", repair=NEW_ROWS)
        return keys, told

    def _fit(self, keys: Bytes) -> Told:
        """State and reason that the seals fit, with these keys: those stored, else any others."""
        state, reason, seals = self.values[STATE].copy(), self.values[REASON].copy(), self._outcome_seals()
        fits = np.zeros(len(self), bool)
        for outcome in (None, *OUTCOMES):
            rows = np.flatnonzero((seals != 0) & ~fits)
            if not len(rows):
                break
            tried = (
                (state[rows], reason[rows])
                if outcome is None
                else (np.full(len(rows), value, np.uint8) for value in outcome)
            )
            states, reasons = tried
            fitting = outcome_seals(self.table.fingerprint, keys[rows], states, reasons) == seals[rows]
            rows = rows[fitting]
            fits[rows], state[rows], reason[rows] = True, states[fitting], reasons[fitting]
        return Told(fits, state, reason)

    def _judge_outcomes(self, keys: Bytes, told: Told) -> tuple[Bytes, Bytes]:
        """State and reason of each row."""
        stored, seals = self.values[STATE], self._outcome_seals()
        state, reason = (
            np.where(told.fits, told.state, stored),
            np.where(told.fits, told.reason, self.values[REASON]),
        )
        if (
            not self.table.sealed
        ):  # layers and reasons tell what a state that is lost, or was not written any more, must be
            guessed = np.where(self.complete, DONE, np.where(reason != Reason.NONE, FAILED, OPEN))
            state = np.where((stored == OPEN) | self._lost(STATE), guessed, stored)
        known = keys.any(axis=1)
        cut = known & (stored == OPEN) & (state != OPEN) & ~self._lost(STATE)
        self._find(
            STATE,
            cut,
            "open, though what a run gave is there: it was cut short, or the chunk is gone",
            damage=False,
            repair=RESTORED,
        )
        changed = known & (stored != OPEN) & ~self._lost(STATE)
        self._find(STATE, changed & (state != stored), "are not what was written", repair=RESTORED)
        self._find(
            REASON,
            changed & told.fits & (reason != self.values[REASON]) & ~self._lost(REASON),
            "are not what was written",
            repair=RESTORED,
        )
        unfit = known & (seals != 0) & ~told.fits
        self._find(SEAL, unfit, "do not belong to the clips of these rows", repair=OPENED)
        missing = self.table.sealed & known & (seals == 0) & (stored != OPEN)
        self._find(SEAL, missing & ~self._lost(SEAL), "are missing", repair=RESTORED)
        state[unfit] = OPEN
        reasonless = (state == FAILED) & (reason == Reason.NONE)
        self._find(REASON, reasonless & ~self._lost(REASON), "failed without a reason", repair=OPENED)
        state[reasonless] = OPEN
        return state.astype(np.uint8), reason.astype(np.uint8)

    def _judge_layers(self, keys: Bytes, state: Bytes) -> Bytes:
        """States as far as the layers bear them out."""
        told = state == DONE
        for column, name in enumerate(self._layer_columns(), start=1):
            empty = told & self.empty(name)
            self._find(name, empty & ~self._lost(name), "count as done and have no values", repair=OPENED)
            state[empty] = OPEN
            if SEAL in self.values:
                rows = np.flatnonzero(told & ~empty & (self._outcome_seals() != 0))
                seals = layer_seals(self.table.fingerprint, name, keys[rows], self.values[name][rows])
                wrong = np.zeros(len(self), bool)
                wrong[rows[seals != self.values[SEAL][rows, column]]] = True
                self._find(name, wrong, "are not what was written for the clips of these rows", repair=OPENED)
                state[wrong] = OPEN
        return state

    def _seals(self, keys: Bytes, state: Bytes, reason: Bytes) -> npt.NDArray[np.uint32]:
        """Seals as they must be: those stored where they fit, new ones where they are missing, none where a row is open."""
        layers = self._layer_columns()
        seals = self.values.get(SEAL, np.zeros((len(self), 1 + len(layers)), np.uint32)).copy()
        seals[state == OPEN] = 0
        rows = np.flatnonzero((state != OPEN) & (seals[:, 0] == 0))
        seals[rows, 0] = outcome_seals(self.table.fingerprint, keys[rows], state[rows], reason[rows])
        for column, name in enumerate(layers, start=1):
            seals[rows, column] = layer_seals(
                self.table.fingerprint, name, keys[rows], self.values[name][rows]
            )
        return seals

    def _outcome_seals(self) -> npt.NDArray[np.uint32]:
        found: npt.NDArray[np.uint32] = (
            self.values[SEAL][:, 0] if SEAL in self.values else np.zeros(len(self), np.uint32)
        )
        return found

    def _layer_columns(self) -> list[str]:
        """Arrays of the layers, in the order of the columns of the seals."""
        return [name for name in self.table.kinds if name in self.layers]

    def _find(self, part: str, rows: Mask, what: str, *, damage: bool = True, repair: str = "") -> None:
        for first, last in runs(rows, self.start):
            self.findings.append(Finding(self.table.label, part, what, first, last, damage, repair))

    def _lost(self, name: str) -> Mask:
        """Rows in chunks that cannot be read."""
        chunks = np.arange(self.start, self.stop) // CHUNK
        found: Mask = np.isin(chunks, list(self.unreadable.get(name, ())))
        return found

    def empty(self, layer: str) -> Mask:
        """Rows without (all of) their values in a layer."""
        found: Mask = np.isnan(self.values[layer]).any(axis=1)
        return found

    @property
    def complete(self) -> Mask:
        """Rows that have values in all layers."""
        found = np.ones(len(self), bool)
        for name in self.layers:
            found &= ~self.empty(name)
        return found


def _any(values: npt.NDArray[Any]) -> Mask:
    """Rows in which something is not zero."""
    return np.array(values.any(axis=1), bool)


class Told(NamedTuple):
    """Which rows have a seal that fits, and the state and reason it fits."""

    fits: Mask
    state: Bytes
    reason: Bytes


def repair_slab(slab: Slab, folder: Path) -> int:
    """Put right what a slab's findings name; the caller holds the writer's lock.

    Returns
    -------
    int
        Rows that were settled and are open now.
    """
    for name, values in (*slab.right.items(), *((name, slab.values[name]) for name in slab.layers)):
        _write_back(slab, folder, name, values)
    before = np.where(slab._lost(STATE), FAILED, slab.values[STATE])
    return int(np.count_nonzero((before != OPEN) & (slab.right[STATE] == OPEN)))


def _write_back(slab: Slab, folder: Path, name: str, values: npt.NDArray[Any]) -> None:
    """Write the chunks that cannot be read or whose values change."""
    array = open_array(folder, name, write=True)
    before, unreadable = slab.values.get(name), slab.unreadable.get(name, {})
    for chunk in range(slab.start // CHUNK, -(-slab.stop // CHUNK)):
        part = slice(chunk * CHUNK - slab.start, min((chunk + 1) * CHUNK, slab.stop) - slab.start)
        if chunk in unreadable:  # a part of a chunk is written by reading the rest
            remove_entry(folder / name / array.metadata.encode_chunk_key((chunk,) + (0,) * (array.ndim - 1)))
        elif before is not None and np.array_equal(values[part], before[part], equal_nan=name in slab.layers):
            continue
        array[slab.start + part.start : slab.start + part.stop] = values[part]
