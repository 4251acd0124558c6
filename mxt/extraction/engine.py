"""From clips to features: a plain function over a picklable task, and the pool that runs it on this machine.

A worker decodes, resamples, cuts, renders and runs the network for a few clips at a time, each on one thread
of its own: decoding, resampling and torch release the GIL. On CUDA the workers only load; one thread feeds
the model.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from mxt.core.errors import AudioError, PluginError, Reason, stage_failures
from mxt.extraction.loading import load
from mxt.extraction.tasks import Job, Loaded, Outcome, Prepared, Timings

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Array = npt.NDArray[np.float32]


LOADED_AHEAD = 2  # tasks a worker whose windows may wait in memory
COMPUTED_AHEAD = 16  # tasks a worker that are given out, so that none waits while rows are committed
TURN_SECONDS = 0.0005


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


def forward(loaded: Loaded, prepared: Prepared) -> tuple[list[Outcome], Timings]:
    """Render the windows, run the network and average over each clip's windows."""
    import numpy as np

    present = [place for place, windows in enumerate(loaded.windows) if windows is not None]
    features: dict[int, Mapping[str, Array]] = {}
    try:
        for place, found in zip(
            present, _features([loaded.windows[p] for p in present], prepared, loaded.timings), strict=True
        ):
            features[place] = found
    except PluginError:  # no clip's fault
        raise
    except stage_failures() as error:  # whatever a stage raises is contained to the clip that caused it
        if len(loaded.jobs) > 1 and not prepared.recipe.together:
            return _one_by_one(loaded, prepared), loaded.timings
        reason = error.reason if isinstance(error, AudioError) else Reason.STAGE_FAILED
        return [
            Outcome(job, None, reason, f"{type(error).__name__}: {error}") for job in loaded.jobs
        ], loaded.timings
    outcomes = []
    for place, job in enumerate(loaded.jobs):
        if place in loaded.failures:
            outcomes.append(Outcome(job, None, *loaded.failures[place]))
        elif np.isfinite(np.concatenate(list(features[place].values()))).all():
            outcomes.append(Outcome(job, features[place]))
        else:
            outcomes.append(
                Outcome(job, None, Reason.STAGE_FAILED, "the backbone returned values that are not finite")
            )
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


def _run(windows: Any, size: int, prepared: Prepared, timings: Timings) -> Mapping[str, Array]:
    """Batches of fixed shape, missing places zero: a feature never depends on how many clips came along."""
    import numpy as np
    import torch

    if not isinstance(windows, np.ndarray):
        return _run_batch([windows], 1, prepared, timings)
    parts: list[Mapping[str, Array]] = []
    try:
        for first in range(0, len(windows), size):
            parts.append(_run_batch(windows[first : first + size], size, prepared, timings))
    except torch.cuda.OutOfMemoryError:
        if size == 1 or prepared.recipe.together:
            raise
        return _run(windows, size // 2, prepared, timings)
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _run_batch(part: Any, size: int, prepared: Prepared, timings: Timings) -> Mapping[str, Array]:
    import numpy as np
    import torch

    since = time.thread_time()
    with torch.inference_mode():
        x = (
            part
            if isinstance(part, list)
            else torch.from_numpy(_filled(part, size)).to(prepared.recipe.device)
        )
        if prepared.render is not None:
            x = prepared.render(x)
        since = timings.measure("front end", since)
        found = prepared.network(x)
    timings.measure("network", since)
    return {name: np.asarray(values[: len(part)], dtype=np.float32) for name, values in found.items()}


def _filled(part: Array, size: int) -> Array:
    """Windows [n, samples] to [size, samples], the missing ones zero."""
    import numpy as np

    if len(part) < size:
        part = np.concatenate([part, np.zeros((size - len(part), *part.shape[1:]), np.float32)])
    return np.ascontiguousarray(part)


def run_pool(
    tasks: Iterable[tuple[Job, ...]], prepared: Prepared, *, jobs: int
) -> Generator[tuple[list[Outcome], Timings], None, None]:
    """Run tasks on `jobs` threads; outcomes come as they are finished. Closing the iterator stops it after the tasks under way."""
    from threadpoolctl import threadpool_limits

    feeds_gpu = prepared.recipe.device != "cpu"
    work: Callable[..., Any] = load if feeds_gpu else compute_chunk
    given: Any = prepared.recipe if feeds_gpu else prepared
    ahead = LOADED_AHEAD if feeds_gpu else COMPUTED_AHEAD
    waiting, finished = iter(tasks), SimpleQueue[Future[Any]]()
    with threadpool_limits(1), _short_turns():  # the limit: NumPy's matrix products too
        pool = ThreadPoolExecutor(jobs, thread_name_prefix="mxt", initializer=_one_thread)

        def give_out(number: int) -> int:
            futures = [pool.submit(work, task, given) for task in islice(waiting, number)]
            for future in futures:
                future.add_done_callback(finished.put)
            return len(futures)

        try:
            under_way = give_out(ahead * jobs)
            while under_way:
                result = finished.get().result()
                under_way += give_out(1) - 1
                yield forward(result, prepared) if feeds_gpu else result
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _short_turns() -> Iterator[None]:
    """Let a thread that comes out of an operation wait less for the interpreter, which commits keep busy."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(TURN_SECONDS)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def _one_thread() -> None:
    import torch

    torch.set_num_threads(1)
