"""What an earlier ingest already knows of files, and what has changed since."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace

from mxt.core.errors import Reason
from mxt.core.records import DatasetRecord, FileKind, FileRecord
from mxt.store.catalogue_changes import ClipChanges

_SETTLED = (Reason.NOT_AUDIO, Reason.EMPTY, Reason.TOO_SHORT, Reason.NOT_FINITE, Reason.DECODER_FAILED)


@dataclass(frozen=True, slots=True)
class Changes:
    """Ids of clips that differ from the ingest before; `first` where there was none."""

    first: bool = True
    new: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    relabelled: tuple[str, ...] = ()
    moved_from: str = ""


FIRST = Changes()


def found_changes(changes: ClipChanges | None, before: DatasetRecord | None, root: str) -> Changes:
    """What differs between an earlier data set and its successor in the folder `root`."""
    if before is None or changes is None:
        return FIRST
    return Changes(first=False, **asdict(changes), moved_from=before.root if before.root != root else "")


def known_files(old: Mapping[str, FileRecord], now: Mapping[str, FileRecord]) -> Iterator[FileRecord]:
    """Files of `now` that need not be opened: path, size and time are as before, or the file was renamed."""
    if not old:
        return
    renamed = {_looks(file): file for file in (old[path] for path in old if path not in now)}
    for path, file in now.items():
        before = old.get(path)
        if before is None or (before.size, before.mtime_ns) != (file.size, file.mtime_ns):
            before = renamed.get(_looks(file))
        if before is not None and not file.reason and is_settled(before):
            yield replace(file, measurement=before.measurement, reason=before.reason, detail=before.detail)


def _looks(file: FileRecord) -> tuple[int, int, int]:
    return file.inode, file.size, file.mtime_ns


def is_settled(file: FileRecord) -> bool:
    """Whether a file need not be opened again while it looks as it did."""
    return file.measurement is not None or (file.reason in _SETTLED and file.kind is FileKind.CLIP)
