"""The figures of Shtern et al. 2017 over a store in which the paper was reproduced."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mxt.core.errors import InputError
from mxt.core.files import translate_os_errors
from mxt.core.progress import SILENT, Progress
from mxt.drawing.page import files_of
from mxt.papers.shtern2017.chords import SAMPLE_RATE, VERSIONS, Version, play
from mxt.papers.shtern2017.columns import PROTOCOL
from mxt.papers.shtern2017.figure import draw_chords, draw_reproduction, write_reproduction
from mxt.papers.shtern2017.records import ShternRequest
from mxt.registry import Registry
from mxt.results.study import open_store
from mxt.workflows.reproduce_shtern2017 import reproduce_shtern2017

PICTURE = {"width": 600}  # columns of a picture of chords


def figures_shtern2017(
    store_path: Path, out: Path, registry: Registry, *, progress: Progress = SILENT
) -> tuple[tuple[Path, ...], ...]:
    """Draw the last reproduction of a store: the paper on one page, and the pictures of chords.

    Returns
    -------
    tuple of tuple of Path
        The files of each figure.

    Raises
    ------
    InputError
        The paper was not reproduced in this store, or features are missing since.
    """
    requests = list(_requests(store_path))
    if not requests:
        raise InputError(f"{store_path} has no reproduction of the paper: mxt reproduce {PROTOCOL} first")
    request = requests[-1]
    plan = reproduce_shtern2017(store_path, replace(request, dry_run=True), registry).plan
    if plan.missing:
        raise InputError(f"{plan.missing:,} features are missing since; run first: {request.command()}")
    result = reproduce_shtern2017(store_path, request, registry, progress=progress)
    with translate_os_errors("making", out):
        out.mkdir(parents=True, exist_ok=True)
    *pictures, table = files_of(out / PROTOCOL)
    draw_reproduction(result, *pictures)
    write_reproduction(result, table)
    chords = files_of(out / f"{PROTOCOL}-chords")[:2]
    draw_chords(dict(_pictures_of_chords(registry)), *chords)
    return (*pictures, table), chords


def _requests(store_path: Path) -> Iterator[ShternRequest]:
    """Of all reproductions of this paper that came to an end, in order."""
    for run in open_store(store_path).runs():
        if run.get("command") == "reproduce" and run.get("paper") == PROTOCOL:
            yield ShternRequest.from_plain(run["request"])


def _pictures_of_chords(registry: Registry) -> Iterator[tuple[Version, npt.NDArray[np.float32]]]:
    """What the network is shown of the first piece's versions."""
    import torch

    renderer = registry.choose("renderer", "logfrequency", PICTURE)
    draw = Registry.build(renderer).prepare(SAMPLE_RATE, "cpu")
    first = [version for version in VERSIONS if version.piece == 0]
    for version in sorted(first, key=lambda version: (version.instrument, version.metre)):
        with torch.inference_mode():
            yield version, draw(torch.from_numpy(play(version))[None])[0].numpy()
