"""From clips to features: a plain function over a picklable task, and the pool that runs it on this machine.

A worker decodes, resamples, cuts, renders and runs the network for a few clips at a time, each on one thread of its own:
decoding, resampling and torch release the GIL. On CUDA the workers only load; one thread feeds the model.
"""

from __future__ import annotations

import math
import os
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mxt.core.errors import AudioError, Reason
from mxt.core.identity import sha256_file
from mxt.core.specs import Window
from mxt.core.stages import Levels

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Array = npt.NDArray[np.float32]

UNKNOWN_LEVELS = Levels(peak=float("nan"), rms=float("nan"))
STREAM_SECONDS = 120.0  # longer clips are never in memory as a whole, where the backbone slides over them


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that turns a clip into features: stage objects (frozen dataclasses) and what their specs say.

    Parameters
    ----------
    backbone, normalizer, renderer : stage objects
        `renderer` is ``None`` where the backbone reads the waveform.
    resampler : str
        Its name.
    sample_rate : int
        Hz the backbone wants.
    window : Window
        What of a clip it sees.
    batch_windows : int
        Fixed first dimension of every batch.
    together : bool
        True: the clips of a task are one batch and are computed in one call (a paper's batch mode).
    needs : tuple of str
        Levels of the whole clip that the normalizer reads.
    whole_clip : bool
        Whether the normalizer is given the whole clip, resampled, and may change its length.
    weights : Path, optional
        Verified file.
    device : str
        ``"cpu"`` or ``"cuda"``.
    """

    backbone: Any
    normalizer: Any
    renderer: Any
    resampler: str
    sample_rate: int
    window: Window
    batch_windows: int
    together: bool = False
    needs: tuple[str, ...] = ()
    whole_clip: bool = False
    weights: Path | None = None
    device: str = "cpu"


@dataclass(frozen=True, slots=True)
class Job:
    """One clip to compute: its row, where its samples lie, and how its file looked when it was catalogued."""

    row: int
    clip_id: str
    path: str
    sha256: str
    stat: tuple[int, int, int]
    start_us: int | None = None
    end_us: int | None = None
    levels: Levels | None = None
    duration: float = 0.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a job: features by layer (float32 [dimension]), or a reason."""

    job: Job
    features: Mapping[str, Array] | None
    reason: Reason = Reason.NONE
    detail: str = ""


@dataclass(slots=True)
class Timings:
    """CPU seconds a step took, over all workers."""

    seconds: Counter[str] = field(default_factory=Counter)

    def measure(self, step: str, since: float) -> float:
        """Add what this thread has used since `since` to `step`; return now."""
        now = time.thread_time()
        self.seconds[step] += now - since  # type: ignore[assignment]
        return now


@dataclass(frozen=True, slots=True)
class Prepared:
    """A recipe with its network and matrices in memory, shared by all workers."""

    recipe: Recipe
    render: Callable[[Any], Any] | None
    network: Callable[[Any], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Loaded:
    """The windows of a task's clips (float32 [W, samples] each, in one array or several; ``None`` where one failed) and the failures."""

    jobs: tuple[Job, ...]
    windows: tuple[Array | Iterator[Array] | None, ...]
    failures: Mapping[int, tuple[Reason, str]]
    timings: Timings


def prepare(recipe: Recipe) -> Prepared:
    """Load weights and build what the stages need once."""
    from mxt.audio.memory import keep_freed_memory

    keep_freed_memory()
    if "lufs" in recipe.needs:
        from mxt.audio.loudness import filters

        filters()  # says now, not after an hour, that it cannot be imported
    render = recipe.renderer.prepare(recipe.sample_rate, recipe.device) if recipe.renderer is not None else None
    return Prepared(recipe, render, recipe.backbone.prepare(recipe.weights, recipe.device))


def compute_chunk(jobs: Iterable[Job], prepared: Prepared) -> tuple[list[Outcome], Timings]:
    """Features of a few clips, one after the other decoded, together through the network.

    Returns
    -------
    outcomes : list of Outcome
        In the order of `jobs`; a clip that cannot be used carries its reason.
    timings : Timings
        CPU seconds by step.
    """
    return forward(load(jobs, prepared.recipe), prepared)


def load(jobs: Iterable[Job], recipe: Recipe) -> Loaded:
    """Decode, normalise, resample and cut the clips of a task."""
    jobs, timings = tuple(jobs), Timings()
    windows: list[Array | Iterator[Array] | None] = []
    failures: dict[int, tuple[Reason, str]] = {}
    since = time.thread_time()
    for place, job in enumerate(jobs):
        try:
            windows.append(_windows(job, recipe))
        except AudioError as error:
            windows.append(None)
            failures[place] = error.reason, error.detail
        since = timings.measure("decode", since)
    return Loaded(jobs, tuple(windows), failures, timings)


def _windows(job: Job, recipe: Recipe) -> Array | Iterator[Array]:
    """A clip as the backbone sees it: normalised, resampled, cut."""
    from mxt.audio.window import cut, slide

    _check_unchanged(job)
    long = is_long(job, recipe.window)
    if long and recipe.window.kind == "sliding" and not recipe.whole_clip:
        return slide(_stream(job, recipe), recipe.window, recipe.sample_rate)
    y = _joined(_stream(job, recipe), math.ceil(job.duration * recipe.sample_rate)) if long else _read(job, recipe)
    if recipe.whole_clip:
        y = recipe.normalizer(y, sample_rate=recipe.sample_rate, levels=_levels(job, recipe))
    return cut(y, recipe.window, recipe.sample_rate)


def _read(job: Job, recipe: Recipe) -> Array:
    """As much of a clip as is needed, normalised and resampled, float32 [samples]."""
    from mxt.audio.decode import read
    from mxt.audio.resample import resample
    from mxt.audio.window import source_seconds

    start = (job.start_us or 0) / 1e6
    limits = [None if recipe.whole_clip else source_seconds(recipe.window), None if job.end_us is None else job.end_us / 1e6 - start]
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
    decoded = blocks(job.path, start=(job.start_us or 0) / 1e6, end=None if job.end_us is None else job.end_us / 1e6)
    x, sample_rate = next(decoded)
    mono: Iterator[Array] = (mix(x).copy() for x, _ in chain(((x, sample_rate),), decoded))
    if not recipe.whole_clip:
        mono = (recipe.normalizer(y, sample_rate=sample_rate, levels=known) for y in mono)
    yield from resample_blocks(mono, sample_rate, recipe.sample_rate, method=recipe.resampler)


def _joined(pieces: Iterable[Array], expected: int) -> Array:
    """The pieces in one array, float32 [samples], without holding them twice."""
    import numpy as np

    y, at = np.empty(expected, np.float32), 0
    for piece in pieces:
        if at + len(piece) > len(y):
            y = np.concatenate([y[:at], np.empty(max(len(piece), len(y) // 4), np.float32)])
        y[at : at + len(piece)] = piece
        at += len(piece)
    return y[:at]


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


def forward(loaded: Loaded, prepared: Prepared) -> tuple[list[Outcome], Timings]:
    """Render the windows, run the network and average over each clip's windows."""
    import numpy as np

    present = [place for place, windows in enumerate(loaded.windows) if windows is not None]
    features: dict[int, Mapping[str, Array]] = {}
    try:
        for place, found in zip(present, _features([loaded.windows[p] for p in present], prepared, loaded.timings), strict=True):
            features[place] = found
    except Exception as error:  # whatever a stage raises is contained to the clip that caused it
        if len(loaded.jobs) > 1 and not prepared.recipe.together:
            return _one_by_one(loaded, prepared), loaded.timings
        reason = error.reason if isinstance(error, AudioError) else Reason.STAGE_FAILED
        return [Outcome(job, None, reason, f"{type(error).__name__}: {error}") for job in loaded.jobs], loaded.timings
    outcomes = []
    for place, job in enumerate(loaded.jobs):
        if place in loaded.failures:
            outcomes.append(Outcome(job, None, *loaded.failures[place]))
        elif all(np.isfinite(values).all() for values in features[place].values()):
            outcomes.append(Outcome(job, features[place]))
        else:
            outcomes.append(Outcome(job, None, Reason.STAGE_FAILED, "the backbone returned values that are not finite"))
    return outcomes, loaded.timings


def _one_by_one(loaded: Loaded, prepared: Prepared) -> list[Outcome]:
    """Contain a stage's failure: find the clip of the batch that caused it."""
    outcomes = []
    for place, (job, windows) in enumerate(zip(loaded.jobs, loaded.windows, strict=True)):
        failures = {0: loaded.failures[place]} if place in loaded.failures else {}
        outcomes += forward(Loaded((job,), (windows,), failures, loaded.timings), prepared)[0]
    return outcomes


def _features(clips: list[Any], prepared: Prepared, timings: Timings) -> Iterator[Mapping[str, Array]]:
    """Features of each clip (windows float32 [W, samples]), averaged over its windows."""
    import numpy as np

    recipe = prepared.recipe
    if recipe.window.kind == "whole":
        for windows in clips:
            yield {name: values[0] for name, values in _run(windows, 1, prepared, timings).items()}
        return
    if not clips:
        return
    if not isinstance(clips[0], np.ndarray):
        yield _average(_run(windows, recipe.batch_windows, prepared, timings) for windows in clips[0])
        return
    size = sum(len(w) for w in clips) if recipe.together else recipe.batch_windows
    found = _run(np.concatenate(clips), size, prepared, timings)
    place = 0
    for windows in clips:
        yield _average([{name: values[place : place + len(windows)] for name, values in found.items()}])
        place += len(windows)


def _average(parts: Iterable[Mapping[str, Array]]) -> Mapping[str, Array]:
    """Mean over all windows, float32 [dimension] a layer; summed in float64, so that the parts do not matter."""
    sums: dict[str, Any] = {}
    number = 0
    for part in parts:
        for name, values in part.items():
            sums[name] = sums.get(name, 0.0) + values.sum(axis=0, dtype="float64")
        number += len(next(iter(part.values())))
    return {name: (total / number).astype("float32") for name, total in sums.items()}


def _run(windows: Array, size: int, prepared: Prepared, timings: Timings) -> Mapping[str, Array]:
    """Batches of fixed shape, missing places zero: a feature never depends on how many clips came along."""
    import numpy as np
    import torch

    parts: list[Mapping[str, Array]] = []
    try:
        for first in range(0, len(windows), size):
            parts.append(_run_batch(windows[first : first + size], size, prepared, timings))
    except torch.cuda.OutOfMemoryError:
        if size == 1 or prepared.recipe.together:
            raise
        return _run(windows, size // 2, prepared, timings)
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _run_batch(part: Array, size: int, prepared: Prepared, timings: Timings) -> Mapping[str, Array]:
    import numpy as np
    import torch

    since = time.thread_time()
    batch = part if len(part) == size else np.concatenate([part, np.zeros((size - len(part), *part.shape[1:]), np.float32)])
    with torch.inference_mode():
        x = torch.from_numpy(np.ascontiguousarray(batch)).to(prepared.recipe.device)
        if prepared.render is not None:
            x = prepared.render(x)
        since = timings.measure("front end", since)
        found = prepared.network(x)
    timings.measure("network", since)
    return {name: np.asarray(values[: len(part)], dtype=np.float32) for name, values in found.items()}


def run_pool(tasks: Iterable[tuple[Job, ...]], prepared: Prepared, *, jobs: int) -> Generator[tuple[list[Outcome], Timings], None, None]:
    """Run tasks on `jobs` threads; outcomes come as they are finished. Closing the iterator stops it after the tasks under way."""
    from threadpoolctl import threadpool_limits

    feeds_gpu = prepared.recipe.device != "cpu"
    one_thread = threadpool_limits(1)  # NumPy's matrix products too
    pool = ThreadPoolExecutor(jobs, thread_name_prefix="mxt", initializer=_one_thread)
    try:
        waiting = iter(tasks)
        work: Callable[..., Any] = load if feeds_gpu else compute_chunk
        given: Any = prepared.recipe if feeds_gpu else prepared
        under_way: set[Future[Any]] = {pool.submit(work, task, given) for task in islice(waiting, 2 * jobs)}
        while under_way:
            finished, under_way = wait(under_way, return_when=FIRST_COMPLETED)
            under_way |= {pool.submit(work, task, given) for task in islice(waiting, len(finished))}
            for future in finished:
                yield forward(future.result(), prepared) if feeds_gpu else future.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        one_thread.restore_original_limits()


def _one_thread() -> None:
    import torch

    torch.set_num_threads(1)
