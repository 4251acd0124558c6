"""A data set in figures: counts, classes, duplicates, and what may go wrong with it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Self

from mxt.core.records import ClipRecord, DatasetRecord, FileKind, Remark, Target

if TYPE_CHECKING:
    from mxt.store.catalogue import Catalogue

SUMMARY = "summary"  # what it is called among the figures of the catalogue

WINDOW_SECONDS = 29.0  # what the convnet looks at
MOST_CANDIDATES = 6


@dataclass(frozen=True, slots=True)
class TargetSummary:
    """One target column.

    Parameters
    ----------
    name, kind : str
        The column, and ``"classes"``, ``"several labels"`` or ``"numbers"``.
    classes : mapping
        Class or label to its number of clips, most first; empty for numbers.
    low, high : float, optional
        Range of numbers.
    unlabelled : int
        Clips without a value.
    """

    name: str
    kind: str
    classes: Mapping[str, int] = field(default_factory=dict)
    low: float | None = None
    high: float | None = None
    unlabelled: int = 0


@dataclass(frozen=True, slots=True)
class DuplicateSet:
    """Clips of equal content, and what their labels are where they differ."""

    clips: tuple[str, ...]
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Summary:
    """A data set in figures; durations in seconds, `None` before audio was opened.

    Parameters
    ----------
    clips, used : int
        Clips named, and those that can be used.
    left_out : mapping
        Reason to number; hidden and other files are counted apart.
    hidden, others : int
        Files with a leading dot; files of a kind that is not audio.
    duplicates : tuple of DuplicateSet
        Sets of clips with one content; with labels where these differ.
    alike : tuple of tuple of str
        Class names that differ only in case or spaces.
    groups, splits, folds : mapping
        Their clips; empty where none are known.
    candidates : mapping
        What clips may be grouped by, and into how many.
    window_share : float
        Share of the audio that lies in the first `WINDOW_SECONDS` of its clip.
    notes : mapping
        Silent, clipped, truncated, …, and the number of clips.
    """

    clips: int
    used: int
    files: int
    left_out: Mapping[str, int]
    hidden: int
    others: int
    targets: tuple[TargetSummary, ...]
    duplicates: tuple[DuplicateSet, ...]
    alike: tuple[tuple[str, ...], ...]
    groups: Mapping[str, int]
    splits: Mapping[str, int]
    folds: Mapping[str, int]
    candidates: Mapping[str, int]
    seconds: float | None = None
    shortest: float | None = None
    median: float | None = None
    longest: float | None = None
    window_share: float | None = None
    notes: Mapping[str, int] = field(default_factory=dict)
    remarks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def to_plain(self) -> dict[str, Any]:
        """As plain values, without the remarks, which the catalogue keeps itself."""
        plain = asdict(self)
        del plain["remarks"]
        return plain

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any], remarks: Iterable[Remark]) -> Self:
        """The inverse of `to_plain`."""
        nested = {
            "targets": tuple(TargetSummary(**target) for target in plain["targets"]),
            "duplicates": tuple(
                DuplicateSet(tuple(one["clips"]), tuple(one["labels"])) for one in plain["duplicates"]
            ),
            "alike": tuple(map(tuple, plain["alike"])),
            "remarks": _by_kind(remarks),
        }
        return cls(**{**plain, **nested})


def catalogued_summary(catalogue: Catalogue, record: DatasetRecord) -> Summary:
    """A catalogued data set in figures: those written with it, or made anew where it was written earlier."""
    remarks, about = catalogue.remarks(record.name), catalogue.figures(record.name).about
    if SUMMARY in about:
        return Summary.from_plain(about[SUMMARY], remarks)
    return summarise(catalogue.clips(record.name), record.targets, remarks)


def summarise(
    clips: Sequence[ClipRecord], targets: Sequence[str], remarks: Iterable[Remark], *, opened: bool = True
) -> Summary:
    """Figures of `clips` in catalogue order; those not `opened` yet count as usable."""
    import statistics

    counted = [clip for clip in clips if clip.is_clip]
    used = [clip for clip in counted if not clip.reason]
    durations = [clip.duration for clip in used] if opened else []
    tables = tuple(_target(name, used) for name in targets)
    return Summary(
        clips=len(counted),
        used=len(used),
        files=len({clip.file.path for clip in counted}),
        left_out=dict(Counter(clip.reason.words for clip in counted if clip.reason).most_common()),
        hidden=sum(clip.file.kind is FileKind.HIDDEN for clip in clips),
        others=sum(clip.file.kind is FileKind.OTHER for clip in clips),
        targets=tables,
        duplicates=tuple(_duplicates(used, targets)) if opened else (),
        alike=tuple(alike for table in tables for alike in _alike(table.classes)),
        groups=_counts(clip.group for clip in used),
        splits=_counts(clip.split for clip in used),
        folds=_counts(clip.fold for clip in used),
        candidates=_candidates(used, targets),
        seconds=sum(durations) if opened else None,
        shortest=min(durations, default=None),
        median=statistics.median(durations) if durations else None,
        longest=max(durations, default=None),
        window_share=sum(min(d, WINDOW_SECONDS) for d in durations) / sum(durations)
        if sum(durations)
        else None,
        notes=_counts(note for clip in used if clip.file.measurement for note in clip.file.measurement.notes),
        remarks=_by_kind(remarks),
    )


def _by_kind(remarks: Iterable[Remark]) -> dict[str, tuple[str, ...]]:
    kinds: dict[str, list[str]] = defaultdict(list)
    for remark in remarks:
        kinds[remark.kind].append(remark.text)
    return {kind: tuple(texts) for kind, texts in kinds.items()}


def _counts(values: Iterable[str | None]) -> dict[str, int]:
    return dict(Counter(value for value in values if value is not None).most_common())


def _target(name: str, clips: Sequence[ClipRecord]) -> TargetSummary:
    values = [clip.targets.get(name) for clip in clips]
    missing = sum(value is None for value in values)
    numbers = [value for value in values if isinstance(value, (int, float))]
    if numbers:
        return TargetSummary(name, "numbers", low=min(numbers), high=max(numbers), unlabelled=missing)
    several = any(isinstance(value, tuple) for value in values)
    words = Counter(
        word
        for value in values
        for word in (value if isinstance(value, tuple) else () if value is None else (str(value),))
    )
    return TargetSummary(
        name, "several labels" if several else "classes", dict(words.most_common()), unlabelled=missing
    )


def _duplicates(clips: Sequence[ClipRecord], targets: Sequence[str]) -> Iterable[DuplicateSet]:
    same: dict[bytes, list[ClipRecord]] = defaultdict(list)
    for clip in clips:
        if clip.key is not None:
            same[clip.key].append(clip)
    for copies in same.values():
        if len(copies) > 1:
            labels = [tuple(_words(clip.targets.get(name)) for name in targets) for clip in copies]
            differ = len(set(labels)) > 1
            yield DuplicateSet(
                tuple(clip.id for clip in copies),
                tuple(", ".join(words) for words in labels) if differ else (),
            )


def _words(value: Target) -> str:
    return ", ".join(value) if isinstance(value, tuple) else "" if value is None else str(value)


def _alike(classes: Iterable[str]) -> Iterable[tuple[str, ...]]:
    """Names that are one but for case, spaces, underscores and hyphens."""
    same: dict[str, list[str]] = defaultdict(list)
    for name in classes:
        same["".join(name.casefold().replace("_", " ").replace("-", " ").split())].append(name)
    return (tuple(sorted(names)) for names in same.values() if len(names) > 1)


def _candidates(clips: Sequence[ClipRecord], targets: Sequence[str]) -> dict[str, int]:
    """Folders, fields and further targets that group clips, in other ways than the classes do."""
    from mxt.evaluation.groupings import proposals

    ways = proposals(clips, targets[0] if targets else "", origins=("folder", "column"))
    return {way.name: way.groups for way in ways[:MOST_CANDIDATES]}
