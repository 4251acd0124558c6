"""`mxt demo`: the whole way from audio to score on a collection made on the spot."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mxt.core.progress import SILENT, Progress
from mxt.registry import Registry

CLASS_SIZE = 16
SAMPLE_RATE = 22_050


@dataclass(frozen=True, slots=True)
class DemoStep:
    """One of the commands the demo runs: as one would type it, and what came out."""

    command: str
    result: Any


def synthesise(folder: Path, *, class_size: int = CLASS_SIZE, seed: int = 0) -> Path:
    """Write the demo's collection: one folder a timbre, `class_size` notes in each.

    Returns
    -------
    Path
        The folder of the collection; files that are there already are kept.
    """
    import numpy as np
    import soundfile

    from mxt.audio.synthesis import TIMBRES, note

    root = folder / "timbres"
    for place, timbre in enumerate(TIMBRES):
        (root / timbre).mkdir(parents=True, exist_ok=True)
        for number in range(class_size):
            path = root / timbre / f"{timbre}.{number:03}.wav"
            if not path.exists():
                y = note(timbre, np.random.default_rng([seed, place, number]), sample_rate=SAMPLE_RATE)
                soundfile.write(path, y, SAMPLE_RATE, subtype="PCM_16")
    return root


def demo(folder: Path, registry: Registry, *, jobs: int | None = None, progress: Progress = SILENT) -> Iterator[DemoStep]:
    """Synthesise, ingest, extract with two backbones that need no download, evaluate.

    Parameters
    ----------
    folder : Path
        Where the collection and its store are written.

    Yields
    ------
    DemoStep
        As each command is finished.
    """
    from mxt.workflows.evaluate import evaluate
    from mxt.workflows.extract import Request, extract
    from mxt.workflows.ingest import ingest

    root, store = synthesise(folder), folder / "mxt-store"
    yield DemoStep(f"mxt ingest {root}", ingest(store, root, registry, jobs=jobs, progress=progress))
    for backbone in ("random_convnet", "mfcc"):
        found = extract(store, Request(backbone, dataset="timbres", jobs=jobs), registry, progress=progress)
        yield DemoStep(f"mxt extract --backbone {backbone}", found)
    yield DemoStep("mxt eval", evaluate(store, registry, jobs=jobs, progress=progress))
