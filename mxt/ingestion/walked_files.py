"""The regular files of a walk, in columns: a million of them take little more memory than their names."""

from __future__ import annotations

import os
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from operator import attrgetter, gt
from typing import TYPE_CHECKING

from mxt.core.records import FileRecord

if TYPE_CHECKING:
    from hashlib import _Hash

_SIZE, _TIME, _INODE = map(attrgetter, ("st_size", "st_mtime_ns", "st_ino"))

_SIZE, _TIME, _INODE = map(attrgetter, ("st_size", "st_mtime_ns", "st_ino"))


class WalkedFiles(Mapping[str, FileRecord]):
    """Path to record of files of which nothing is measured yet; a record is made when it is asked for.

    Paths are as `os.scandir` gives them: those that are not UTF-8 hold surrogates.
    """

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.sizes, self.times, self.inodes = array("q"), array("q"), array("Q")

    def add(self, files: Mapping[str, os.stat_result]) -> None:
        """Add files, path to status; `sort` is to be called before files are looked up."""
        self.paths.extend(files)
        self.sizes.extend(map(_SIZE, files.values()))
        self.times.extend(map(_TIME, files.values()))
        self.inodes.extend(map(_INODE, files.values()))

    def sort(self) -> None:
        """Bring the files into the order of their paths."""
        if any(map(gt, self.paths, islice(self.paths, 1, None))):
            order = sorted(range(len(self.paths)), key=self.paths.__getitem__)
            self.paths = [self.paths[i] for i in order]
            for column in (self.sizes, self.times, self.inodes):
                column[:] = array(column.typecode, map(column.__getitem__, order))

    def update(self, digest: _Hash) -> None:
        """Add paths, sizes, times and inodes of all files to a hash."""
        digest.update("\0".join(self.paths).encode("utf-8", "surrogatepass"))
        for column in (self.sizes, self.times, self.inodes):
            digest.update(column)

    def __getitem__(self, path: str) -> FileRecord:
        i = self._row(path)
        if i < 0:
            raise KeyError(path)
        return FileRecord(path, self.sizes[i], self.times[i], self.inodes[i])

    def __contains__(self, path: object) -> bool:
        return isinstance(path, str) and self._row(path) >= 0

    def _row(self, path: str) -> int:
        i = bisect_left(self.paths, path)
        return i if i < len(self.paths) and self.paths[i] == path else -1

    def __iter__(self) -> Iterator[str]:
        return iter(self.paths)

    def __len__(self) -> int:
        return len(self.paths)


class NamedFiles(Mapping[str, FileRecord]):
    """The files of some paths: of each, what the first of several mappings holds that knows it."""

    def __init__(self, paths: Iterable[str], *found: Mapping[str, FileRecord]) -> None:
        self._paths, self._found = dict.fromkeys(paths), found

    def __getitem__(self, path: str) -> FileRecord:
        if path in self._paths:
            for files in self._found:
                if (file := files.get(path)) is not None:
                    return file
        raise KeyError(path)

    def __contains__(self, path: object) -> bool:
        return path in self._paths

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths)

    def __len__(self) -> int:
        return len(self._paths)
