"""From the clips of a task to the windows a backbone sees: decoded, normalised, resampled, cut."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

from mxt.core.errors import AudioError, Reason, stage_failures
from mxt.core.reprs import short_repr
from mxt.core.specs import Window
from mxt.core.stages import Levels, MakesPieces

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from mxt.audio.streamed import Streamed
    from mxt.extraction.tasks import ClipJob, Task

    Array = npt.NDArray[np.float32]
    Windows = Array | Iterator[Array] | Streamed

UNKNOWN_LEVELS = Levels(peak=float("nan"), rms=float("nan"))
STREAM_SECONDS = 120.0  # longer clips are never in memory as a whole, where the backbone slides over them


@dataclass(frozen=True, slots=True)
class Reading:
    """How a clip is turned into windows.

    Parameters
    ----------
    normalizer : stage object
        That of the recipe.
    resampler : str
        Its name.
    sample_rate : int
        Hz the backbone wants.
    window : Window
        What of a clip it sees.
    needs : tuple of str
        Levels of the whole clip that the normalizer reads.
    whole_clip : bool
        Whether the normalizer is given the whole clip, resampled, and may change its length.
    in_pieces : bool
        Whether what the windows are given to reads them piece by piece; on a GPU they go there as a whole.
    """

    normalizer: Any
    resampler: str
    sample_rate: int
    window: Window
    needs: tuple[str, ...] = ()
    whole_clip: bool = False
    in_pieces: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """A stretch of a recording that is decoded already: what a clip ``path#start-end`` would be.

    Parameters
    ----------
    clip_id : str
        The recording.
    start, end : float
        Seconds.
    y : float32 [samples]
        Mean of the channels.
    sample_rate : int
        Hz.
    row : int
        It has none in a feature table.
    """

    clip_id: str
    start: float
    end: float
    y: Array
    sample_rate: int
    row: int = -1
    __repr__ = short_repr


@dataclass(slots=True)
class Timings:
    """CPU seconds by step: ``"decode"``, ``"front end"``, ``"network"``."""

    seconds: Counter[str] = field(default_factory=Counter)

    def measure(self, step: str, since: float) -> float:
        """Add what this thread has used since `since` to `step`; return now."""
        now = time.thread_time()
        self.seconds[step] += now - since  # type: ignore[assignment]
        return now


@dataclass(frozen=True, slots=True)
class Loaded:
    """The windows of the clips of a task, and the failures by position.

    The windows of a clip are float32 [W, samples], in one array or several; a signal where a long clip is one
    window that is made while it is read; ``None`` where the clip failed.
    """

    task: Task
    windows: tuple[Windows | None, ...]
    failures: Mapping[int, tuple[Reason, str]]
    timings: Timings


def load(task: Task, reading: Reading) -> Loaded:
    """Decode, normalise, resample and cut the clips of a task."""
    timings = Timings()
    windows: list[Windows | None] = []
    failures: dict[int, tuple[Reason, str]] = {}
    since = time.thread_time()
    for position, job in enumerate(task):
        try:
            windows.append(_windows(job, reading))
        except AudioError as error:
            windows.append(None)
            failures[position] = error.reason, error.detail
        except stage_failures() as error:  # a normalizer's
            windows.append(None)
            failures[position] = Reason.STAGE_FAILED, f"{type(error).__name__}: {error}"
        since = timings.measure("decode", since)
    return Loaded(task, tuple(windows), failures, timings)


def _windows(job: ClipJob | Stretch, reading: Reading) -> Windows:
    """A clip as the backbone sees it: normalised, resampled, cut."""
    from mxt.audio.streamed import joined
    from mxt.audio.unchanged import check_unchanged
    from mxt.audio.window import cut, slide

    if isinstance(job, Stretch):
        return _of_stretch(job, reading)
    check_unchanged(job.path, job.stat, job.sha256)
    long = is_long(job, reading.window)
    if long and reading.window.kind == "sliding" and not reading.whole_clip:
        return slide(_stream(job, reading), reading.window, reading.sample_rate)
    if long:
        y = joined(_stream(job, reading), math.ceil(job.duration * reading.sample_rate))
    else:
        y = _read(job, reading)
    window = reading.window
    if not reading.whole_clip:
        if window.kind == "whole" and not long:
            # `_read` has stopped there; a sample more that a resampler adds was the paper's, too
            window = replace(window, seconds=None)
        return cut(y, window, reading.sample_rate)
    reads_pieces = window.kind == "sliding" or reading.in_pieces
    if long and reads_pieces and isinstance(reading.normalizer, MakesPieces):
        return _stacked(y, job, reading)
    y = reading.normalizer(y, sample_rate=reading.sample_rate, levels=_levels(job, reading))
    return cut(y, window, reading.sample_rate)


def _of_stretch(stretch: Stretch, reading: Reading) -> Array:
    """A stretch as the backbone sees it: what `_windows` gives for a clip with these samples."""
    from mxt.audio.decode import span
    from mxt.audio.measure import levels_of
    from mxt.audio.resample import resample
    from mxt.audio.window import cut, source_seconds

    y, window, sample_rate = stretch.y, reading.window, stretch.sample_rate
    levels = UNKNOWN_LEVELS
    if reading.needs:
        levels = levels_of(iter([(y[:, None], sample_rate)]), loudness="lufs" in reading.needs)
    if not reading.whole_clip:
        y = y[: span(sample_rate, 0.0, source_seconds(window))[1]]
        y = reading.normalizer(y, sample_rate=sample_rate, levels=levels)
    y = resample(y, sample_rate, reading.sample_rate, method=reading.resampler)
    if reading.whole_clip:
        y = reading.normalizer(y, sample_rate=reading.sample_rate, levels=levels)
    elif window.kind == "whole":
        window = replace(window, seconds=None)
    return cut(y, window, reading.sample_rate)


def _stacked(y: Array, job: ClipJob, reading: Reading) -> Windows:
    """Copies of a long clip as the backbone reads them: they are never all in memory."""
    from mxt.audio.streamed import Streamed
    from mxt.audio.window import samples_in, slide

    make = partial(
        reading.normalizer.pieces, y, sample_rate=reading.sample_rate, levels=_levels(job, reading)
    )
    if reading.window.kind == "sliding":
        return slide(make(), reading.window, reading.sample_rate)
    samples = reading.normalizer.copies * len(y)
    limit = reading.window.seconds
    return Streamed(make, samples if limit is None else min(samples, samples_in(limit, reading.sample_rate)))


def _read(job: ClipJob, reading: Reading) -> Array:
    """As much of a clip as is needed, normalised and resampled, float32 [samples]."""
    from mxt.audio.decode import read
    from mxt.audio.resample import resample
    from mxt.audio.window import source_seconds

    start = (job.start_us or 0) / 1e6
    limits = [
        None if reading.whole_clip else source_seconds(reading.window),
        None if job.end_us is None else job.end_us / 1e6 - start,
    ]
    seconds = min((limit for limit in limits if limit is not None), default=None)
    y, sample_rate = read(job.path, start=start, seconds=seconds)
    if not reading.whole_clip:
        y = reading.normalizer(y, sample_rate=sample_rate, levels=_levels(job, reading))
    return resample(y, sample_rate, reading.sample_rate, method=reading.resampler)


def is_long(job: ClipJob, window: Window) -> bool:
    """Whether a clip is decoded piece by piece, in a task of its own."""
    needed = min(job.duration, window.seconds or math.inf) if window.kind == "whole" else job.duration
    return window.kind != "fixed" and needed > STREAM_SECONDS


def _stream(job: ClipJob, reading: Reading) -> Iterator[Array]:
    """All of a long clip, normalised and resampled, float32 [samples] of a few seconds at a time."""
    from mxt.audio.decode import blocks, mix
    from mxt.audio.resample import resample_blocks

    known = UNKNOWN_LEVELS if reading.whole_clip else _levels(job, reading)
    start, end = (job.start_us or 0) / 1e6, None if job.end_us is None else job.end_us / 1e6
    decoded = blocks(job.path, start=start, end=end)
    x, sample_rate = next(decoded)
    mono: Iterator[Array] = (mix(x).copy() for x, _ in chain(((x, sample_rate),), decoded))
    if not reading.whole_clip:
        mono = (reading.normalizer(y, sample_rate=sample_rate, levels=known) for y in mono)
    yield from resample_blocks(mono, sample_rate, reading.sample_rate, method=reading.resampler)


def _levels(job: ClipJob, reading: Reading) -> Levels:
    from mxt.audio.measure import levels

    loudness = "lufs" in reading.needs
    if not reading.needs or (job.levels is not None and not loudness):
        return job.levels or UNKNOWN_LEVELS
    return levels(job.path, job.start_us, job.end_us, loudness=loudness)
