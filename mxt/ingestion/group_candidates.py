"""What clips may be grouped by, gathered in one pass: folders, fields and further targets."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from functools import lru_cache
from pathlib import PurePosixPath

import numpy as np
import numpy.typing as npt

from mxt.core.records import ClipRecord
from mxt.evaluation.groupings import NO_GROUPS, Divisions, text_of

Codes = npt.NDArray[np.int64]
_EMPTY = hash("")


class GroupCandidates:
    """The ways to group clips that `mxt.evaluation.groupings.proposals` finds, without the values themselves.

    Of each value its 64-bit hash is kept: they tell more values apart than a catalogue holds.

    Parameters
    ----------
    target : str
        The column that is predicted; empty where there is none.
    """

    def __init__(self, target: str) -> None:
        self.target, self.clips = target, 0
        self._classes, self._folders = array("q"), array("q")
        self._columns: dict[str, array[int] | None] = {}  # None: what is measured groups nothing

    def add(self, clip: ClipRecord) -> None:
        """Look at one clip."""
        targets, fields = clip.targets, clip.fields
        self._classes.append(hash(text_of(targets.get(self.target, fields.get(self.target)))))
        self._folders.append(hash(_folder(clip.file.path.rpartition("/")[0])))
        for name in (*targets, *fields):
            if name not in self._columns:
                known = array("q", [_EMPTY]) * self.clips
                self._columns[name] = None if name in (self.target, *NO_GROUPS) else known
        for name, column in self._columns.items():
            if column is None:
                continue
            value = targets.get(name, fields.get(name))
            if isinstance(value, float):
                self._columns[name] = None
            else:
                column.append(hash(text_of(value)))
        self.clips += 1

    def groups(self) -> dict[str, int]:
        """Name of each way that divides the clips, and not as their classes do, and its number of groups."""
        divisions = Divisions(np.frombuffer(self._classes, np.int64))
        groups = {name: divisions.groups(hashes, hashes == _EMPTY) for name, hashes in self._ways()}
        return {name: number for name, number in groups.items() if number}

    def _ways(self) -> Iterator[tuple[str, Codes]]:
        yield "folder", np.frombuffer(self._folders, np.int64)
        for name, column in self._columns.items():
            if column is not None:
                yield name, np.frombuffer(column, np.int64)


@lru_cache(maxsize=4096)
def _folder(path: str) -> str:
    """The name of a folder as its files have it: ``.`` for the root."""
    return str(PurePosixPath(path))
