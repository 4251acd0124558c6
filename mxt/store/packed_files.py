"""Records of many files, packed into some 250 bytes each until one is asked for."""

from __future__ import annotations

import pickle
from collections import UserDict
from collections.abc import Iterable
from typing import Any

from mxt.core.records import FileRecord
from mxt.store.catalogue_rows import file_record, file_row


class PackedFiles(UserDict[str, Any]):
    """Path to `FileRecord`; a record is made each time it is asked for."""

    def __init__(self, files: Iterable[FileRecord] = ()) -> None:
        super().__init__()
        self.add(files)

    def add(self, files: Iterable[FileRecord]) -> None:
        """Add or renew records."""
        for file in files:
            self[file.path] = file

    def __setitem__(self, path: str, file: FileRecord) -> None:
        self.data[path] = pickle.dumps(file_row(file)[1:])

    def __getitem__(self, path: str) -> FileRecord:
        return file_record((path, *pickle.loads(self.data[path])))
