"""From a task's clips to the windows a backbone sees: decoded, normalised, resampled, cut; long clips piece by piece."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING

from mxt.core.errors import AudioError, Reason, stage_failures
from mxt.core.identity import sha256_file
from mxt.core.specs import Window
from mxt.core.stages import Levels, MakesPieces, ReadsPieces
from mxt.extraction.tasks import Job, Loaded, Recipe, Timings

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from mxt.extraction.tasks import Windows

    Array = npt.NDArray[np.float32]

UNKNOWN_LEVELS = Levels(peak=float("nan"), rms=float("nan"))
STREAM_SECONDS = 120.0  # longer clips are never in memory as a whole, where the backbone slides over them


def load(jobs: Iterable[Job], recipe: Recipe) -> Loaded:
    """Decode, normalise, resample and cut the clips of a task."""
    jobs, timings = tuple(jobs), Timings()
    windows: list[Windows | None] = []
    failures: dict[int, tuple[Reason, str]] = {}
    since = time.thread_time()
    for place, job in enumerate(jobs):
        try:
            windows.append(_windows(job, recipe))
        except AudioError as error:
            windows.append(None)
            failures[place] = error.reason, error.detail
        except stage_failures() as error:  # a normalizer's
            windows.append(None)
            failures[place] = Reason.STAGE_FAILED, f"{type(error).__name__}: {error}"
        since = timings.measure("decode", since)
    return Loaded(jobs, tuple(windows), failures, timings)


def _windows(job: Job, recipe: Recipe) -> Windows:
    """A clip as the backbone sees it: normalised, resampled, cut."""
    from mxt.audio.streamed import joined
    from mxt.audio.window import cut, slide

    _check_unchanged(job)
    long = is_long(job, recipe.window)
    if long and recipe.window.kind == "sliding" and not recipe.whole_clip:
        return slide(_stream(job, recipe), recipe.window, recipe.sample_rate)
    y = (
        joined(_stream(job, recipe), math.ceil(job.duration * recipe.sample_rate))
        if long
        else _read(job, recipe)
    )
    window = recipe.window
    if not recipe.whole_clip:
        if window.kind == "whole" and not long:
            window = replace(
                window, seconds=None
            )  # `_read` has stopped there; a sample more that a resampler adds was the paper's, too
        return cut(y, window, recipe.sample_rate)
    if (
        long
        and isinstance(recipe.normalizer, MakesPieces)
        and (window.kind == "sliding" or _takes_pieces(recipe))
    ):
        return _stacked(y, job, recipe)
    return cut(
        recipe.normalizer(y, sample_rate=recipe.sample_rate, levels=_levels(job, recipe)),
        window,
        recipe.sample_rate,
    )


def _stacked(y: Array, job: Job, recipe: Recipe) -> Windows:
    """Copies of a long clip as the backbone reads them: they are never all in memory."""
    from mxt.audio.streamed import Streamed
    from mxt.audio.window import samples_in, slide

    make = partial(recipe.normalizer.pieces, y, sample_rate=recipe.sample_rate, levels=_levels(job, recipe))
    if recipe.window.kind == "sliding":
        return slide(make(), recipe.window, recipe.sample_rate)
    samples = recipe.normalizer.copies * len(y)
    limit = recipe.window.seconds
    return Streamed(make, samples if limit is None else min(samples, samples_in(limit, recipe.sample_rate)))


def _takes_pieces(recipe: Recipe) -> bool:
    """Whether what the windows are given to reads them piece by piece; on a GPU they go there as a whole."""
    return isinstance(recipe.renderer or recipe.backbone, ReadsPieces) and recipe.device == "cpu"


def _read(job: Job, recipe: Recipe) -> Array:
    """As much of a clip as is needed, normalised and resampled, float32 [samples]."""
    from mxt.audio.decode import read
    from mxt.audio.resample import resample
    from mxt.audio.window import source_seconds

    start = (job.start_us or 0) / 1e6
    limits = [
        None if recipe.whole_clip else source_seconds(recipe.window),
        None if job.end_us is None else job.end_us / 1e6 - start,
    ]
    seconds = min((limit for limit in limits if limit is not None), default=None)
    y, sample_rate = read(job.path, start=start, seconds=seconds)
    if not recipe.whole_clip:
        y = recipe.normalizer(y, sample_rate=sample_rate, levels=_levels(job, recipe))
    return resample(y, sample_rate, recipe.sample_rate, method=recipe.resampler)


def is_long(job: Job, window: Window) -> bool:
    """True where a clip is decoded piece by piece, in a task of its own: sliding windows while the network runs."""
    needed = min(job.duration, window.seconds or math.inf) if window.kind == "whole" else job.duration
    return window.kind != "fixed" and needed > STREAM_SECONDS


def _stream(job: Job, recipe: Recipe) -> Iterator[Array]:
    """The same, all of a long clip, a few seconds at a time."""
    from mxt.audio.decode import blocks, mix
    from mxt.audio.resample import resample_blocks

    known = UNKNOWN_LEVELS if recipe.whole_clip else _levels(job, recipe)
    decoded = blocks(
        job.path, start=(job.start_us or 0) / 1e6, end=None if job.end_us is None else job.end_us / 1e6
    )
    x, sample_rate = next(decoded)
    mono: Iterator[Array] = (mix(x).copy() for x, _ in chain(((x, sample_rate),), decoded))
    if not recipe.whole_clip:
        mono = (recipe.normalizer(y, sample_rate=sample_rate, levels=known) for y in mono)
    yield from resample_blocks(mono, sample_rate, recipe.sample_rate, method=recipe.resampler)


def _levels(job: Job, recipe: Recipe) -> Levels:
    from mxt.audio.measure import levels

    loudness = "lufs" in recipe.needs
    if not recipe.needs or (job.levels is not None and not loudness):
        return job.levels or UNKNOWN_LEVELS
    return levels(job.path, job.start_us, job.end_us, loudness=loudness)


def _check_unchanged(job: Job) -> None:
    try:
        found = os.stat(job.path)
    except FileNotFoundError:
        raise AudioError(Reason.MISSING, "the file is gone since ingest") from None
    except OSError as error:
        raise AudioError(Reason.UNREADABLE, str(error.strerror)) from None
    if (found.st_size, found.st_mtime_ns, found.st_ino) == job.stat:
        return
    try:
        same = sha256_file(job.path) == job.sha256
    except OSError as error:
        raise AudioError(Reason.UNREADABLE, str(error.strerror)) from None
    if not same:
        raise AudioError(Reason.CHANGED, "the file has changed since ingest")
