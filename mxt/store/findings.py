"""What `verify` finds: where, which rows, what is wrong, and what was done about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mxt.core.errors import StoreDamaged, StoreError


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it was written.

    Parameters
    ----------
    place : str
        Label of a feature table, ``"catalogue"``, or the id of a result.
    part : str
        The array or file.
    what : str
        What is wrong.
    first, last : int, optional
        Rows concerned, both included.
    damage : bool
        False: nothing is lost, a run was only cut short.
    repair : str
        What `--repair` does about it; empty where it can do nothing.
    reachable : bool
        False: it cannot be read now (no permission, a drive that has gone), which says nothing about what is
        in it.
    """

    place: str
    part: str
    what: str
    first: int | None = None
    last: int | None = None
    damage: bool = True
    repair: str = ""
    reachable: bool = True

    def __str__(self) -> str:
        rows = (
            ""
            if self.first is None
            else f" rows {self.first} to {self.last}"
            if self.first != self.last
            else f" row {self.first}"
        )
        return f"{self.place}: {self.part}{rows}: {self.what}" if self.part else f"{self.place}: {self.what}"


def told(place: str, part: str, error: StoreError) -> Finding:
    """What keeps something from being read, as a finding: damage, or an error of the system, which is none."""
    damage = isinstance(error, StoreDamaged)
    return Finding(place, part, str(error), damage=damage, reachable=damage)


@dataclass(frozen=True, slots=True)
class TableReport:
    """One feature table as verified.

    Parameters
    ----------
    label, fingerprint : str
        The table; the label is empty where its attributes cannot be read.
    rows, chunks, nbytes : int
        What was read.
    findings : tuple of Finding
        What is wrong with it.
    opened : int
        Rows that are computed again by the next extraction.
    """

    label: str
    fingerprint: str
    rows: int = 0
    chunks: int = 0
    nbytes: int = 0
    findings: tuple[Finding, ...] = ()
    opened: int = 0


def runs(rows: npt.NDArray[np.bool_], start: int) -> Iterable[tuple[int, int]]:
    """First and last row of each run of true values; `start` is the row of the first value."""
    at = np.flatnonzero(rows)
    for run in np.split(at, np.flatnonzero(np.diff(at) > 1) + 1):
        if len(run):
            yield start + int(run[0]), start + int(run[-1])
