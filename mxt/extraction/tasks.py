"""Tasks: clips that are computed together, with all that a worker must know of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mxt.core.pipeline import Pipeline
from mxt.core.records import ClipRecord, DatasetRecord
from mxt.core.stages import Levels
from mxt.extraction.contents import by_content
from mxt.extraction.loading import Stretch, is_long


@dataclass(frozen=True, slots=True)
class ClipJob:
    """One clip to compute: its row, where its samples lie, and how its file looked when it was catalogued.

    Parameters
    ----------
    row : int
        Of the feature table.
    clip_id, path, sha256 : str
        The clip, its file, and the hash of the file.
    stat : tuple of int
        Size, modification time (ns) and inode of the file.
    start_us, end_us : int, optional
        Of a segment, microseconds.
    levels : Levels, optional
        Of the whole clip, where they were measured.
    duration : float
        Seconds.
    """

    row: int
    clip_id: str
    path: str
    sha256: str
    stat: tuple[int, int, int]
    start_us: int | None = None
    end_us: int | None = None
    levels: Levels | None = None
    duration: float = 0.0

    @classmethod
    def of(cls, clip: ClipRecord, row: int, dataset: DatasetRecord) -> ClipJob:
        """The job of a usable clip."""
        file, measured = clip.file, clip.file.measurement
        assert measured is not None
        whole = clip.start_us is None and clip.end_us is None
        return cls(
            row=row,
            clip_id=clip.id,
            path=str(Path(dataset.root, file.path)),
            sha256=measured.sha256,
            stat=(file.size, file.mtime_ns, file.inode),
            start_us=clip.start_us,
            end_us=clip.end_us,
            levels=Levels(measured.mono_peak, measured.rms) if whole and not measured.sampled else None,
            duration=clip.duration,
        )


Job = ClipJob | Stretch
Task = tuple[Job, ...]


def make_tasks(
    clips: Sequence[ClipRecord],
    row_of: Mapping[bytes, int],
    wanted: set[int],
    dataset: DatasetRecord,
    pipeline: Pipeline,
) -> Iterator[Task]:
    """The tasks that compute the rows `wanted`.

    A batch of clips each, in row order; clips that are decoded piece by piece are tasks of their own and come
    first, since they take longest. In a batch mode: consecutive clips of the catalogue, wherever a row of one
    of them is wanted.
    """
    spec = pipeline.backbone.spec
    listed = list(clips) if spec.rows_together else list(by_content(clips).values())
    jobs = [ClipJob.of(clip, row_of[clip.key], dataset) for clip in listed if clip.key is not None]
    if not spec.rows_together:
        jobs = sorted((job for job in jobs if job.row in wanted), key=lambda job: job.row)
        yield from ((job,) for job in jobs if is_long(job, spec.window))
        jobs = [job for job in jobs if not is_long(job, spec.window)]
    size = spec.rows_together or spec.batch_windows
    for first in range(0, len(jobs), size):
        task = tuple(jobs[first : first + size])
        if any(job.row in wanted for job in task):
            yield task


def stratified(clips: Sequence[ClipRecord], number: int) -> list[ClipRecord]:
    """`number` clips, taken in turn from the classes of the first target and spread over each class."""
    classes: dict[str, list[ClipRecord]] = {}
    for clip in clips:
        classes.setdefault(str(next(iter(clip.targets.values()), None)), []).append(clip)
    ranked = [
        (position / len(members), name, clip)
        for name, members in classes.items()
        for position, clip in enumerate(members)
    ]
    ranked.sort(key=lambda item: item[:2])
    return [clip for _, _, clip in ranked[:number]]
