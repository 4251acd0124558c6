"""Records of many files, packed into some 250 bytes each until one is asked for."""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Iterator, Mapping

from mxt.core.records import FileRecord
from mxt.store.catalogue_rows import file_record, file_row


class PackedFiles(Mapping[str, FileRecord]):
    """Path to record; a record is made each time it is asked for."""

    def __init__(self, files: Iterable[FileRecord] = ()) -> None:
        self._rows: dict[str, bytes] = {}
        self.add(files)

    def add(self, files: Iterable[FileRecord]) -> None:
        """Add or renew records."""
        for file in files:
            self._rows[file.path] = pickle.dumps(file_row(file)[1:])

    def __getitem__(self, path: str) -> FileRecord:
        return file_record((path, *pickle.loads(self._rows[path])))

    def __contains__(self, path: object) -> bool:
        return path in self._rows

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)
