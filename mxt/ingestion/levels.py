"""Levels of clips: those that ingest measured, else a pass over the clip."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from mxt.core.clips import Clips
from mxt.core.cores import cores
from mxt.core.errors import AudioError
from mxt.core.progress import SILENT, Progress
from mxt.core.records import ClipRecord
from mxt.core.stages import Levels

BLOCK = 4096  # clips whose records are held at a time


def clip_levels(
    root: str,
    clips: Sequence[ClipRecord],
    *,
    loudness: bool = False,
    jobs: int | None = None,
    progress: Progress = SILENT,
) -> list[Levels | AudioError]:
    """Levels of each clip, of the mean of its channels.

    Parameters
    ----------
    root : str
        Folder of the data set.
    clips : sequence of ClipRecord
        Usable ones.
    loudness : bool
        Whether the integrated loudness is wanted as well: every clip is then read.
    jobs : int, optional
        Clips read at a time (default: one per core).

    Returns
    -------
    list
        For each clip its levels, or why it could not be read.
    """

    def look(clip: ClipRecord) -> Levels | AudioError:
        from mxt.audio.measure import levels

        try:
            return levels(Path(root, clip.file.path), clip.start_us, clip.end_us, loudness=loudness)
        except AudioError as error:
            return error

    clips = Clips.of(clips)
    known: list[Levels | AudioError | None] = (
        [None] * len(clips) if loudness else [_measured(clip) for clip in clips]
    )
    waiting = np.array([index for index, level in enumerate(known) if level is None], dtype=np.int64)
    with (
        progress.step("measuring", len(waiting), unit="clips") as step,
        ThreadPoolExecutor(jobs or cores()) as pool,
    ):
        for first in range(0, len(waiting), BLOCK):
            rows = waiting[first : first + BLOCK]
            for row, level in zip(rows.tolist(), pool.map(look, clips[rows]), strict=True):
                known[row] = level
                step.advance()
    return [level for level in known if level is not None]


def _measured(clip: ClipRecord) -> Levels | None:
    """What ingest measured; ``None`` for segments, and where only parts of a long file were looked at."""
    measured = clip.file.measurement
    if measured is None or measured.sampled or clip.start_us is not None or clip.end_us is not None:
        return None
    return Levels(measured.mono_peak, measured.rms)
