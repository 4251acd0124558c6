"""`mxt render`: what a network is shown of a clip, as a picture with axes for a person."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mxt.core.errors import AudioError, InputError, UnknownName
from mxt.core.pipeline import Chosen
from mxt.core.progress import SILENT, Progress
from mxt.core.specs import Window
from mxt.core.text import shortened, written
from mxt.drawing.rendering import Picture, write_picture
from mxt.extraction.contract import checked_renderer
from mxt.extraction.loading import Reading, load
from mxt.extraction.tasks import ClipJob
from mxt.registry import Registry, blame, split_settings
from mxt.store.layout import Store

SAMPLE_RATE = 22_050  # Hz, by default
WIDTH = 1200  # columns of a picture for a screen, by default
FEWEST_SAMPLES = 2048
LONGEST_STEM = 120  # bytes of a clip's name in that of its picture


@dataclass(frozen=True, slots=True)
class RenderRequest:
    """What is asked of `render`, as plain values: the options of ``mxt render``.

    Parameters
    ----------
    clips : tuple of str
        Files, or clip ids of the data set.
    out : Path
        Folder for the pictures; made where it does not exist.
    renderer, normalizer : str
        What makes the picture, and what is done to the level before.
    settings : tuple of str
        Their parameters, ``NAME=VALUE`` or ``STAGE.NAME=VALUE``.
    sample_rate : int
        Hz that clips are resampled to.
    dataset : str, optional
        By default the one last ingested.
    """

    clips: tuple[str, ...]
    out: Path = Path("pictures")
    renderer: str = "logfrequency"
    normalizer: str = "none"
    settings: tuple[str, ...] = ()
    sample_rate: int = SAMPLE_RATE
    dataset: str | None = None


@dataclass(frozen=True, slots=True)
class Rendered:
    """A picture that was written.

    Parameters
    ----------
    clip, path : str
        What it shows, and the file.
    rows, columns : int
        Of the picture without its axes.
    seconds : float
        Of audio in it.
    """

    clip: str
    path: str
    rows: int
    columns: int
    seconds: float


def render(
    store: Path, request: RenderRequest, registry: Registry, *, progress: Progress = SILENT
) -> list[Rendered]:
    """Write a PNG of every clip.

    Parameters
    ----------
    store : Path
        Where clip ids are looked up; not needed for files.
    request : RenderRequest
        What is wanted.
    registry : Registry
        Where the stages are found.
    progress : Progress
        Told of every clip.

    Returns
    -------
    list of Rendered
        In the order of the clips.

    Raises
    ------
    InputError, AudioError
        A clip that does not exist or cannot be decoded.
    UsageError
        Names or parameters that do not exist or do not fit.

    Examples
    --------
    >>> render(Path("mxt-store"), RenderRequest(("dog.wav",)), build_registry())  # doctest: +SKIP
    """
    renderer, normalizer = _stages(registry, request)
    jobs = [_job(clip, store, request.dataset) for clip in request.clips]
    stage = Registry.build(renderer)
    reading = Reading(
        normalizer=Registry.build(normalizer),
        resampler="soxr",
        sample_rate=request.sample_rate,
        window=Window.whole(min_samples=FEWEST_SAMPLES),
        needs=normalizer.spec.needs,
        whole_clip=normalizer.spec.whole_clip,
    )
    failing = f"renderer {request.renderer!r} ({renderer.distribution}) failed"
    with blame(failing):
        draw = checked_renderer(stage.prepare(request.sample_rate, "cpu"), renderer)
    rendered = []
    with progress.step("rendering", len(jobs), unit="clips") as step:
        for job, name in zip(jobs, _file_names(jobs, request), strict=True):
            path = request.out / name
            with blame(failing):
                picture = _picture(job, reading, stage, draw, _title(job, renderer, normalizer))
            write_picture(picture, path)
            rows, columns = picture.values.shape[-2:]
            rendered.append(Rendered(job.clip_id, str(path), rows, columns, picture.seconds))
            step.advance()
    return rendered


def _stages(registry: Registry, request: RenderRequest) -> tuple[Chosen, Chosen]:
    """Renderer and normalizer; the picture is as wide as a screen unless its width is given."""
    renderer = registry.find("renderer", request.renderer).spec
    normalizer = registry.find("normalizer", request.normalizer).spec
    settings: dict[str, dict[str, Any]] = {**split_settings(request.settings, [renderer, normalizer])}
    if "width" in {param.name for param in renderer.params}:
        settings[renderer.name] = {"width": WIDTH, **settings[renderer.name]}
    return (
        registry.choose("renderer", renderer.name, settings[renderer.name]),
        registry.choose("normalizer", normalizer.name, settings[normalizer.name]),
    )


def _job(clip: str, store: Path, dataset: str | None) -> ClipJob:
    """A file as a clip, or else a clip of the data set.

    Raises
    ------
    InputError
        It is neither.
    """
    from mxt.audio.decode import info

    path = Path(clip)
    if os.path.isfile(path):  # `Path.is_file` raises where a name is too long
        stat = path.stat()
        identity = stat.st_size, stat.st_mtime_ns, stat.st_ino
        return ClipJob(0, path.name, str(path), "", identity, duration=info(path).duration or 0.0)
    if not (store / "mxt.json").is_file():
        raise InputError(f"{clip}: no such file, and there is no store at {store} to look for a clip in")
    catalogue = Store.open(store, read_only=True).catalogue
    record = catalogue.dataset(dataset)
    name = written(clip)
    if (known := catalogue.clip(record.name, name)) is None:
        raise UnknownName(f"file, or clip of {record.name},", name, map(written, catalogue.ids(record.name)))
    if not (known.usable and known.has_audio):
        raise InputError(f"{name} of {record.name} has no audio that can be used; mxt info {name} says why")
    return ClipJob.of(known, 0, record)


def _picture(job: ClipJob, reading: Reading, stage: Any, draw: Callable[[Any], Any], title: str) -> Picture:
    import numpy as np
    import torch

    from mxt.core.stages import LabelsRows

    loaded = load((job,), reading)
    if loaded.failures:
        reason, detail = loaded.failures[0]
        raise AudioError(reason, f"{job.clip_id}: {detail}")
    y = loaded.windows[0]
    assert isinstance(y, np.ndarray)
    with torch.inference_mode():
        values = draw(torch.from_numpy(np.ascontiguousarray(y)))[0].numpy()
    rows = stage.row_axis(reading.sample_rate, values.shape[-2]) if isinstance(stage, LabelsRows) else None
    return Picture(values, rows, y.shape[1] / reading.sample_rate, title)


def _title(job: ClipJob, renderer: Chosen, normalizer: Chosen) -> str:
    """Clip, stages, and what black and white are."""
    words = [job.clip_id, renderer.spec.name]
    if normalizer.spec.name != "none":
        words.append(normalizer.spec.name)
    params = renderer.params
    if params.get("rescale") or params.get("brightness") == "arss":
        words.append("white: loudest point of the clip")
    elif "floor_db" in params and "rescale" in params:
        words.append(f"{params['floor_db']:g} to {params['reference_db']:g} dBFS")
    return " · ".join(words)


def _file_names(jobs: Sequence[ClipJob], request: RenderRequest) -> list[str]:
    """The name of each picture, from its clip and stages; a number is added where two would be the same."""
    stages = request.renderer if request.normalizer == "none" else f"{request.renderer}-{request.normalizer}"
    names: list[str] = []
    for job in jobs:
        stem = shortened("".join(c if c.isalnum() or c in "_-." else "_" for c in job.clip_id), LONGEST_STEM)
        name, number = f"{stem}-{stages}.png", 2
        while name in names:
            name, number = f"{stem}-{stages}-{number}.png", number + 1
        names.append(name)
    return names
