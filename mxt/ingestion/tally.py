"""Figures of clips gathered in one pass, in numbers: a million clips take some ten bytes each per figure."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from mxt.core.records import ClipRecord, FileKind, Target
from mxt.ingestion.group_candidates import GroupCandidates


@dataclass
class TargetTally:
    """The values of one target column: how many there are of each, and the range of numbers."""

    missing: int = 0
    low: float | None = None
    high: float | None = None
    several: bool = False
    words: Counter[str] = field(default_factory=Counter)

    def add(self, value: Target) -> None:
        """Count the value of one clip."""
        if value is None:
            self.missing += 1
        elif isinstance(value, tuple):
            self.several = True
            self.words.update(value)
        elif isinstance(value, (int, float)):
            self.low = value if self.low is None else min(self.low, value)
            self.high = value if self.high is None else max(self.high, value)
        else:
            self.words[str(value)] += 1


class Tally:
    """Figures of the clips that pass, in catalogue order.

    Parameters
    ----------
    targets : sequence of str
        The columns of targets.
    """

    def __init__(self, targets: Sequence[str]) -> None:
        self.clips = self.used = 0
        self.kinds: Counter[FileKind] = Counter()
        self.left_out: Counter[str] = Counter()
        self.targets = {name: TargetTally() for name in targets}
        self.groups, self.splits, self.folds, self.notes = (Counter[str]() for _ in range(4))
        self.durations = array("d")
        self.candidates = GroupCandidates(targets[0] if targets else "")
        self._paths, self._keys = array("q"), array("Q")

    def passing(self, clips: Iterable[ClipRecord]) -> Iterator[ClipRecord]:
        """The same clips, counted."""
        for clip in clips:
            self.add(clip)
            yield clip

    def add(self, clip: ClipRecord) -> None:
        """Count one clip."""
        self.kinds[clip.file.kind] += 1
        if not clip.is_clip:
            return
        self.clips += 1
        self._paths.append(hash(clip.file.path))
        if clip.reason:
            self.left_out[clip.reason.words] += 1
            return
        self.used += 1
        self.durations.append(clip.duration)
        for name, target in self.targets.items():
            target.add(clip.targets.get(name))
        for value, counts in ((clip.group, self.groups), (clip.split, self.splits), (clip.fold, self.folds)):
            if value is not None:
                counts[value] += 1
        if clip.file.measurement is not None:
            self.notes.update(clip.file.measurement.notes)
        if clip.key is not None:
            self._keys.append(_beginning(clip.key))
        self.candidates.add(clip)

    @property
    def files(self) -> int:
        """The files that the clips lie in."""
        return len(np.unique(np.frombuffer(self._paths, np.int64)))

    def copies(self, clips: Iterable[ClipRecord]) -> Iterator[list[ClipRecord]]:
        """Sets of clips with one key, when the same clips pass again; they do not where no key recurs."""
        values, counts = np.unique(np.frombuffer(self._keys, np.uint64), return_counts=True)
        recurring = set(values[counts > 1].tolist())
        same: dict[bytes, list[ClipRecord]] = {}
        for clip in clips if recurring else ():
            if (
                clip.is_clip
                and not clip.reason
                and clip.key is not None
                and _beginning(clip.key) in recurring
            ):
                same.setdefault(clip.key, []).append(clip)
        yield from (alike for alike in same.values() if len(alike) > 1)


def _beginning(key: bytes) -> int:
    """What tells most keys apart: they are hashes."""
    return int.from_bytes(key[:8], "little")
