"""What an earlier ingest already knows of files, and what has changed since."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from mxt.core.errors import Reason
from mxt.core.records import ClipRecord, DatasetRecord, FileKind, FileRecord

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


def find_changes(
    before: DatasetRecord | None, old: Sequence[ClipRecord], clips: Sequence[ClipRecord], root: str
) -> Changes:
    """What differs between the earlier clips and those of now; hidden and other files do not count."""
    if before is None:
        return FIRST
    was = {clip.id: clip for clip in old if clip.is_clip}
    now = {clip.id: clip for clip in clips if clip.is_clip}
    both = [(id_, was[id_], clip) for id_, clip in now.items() if id_ in was]
    return Changes(
        first=False,
        new=tuple(id_ for id_ in now if id_ not in was),
        changed=tuple(id_ for id_, a, b in both if a.key != b.key or a.reason != b.reason),
        gone=tuple(id_ for id_ in was if id_ not in now),
        relabelled=tuple(id_ for id_, a, b in both if dict(a.targets) != dict(b.targets)),
        moved_from=before.root if before.root != root else "",
    )


def known_files(old: Mapping[str, FileRecord], now: Mapping[str, FileRecord]) -> dict[str, FileRecord]:
    """Files of `now` that need not be opened: path, size and time are as before, or the file was renamed."""
    renamed = {_looks(file): file for path, file in old.items() if path not in now}
    known = {}
    for path, file in now.items():
        before = old.get(path)
        if before is None or (before.size, before.mtime_ns) != (file.size, file.mtime_ns):
            before = renamed.get(_looks(file))
        if before is not None and not file.reason and _settled(before):
            known[path] = replace(
                file, measurement=before.measurement, reason=before.reason, detail=before.detail
            )
    return known


def _looks(file: FileRecord) -> tuple[int, int, int]:
    return file.inode, file.size, file.mtime_ns


def _settled(file: FileRecord) -> bool:
    return file.measurement is not None or (file.reason in _SETTLED and file.kind is FileKind.CLIP)
