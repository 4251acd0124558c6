"""`mxt demo`: the whole way from audio to score on a collection made on the spot."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from mxt.core.errors import MxtError, PluginError, UnknownName, WeightsError
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


@dataclass(frozen=True, slots=True)
class DemoStep:
    """One command of the demo as it is typed in its folder, and its result or error."""

    command: str
    result: Ingested | Extraction | Evaluated | MxtError


def synthesise(folder: Path, *, class_size: int = CLASS_SIZE, seed: int = 0) -> Path:
    """Write the demo's collection: one folder per timbre, `class_size` notes in each.

    Returns
    -------
    Path
        The folder of the collection; files that exist already are kept.
    """
    import numpy as np
    import soundfile

    from mxt.audio.synthesis import TIMBRES, note
    from mxt.core.files import atomic_write, translate_os_errors

    root = folder / "timbres"
    with translate_os_errors("writing the demo's recordings to", root):
        for timbre_number, timbre in enumerate(TIMBRES):
            (root / timbre).mkdir(parents=True, exist_ok=True)
            for number in range(class_size):
                path = root / timbre / f"{timbre}.{number:03}.wav"
                if not path.exists():
                    rng = np.random.default_rng([seed, timbre_number, number])
                    y = note(timbre, rng, sample_rate=SAMPLE_RATE)
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
    """Synthesise a collection, ingest it, extract features with backbones that need no download, evaluate.

    Parameters
    ----------
    folder : Path
        Where the collection and its store are written.
    registry : Registry
        Where stages are found.
    pretrained : bool
        Whether to extract also with the pre-trained network whose weights come through pip.
    jobs : int, optional
        Parallel workers (default: one per core).
    progress : Progress

    Yields
    ------
    DemoStep
        Each command as soon as it is finished.
    """
    from mxt.extraction.request import ExtractRequest
    from mxt.ingestion.requests import IngestRequest
    from mxt.workflows.evaluate import evaluate
    from mxt.workflows.extract import extract
    from mxt.workflows.ingest import ingest

    root, store = synthesise(folder), folder / "mxt-store"
    (ingested,) = ingest(store, IngestRequest(root, jobs=jobs), registry, progress=progress)
    yield DemoStep(f"mxt ingest {root.name}", ingested)

    def run(request: ExtractRequest) -> Extraction:
        here = replace(request, dataset=root.name, jobs=jobs)
        return extract(store, here, registry, progress=progress)

    for request in map(ExtractRequest, BACKBONES):
        yield DemoStep(request.command(), run(request))
    if pretrained:
        request = ExtractRequest(PRETRAINED, layers=PRETRAINED_LAYER)
        try:
            yield DemoStep(request.command(), run(request))
        except (UnknownName, PluginError, WeightsError) as error:
            yield DemoStep(request.command(), error)
    yield DemoStep("mxt eval", evaluate(store, EvaluateRequest(), registry, jobs=jobs, progress=progress))
