"""From the clips of a task to their features: what every worker of every engine runs."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mxt.core.errors import AudioError, PluginError, Reason, stage_failures
from mxt.extraction.loading import Loaded, Timings, load
from mxt.extraction.recipe import Prepared, Recipe, prepared_here
from mxt.extraction.tasks import Job, Task

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Array = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a clip: features by layer, float32 [dimension], or the reason why there are none."""

    job: Job
    features: Mapping[str, Array] | None
    reason: Reason = Reason.NONE
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Computed:
    """What became of the clips of a task, in its order, the CPU time it took, and where, if elsewhere."""

    outcomes: tuple[Outcome, ...]
    timings: Timings = field(default_factory=Timings)
    worker: str = ""


def compute(task: Task, recipe: Recipe) -> Computed:
    """The features of the clips of a task, in any process: the unit of work that an engine submits.

    Parameters
    ----------
    task : tuple of ClipJob
        Clips that are decoded one after the other, and go through the network together.
    recipe : Recipe
        What turns them into features; it is prepared once in each process.

    Returns
    -------
    Computed
        A clip that cannot be used carries its reason.

    Raises
    ------
    PluginError, UsageError, WeightsError
        The recipe cannot be prepared here, or a stage does not keep its contract.
    """
    import torch

    prepared = prepared_here(recipe)
    torch.set_num_threads(1)  # as in every worker: of this thread
    return compute_prepared(task, prepared)


def compute_prepared(task: Task, prepared: Prepared) -> Computed:
    """The features of the clips of a task, where the recipe is in memory already."""
    return forward(load(task, prepared.reading), prepared)


def forward(loaded: Loaded, prepared: Prepared) -> Computed:
    """Render the windows, run the network and average over the windows of each clip."""
    windows = [clip for clip in loaded.windows if clip is not None]
    try:
        features = iter(list(_features(windows, prepared, loaded.timings)))
    except PluginError:  # the fault of no clip
        raise
    except stage_failures() as error:  # whatever a stage raises is contained to the clip that caused it
        if len(loaded.task) > 1 and not prepared.together:
            return _one_by_one(loaded, prepared)
        reason = error.reason if isinstance(error, AudioError) else Reason.STAGE_FAILED
        detail = f"{type(error).__name__}: {error}"
        return Computed(tuple(Outcome(job, None, reason, detail) for job in loaded.task), loaded.timings)
    outcomes = (
        Outcome(job, None, *loaded.failures[position])
        if position in loaded.failures
        else _outcome(job, next(features))
        for position, job in enumerate(loaded.task)
    )
    return Computed(tuple(outcomes), loaded.timings)


def _outcome(job: Job, features: Mapping[str, Array]) -> Outcome:
    import numpy as np

    if np.isfinite(np.concatenate(list(features.values()))).all():
        return Outcome(job, features)
    return Outcome(job, None, Reason.STAGE_FAILED, "the backbone returned values that are not finite")


def _one_by_one(loaded: Loaded, prepared: Prepared) -> Computed:
    """Contain the failure of a stage: find the clip of the batch that caused it."""
    outcomes: list[Outcome] = []
    for position, (job, windows) in enumerate(zip(loaded.task, loaded.windows, strict=True)):
        failures = {0: loaded.failures[position]} if position in loaded.failures else {}
        outcomes += forward(Loaded((job,), (windows,), failures, loaded.timings), prepared).outcomes
    return Computed(tuple(outcomes), loaded.timings)


def _features(clips: list[Any], prepared: Prepared, timings: Timings) -> Iterator[Mapping[str, Array]]:
    """Features of each clip (windows float32 [W, samples]), averaged over its windows."""
    import numpy as np

    if prepared.reading.window.kind == "whole":
        for windows in clips:
            yield {name: values[0] for name, values in _run(windows, 1, prepared, timings).items()}
        return
    if not clips:
        return
    if not isinstance(clips[0], np.ndarray):
        yield _average(_run(windows, prepared.batch_windows, prepared, timings) for windows in clips[0])
        return
    size = sum(len(windows) for windows in clips) if prepared.together else prepared.batch_windows
    layers = _run(np.concatenate(clips), size, prepared, timings)
    first = 0
    for windows in clips:
        yield _average([{name: values[first : first + len(windows)] for name, values in layers.items()}])
        first += len(windows)


def _average(parts: Iterable[Mapping[str, Array]]) -> Mapping[str, Array]:
    """Mean over all windows, float32 [dimension] by layer; in float64, so that the parts do not matter."""
    sums: dict[str, Any] = {}
    number = 0
    for part in parts:
        for name, values in part.items():
            sums[name] = sums.get(name, 0.0) + values.sum(axis=0, dtype="float64")
        number += len(next(iter(part.values())))
    return {name: (total / number).astype("float32") for name, total in sums.items()}


def _run(windows: Any, size: int, prepared: Prepared, timings: Timings) -> Mapping[str, Array]:
    """Run batches of fixed shape, filled up with zeros: a feature does not depend on the clips beside it."""
    import numpy as np
    import torch

    if not isinstance(windows, np.ndarray):
        return _run_batch([windows], 1, prepared, timings)
    parts: list[Mapping[str, Array]] = []
    try:
        for first in range(0, len(windows), size):
            parts.append(_run_batch(windows[first : first + size], size, prepared, timings))
    except torch.cuda.OutOfMemoryError:
        if size == 1 or prepared.together:
            raise
        return _run(windows, size // 2, prepared, timings)
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _run_batch(part: Any, size: int, prepared: Prepared, timings: Timings) -> Mapping[str, Array]:
    import numpy as np
    import torch

    since = time.thread_time()
    with torch.inference_mode():
        x = part if isinstance(part, list) else torch.from_numpy(_filled(part, size)).to(prepared.device)
        if prepared.render is not None:
            x = prepared.render(x)
        since = timings.measure("front end", since)
        layers = prepared.network(x)
    timings.measure("network", since)
    return {name: np.asarray(values[: len(part)], dtype=np.float32) for name, values in layers.items()}


def _filled(part: Array, size: int) -> Array:
    """Windows [n, samples] filled up with zeros to [size, samples]."""
    import numpy as np

    if len(part) < size:
        part = np.concatenate([part, np.zeros((size - len(part), *part.shape[1:]), np.float32)])
    return np.ascontiguousarray(part)
