"""Derivations that cut: each makes other clips of its parent's recordings. No audio is copied."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from mxt.core.errors import InputError, Reason
from mxt.core.identity import audio_key, clip_id, microseconds
from mxt.core.records import ClipRecord, Remark
from mxt.ingestion.parents import Made, Parent


def excerpt(parent: Parent, options: Mapping[str, Any]) -> Made:
    """The part of each clip from `start` on, `length` seconds long: shorter where the clip ends before, all of it where it can be."""
    start, length = options["start"], options["length"]
    clips, remarks = [], []
    for clip in parent.clips:
        found = part(clip, start, length)
        if found.usable and found.duration < length - 1e-3:
            remarks.append(Remark("shorter than the excerpt", f"{found.id}: {found.duration:.3f} s"))
        clips.append(found)
    return _each_once(clips, parent.record.targets, remarks)


def windows(parent: Parent, options: Mapping[str, Any]) -> Made:
    """Whole windows of `length` seconds every `hop` seconds; a shorter clip is one. The recording, or what is known of it, is the group."""
    length, hop = options["length"], options["hop"]
    longest = max((clip.duration for clip in parent.clips if clip.usable), default=0.0)
    if 0 < longest < length:
        raise InputError(
            f"no clip of {parent.record.name} is as long as a window of {length:g} s: the longest has {longest:.3f} s"
        )
    clips, remarks = [], []
    for clip in parent.clips:
        group = clip.group or clip.file.path
        if not clip.usable or clip.duration < length:
            if clip.usable:
                remarks.append(
                    Remark("shorter than a window, kept whole", f"{clip.id}: {clip.duration:.3f} s")
                )
            clips.append(replace(clip, group=group))
            continue
        number = 1 + int((clip.duration - length) / hop + 1e-6)
        clips += [replace(part(clip, place * hop, length), group=group) for place in range(number)]
    return _each_once(clips, parent.record.targets, remarks)


def part(clip: ClipRecord, start: float, length: float) -> ClipRecord:
    """A part of a clip: `length` seconds from `start` of the clip on, up to its end at most; the clip itself where that is all of it."""
    from mxt.audio.measure import SHORTEST_SECONDS

    measured = clip.file.measurement
    if not clip.usable or measured is None:
        return clip
    left = clip.duration - start
    begin, end = (clip.start_us or 0) + (microseconds(start) or 0), clip.end_us
    if left > length + 1e-6:
        end = begin + (microseconds(length) or 0)
    start_us = clip.start_us if start == 0 else begin
    if start_us is None and end is not None:
        start_us = 0
    found = replace(clip, id=clip_id(clip.file.path, start_us, end), start_us=start_us, end_us=end)
    if left < SHORTEST_SECONDS:
        detail = f"the excerpt begins at {start:g} s, the clip has {clip.duration:.3f} s"
        return replace(found, key=None, reason=Reason.TOO_SHORT, detail=detail)
    return replace(found, key=audio_key(measured.sha256, start_us, end))


def _each_once(clips: Sequence[ClipRecord], targets: tuple[str, ...], remarks: Sequence[Remark]) -> Made:
    """Parts that several clips of one file share are one clip."""
    found: dict[str, ClipRecord] = {}
    for clip in clips:
        found.setdefault(clip.id, clip)
    shared = len(clips) - len(found)
    more = (
        [Remark("the same part of a file", f"{shared:,} clips are left out: another one is the same part")]
        if shared
        else []
    )
    return Made(tuple(found.values()), targets, (*remarks, *more))
