"""Recipes: all that turns clips into features, as plain values, and prepared with the network in memory."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from mxt.core.errors import PluginError, WeightsError
from mxt.core.pipeline import Pipeline
from mxt.core.progress import Progress
from mxt.core.requirements import check_installed
from mxt.core.stages import ReadsPieces
from mxt.core.weights import ensure, locate, with_options
from mxt.core.weights_file import of_ones_own
from mxt.extraction.contract import checked_network, checked_renderer
from mxt.extraction.loading import Reading
from mxt.registry import Registry, blame, build_registry, plugin_files


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that turns clips into features, as plain values that another process can be sent.

    Parameters
    ----------
    pipeline : Pipeline
        Stages and parameters, and the hash of the weights.
    device : str
        ``"cpu"`` or ``"cuda"``.
    weights : Path, optional
        The file of the weights, where every worker sees it.
    plugins : tuple of Path
        One-file plugins and folders of packages that bring stages of the pipeline.
    """

    pipeline: Pipeline
    device: str = "cpu"
    weights: Path | None = None
    plugins: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Prepared:
    """A recipe in memory, shared by all threads of a process.

    Parameters
    ----------
    reading : Reading
        How a clip becomes windows.
    render : callable, optional
        Windows to pictures; ``None`` where the network reads the waveform.
    network : callable
        A batch to the values of every layer.
    batch_windows : int
        Fixed first dimension of every batch.
    together : bool
        Whether the clips of a task are one batch and computed in one call (the batch mode of a paper).
    device : str
        ``"cpu"`` or ``"cuda"``.
    """

    reading: Reading
    render: Callable[[Any], Any] | None
    network: Callable[[Any], Mapping[str, Any]]
    batch_windows: int
    together: bool = False
    device: str = "cpu"


def make_recipe(
    pipeline: Pipeline, device: str, registry: Registry, progress: Progress, *, plugins: Sequence[Path] = ()
) -> Recipe:
    """The recipe of a pipeline; its weights are fetched where they are not here yet.

    Parameters
    ----------
    pipeline : Pipeline
        Stages and parameters.
    device : str
        ``"cpu"`` or ``"cuda"``.
    registry : Registry
        Has the stages.
    progress : Progress
        Told of a download.
    plugins : sequence of Path
        Files and folders of plugins that were named; those of the pipeline's stages are found.

    Raises
    ------
    PluginError
        A library that a stage requires is not installed.
    WeightsError
        The weights cannot be had.
    """
    for stage in pipeline.stages:
        check_installed(stage.spec)
    backbone, file, weights = pipeline.backbone.spec.name, pipeline.weights, None
    if file is not None:
        with with_options(registry.find("backbone", backbone).options):
            weights = ensure(file, progress=progress, called=f"{backbone}:{file.name}")
    stages = [(stage.spec.kind, stage.spec.name) for stage in pipeline.stages]
    needed = dict.fromkeys([*plugins, *plugin_files(registry, *stages)])
    return Recipe(pipeline, device, weights, tuple(needed))


def prepare(recipe: Recipe) -> Prepared:
    """Load the weights, and build what the stages need once.

    Raises
    ------
    PluginError
        A stage cannot be made or prepared. The functions of what is returned raise it where a stage returns
        something other than its spec promises.
    UsageError
        Parameters that do not fit together.
    WeightsError
        A file of the network is not what it was when the recipe was made.
    """
    from mxt.audio.memory import keep_freed_memory, return_freed_memory

    keep_freed_memory()
    pipeline, device = recipe.pipeline, recipe.device
    chosen, spec = pipeline.backbone, pipeline.backbone.spec
    for file in (file for file in spec.files if file.source):
        locate(file, called=f"{spec.name}: {file.name}")
    assert spec.sample_rate is not None
    backbone, normalizer = Registry.build(chosen), Registry.build(pipeline.normalizer)
    renderer = Registry.build(pipeline.renderer) if pipeline.renderer else None
    with blame(f"backbone {spec.name!r} ({chosen.distribution}) cannot be prepared"):
        if "lufs" in pipeline.normalizer.spec.needs:
            from mxt.audio.loudness import filters

            filters()  # fails now, rather than after an hour, where it cannot be imported
        render = None
        if pipeline.renderer is not None and renderer is not None:
            render = checked_renderer(renderer.prepare(spec.sample_rate, device), pipeline.renderer)
        network = checked_network(backbone.prepare(recipe.weights, device), chosen)
    return_freed_memory()  # a state dict as it was read, or what random weights were calibrated with
    reading = Reading(
        normalizer=normalizer,
        resampler=pipeline.resampler,
        sample_rate=spec.sample_rate,
        window=spec.window,
        needs=pipeline.normalizer.spec.needs,
        whole_clip=pipeline.normalizer.spec.whole_clip,
        in_pieces=device == "cpu" and isinstance(renderer or backbone, ReadsPieces),
    )
    return Prepared(reading, render, network, spec.batch_windows, bool(spec.rows_together), device)


_lock = Lock()
_in_memory: dict[tuple[str, str], Prepared] = {}  # of this process: one recipe at most


def prepared_here(recipe: Recipe) -> Prepared:
    """A recipe as this process has it in memory, for a process that does nothing but compute.

    The first task of a recipe prepares it, and limits the numeric libraries of the process to one thread: as
    many threads compute as there are workers. A recipe that was in memory before is released.

    Raises
    ------
    PluginError, UsageError
        As of `prepare`; or a plugin is not what it was when the recipe was made.
    WeightsError
        The weights are not those of the recipe.
    """
    key = recipe.pipeline.fingerprint, recipe.device
    with _lock:
        if key not in _in_memory:
            _in_memory.clear()
            _check_weights(recipe)
            _load_plugins(recipe)
            _in_memory[key] = prepare(recipe)
            _one_thread_for_all()
        return _in_memory[key]


def release() -> None:
    """Forget the recipe that this process has in memory."""
    with _lock:
        _in_memory.clear()


def _check_weights(recipe: Recipe) -> None:
    file = recipe.pipeline.weights
    if file is None or recipe.weights is None or not file.digest:
        return
    if not recipe.weights.exists():
        raise WeightsError(f"{recipe.weights}: this worker does not see the file of the weights {file.name}")
    if of_ones_own(file.name, file, recipe.weights).digest != file.digest:
        raise WeightsError(f"{recipe.weights} is not the file of the weights {file.name} any more")


def _load_plugins(recipe: Recipe) -> None:
    """Import the plugins of a recipe; the module of a one-file plugin is named by the hash of its text."""
    if not recipe.plugins:
        return
    build_registry(recipe.plugins)
    for stage in recipe.pipeline.stages:
        kind, _, file = stage.distribution.partition(":")
        if kind == "file" and not _is_importable(stage.spec.target.partition(":")[0]):
            raise PluginError(f"{file} has changed since the run began; run it again")


def _is_importable(module: str) -> bool:
    try:
        return module in sys.modules or importlib.util.find_spec(module) is not None
    except ImportError:  # of the package it should be in
        return False


def _one_thread_for_all() -> None:
    from threadpoolctl import threadpool_limits

    threadpool_limits(1)
