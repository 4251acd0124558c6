"""`mxt demo`: the whole way from audio to score on a collection made on the spot."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mxt.core.errors import PluginError, UnknownName, WeightsError
from mxt.core.progress import SILENT, Progress
from mxt.registry import Registry
from mxt.results.request import EvaluateRequest

if TYPE_CHECKING:
    from mxt.extraction.records import Extraction
    from mxt.ingestion.records import Ingested
    from mxt.results.records import Evaluated

CLASS_SIZE = 16
SAMPLE_RATE = 22_050
BACKBONES = ("random_convnet", "mfcc")  # these need no download
PRETRAINED, PRETRAINED_LAYER = "musicnn", "penultimate"
INSTALL = "in a checkout of mxt: pip install ./plugins/mxt-musicnn"


@dataclass(frozen=True, slots=True)
class DemoStep:
    """One of the commands the demo runs, as one would type it in its folder, and what came out: text where it could not be run."""

    command: str
    result: Ingested | Extraction | Evaluated | str


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
    from mxt.core.files import atomic_write, translate_os_errors

    root = folder / "timbres"
    with translate_os_errors("writing the demo's recordings to", root):
        for place, timbre in enumerate(TIMBRES):
            (root / timbre).mkdir(parents=True, exist_ok=True)
            for number in range(class_size):
                path = root / timbre / f"{timbre}.{number:03}.wav"
                if not path.exists():
                    y = note(timbre, np.random.default_rng([seed, place, number]), sample_rate=SAMPLE_RATE)
                    with atomic_write(path) as file:
                        soundfile.write(file, y, SAMPLE_RATE, format="WAV", subtype="PCM_16")
    return root


def demo(
    folder: Path,
    registry: Registry,
    *,
    pretrained: bool = False,
    jobs: int | None = None,
    progress: Progress = SILENT,
) -> Iterator[DemoStep]:
    """Synthesise, ingest, extract with two backbones that need no download, evaluate.

    Parameters
    ----------
    folder : Path
        Where the collection and its store are written.
    registry : Registry
        Where stages are found.
    pretrained : bool
        Also extract with the pre-trained network that pip brings; where it cannot be had, its step says what
        to type.

    Yields
    ------
    DemoStep
        As each command is finished.
    """
    from mxt.extraction.request import ExtractRequest
    from mxt.ingestion.requests import IngestRequest
    from mxt.workflows.evaluate import evaluate
    from mxt.workflows.extract import extract
    from mxt.workflows.ingest import ingest

    root, store = synthesise(folder), folder / "mxt-store"
    (ingested,) = ingest(store, IngestRequest(root, jobs=jobs), registry, progress=progress)
    yield DemoStep(f"mxt ingest {root.name}", ingested)
    for backbone in BACKBONES:
        found = extract(
            store, ExtractRequest(backbone, dataset=root.name, jobs=jobs), registry, progress=progress
        )
        yield DemoStep(f"mxt extract --backbone {backbone}", found)
    if pretrained:
        command = f"mxt extract --backbone {PRETRAINED} --layers {PRETRAINED_LAYER}"
        request = ExtractRequest(PRETRAINED, layers=PRETRAINED_LAYER, dataset=root.name, jobs=jobs)
        try:
            yield DemoStep(command, extract(store, request, registry, progress=progress))
        except UnknownName:
            yield DemoStep(command, f"{PRETRAINED} is not installed; {INSTALL}")
        except PluginError as error:
            yield DemoStep(command, f"{error}; for more: mxt plugins")
        except WeightsError as error:
            reason = str(error).partition(" Ways to get it:")[0].partition("\n")[0].rstrip(".")
            yield DemoStep(command, f"{reason}; to try again: mxt weights fetch {PRETRAINED}")
    yield DemoStep("mxt eval", evaluate(store, EvaluateRequest(), registry, jobs=jobs, progress=progress))
