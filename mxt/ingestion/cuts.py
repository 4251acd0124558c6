"""Derivations that cut: each makes other clips of its parent's recordings. No audio is copied."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from mxt.core.errors import InputError, Reason
from mxt.core.identity import audio_key, clip_id, microseconds
from mxt.core.records import ClipRecord, Remark
from mxt.ingestion.parents import Made, Parent, Passes


def excerpt(parent: Parent, options: Mapping[str, Any]) -> Made:
    """A part of each clip: `length` seconds from `start` on, less where the clip ends earlier."""
    start, length = options["start"], options["length"]
    remarks: list[Remark] = []

    def cuts() -> Iterator[ClipRecord]:
        for clip in parent.clips:
            cut = part(clip, start, length)
            if cut.usable and cut.duration < length - 1e-3:
                remarks.append(Remark("shorter than the excerpt", f"{cut.id}: {cut.duration:.3f} s"))
            yield cut

    return _without_repetition(cuts, parent, remarks)


def windows(parent: Parent, options: Mapping[str, Any]) -> Made:
    """Windows of `length` seconds every `hop` seconds, grouped by recording; a shorter clip is one window."""
    length, hop = options["length"], options["hop"]
    longest = parent.clips.durations[parent.clips.usable].max(initial=0.0)
    if 0 < longest < length:
        raise InputError(
            f"no clip of {parent.record.name} is as long as a window of {length:g} s: "
            f"the longest lasts {longest:.3f} s"
        )
    remarks: list[Remark] = []

    def cuts() -> Iterator[ClipRecord]:
        for clip in parent.clips:
            group = clip.group or clip.file.path
            if not clip.usable or clip.duration < length:
                if clip.usable:
                    text = f"{clip.id}: {clip.duration:.3f} s"
                    remarks.append(Remark("shorter than a window, kept whole", text))
                yield replace(clip, group=group)
                continue
            for index in range(1 + int((clip.duration - length) / hop + 1e-6)):
                yield replace(part(clip, index * hop, length), group=group)

    return _without_repetition(cuts, parent, remarks)


def part(clip: ClipRecord, start: float, length: float) -> ClipRecord:
    """`length` seconds of a clip from `start` on, or up to its end; the clip itself if that is all of it."""
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
    cut = replace(clip, id=clip_id(clip.file.path, start_us, end), start_us=start_us, end_us=end)
    if left < SHORTEST_SECONDS:
        detail = f"the excerpt begins at {start:g} s, the clip has {clip.duration:.3f} s"
        return replace(cut, key=None, reason=Reason.TOO_SHORT, detail=detail)
    return replace(cut, key=audio_key(measured.sha256, start_us, end))


def _without_repetition(
    cuts: Callable[[], Iterator[ClipRecord]], parent: Parent, remarks: list[Remark]
) -> Made:
    """Parts that several clips of one file share become one clip; remarks are made anew by each pass."""

    def once() -> Iterator[ClipRecord]:
        remarks.clear()
        seen: set[str] = set()
        shared = 0
        for clip in cuts():
            if clip.id in seen:
                shared += 1
                continue
            seen.add(clip.id)
            yield clip
        if shared:
            text = f"{shared:,} clips are left out: another one is the same part"
            remarks.append(Remark("the same part of a file", text))

    return Made(Passes(once), parent.record.targets, remarks)
