"""What a derivation is given, and what it gives: both as clips of the catalogue."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from mxt.core.clips import Clips
from mxt.core.progress import SILENT, Progress
from mxt.core.records import ClipRecord, DatasetRecord, Remark


@dataclass(frozen=True)
class Parent:
    """The data set that is derived from, and how its audio may be read.

    Parameters
    ----------
    clips : Clips
        Without files of other kinds.
    jobs : int, optional
        Clips read at a time (default: one per core).
    """

    record: DatasetRecord
    clips: Clips
    jobs: int | None = None
    progress: Progress = SILENT


@dataclass(frozen=True, slots=True)
class Passes(Iterable[ClipRecord]):
    """Clips that are made each time they are iterated over: none of them is held."""

    begin: Callable[[], Iterator[ClipRecord]]

    def __iter__(self) -> Iterator[ClipRecord]:
        return self.begin()


@dataclass(frozen=True, slots=True)
class Made:
    """What a derivation gives.

    Parameters
    ----------
    clips : iterable of ClipRecord
        May be iterated over several times.
    targets : tuple of str
        In order, the default one first.
    remarks : sequence of Remark
        Complete once all clips were iterated over.
    """

    clips: Iterable[ClipRecord]
    targets: tuple[str, ...]
    remarks: Sequence[Remark] = ()
