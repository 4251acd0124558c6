"""How a derived data set comes out of its parent: other labels, fewer clips, or parts of them. No audio is copied.

Each derivation is a function from the parent's clips and plain options to clips, targets, and what should be
said of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mxt.core.errors import AudioError, InputError, Reason, UnknownName, UsageError, listed
from mxt.core.identity import audio_key, clip_id, microseconds
from mxt.core.progress import SILENT, Progress
from mxt.core.records import ClipRecord, DatasetRecord, Remark, Target, is_other
from mxt.evaluation.columns import choose_target, target_values
from mxt.evaluation.tasks import class_name
from mxt.ingestion.clip_names import names_in
from mxt.ingestion.levels import clip_levels
from mxt.ingestion.nsynth_subsets import SUBSETS, fullest

LOUDNESS = "loudness"
MEASURES = ("rms", "peak", "lufs")


@dataclass(frozen=True)
class Parent:
    """The data set that is derived from, and how its audio may be read.

    Parameters
    ----------
    clips : tuple of ClipRecord
        Without files of other kinds.
    """

    record: DatasetRecord
    clips: tuple[ClipRecord, ...]
    jobs: int | None = None
    progress: Progress = SILENT

    @classmethod
    def of(cls, record: DatasetRecord, clips: Sequence[ClipRecord], **more: Any) -> Parent:
        """The parent in the catalogue's words."""
        return cls(record, tuple(clip for clip in clips if not is_other(clip.file)), **more)


@dataclass(frozen=True, slots=True)
class Made:
    """A data set that was derived: its clips, its targets in order, and what should be said."""

    clips: tuple[ClipRecord, ...]
    targets: tuple[str, ...]
    remarks: tuple[Remark, ...] = ()


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


def min_class_size(parent: Parent, options: Mapping[str, Any]) -> Made:
    """Classes of at least `size` usable clips."""
    column, values = _classes_of(parent, options.get("target"))
    sizes = Counter(
        value for clip, value in zip(parent.clips, values, strict=True) if clip.usable and value is not None
    )
    kept = {name for name, size in sizes.items() if size >= options["size"]}
    if len(kept) < 1:
        raise InputError(
            f"no class of {column!r} has {options['size']:,} clips; the largest has {max(sizes.values(), default=0):,}"
        )
    return _of_classes(parent, column, values, kept)


def classes(parent: Parent, options: Mapping[str, Any]) -> Made:
    """Some classes, by name."""
    column, values = _classes_of(parent, options.get("target"))
    there = {value for value in values if value is not None}
    for name in options["names"]:
        if name not in there:
            raise UnknownName(f"class of {column}", name, there)
    return _of_classes(parent, column, values, set(options["names"]))


def without(parent: Parent, options: Mapping[str, Any]) -> Made:
    """All clips but those a file names, by id, by path, or by a file name that is there once."""
    gone, remarks = names_in(options["file"], parent.clips)
    if not gone:
        first = f": {remarks[0].text} is {remarks[0].kind}" if remarks else ""
        raise InputError(
            f"{options['file']} names no clip of {parent.record.name}, so all of it would be left{first}"
        )
    return Made(tuple(clip for clip in parent.clips if clip.id not in gone), parent.record.targets, remarks)


def loudness_classes(parent: Parent, options: Mapping[str, Any]) -> Made:
    """Classes of equal size from the quietest, ``Loud1``, to the loudest; `only` keeps some of them."""
    parts, only = options["parts"], options.get("only") or ()
    usable = [clip for clip in parent.clips if clip.usable and clip.has_audio]
    if len(usable) < parts:
        raise InputError(f"{len(usable)} usable clips of {parent.record.name} cannot make {parts:,} classes")
    names = [f"Loud{number + 1}" for number in range(parts)]
    for name in only:
        if name not in names:
            raise UnknownName("loudness class", name, names)
    measure = options["measure"]
    found = clip_levels(
        parent.record.root, usable, loudness=measure == "lufs", jobs=parent.jobs, progress=parent.progress
    )
    remarks = [
        Remark("could not be measured", f"{clip.id}: {one}")
        for clip, one in zip(usable, found, strict=True)
        if isinstance(one, AudioError)
    ]
    levels = [
        (getattr(one, measure), place) for place, one in enumerate(found) if not isinstance(one, AudioError)
    ]
    class_of: dict[str, Target] = {}
    ranked = [usable[place].id for _, place in sorted(levels)]
    for place, id_ in enumerate(ranked):
        class_of[id_] = names[place * parts // len(ranked)]
    clips = [
        replace(clip, targets={LOUDNESS: class_of.get(clip.id), **_others(clip, LOUDNESS)})
        for clip in parent.clips
    ]
    if only:
        clips = [clip for clip in clips if clip.targets[LOUDNESS] in only]
    return Made(tuple(clips), _first(LOUDNESS, parent.record.targets), tuple(remarks))


def nsynth(parent: Parent, options: Mapping[str, Any]) -> Made:
    """A subset of NSynth like those of Shtern et al. 2017: the fullest instruments of some families."""
    subset = SUBSETS[options["subset"]]
    kept = fullest(parent.clips, subset, options.get("families") or ())
    column = subset.target
    values = [
        class_name(clip.targets[column]) if clip.targets.get("instrument") in kept else None
        for clip in parent.clips
    ]
    made = _of_classes(parent, column, values, {value for value in values if value is not None})
    text = f"{listed(sorted(kept))}: too few for grouped folds; evaluate with --protocol shtern2017, or --group-by file"
    return replace(made, remarks=(Remark("instruments, each a group", text),))


def _classes_of(parent: Parent, target: str | None) -> tuple[str, list[str | None]]:
    """The column, and each clip's class in it."""
    column = choose_target(parent.clips, parent.record.targets, target)
    values = target_values(parent.clips, column)
    if any(isinstance(value, tuple) for value in values):
        raise UsageError(f"{column!r} has several labels a clip: classes are needed; choose another --target")
    if any(isinstance(value, float) and not value.is_integer() for value in values):
        raise UsageError(f"{column!r} holds numbers: classes are needed; choose another --target")
    return column, [None if value in (None, "") else class_name(value) for value in values]


def _of_classes(parent: Parent, column: str, values: Sequence[str | None], kept: set[str]) -> Made:
    """The clips of some classes; their column becomes the first target."""
    clips = tuple(
        replace(clip, targets={column: value, **_others(clip, column)})
        for clip, value in zip(parent.clips, values, strict=True)
        if value in kept
    )
    return Made(clips, _first(column, parent.record.targets))


def _others(clip: ClipRecord, column: str) -> dict[str, Target]:
    return {name: value for name, value in clip.targets.items() if name != column}


def _first(column: str, targets: Sequence[str]) -> tuple[str, ...]:
    return (column, *(name for name in targets if name != column))


DERIVATIONS: Mapping[str, Callable[[Parent, Mapping[str, Any]], Made]] = {
    "loudness-classes": loudness_classes,
    "min-class-size": min_class_size,
    "excerpt": excerpt,
    "windows": windows,
    "classes": classes,
    "without": without,
    "nsynth": nsynth,
}
CUTTING = ("excerpt", "windows")  # these make other clips; the features of the others are there already
