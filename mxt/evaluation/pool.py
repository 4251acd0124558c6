"""The clips that are still in an evaluation, and why the others are out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mxt.core.records import ClipRecord
from mxt.evaluation.columns import Groups
from mxt.evaluation.groups import codes
from mxt.evaluation.left_out import LeftOut, Why
from mxt.evaluation.splits import Sample
from mxt.evaluation.tasks import Targets


class Pool:
    """Clips still in, and why the others are out."""

    def __init__(self, clips: Sequence[ClipRecord], groups: Groups | None) -> None:
        self._all, self._groups = clips, groups
        self.mask = np.ones(len(clips), dtype=bool)
        self.left_out: list[LeftOut] = []

    @property
    def clips(self) -> list[ClipRecord]:
        """Those still in, in catalogue order."""
        return [clip for clip, kept in zip(self._all, self.mask, strict=True) if kept]

    def groups(self) -> Groups | None:
        """Their groups, where any are known."""
        if self._groups is None:
            return None
        return Groups(
            tuple(value for value, kept in zip(self._groups.values, self.mask, strict=True) if kept),
            self._groups.words,
        )

    def keep(
        self,
        wanted: Sequence[bool] | npt.NDArray[Any],
        why: Why,
        of: str = "",
        names: tuple[str, ...] | None = None,
    ) -> None:
        """Keep those of all clips that are in and wanted."""
        before, wanted = self.mask, np.asarray(wanted, dtype=bool)
        self.mask = before & wanted
        lost = [
            clip.id for clip, was, now in zip(self._all, before, self.mask, strict=True) if was and not now
        ]
        if lost:
            self.left_out.append(LeftOut(why, len(lost), of, tuple(lost) if names is None else names))

    def keep_some(
        self, wanted: npt.NDArray[Any], why: Why, of: str = "", names: tuple[str, ...] | None = None
    ) -> None:
        """Keep those of the clips still in that are wanted: bool [clips still in]."""
        spread = np.zeros(len(self._all), dtype=bool)
        spread[np.flatnonzero(self.mask)[wanted]] = True
        self.keep(spread, why, of, names)

    def sample(self, targets: Targets, given: Sequence[str] | None = None) -> Sample:
        """The clips still in as splits see them."""
        groups = self.groups()
        known = codes(groups.values) if groups else None
        return Sample(targets, codes([clip.key for clip in self.clips]), known, given)

    def copies(self) -> int:
        """Clips whose audio is there more than once, beyond the first."""
        keys = [clip.key for clip in self.clips]
        return len(keys) - len(set(keys))
