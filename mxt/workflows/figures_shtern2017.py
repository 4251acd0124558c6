"""The figures of Shtern et al. 2017 over a store in which the paper was reproduced."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mxt.core.errors import InputError
from mxt.core.files import translate_os_errors
from mxt.drawing.page import files_of
from mxt.papers.shtern2017.chords import SAMPLE_RATE, VERSIONS, Version, play
from mxt.papers.shtern2017.columns import PROTOCOL
from mxt.papers.shtern2017.figure import (
    draw_chords,
    draw_reproduction,
    write_chords,
    write_reproduction,
)
from mxt.papers.shtern2017.records import ShternReproduction, ShternRequest
from mxt.registry import Registry, build_registry
from mxt.store.layout import Store
from mxt.workflows.reproduce_shtern2017 import reproduce_shtern2017

PICTURE = {"width": 600}  # columns of a picture of chords


def last_reproduction(store: Store, registry: Registry | None = None) -> ShternReproduction | None:
    """The last reproduction of a store, from what it saved; ``None`` where there was none.

    Parameters
    ----------
    store : Store
    registry : Registry, optional
        Where its stages are found (default: all that are installed, and the plugins it was given).

    Raises
    ------
    InputError
        Features are missing since.
    """
    requests = list(_requests(store))
    if not requests:
        return None
    request = requests[-1]
    registry = registry or build_registry(request.plugins)
    plan = reproduce_shtern2017(store.root, replace(request, dry_run=True), registry).plan
    if plan.missing:
        raise InputError(f"{plan.missing:,} features are missing since; run first: {request.command()}")
    return reproduce_shtern2017(store.root, request, registry)


def draw_shtern2017(result: ShternReproduction, out: Path) -> dict[str, tuple[Path, ...]]:
    """Draw the paper on one page, and what a network is shown of the same chords; give words to files."""
    with translate_os_errors("making", out):
        out.mkdir(parents=True, exist_ok=True)
    page, chords = files_of(out / f"paper-{PROTOCOL}"), files_of(out / f"paper-{PROTOCOL}-chords")
    draw_reproduction(result, *page[:2])
    write_reproduction(result, page[2])
    draw_chords(dict(_pictures_of_chords()), *chords[:2])
    write_chords(result, chords[2])
    names = ", ".join(dict.fromkeys(row.subject.task.words for row in result.rows))
    return {f"{PROTOCOL} · {names}": page, f"{PROTOCOL} · timing against timbre": chords}


def _requests(store: Store) -> Iterator[ShternRequest]:
    """Of all reproductions of this paper that came to an end, in order."""
    for run in store.runs():
        if run.get("command") == "reproduce" and run.get("paper") == PROTOCOL:
            yield ShternRequest.from_plain(run["request"])


def _pictures_of_chords() -> Iterator[tuple[Version, npt.NDArray[np.float32]]]:
    """What the paper's network is shown of the first piece's versions."""
    import torch

    renderer = build_registry().choose("renderer", "logfrequency", PICTURE)
    draw = Registry.build(renderer).prepare(SAMPLE_RATE, "cpu")
    first = [version for version in VERSIONS if version.piece == 0]
    for version in sorted(first, key=lambda version: (version.instrument, version.metre)):
        with torch.inference_mode():
            yield version, draw(torch.from_numpy(play(version))[None])[0].numpy()
