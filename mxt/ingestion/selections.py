"""Derivations that keep the clips as they are: other labels, or fewer clips."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from mxt.core.clips import Mask
from mxt.core.columns import Column, Rows
from mxt.core.errors import AudioError, InputError, UnknownName, UsageError, listed
from mxt.core.records import ClipRecord, Remark
from mxt.evaluation.columns import choose_target, target_values
from mxt.ingestion.clip_names import names_in
from mxt.ingestion.levels import clip_levels
from mxt.ingestion.nsynth_subsets import SUBSETS, fullest
from mxt.ingestion.parents import Made, Parent, Passes

LOUDNESS = "loudness"


def min_class_size(parent: Parent, options: Mapping[str, Any]) -> Made:
    """The classes that have at least `size` usable clips."""
    column, values = _classes_of(parent, options.get("target"))
    sizes = Counter(value for value in values[parent.clips.usable] if value is not None)
    kept = {name for name, size in sizes.items() if size >= options["size"]}
    if not kept:
        largest = max(sizes.values(), default=0)
        raise InputError(f"no class of {column!r} has {options['size']:,} clips; the largest has {largest:,}")
    return _of_classes(parent, column, values, kept)


def classes(parent: Parent, options: Mapping[str, Any]) -> Made:
    """Some classes, by name."""
    column, values = _classes_of(parent, options.get("target"))
    there = [value for value in values.distinct() if value is not None]
    for name in options["names"]:
        if name not in there:
            raise UnknownName(f"class of {column}", name, there)
    return _of_classes(parent, column, values, set(options["names"]))


def without(parent: Parent, options: Mapping[str, Any]) -> Made:
    """All clips except those that a file names: by id, by path, or by a file name that only one file has."""
    left_out, remarks = names_in(options["file"], parent.clips)
    if not len(left_out):
        first = f": {remarks[0].text} is {remarks[0].kind}" if remarks else ""
        raise InputError(
            f"{options['file']} names no clip of {parent.record.name}, "
            f"so that nothing would be left out{first}"
        )
    kept = np.ones(len(parent.clips), dtype=bool)
    kept[left_out] = False
    return Made(parent.clips[kept], parent.record.targets, remarks)


def loudness_classes(parent: Parent, options: Mapping[str, Any]) -> Made:
    """Classes of equal size from the quietest, ``Loud1``, to the loudest; `only` keeps some of them."""
    parts, only = options["parts"], options.get("only") or ()
    usable = np.flatnonzero(parent.clips.usable & parent.clips.has_audio)
    if len(usable) < parts:
        raise InputError(f"{len(usable)} usable clips of {parent.record.name} cannot make {parts:,} classes")
    names = [f"Loud{number + 1}" for number in range(parts)]
    for name in only:
        if name not in names:
            raise UnknownName("loudness class", name, names)
    values, remarks = _ranked(parent, usable, options["measure"], names)
    kept = values.where(only.__contains__) if only else np.ones(len(values), dtype=bool)
    made = _relabelled(parent, LOUDNESS, values, kept)
    return replace(made, remarks=remarks)


def _ranked(
    parent: Parent, rows: Rows, measure: str, names: Sequence[str]
) -> tuple[Column[str | None], tuple[Remark, ...]]:
    """The loudness class of each clip, of these rows alone, and the clips that could not be measured."""
    clips = parent.clips[rows]
    levels = clip_levels(
        parent.record.root, clips, loudness=measure == "lufs", jobs=parent.jobs, progress=parent.progress
    )
    measured, remarks = [], []
    for index, level in enumerate(levels):
        if isinstance(level, AudioError):
            remarks.append(Remark("could not be measured", f"{clips.ids[index]}: {level}"))
        else:
            measured.append((getattr(level, measure), index))
    ranked = rows[[index for _, index in sorted(measured)]]
    codes = np.full(len(parent.clips), len(names), dtype=np.int32)
    codes[ranked] = np.arange(len(ranked)) * len(names) // max(len(ranked), 1)
    return Column(codes, [*names, None]), tuple(remarks)


def nsynth(parent: Parent, options: Mapping[str, Any]) -> Made:
    """A subset of NSynth like those of Shtern et al. 2017: the fullest instruments of some families."""
    from mxt.evaluation.tasks import class_name

    if options["subset"] not in SUBSETS:
        raise UnknownName("subset of NSynth", options["subset"], SUBSETS)
    subset = SUBSETS[options["subset"]]
    kept = fullest(parent.clips, subset, options.get("families") or ())
    column = subset.target
    values = parent.clips.targets.map(
        lambda targets: class_name(targets[column]) if targets.get("instrument") in kept else None
    )
    made = _relabelled(parent, column, values, values.where(lambda value: value is not None))
    text = (
        f"{listed(sorted(kept))}: too few for grouped folds; "
        "evaluate with --protocol shtern2017, or --group-by file"
    )
    return replace(made, remarks=(Remark("instruments, each a group", text),))


def _classes_of(parent: Parent, target: str | None) -> tuple[str, Column[str | None]]:
    """The column, and each clip's class in it."""
    from mxt.evaluation.tasks import class_name

    column = choose_target(parent.clips, parent.record.targets, target)
    values = target_values(parent.clips, column)
    different = values.distinct()
    if any(isinstance(value, tuple) for value in different):
        raise UsageError(
            f"{column!r} has several labels per clip: classes are needed; choose another --target"
        )
    if any(isinstance(value, float) and not value.is_integer() for value in different):
        raise UsageError(f"{column!r} holds numbers: classes are needed; choose another --target")
    return column, values.map(lambda value: None if value in (None, "") else class_name(value))


def _of_classes(
    parent: Parent, column: str, values: Column[str | None], kept: Collection[str | None]
) -> Made:
    """The clips of some classes; their column becomes the first target."""
    return _relabelled(parent, column, values, values.where(kept.__contains__))


def _relabelled(parent: Parent, column: str, values: Column[str | None], kept: Mask) -> Made:
    """Some of the clips, with their values in a column that becomes the first target."""
    clips, values = parent.clips[kept], values[kept]

    def relabelled() -> Iterator[ClipRecord]:
        for clip, value in zip(clips, values, strict=True):
            others = {name: other for name, other in clip.targets.items() if name != column}
            yield replace(clip, targets={column: value, **others})

    others = (name for name in parent.record.targets if name != column)
    return Made(Passes(relabelled), (column, *others))
