"""What `verify` finds, as records: what is wrong, where, in which rows, and what repairs it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from mxt.core.errors import StoreDamaged, StoreError


class Problem(Enum):
    """What is wrong. Comments name the `details` of a finding."""

    NOT_READABLE = auto()  # why a chunk cannot be read
    NOT_AS_WRITTEN = auto()
    WRONG_LENGTH = auto()  # rows an array is described with, rows it has
    TABLE_LOST = auto()
    KEYS_MISSING = auto()
    WRONG_KEYS = auto()
    KEYS_DIFFER = auto()
    KEYS_LOST = auto()
    CUT_SHORT = auto()
    NOT_SEALED = auto()
    SEALS_MISSING = auto()
    WRONG_SEALS = auto()
    NO_REASON = auto()
    NO_VALUES = auto()
    WRONG_VALUES = auto()
    CATALOGUE_MISSING = auto()
    CATALOGUE_EMPTY = auto()
    CATALOGUE_BROKEN = auto()  # what SQLite says, line by line
    DATASET_CHANGED = auto()  # the data set, its parts
    DATASETS_GONE = auto()  # how many
    DAMAGED = auto()  # the error of a reader
    NOT_REACHABLE = auto()  # the error of the system


HARMLESS = (Problem.CUT_SHORT, Problem.NOT_SEALED, Problem.NOT_REACHABLE)


class Repair(Enum):
    """What ``--repair`` does about a finding."""

    RESTORED = auto()  # from other arrays
    OPENED = auto()  # the rows are computed again
    NEW_ROWS = auto()  # the rows are given up, their clips get others
    WRITTEN_BACK = auto()
    SEALED = auto()


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it was written.

    Parameters
    ----------
    where : str
        Label of a feature table, ``"catalogue"``, or the id of a result.
    part : str
        The array or file.
    problem : Problem
        What is wrong.
    details : tuple
        What is known about it (see `Problem`).
    first, last : int, optional
        First and last row concerned.
    repair : Repair, optional
        What ``--repair`` does about it; ``None``: nothing can be done.
    """

    where: str
    part: str
    problem: Problem
    details: tuple[object, ...] = ()
    first: int | None = None
    last: int | None = None
    repair: Repair | None = None

    @property
    def damage(self) -> bool:
        """False: nothing is lost, or nothing is known."""
        return self.problem not in HARMLESS

    @property
    def reachable(self) -> bool:
        """False: it cannot be read now (no permission, a drive that is gone); its content is not known."""
        return self.problem is not Problem.NOT_REACHABLE


def error_finding(where: str, part: str, error: StoreError) -> Finding:
    """A finding from the error of a reader: damage, or an error of the system, which is none."""
    problem = Problem.DAMAGED if isinstance(error, StoreDamaged) else Problem.NOT_REACHABLE
    return Finding(where, part, problem, (str(error),))


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
        Rows that the next extraction computes again.
    """

    label: str
    fingerprint: str
    rows: int = 0
    chunks: int = 0
    nbytes: int = 0
    findings: tuple[Finding, ...] = ()
    opened: int = 0
