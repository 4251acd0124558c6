"""Clips a loader named, and the files that were measured, as records of the catalogue."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from mxt.core.errors import Reason
from mxt.core.identity import audio_key, clip_id, microseconds
from mxt.core.records import Clip, ClipRecord, FileRecord, Remark

SLACK_SECONDS = 0.1  # tables round: a segment may end so long after its file without a word
BEYOND = "segment ends beyond its file"


@dataclass(frozen=True)
class ClipRecords:
    """Clips as the catalogue holds them, then the files beside them; each is made when its turn comes.

    Parameters
    ----------
    clips : sequence of Clip
    files : mapping
        Path to record.
    others : sequence of FileRecord
        Files that no clip names.
    """

    clips: Sequence[Clip]
    files: Mapping[str, FileRecord]
    others: Sequence[FileRecord]

    def __iter__(self) -> Iterator[ClipRecord]:
        for clip in self.clips:
            yield _record(clip, self.files[clip.path])
        for file in self.others:
            yield ClipRecord(file.path, file, None, file.reason, file.detail)


def records(
    clips: Sequence[Clip],
    files: Mapping[str, FileRecord],
    others: Sequence[FileRecord],
    *,
    always_cut: bool = False,
) -> tuple[ClipRecords, list[Remark]]:
    """Clips as the catalogue holds them, and remarks on their segments.

    Parameters
    ----------
    clips : sequence of Clip
        As a loader names them, each id once.
    files : mapping
        Path to record, measured (or not yet: a dry run).
    others : sequence of FileRecord
        Files that no clip names, as the catalogue lists them after the clips.
    always_cut : bool
        Whether start and end are segments even where they lie beyond the files.
    """
    remarks: list[Remark] = []
    if not always_cut:
        clips, remarks = _whole_where_segments_make_no_sense(clips, files)
    for clip in clips:
        if clip.end is None:
            continue
        measured = files[clip.path].measurement
        if measured is None or clip.end <= measured.duration + SLACK_SECONDS:
            continue
        if (record := _record(clip, files[clip.path])).usable:
            text = f"{record.id}: the file has {measured.duration:.3f} s; used up to there"
            remarks.append(Remark(BEYOND, text))
    return ClipRecords(clips, files, others), remarks


def _whole_where_segments_make_no_sense(
    clips: Sequence[Clip], files: Mapping[str, FileRecord]
) -> tuple[Sequence[Clip], list[Remark]]:
    """Take start and end for mere columns where they cannot be segments of these files.

    Tables of clips cut from longer recordings tell where each was cut from: every file has one row, and many
    of these times lie beyond the end of the clip.
    """
    cut = [clip for clip in clips if clip.start is not None or clip.end is not None]
    if not cut or max(Counter(clip.path for clip in clips).values()) > 1:
        return clips, []
    outside = [
        clip
        for clip in cut
        if (m := files[clip.path].measurement) is not None and (clip.start or 0.0) >= m.duration
    ]
    if len(outside) * 10 < len(cut):
        return clips, []
    text = (
        f"{len(outside):,} of {len(cut):,} begin beyond the end of their file, so they tell where it was cut "
        "from: whole files are used (--set segments=yes cuts them all the same)"
    )
    whole = [replace(clip, start=None, end=None) for clip in clips]
    return whole, [Remark("start and end are no segments", text)]


def _record(clip: Clip, file: FileRecord) -> ClipRecord:
    start_us, end_us = microseconds(clip.start), microseconds(clip.end)
    reason, detail, key = file.reason, file.detail, None
    if file.measurement is not None and not reason:
        reason, detail = _segment_fault(clip, file.measurement.duration)
        if not reason:
            key = audio_key(file.measurement.sha256, start_us, end_us)
    return ClipRecord(
        clip_id(clip.path, start_us, end_us),
        file,
        key,
        reason,
        detail,
        start_us,
        end_us,
        dict(clip.targets),
        clip.split,
        clip.fold,
        clip.group,
        dict(clip.fields),
    )


def _segment_fault(clip: Clip, duration: float) -> tuple[Reason, str]:
    from mxt.audio.measure import SHORTEST_SECONDS

    if clip.start is None and clip.end is None:
        return Reason.NONE, ""
    start, end = clip.start or 0.0, duration if clip.end is None else min(clip.end, duration)
    if start < 0:
        return Reason.TOO_SHORT, f"the segment begins at {start:g} s"
    if start >= duration:
        return Reason.TOO_SHORT, f"the segment begins at {start:g} s, the file has {duration:.3f} s"
    if end - start < SHORTEST_SECONDS:
        return (
            Reason.TOO_SHORT,
            f"the segment from {start:g} to {end:g} s; at least {SHORTEST_SECONDS * 1000:g} ms are needed",
        )
    return Reason.NONE, ""
