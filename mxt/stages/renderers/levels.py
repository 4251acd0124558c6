"""Pictures of levels: what is black and white in them, and their size."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from torch import Tensor

from mxt.audio.picture import brightness, resized
from mxt.core.errors import UsageError
from mxt.core.stages import RowAxis


@dataclass(frozen=True, slots=True)
class LevelPicture:
    """A renderer whose pictures show levels in dBFS; the fields are parameters of its spec."""

    reference_db: float = 0.0
    floor_db: float = -80.0
    rescale: bool = False
    height: int = 0
    width: int = 0

    reads_pieces: ClassVar[bool] = True

    def check_levels(self) -> None:
        """Raise `UsageError` where black is not below white."""
        if not self.floor_db < self.reference_db:
            raise UsageError(f"floor_db {self.floor_db:g} is not below reference_db {self.reference_db:g}")

    def picture(
        self,
        levels: Callable[[], Iterable[Tensor]],
        *,
        columns: int,
        painted: Callable[[float, float], Iterable[Tensor]] | None = None,
    ) -> Tensor:
        """The picture of one clip, float32 [..., rows, columns]; the rows of slabs are turned round.

        Parameters
        ----------
        levels : callable
            Gives levels in dBFS, float32 [rows, columns of a slab], from left to right; called twice where
            the loudest level is white.
        columns : int
            Of all slabs together.
        painted : callable, optional
            Gives the slabs as they are shown, from the level that is white (dBFS) and the range down to black
            (dB); by default, levels as brightness.
        """
        white, range_db = self.reference_db, self.reference_db - self.floor_db
        if self.rescale:
            white = max(float(level.max()) for level in levels())
        slabs = painted(white, range_db) if painted else (shown(x, white, range_db) for x in levels())
        turned = (slab.flip(-2) for slab in slabs)
        return resized(turned, columns=columns, height=self.height, width=self.width)


def shown(level_db: Tensor, white_db: float, range_db: float) -> Tensor:
    """Levels as brightness, 0 to 1; works in place."""
    return brightness(level_db, reference_db=white_db, floor_db=white_db - range_db)


def frequency_rows(rows: int, *, n_fft: int, sample_rate: int) -> RowAxis:
    """The frequencies of rows that show the bins of a transform, from the top."""
    bins = 1 + n_fft // 2
    positions = (np.arange(rows)[::-1] + 0.5) * (bins / rows) - 0.5
    return RowAxis("frequency, Hz", positions * (sample_rate / n_fft))
