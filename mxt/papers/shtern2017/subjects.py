"""What is evaluated: the paper's data sets in a store, and those that have to be derived from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum

import numpy as np

from mxt.core.clips import Clips
from mxt.core.errors import InputError, UnknownName, UsageError
from mxt.core.records import ClipRecord, DatasetRecord, Target
from mxt.ingestion.lineage import ancestors
from mxt.ingestion.names import safe_name
from mxt.ingestion.nsynth_subsets import SUBSETS, fullest
from mxt.ingestion.parents import Parent
from mxt.ingestion.requests import DeriveRequest
from mxt.papers.shtern2017.tasks import (
    BALLROOM_SIZES,
    ROLES,
    TABLE_2,
    TASKS,
    Column,
    Task,
    dances_above,
    published,
)
from mxt.store.catalogue import Catalogue

FULL_SONGS = 90.0  # seconds: from here on an excerpt is the paper's, from second 30 to 60
EXCERPT = (30.0, 30.0)
SHARE = 8  # of shorter clips an eighth is taken, after an eighth: as of songs of four minutes
LONG = 8.0  # seconds: shorter clips are not cut
LOUDNESS_CLASSES = 5


class Kind(Enum):
    """What a data set is to the paper."""

    WHOLE = "Table 2"
    SHORT = "short"
    SUBSET = "Table 3"
    LOUDNESS = "loudness classes"


@dataclass(frozen=True, slots=True)
class Subject:
    """One data set that is evaluated.

    Parameters
    ----------
    dataset : str
        Its name in the store; it is derived first where `derived` says how.
    task : Task
    kind : Kind
    columns : tuple of Column
    derived : DeriveRequest, optional
    parts : int
        Classes of Table 3 or of loudness.
    part : bool
        Whether it was derived from another data set that is evaluated, too.
    published : mapping
        Accuracies, 0 to 1; empty where this is not the paper's data set.
    """

    dataset: str
    task: Task
    kind: Kind
    columns: tuple[Column, ...]
    derived: DeriveRequest | None = None
    parts: int = 0
    part: bool = False
    published: Mapping[Column, float] = field(default_factory=dict)

    @property
    def parent(self) -> str:
        """The data set of the store that it is, or is derived from."""
        return self.derived.parent or "" if self.derived else self.dataset


def find_subjects(
    catalogue: Catalogue, roles: Sequence[tuple[str, str]]
) -> tuple[tuple[Subject, ...], tuple[str, ...]]:
    """What can be evaluated in a store, and the words of the paper's data sets that are not there.

    Raises
    ------
    UnknownName
        No such role, or no such data set.
    """
    bases = list(_bases(catalogue, roles))
    names = {record.name for record, _ in bases}
    subjects = [
        replace(subject, part=any(other.name in names for other in ancestors(catalogue, record)))
        for record, task in bases
        for subject in _of_base(catalogue, record, task)
    ]
    there = {subject.task.name for subject in subjects}
    return tuple(subjects), tuple(task.words for task in TASKS.values() if task.name not in there)


def _bases(catalogue: Catalogue, roles: Sequence[tuple[str, str]]) -> Iterator[tuple[DatasetRecord, Task]]:
    for role, name in dict.fromkeys(roles):
        if role not in ROLES:
            raise UnknownName("data set of the paper", role, ROLES)
        yield catalogue.dataset(name), TASKS[role]
    for task in TASKS.values():
        for record in catalogue.datasets() if task.loader else ():
            if record.loader == task.loader:
                yield record, task


def _of_base(catalogue: Catalogue, record: DatasetRecord, task: Task) -> Iterator[Subject]:
    clips = catalogue.columns(record.name)
    clips = clips[clips.usable & clips.has_audio]
    if task.subset:
        yield from _nsynth(record, clips, task)
        return
    classes = set[Target]()
    if record.targets:
        classes = {targets.get(record.targets[0]) for targets in clips.targets.distinct()} - {None, ""}
    whole = task.is_whole(len(classes), len(clips))
    columns = (*TABLE_2, Column.COLOUR)
    yield Subject(record.name, task, Kind.WHOLE, columns, published=_table_2(task) if whole else {})
    seconds = float(np.median(clips.durations)) if len(clips) else 0.0
    if seconds >= LONG and task.name != "short-genre":
        yield _short(record, task, seconds, whole=whole)
    if task.name == "ballroom":
        yield from _subsets(record, task, {str(name) for name in classes}, whole=whole)
    for parts in (LOUDNESS_CLASSES, 2) if len(clips) >= LOUDNESS_CLASSES else ():
        yield _loudness(record, task, parts, whole=whole and task.name == "ballroom")


def _table_2(task: Task) -> dict[Column, float]:
    return _fractions(dict(zip(TABLE_2, published()["table_2"][task.name], strict=True)))


def _fractions(percent: Mapping[Column, float]) -> dict[Column, float]:
    return {column: value / 100 for column, value in percent.items()}


def _derived(
    record: DatasetRecord, kind: str, options: Mapping[str, object], name: str = ""
) -> DeriveRequest:
    """A derivation whose name is settled."""
    request = DeriveRequest(kind, options, record.name)
    suffix = name or request.derivation.suffix(request.options)
    return DeriveRequest(kind, options, record.name, safe_name(f"{record.name}-{suffix}"))


def _nsynth(record: DatasetRecord, clips: Clips, task: Task) -> Iterator[Subject]:
    """A subset, where there are enough families and instruments for it."""
    try:
        kept = fullest(clips, SUBSETS[task.subset])
    except (InputError, UsageError):
        return
    request = _derived(record, "nsynth", {"subset": task.subset})
    size = int(clips.targets.where(lambda targets: targets.get("instrument") in kept).sum())
    whole = task.is_whole(task.classes, size)
    yield Subject(
        str(request.name), task, Kind.WHOLE, TABLE_2, request, published=_table_2(task) if whole else {}
    )


def _short(record: DatasetRecord, task: Task, seconds: float, *, whole: bool) -> Subject:
    """The same clips, shortened; those of Genre are Short Genre."""
    full = seconds >= FULL_SONGS
    start, length = EXCERPT if full else (round(seconds / SHARE, 1),) * 2
    request = _derived(record, "excerpt", {"start": start, "length": length})
    short = TASKS["short-genre"] if task.name == "genre" and full else task
    numbers = _table_2(short) if whole and short is not task else {}
    return Subject(str(request.name), short, Kind.SHORT, TABLE_2, request, published=numbers)


def _subsets(record: DatasetRecord, task: Task, there: set[str], *, whole: bool) -> Iterator[Subject]:
    """Table 3: the large dances; of the nine, with the stack of copies."""
    for size in BALLROOM_SIZES:
        dances = dances_above(size)
        names = tuple(dance for dance in dances if dance in there)
        if len(names) < 2:
            continue
        numbers = {Column.NETWORK_PEAK: published()["table_3"][str(len(dances))]}
        stacked = size == BALLROOM_SIZES[0]
        if stacked:
            numbers[Column.STACK] = published()["loudness_stack"]["stack"]
        request = _derived(record, "classes", {"names": names, "target": "dance"}, f"above{size}")
        yield Subject(
            str(request.name),
            task,
            Kind.SUBSET,
            tuple(numbers),
            request,
            parts=len(dances),
            published=_fractions(numbers) if whole else {},
        )


def _loudness(record: DatasetRecord, task: Task, parts: int, *, whole: bool) -> Subject:
    """Classes of loudness: all five, or the quietest and the loudest."""
    only = () if parts == LOUDNESS_CLASSES else ("Loud1", f"Loud{LOUDNESS_CLASSES}")
    request = _derived(record, "loudness-classes", {"parts": LOUDNESS_CLASSES, "only": only})
    numbers = {Column.NETWORK: published()["loudness_classes"][str(parts)]} if whole else {}
    return Subject(
        str(request.name),
        task,
        Kind.LOUDNESS,
        (Column.NETWORK,),
        request,
        parts,
        published=_fractions(numbers),
    )


def clips_of(catalogue: Catalogue, subject: Subject) -> list[ClipRecord]:
    """The usable clips of a subject, also where it is not derived yet; nothing is written."""
    clips = catalogue.columns(subject.parent)
    if subject.derived is None:
        return list(clips[clips.usable])
    parent = Parent(catalogue.dataset(subject.parent), clips[clips.is_clip])
    made = subject.derived.derivation.make(parent, subject.derived.options)
    return [clip for clip in made.clips if clip.usable]
