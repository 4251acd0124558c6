"""The ingest of clips: those a loader names are checked against the files, then opened and catalogued."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mxt.core.clips import contents_of
from mxt.core.errors import InputError, MxtError, Reason, stage_failures
from mxt.core.identity import clip_id, microseconds
from mxt.core.made import Mapped
from mxt.core.progress import Progress
from mxt.core.records import Clip, DatasetRecord, FileRecord, Remark, Target
from mxt.core.stages import PublishesHashes
from mxt.core.text import written, written_all
from mxt.ingestion import published
from mxt.ingestion.changes import known_files
from mxt.ingestion.clips import ClipRecords, records
from mxt.ingestion.detection import Detected
from mxt.ingestion.earlier import Earlier, Replaced
from mxt.ingestion.reading import measured, save_in_batches
from mxt.ingestion.records import Ingested
from mxt.ingestion.requests import IngestRequest
from mxt.ingestion.summary import summarise
from mxt.ingestion.unchanged import noted, walk_source
from mxt.ingestion.walk import Walk, other_files, place_of
from mxt.ingestion.walked_files import NamedFiles
from mxt.stages.datasets.suffixes import SOUND, suffix
from mxt.store.layout import Store
from mxt.store.packed_files import PackedFiles

LONGEST_SECONDS = 1e9  # thirty years: where a clip may begin or end
MOST_SHARED = 10_000  # targets and fields that are held once for all clips that have the same


@dataclass(frozen=True)
class ClipPlan:
    """An ingest of clips whose audio is opened.

    Parameters
    ----------
    record : DatasetRecord
        The data set as it will be catalogued.
    detected : Detected
        The loader, and why this one.
    request : IngestRequest
        How files are opened, and which.
    clips : tuple of Clip
        Each id once, in catalogue order.
    files : mapping
        Path to record, of every file a clip names; unmeasured ones have no reason yet.
    others : tuple of FileRecord
        Files no clip names that are listed as left out: hidden ones, pictures, pipes, …
    remarks : tuple of Remark
        The loader's, and those of these checks.
    md5s : mapping
        Path to MD5, of the files whose published content the loader knows.
    earlier : Earlier, optional
        The same data set as it was ingested before.
    source : str
        Hash of all that this plan was made from.
    """

    record: DatasetRecord
    detected: Detected
    request: IngestRequest
    clips: tuple[Clip, ...]
    files: Mapping[str, FileRecord]
    others: tuple[FileRecord, ...]
    remarks: tuple[Remark, ...]
    md5s: Mapping[str, str]
    earlier: Earlier | None
    source: str

    def dry_run(self) -> Ingested:
        """What is known before any file is opened."""
        clips, remarks = self._records(self.files)
        summary = summarise(clips, self.record.targets, remarks, opened=False)
        return Ingested.of(self.record, self.detected.why, summary, dry_run=True)

    def carry_out(self, store: Store, progress: Progress) -> Ingested:
        """Open the files that are not known, and replace the data set in the catalogue."""
        catalogue, name, root = store.catalogue, self.record.name, self.record.root
        replaced = Replaced.of(catalogue, name, same=self.earlier is not None)
        catalogue.begin(name, root)
        known = PackedFiles()
        if not self.request.rehash:  # by the last ingest, or by one that was interrupted
            known.add(known_files(catalogue.files(name), self.files))
        if known and replaced.record is None:
            progress.say(f"continuing an interrupted ingest: {len(known):,} files are known")
        unknown = [path for path in self.files if path not in known and not self.files[path].reason]
        waiting = Mapped(self.files.__getitem__, unknown)
        opened = measured(root, waiting, self.md5s, self.request, progress)
        settled = save_in_batches(catalogue, name, opened, known)
        files = NamedFiles(self.files, known, self.files)
        clips, remarks = self._records(files)
        remarks += published.remarks(files, self.md5s)
        note = noted(self.source, self.detected) if settled else {}
        summary, changes = replaced.by(catalogue, self.record, clips, remarks, noted=note)
        return Ingested.of(self.record, self.detected.why, summary, changes, read=len(waiting))

    def _records(self, files: Mapping[str, FileRecord]) -> tuple[ClipRecords, list[Remark]]:
        always_cut = self.record.params.get("segments") == "yes"
        clips, remarks = records(self.clips, files, self.others, always_cut=always_cut)
        return clips, [*self.remarks, *remarks]


def plan_clips(
    walked: Walk, detected: Detected, name: str, request: IngestRequest, earlier: Earlier | None
) -> ClipPlan:
    """Ask a loader for the clips, and check them against the files there are.

    Raises
    ------
    InputError
        It names no clip, or none whose file is there.
    Refused
        Many files of the earlier ingest are gone, which needs ``--yes``.
    """
    named, remarks, md5s = _ask(detected, walked)
    clips, repeated = _each_once(_as_on_disk(clip, walked) for clip in named)
    files = _named_files(clips, walked)
    if not any(file.reason is Reason.NONE for file in files.values()):
        raise InputError(_nothing(walked, detected, clips))
    if earlier is not None and not (request.yes or request.dry_run):
        earlier.refuse_if_many_are_gone(files, walked.listing.root)
    rowless = [Remark("file without a row", path) for path in walked.files if _needs_a_row(path, files)]
    others = [*other_files(walked, files.keys()), *(f for f in walked.left_out if f.path not in files)]
    targets = tuple(dict.fromkeys(column for clip in clips for column in clip.targets))
    chosen = detected.chosen
    return ClipPlan(
        DatasetRecord(name, walked.listing.root, chosen.spec.name, chosen.params, targets, "", ""),
        detected,
        request,
        tuple(clips),
        files,
        tuple(sorted(others, key=lambda file: file.path)),
        (*detected.remarks, *remarks, *repeated, *rowless),
        md5s,
        earlier,
        walk_source(walked, detected),
    )


def _ask(detected: Detected, walked: Walk) -> tuple[list[Clip], list[Remark], Mapping[str, str]]:
    """What a loader says: clips, remarks, and the published hashes it knows."""
    clips, remarks = [], []
    share = _Shared()
    loader, listing = detected.loader, walked.listing
    try:
        md5s = loader.published_md5(listing) if isinstance(loader, PublishesHashes) else {}
        for item in loader.clips(listing):
            if isinstance(item, Clip):
                clips.append(catalogued(item, share))
            else:
                remarks.append(Remark(written(item.kind), written(item.text)))
    except MxtError:
        raise
    except stage_failures() as error:
        raise detected.failed(error) from error
    return clips, remarks, md5s


class _Shared:
    """Targets and fields that many clips have, each held once."""

    def __init__(self) -> None:
        self._known: dict[tuple[Any, ...], Any] = {}

    def __call__(self, mapping: Any) -> Any:
        """A mapping that was given before, and is equal; else this one."""
        contents = contents_of(mapping)
        if len(self._known) < MOST_SHARED:
            return self._known.setdefault(contents, mapping)
        return self._known.get(contents, mapping)


def catalogued(clip: Clip, share: Callable[[Any], Any] = lambda mapping: mapping) -> Clip:
    """A clip as the catalogue takes it: a segment only where it is one, labels and columns as text.

    `share` gives the mapping to be held in place of an equal one.

    Raises
    ------
    InputError
        Its times are beyond those of any recording.
    """
    if not all(abs(seconds) <= LONGEST_SECONDS for seconds in (clip.start or 0.0, clip.end or 0.0)):
        raise InputError(
            f"{written(clip.path)}: a segment from {clip.start or 0:g} to {clip.end or 0:g} s; "
            "correct its times, in seconds"
        )
    return Clip(
        catalogued_path(clip.path),
        start=None if clip.start == 0 and clip.end is None else clip.start,
        end=clip.end,
        targets=share(written_all(clip.targets)),
        split=written_all(clip.split),
        fold=written_all(clip.fold),
        group=written_all(clip.group),
        fields=share(written_all(clip.fields)),
    )


def catalogued_path(path: str) -> str:
    """The path of a clip as the catalogue takes it: what no file can be called is escaped."""
    try:
        os.fsencode(path)
    except UnicodeEncodeError:
        return written(path)
    return path


def _as_on_disk(clip: Clip, walked: Walk) -> Clip:
    """The clip with the path its file has: tables may write it with backslashes, or with ``..``."""
    if clip.path in walked.files:
        return clip
    return replace(clip, path=posixpath.normpath(clip.path.replace("\\", "/")))


def _each_once(clips: Iterable[Clip]) -> tuple[list[Clip], list[Remark]]:
    """Clips named twice become one; targets that differ are dropped, because nobody knows which is right."""
    by_id: dict[str, Clip] = {}
    remarks = []
    for clip in clips:
        name = clip_id(clip.path, microseconds(clip.start), microseconds(clip.end))
        first = by_id.setdefault(name, clip)
        if first is clip:
            continue
        differ = [column for column, value in clip.targets.items() if first.targets.get(column) != value]
        if not differ:
            remarks.append(Remark("clip in two rows", name))
            continue
        values = "; ".join(
            f"{column}: {_words(first.targets.get(column))} and {_words(clip.targets[column])}"
            for column in differ
        )
        remarks.append(Remark("clip in rows that disagree", f"{name}: {values}; taken as unlabelled"))
        none: dict[str, Target] = dict.fromkeys(differ)
        by_id[name] = replace(first, targets={**first.targets, **none})
    return list(by_id.values()), remarks


def _words(value: Target) -> str:
    return ", ".join(value) if isinstance(value, tuple) else "nothing" if value is None else str(value)


def _named_files(clips: Iterable[Clip], walked: Walk) -> NamedFiles:
    """The files that clips name, also those that are not there."""
    paths = dict.fromkeys(clip.path for clip in clips)
    left_out = {file.path: file for file in walked.left_out}
    others = {path: left_out.get(path) or _missing(path) for path in paths if path not in walked.files}
    return NamedFiles(paths, walked.files, others)


def _missing(path: str) -> FileRecord:
    where = "it lies outside the folder" if path.startswith(("../", "/")) else "no such file"
    return FileRecord(path, 0, 0, 0, reason=Reason.MISSING, detail=where)


def _needs_a_row(path: str, files: Mapping[str, FileRecord]) -> bool:
    return path not in files and suffix(path) in SOUND


def _nothing(walked: Walk, detected: Detected, clips: Sequence[Clip]) -> str:
    where, number = place_of(walked.listing), len(walked.listing.files)
    if clips:
        return (
            f"{where}: none of the {len(clips):,} clips that {detected.chosen.spec.name} names is there; "
            f"the first is {clips[0].path}"
        )
    return f"{where}: no audio among the {number:,} files" if number else f"{where}: no files"
