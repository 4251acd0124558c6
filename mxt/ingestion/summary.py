"""A data set in figures: counts, classes, duplicates, and what may go wrong with it."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any, Self

from mxt.core.records import ClipRecord, DatasetRecord, FileKind, Remark, Target

if TYPE_CHECKING:
    from mxt.ingestion.tally import Tally, TargetTally
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
    clips: Iterable[ClipRecord], targets: Sequence[str], remarks: Iterable[Remark], *, opened: bool = True
) -> Summary:
    """Figures of `clips` in catalogue order; those not `opened` yet count as usable."""
    from mxt.ingestion.tally import Tally

    tally = Tally(targets)
    deque(tally.passing(clips), maxlen=0)
    return summary_of(tally, clips, remarks, opened=opened)


def summary_of(
    tally: Tally, clips: Iterable[ClipRecord], remarks: Iterable[Remark], *, opened: bool = True
) -> Summary:
    """Figures of the clips that passed a tally; they pass once more where some have the same content."""
    import statistics  # an ingest of what is known already does not need it

    tables = tuple(_target(name, target) for name, target in tally.targets.items())
    durations = tally.durations if opened else ()
    seconds = sum(tally.durations)
    inside = sum(min(duration, WINDOW_SECONDS) for duration in tally.durations)
    return Summary(
        clips=tally.clips,
        used=tally.used,
        files=tally.files,
        left_out=dict(tally.left_out.most_common()),
        hidden=tally.kinds[FileKind.HIDDEN],
        others=tally.kinds[FileKind.OTHER],
        targets=tables,
        duplicates=tuple(_duplicates(tally.copies(clips), list(tally.targets))) if opened else (),
        alike=tuple(alike for table in tables for alike in _alike(table.classes)),
        groups=dict(tally.groups.most_common()),
        splits=dict(tally.splits.most_common()),
        folds=dict(tally.folds.most_common()),
        candidates=dict(islice(tally.candidates.groups().items(), MOST_CANDIDATES)),
        seconds=seconds if opened else None,
        shortest=min(durations, default=None),
        median=statistics.median(durations) if durations else None,
        longest=max(durations, default=None),
        window_share=inside / seconds if opened and seconds else None,
        notes=dict(tally.notes.most_common()),
        remarks=_by_kind(remarks),
    )


def _by_kind(remarks: Iterable[Remark]) -> dict[str, tuple[str, ...]]:
    kinds: dict[str, list[str]] = defaultdict(list)
    for remark in remarks:
        kinds[remark.kind].append(remark.text)
    return {kind: tuple(texts) for kind, texts in kinds.items()}


def _target(name: str, values: TargetTally) -> TargetSummary:
    if values.low is not None:
        return TargetSummary(name, "numbers", low=values.low, high=values.high, unlabelled=values.missing)
    kind = "several labels" if values.several else "classes"
    return TargetSummary(name, kind, dict(values.words.most_common()), unlabelled=values.missing)


def _duplicates(sets: Iterable[Sequence[ClipRecord]], targets: Sequence[str]) -> Iterable[DuplicateSet]:
    for copies in sets:
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
