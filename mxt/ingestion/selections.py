"""Derivations that keep the clips as they are: other labels, or fewer clips."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from mxt.core.errors import AudioError, InputError, UnknownName, UsageError, listed
from mxt.core.records import ClipRecord, Remark, Target
from mxt.evaluation.columns import choose_target, target_values
from mxt.ingestion.clip_names import names_in
from mxt.ingestion.levels import clip_levels
from mxt.ingestion.nsynth_subsets import SUBSETS, fullest
from mxt.ingestion.parents import Made, Parent

LOUDNESS = "loudness"


def min_class_size(parent: Parent, options: Mapping[str, Any]) -> Made:
    """The classes that have at least `size` usable clips."""
    column, values = _classes_of(parent, options.get("target"))
    sizes = Counter(
        value for clip, value in zip(parent.clips, values, strict=True) if clip.usable and value is not None
    )
    kept = {name for name, size in sizes.items() if size >= options["size"]}
    if not kept:
        largest = max(sizes.values(), default=0)
        raise InputError(f"no class of {column!r} has {options['size']:,} clips; the largest has {largest:,}")
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
    """All clips except those that a file names: by id, by path, or by a file name that only one file has."""
    left_out, remarks = names_in(options["file"], parent.clips)
    if not left_out:
        first = f": {remarks[0].text} is {remarks[0].kind}" if remarks else ""
        raise InputError(
            f"{options['file']} names no clip of {parent.record.name}, "
            f"so that nothing would be left out{first}"
        )
    kept = tuple(clip for clip in parent.clips if clip.id not in left_out)
    return Made(kept, parent.record.targets, remarks)


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
    class_of, remarks = _ranked(parent, usable, options["measure"], names)
    clips = [
        replace(clip, targets={LOUDNESS: class_of.get(clip.id), **_others(clip, LOUDNESS)})
        for clip in parent.clips
    ]
    if only:
        clips = [clip for clip in clips if clip.targets[LOUDNESS] in only]
    return Made(tuple(clips), _first(LOUDNESS, parent.record.targets), remarks)


def _ranked(
    parent: Parent, clips: Sequence[ClipRecord], measure: str, names: Sequence[str]
) -> tuple[dict[str, Target], tuple[Remark, ...]]:
    """The loudness class of each clip id, and the clips that could not be measured."""
    levels = clip_levels(
        parent.record.root, clips, loudness=measure == "lufs", jobs=parent.jobs, progress=parent.progress
    )
    measured, remarks = [], []
    for index, (clip, level) in enumerate(zip(clips, levels, strict=True)):
        if isinstance(level, AudioError):
            remarks.append(Remark("could not be measured", f"{clip.id}: {level}"))
        else:
            measured.append((getattr(level, measure), index))
    ranked = [clips[index].id for _, index in sorted(measured)]
    class_of: dict[str, Target] = {
        id_: names[rank * len(names) // len(ranked)] for rank, id_ in enumerate(ranked)
    }
    return class_of, tuple(remarks)


def nsynth(parent: Parent, options: Mapping[str, Any]) -> Made:
    """A subset of NSynth like those of Shtern et al. 2017: the fullest instruments of some families."""
    from mxt.evaluation.tasks import class_name

    if options["subset"] not in SUBSETS:
        raise UnknownName("subset of NSynth", options["subset"], SUBSETS)
    subset = SUBSETS[options["subset"]]
    kept = fullest(parent.clips, subset, options.get("families") or ())
    column = subset.target
    values = [
        class_name(clip.targets[column]) if clip.targets.get("instrument") in kept else None
        for clip in parent.clips
    ]
    made = _of_classes(parent, column, values, {value for value in values if value is not None})
    text = (
        f"{listed(sorted(kept))}: too few for grouped folds; "
        "evaluate with --protocol shtern2017, or --group-by file"
    )
    return replace(made, remarks=(Remark("instruments, each a group", text),))


def _classes_of(parent: Parent, target: str | None) -> tuple[str, list[str | None]]:
    """The column, and each clip's class in it."""
    from mxt.evaluation.tasks import class_name

    column = choose_target(parent.clips, parent.record.targets, target)
    values = target_values(parent.clips, column)
    if any(isinstance(value, tuple) for value in values):
        raise UsageError(
            f"{column!r} has several labels per clip: classes are needed; choose another --target"
        )
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
