"""What the engine works on: a recipe, the clips of a task, and what became of them; plain and picklable but for the network."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mxt.core.errors import Reason
from mxt.core.specs import Window
from mxt.core.stages import Levels

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from mxt.audio.streamed import Streamed

    Array = npt.NDArray[np.float32]
    Windows = Array | Iterator[Array] | Streamed


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
    """The windows of a task's clips and the failures.

    Windows are float32 [W, samples] a clip, in one array or several; a signal where a long clip is one window
    that is made while it is read; ``None`` where a clip failed.
    """

    jobs: tuple[Job, ...]
    windows: tuple[Windows | None, ...]
    failures: Mapping[int, tuple[Reason, str]]
    timings: Timings


def prepare(recipe: Recipe) -> Prepared:
    """Load weights and build what the stages need once."""
    from mxt.audio.memory import keep_freed_memory, return_freed_memory

    keep_freed_memory()
    if "lufs" in recipe.needs:
        from mxt.audio.loudness import filters

        filters()  # says now, not after an hour, that it cannot be imported
    render = (
        recipe.renderer.prepare(recipe.sample_rate, recipe.device) if recipe.renderer is not None else None
    )
    network = recipe.backbone.prepare(recipe.weights, recipe.device)
    return_freed_memory()  # a state dict as it was read, or what random weights were calibrated with
    return Prepared(recipe, render, network)
