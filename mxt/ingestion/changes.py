"""An ingest of what was ingested before: what is known, what has changed, and what needs a word first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mxt.core.errors import Reason, Refused
from mxt.core.identity import sha256_file
from mxt.core.records import ClipRecord, DatasetRecord, FileRecord, is_other

MANY_GONE, SHARE_GONE = 5, 0.10
MOST_HASHED = 16
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


def find_changes(
    before: DatasetRecord | None, old: Sequence[ClipRecord], clips: Sequence[ClipRecord], root: str
) -> Changes:
    """What differs between the clips of before and those of now; hidden and other files do not count."""
    if before is None:
        return Changes()
    was = {clip.id: clip for clip in old if not is_other(clip.file)}
    now = {clip.id: clip for clip in clips if not is_other(clip.file)}
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
    """Records of the files of `now` that need not be opened: path, size and time are as before, or the file was renamed."""
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
    return file.measurement is not None or (file.reason in _SETTLED and not is_other(file))


def holds_other_files(
    before: DatasetRecord, old: Mapping[str, FileRecord], now: Mapping[str, FileRecord], root: str
) -> bool:
    """Whether `root` is another folder than that of before, and not the same one moved to another place."""
    used = {path: file for path, file in old.items() if file.measurement is not None}
    if before.root != root and any(file.measurement is None and not file.reason for file in old.values()):
        return True  # it came as features, without audio
    return before.root != root and bool(used) and not _same_content(used, now, root)


def refuse_if_many_are_gone(
    before: DatasetRecord, old: Mapping[str, FileRecord], now: Mapping[str, FileRecord], root: str
) -> None:
    """Stop where much of what was catalogued is not there any more.

    Raises
    ------
    Refused
        It needs ``--yes``.
    """
    used = {path: file for path, file in old.items() if file.measurement is not None}
    there = {(file.size, file.mtime_ns) for file in now.values() if not file.reason}
    gone = [
        path
        for path, file in used.items()
        if _absent(now.get(path)) and (file.size, file.mtime_ns) not in there
    ]
    if len(gone) > MANY_GONE and len(gone) > SHARE_GONE * len(used):
        raise Refused(
            f"{len(gone):,} of the {len(used):,} files of {before.name} are not in {root} any more (the first: {gone[0]}): "
            "is all of it there? If they are meant to be gone, add --yes"
        )


def _absent(file: FileRecord | None) -> bool:
    return file is None or file.reason is Reason.MISSING


def _same_content(old: Mapping[str, FileRecord], now: Mapping[str, FileRecord], root: str) -> bool:
    """Whether half of the files, by path and size, or by the content of a few of equal size, are those of before."""
    same = sum(path in now and now[path].size == file.size for path, file in old.items())
    if 2 * same >= min(len(old), len(now)):
        return True
    sizes = {file.size for file in old.values()}
    content = {file.measurement.sha256 for file in old.values() if file.measurement is not None}
    alike = [path for path, file in now.items() if file.size in sizes and not file.reason]
    looked_at = alike[:: -(-len(alike) // MOST_HASHED) or 1]
    found = sum(_hash(Path(root, path)) in content for path in looked_at)
    return len(alike) * 2 >= min(len(old), len(now)) and found * 2 >= len(looked_at)


def _hash(path: Path) -> str:
    try:
        return sha256_file(path)
    except OSError:
        return ""
