"""Levels of clips: those that ingest measured, else a pass over the clip."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from mxt.core.cores import cores
from mxt.core.errors import AudioError
from mxt.core.progress import SILENT, Progress
from mxt.core.records import ClipRecord
from mxt.core.stages import Levels


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
        Clips read at a time; else one a core.

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

    known: list[Levels | AudioError | None] = [None if loudness else _measured(clip) for clip in clips]
    waiting = [place for place, found in enumerate(known) if found is None]
    with (
        progress.step("measuring", len(waiting), unit="clips") as step,
        ThreadPoolExecutor(jobs or cores()) as pool,
    ):
        for place, found in zip(waiting, pool.map(look, [clips[place] for place in waiting]), strict=True):
            known[place] = found
            step.advance()
    return [found for found in known if found is not None]


def _measured(clip: ClipRecord) -> Levels | None:
    """What ingest measured; ``None`` for segments, and where only parts of a long file were looked at."""
    found = clip.file.measurement
    if found is None or found.sampled or clip.start_us is not None or clip.end_us is not None:
        return None
    return Levels(found.mono_peak, found.rms)
