"""`mxt render`: what a network is shown of a clip, as a picture with axes for a person."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mxt.core.errors import AudioError, InputError, UnknownName
from mxt.core.pipeline import Chosen
from mxt.core.progress import SILENT, Progress
from mxt.core.specs import Window
from mxt.core.text import shortened, written
from mxt.drawing.rendering import Picture, write_picture
from mxt.extraction.contract import checked_renderer
from mxt.extraction.loading import load
from mxt.extraction.plan import job_of
from mxt.extraction.tasks import Job, Recipe
from mxt.registry import Registry, blame, split_settings
from mxt.store.layout import Store

if TYPE_CHECKING:
    pass

SAMPLE_RATE = 22_050  # Hz, where nothing else is asked for
WIDTH = 1200  # columns of a picture for a screen, where nothing else is asked for
FEWEST_SAMPLES = 2048
LONGEST_STEM = 120  # bytes of a clip's name in that of its picture


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked of `render`, as plain values (see the options of ``mxt render``)."""

    renderer: str = "logfrequency"
    settings: tuple[str, ...] = ()
    normalizer: str = "none"
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
    clips: Sequence[str],
    out: Path,
    registry: Registry,
    asked: Asked = Asked(),
    *,
    store: Path,
    progress: Progress = SILENT,
) -> list[Rendered]:
    """Write a PNG a clip.

    Parameters
    ----------
    clips : sequence of str
        Files, or clip ids of the data set.
    out : Path
        Folder; made where it is not there.
    registry : Registry
        Where the stages are found.
    asked : Asked
        Renderer, normalizer and their parameters.
    store : Path
        Where clip ids are looked up.

    Returns
    -------
    list of Rendered
        In the order of `clips`.

    Raises
    ------
    InputError, AudioError
        A clip that is not there or cannot be decoded.
    UsageError
        Names or parameters that are not there or do not fit.
    """
    renderer, normalizer = _stages(registry, asked)
    jobs = [_job(clip, store, asked.dataset) for clip in clips]
    names = _file_names(
        jobs, "-".join([asked.renderer, *([asked.normalizer] if asked.normalizer != "none" else [])])
    )
    recipe = _recipe(registry, renderer, normalizer, asked.sample_rate)
    failing = f"renderer {asked.renderer!r} ({renderer.distribution}) failed"
    with blame(failing):
        draw = checked_renderer(recipe.renderer.prepare(asked.sample_rate, "cpu"), renderer)
    found = []
    with progress.step("rendering", len(jobs), unit="clips") as step:
        for job, name in zip(jobs, names, strict=True):
            with blame(failing):
                picture = _picture(job, recipe, draw, _title(job, renderer, normalizer))
            write_picture(picture, out / name)
            rows, columns = picture.values.shape[-2:]
            found.append(Rendered(job.clip_id, str(out / name), rows, columns, picture.seconds))
            step.advance()
    return found


def _stages(registry: Registry, asked: Asked) -> tuple[Chosen, Chosen]:
    """Renderer and normalizer with their settings; the picture is as wide as a screen unless its width is given."""
    specs = [
        registry.find("renderer", asked.renderer).spec,
        registry.find("normalizer", asked.normalizer).spec,
    ]
    settings = split_settings(asked.settings, specs)
    given: dict[str, Any] = {"width": WIDTH} if "width" in {param.name for param in specs[0].params} else {}
    renderer = registry.choose("renderer", asked.renderer, given | settings[asked.renderer])
    return renderer, registry.choose("normalizer", asked.normalizer, settings[asked.normalizer])


def _recipe(registry: Registry, renderer: Chosen, normalizer: Chosen, sample_rate: int) -> Recipe:
    return Recipe(
        backbone=None,
        normalizer=registry.build(normalizer),
        renderer=registry.build(renderer),
        resampler="soxr",
        sample_rate=sample_rate,
        window=Window.whole(min_samples=FEWEST_SAMPLES),
        batch_windows=1,
        needs=normalizer.spec.needs,
        whole_clip=normalizer.spec.whole_clip,
    )


def _job(clip: str, store: Path, dataset: str | None) -> Job:
    """A file as a clip, else a clip of the data set.

    Raises
    ------
    InputError
        It is neither.
    """
    from mxt.audio.decode import info

    path = Path(clip)
    if os.path.isfile(path):  # Path's own answer to a name that is too long is an exception
        stat = path.stat()
        return Job(
            0,
            path.name,
            str(path),
            "",
            (stat.st_size, stat.st_mtime_ns, stat.st_ino),
            duration=info(path).duration or 0.0,
        )
    if not (store / "mxt.json").is_file():
        raise InputError(
            f"{clip}: there is no such file, and no store at {store} in which a clip could be called so"
        )
    catalogue = Store.open(store, read_only=True).catalogue
    record = catalogue.dataset(dataset)
    known, clip = {written(each.id): each for each in catalogue.clips(record.name)}, written(clip)
    if clip not in known:
        raise UnknownName(f"file, or clip of {record.name},", clip, known)
    if not (known[clip].usable and known[clip].has_audio):
        raise InputError(f"{clip} of {record.name} has no audio that can be used; mxt info {clip} says why")
    return job_of(known[clip], 0, record)


def _picture(job: Job, recipe: Recipe, draw: Any, title: str) -> Picture:
    import numpy as np
    import torch

    from mxt.core.stages import LabelsRows

    loaded = load([job], recipe)
    if loaded.failures:
        reason, detail = loaded.failures[0]
        raise AudioError(reason, f"{job.clip_id}: {detail}")
    y = loaded.windows[0]
    assert isinstance(y, np.ndarray)
    with torch.inference_mode():
        values = draw(torch.from_numpy(np.ascontiguousarray(y)))[0].numpy()
    axis = (
        recipe.renderer.row_axis(recipe.sample_rate, values.shape[-2])
        if isinstance(recipe.renderer, LabelsRows)
        else None
    )
    return Picture(values, axis, y.shape[1] / recipe.sample_rate, title)


def _title(job: Job, renderer: Chosen, normalizer: Chosen) -> str:
    """Clip, stages, and what black and white are."""
    words = [job.clip_id, renderer.spec.name]
    if normalizer.spec.name != "none":
        words.append(normalizer.spec.name)
    shown = renderer.params
    if shown.get("rescale"):
        words.append("white: loudest point of the clip")
    elif "floor_db" in shown and "rescale" in shown:
        words.append(f"{shown['floor_db']:g} to {shown['reference_db']:g} dBFS")
    return " · ".join(words)


def _file_names(jobs: Sequence[Job], what: str) -> list[str]:
    """A name a picture, each its own."""
    found: list[str] = []
    for job in jobs:
        stem = shortened("".join(c if c.isalnum() or c in "_-." else "_" for c in job.clip_id), LONGEST_STEM)
        name, number = f"{stem}-{what}.png", 2
        while name in found:
            name, number = f"{stem}-{what}-{number}.png", number + 1
        found.append(name)
    return found
