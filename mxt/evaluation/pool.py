"""The clips that are still in an evaluation, and why the others are out."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from mxt.core.clips import Clips
from mxt.core.columns import Column
from mxt.evaluation.columns import Groups
from mxt.evaluation.groups import Codes, codes, key_codes
from mxt.evaluation.left_out import MOST_NAMED, LeftOut, Why
from mxt.evaluation.splits import Sample
from mxt.evaluation.tasks import Targets


class Pool:
    """Clips still in, and why the others are out."""

    def __init__(self, clips: Clips, groups: Groups | None) -> None:
        self._all, self._groups = clips, groups
        self.mask = np.ones(len(clips), dtype=bool)
        self.left_out: list[LeftOut] = []

    @property
    def clips(self) -> Clips:
        """Those still in, in catalogue order."""
        return self._all[self.mask]

    def groups(self) -> Groups | None:
        """Their groups, where any are known."""
        return self._groups and Groups(self._groups.values[self.mask], self._groups.words)

    def keep(
        self, wanted: npt.NDArray[Any], why: Why, of: str = "", names: tuple[str, ...] | None = None
    ) -> None:
        """Keep those of all clips that are in and wanted; the first of the others are named."""
        lost = np.flatnonzero(self.mask & ~wanted)
        self.mask = self.mask & wanted
        if len(lost):
            named = tuple(self._all.ids[lost[:MOST_NAMED]]) if names is None else names
            self.left_out.append(LeftOut(why, len(lost), of, named))

    def keep_some(
        self, wanted: npt.NDArray[Any], why: Why, of: str = "", names: tuple[str, ...] | None = None
    ) -> None:
        """Keep those of the clips still in that are wanted: bool [clips still in]."""
        spread = np.zeros(len(self._all), dtype=bool)
        spread[np.flatnonzero(self.mask)[wanted]] = True
        self.keep(spread, why, of, names)

    def keys(self) -> Codes:
        """Numbers that are equal where the audio of clips still in is: int64 [clips still in]."""
        return key_codes(self.clips)

    def sample(self, targets: Targets, given: Column[str] | None = None) -> Sample:
        """The clips still in as splits see them."""
        groups = self.groups()
        return Sample(targets, self.keys(), codes(groups.values) if groups else None, given)

    def copies(self) -> int:
        """Clips whose audio is there more than once, beyond the first."""
        keys = self.keys()
        return len(keys) - len(np.unique(keys))
