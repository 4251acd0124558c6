"""What a feature table records about its rows, and how rows are named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mxt.store.table_keys import Keys, find_rows
from mxt.store.table_schema import OPEN


@dataclass(frozen=True, slots=True)
class Ledger:
    """What a table records about its rows: whose they are and what became of them.

    Parameters
    ----------
    keys : uint8 [rows, 32]
        Audio keys.
    states, reasons : uint8 [rows]
        `OPEN`, `DONE` or `FAILED`; `Reason` of the failed ones.
    seals : uint32 [rows, 1 + layers], optional
        What binds them to their place; ``None`` in tables made by stores of schema 1.
    """

    keys: Keys
    states: npt.NDArray[np.uint8]
    reasons: npt.NDArray[np.uint8]
    seals: npt.NDArray[np.uint32] | None

    def rows_of(self, keys: Sequence[bytes] | Keys) -> npt.NDArray[np.int64]:
        """Row of each audio key, int64 [n]; -1 where there is none."""
        return find_rows(self.keys, keys)

    def states_of(
        self, keys: Sequence[bytes] | Keys
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
        """Row of each audio key (-1 where it has none), its state (then `OPEN`) and its reason."""
        rows = self.rows_of(keys)
        there = rows >= 0
        states, reasons = np.full(len(rows), OPEN, np.uint8), np.zeros(len(rows), np.uint8)
        states[there], reasons[there] = self.states[rows[there]], self.reasons[rows[there]]
        return rows, states, reasons


def name_rows(rows: npt.NDArray[np.int64]) -> str:
    """``"rows 3 to 7, 9"``, for messages; at most eight runs are named."""
    rows = np.unique(rows)
    runs = np.split(rows, np.flatnonzero(np.diff(rows) > 1) + 1)
    words = [str(run[0]) if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs[:8]]
    more = f" and {len(runs) - 8} more runs" if len(runs) > 8 else ""
    return ("row " if len(rows) == 1 else "rows ") + ", ".join(words) + more
