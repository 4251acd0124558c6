"""The rows of a feature table: what is damaged, and how it is repaired.

A damaged array is restored from the others wherever they tell what it was: a key from its copy, state and
reason from the seal they fit. Where they do not, the rows are opened again; computed again they are bit for
bit what they were. Where two readable copies differ neither is trusted: the seal decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from mxt.core.errors import Reason
from mxt.store.table import FeatureTable
from mxt.store.table_chunks import ZarrArray
from mxt.store.table_schema import AUDIO, COPY, DONE, FAILED, OPEN, REASON, SEAL, STATE
from mxt.store.table_seals import layer_seals, outcome_seals
from mxt.store.verify_findings import Finding, Problem, Repair
from mxt.store.verify_slabs import Mask, Slab, slabs, write_back

OUTCOMES = ((DONE, Reason.NONE), *((FAILED, reason) for reason in Reason if reason))

Bytes = npt.NDArray[np.uint8]


class Outcomes(NamedTuple):
    """Which rows have a seal that fits, and the state and reason that it fits."""

    fits: Mask
    state: Bytes
    reason: Bytes


def inspect_rows(table: FeatureTable) -> Iterator[Inspection]:
    """Read all rows, a few thousand at a time, and compare the arrays with each other."""
    for slab, arrays in slabs(table):
        inspection = _inspect(slab, arrays)
        # a writer may have been between two arrays: what is damaged is still so at a second look
        yield _inspect(slab, arrays) if inspection.findings else inspection


def _inspect(slab: Slab, arrays: Mapping[str, ZarrArray]) -> Inspection:
    for name, array in arrays.items():
        slab.read(name, array)
    return Inspection(slab)


class Inspection:
    """What is wrong with the rows of a slab.

    Parameters
    ----------
    slab : Slab
        With its values.

    Attributes
    ----------
    findings : list of Finding
        What is wrong.
    right : dict
        Values that the arrays besides the layers must have.
    """

    def __init__(self, slab: Slab) -> None:
        self.slab, self.table, self.values = slab, slab.table, slab.values
        self.findings: list[Finding] = []
        self._find_unreadable()
        keys, outcomes = self._judge_keys()
        state, reason = self._judge_outcomes(keys, outcomes)
        state = self._judge_layers(keys, state)
        state[~keys.any(axis=1)] = OPEN
        reason[state == OPEN] = Reason.NONE
        seals = self._right_seals(keys, state, reason)
        self.right: dict[str, npt.NDArray[Any]] = {
            STATE: state,
            COPY: keys,
            AUDIO: keys,
            REASON: reason,
            SEAL: seals,
        }

    def repair(self, folder: Path) -> int:
        """Repair what the findings name; the caller holds the writer's lock.

        Returns
        -------
        int
            Rows that were settled and are open now.
        """
        slab = self.slab
        for name, values in (*self.right.items(), *((name, slab.values[name]) for name in slab.layers)):
            write_back(slab, folder, name, values)
        before = np.where(slab.lost(STATE), FAILED, slab.values[STATE])
        return int(np.count_nonzero((before != OPEN) & (self.right[STATE] == OPEN)))

    def _find(self, part: str, rows: Mask, problem: Problem, repair: Repair) -> None:
        for first, last in _runs(rows, self.slab.start):
            self.findings.append(Finding(self.table.label, part, problem, (), first, last, repair))

    def _find_unreadable(self) -> None:
        slab = self.slab
        for name, chunks in slab.unreadable.items():
            repair = Repair.OPENED if name in slab.layers else Repair.RESTORED
            for chunk, why in chunks.items():
                first, last = chunk * slab.chunk_rows, min((chunk + 1) * slab.chunk_rows, slab.stop) - 1
                self.findings.append(
                    Finding(self.table.label, name, Problem.NOT_READABLE, (why,), first, last, repair)
                )

    def _judge_keys(self) -> tuple[Bytes, Outcomes]:
        """The right key of each row (zeros where it is lost), and what its seal tells."""
        audio, copy = self.values[AUDIO], self.values[COPY]
        has_audio, has_copy = _any(audio), _any(copy)
        keys = np.where(has_audio[:, None], audio, copy)
        outcomes = self._fit(keys)
        differ: Mask = has_audio & has_copy & _any(np.not_equal(audio, copy))
        by_copy: Mask = differ & ~outcomes.fits
        if by_copy.any():
            second = self._fit(copy)
            by_copy &= second.fits
            keys[by_copy] = copy[by_copy]
            pairs = zip(outcomes, second, strict=True)
            outcomes = Outcomes(*(np.where(by_copy, by_its_copy, usual) for usual, by_its_copy in pairs))
        unsolved = differ & ~outcomes.fits
        keys[unsolved] = 0
        readable = ~self.slab.lost(AUDIO) & ~self.slab.lost(COPY) & ~unsolved
        for name in (AUDIO, COPY):
            missing = ~_any(self.values[name]) & _any(keys)
            wrong = differ & _any(np.not_equal(self.values[name], keys))
            self._find(name, readable & missing, Problem.KEYS_MISSING, Repair.RESTORED)
            self._find(name, readable & wrong, Problem.WRONG_KEYS, Repair.RESTORED)
        self._find(AUDIO, unsolved, Problem.KEYS_DIFFER, Repair.NEW_ROWS)
        lost = ~has_audio & ~has_copy & (self.values[STATE] != OPEN)
        self._find(AUDIO, lost, Problem.KEYS_LOST, Repair.NEW_ROWS)
        return keys, outcomes

    def _fit(self, keys: Bytes) -> Outcomes:
        """State and reason that the seals fit, with these keys: those stored, or else any others."""
        state, reason = self.values[STATE].copy(), self.values[REASON].copy()
        seals, fits = self.slab.seals, np.zeros(len(self.slab), bool)
        for outcome in (None, *OUTCOMES):
            rows = np.flatnonzero((seals != 0) & ~fits)
            if not len(rows):
                break
            stored = (state[rows], reason[rows])
            states, reasons = (
                stored if outcome is None else (np.full(len(rows), value, np.uint8) for value in outcome)
            )
            fitting = outcome_seals(self.table.fingerprint, keys[rows], states, reasons) == seals[rows]
            rows = rows[fitting]
            fits[rows], state[rows], reason[rows] = True, states[fitting], reasons[fitting]
        return Outcomes(fits, state, reason)

    def _judge_outcomes(self, keys: Bytes, outcomes: Outcomes) -> tuple[Bytes, Bytes]:
        """State and reason of each row."""
        stored, seals, lost = self.values[STATE], self.slab.seals, self.slab.lost
        state = np.where(outcomes.fits, outcomes.state, stored)
        reason = np.where(outcomes.fits, outcomes.reason, self.values[REASON])
        if not self.table.sealed:  # layers and reasons tell what a lost or unwritten state must be
            guessed = np.where(self.slab.complete, DONE, np.where(reason != Reason.NONE, FAILED, OPEN))
            state = np.where((stored == OPEN) | lost(STATE), guessed, stored)
        known = _any(keys)
        cut = known & (stored == OPEN) & (state != OPEN) & ~lost(STATE)
        self._find(STATE, cut, Problem.CUT_SHORT, Repair.RESTORED)
        settled = known & (stored != OPEN) & ~lost(STATE)
        self._find(STATE, settled & (state != stored), Problem.NOT_AS_WRITTEN, Repair.RESTORED)
        changed = settled & outcomes.fits & (reason != self.values[REASON]) & ~lost(REASON)
        self._find(REASON, changed, Problem.NOT_AS_WRITTEN, Repair.RESTORED)
        unfit = known & (seals != 0) & ~outcomes.fits
        self._find(SEAL, unfit, Problem.WRONG_SEALS, Repair.OPENED)
        missing = self.table.sealed & known & (seals == 0) & (stored != OPEN) & ~lost(SEAL)
        self._find(SEAL, missing, Problem.SEALS_MISSING, Repair.RESTORED)
        state[unfit] = OPEN
        reasonless = (state == FAILED) & (reason == Reason.NONE)
        self._find(REASON, reasonless & ~lost(REASON), Problem.NO_REASON, Repair.OPENED)
        state[reasonless] = OPEN
        return state.astype(np.uint8), reason.astype(np.uint8)

    def _judge_layers(self, keys: Bytes, state: Bytes) -> Bytes:
        """States as far as the layers confirm them."""
        done = state == DONE
        for column, name in enumerate(self.slab.layers, start=1):
            empty = done & self.slab.empty(name)
            self._find(name, empty & ~self.slab.lost(name), Problem.NO_VALUES, Repair.OPENED)
            state[empty] = OPEN
            if SEAL in self.values:
                rows = np.flatnonzero(done & ~empty & (self.slab.seals != 0))
                seals = layer_seals(self.table.fingerprint, name, keys[rows], self.values[name][rows])
                wrong = np.zeros(len(self.slab), bool)
                wrong[rows[seals != self.values[SEAL][rows, column]]] = True
                self._find(name, wrong, Problem.WRONG_VALUES, Repair.OPENED)
                state[wrong] = OPEN
        return state

    def _right_seals(self, keys: Bytes, state: Bytes, reason: Bytes) -> npt.NDArray[np.uint32]:
        """Seals as they must be: kept where they fit, new where they are missing, none for open rows."""
        layers, fingerprint = self.slab.layers, self.table.fingerprint
        none = np.zeros((len(self.slab), 1 + len(layers)), np.uint32)
        seals = np.array(self.values.get(SEAL, none), np.uint32)
        seals[state == OPEN] = 0
        rows = np.flatnonzero((state != OPEN) & (seals[:, 0] == 0))
        seals[rows, 0] = outcome_seals(fingerprint, keys[rows], state[rows], reason[rows])
        for column, name in enumerate(layers, start=1):
            seals[rows, column] = layer_seals(fingerprint, name, keys[rows], self.values[name][rows])
        return seals


def _runs(rows: Mask, start: int) -> Iterator[tuple[int, int]]:
    """First and last row of each run of true values; `start` is the row of the first value."""
    true = np.flatnonzero(rows)
    for run in np.split(true, np.flatnonzero(np.diff(true) > 1) + 1):
        if len(run):
            yield start + int(run[0]), start + int(run[-1])


def _any(values: npt.NDArray[Any]) -> Mask:
    """Rows in which something is not zero."""
    return np.array(values.any(axis=1), bool)
