"""What a derivation is given, and what it gives: both as clips of the catalogue."""

from __future__ import annotations

from dataclasses import dataclass

from mxt.core.progress import SILENT, Progress
from mxt.core.records import ClipRecord, DatasetRecord, Remark


@dataclass(frozen=True)
class Parent:
    """The data set that is derived from, and how its audio may be read.

    Parameters
    ----------
    clips : tuple of ClipRecord
        Without files of other kinds.
    jobs : int, optional
        Clips read at a time (default: one per core).
    """

    record: DatasetRecord
    clips: tuple[ClipRecord, ...]
    jobs: int | None = None
    progress: Progress = SILENT


@dataclass(frozen=True, slots=True)
class Made:
    """What a derivation gives: clips, targets in order, and remarks."""

    clips: tuple[ClipRecord, ...]
    targets: tuple[str, ...]
    remarks: tuple[Remark, ...] = ()
