"""`mxt extract --backbone inception_v3` against the network's forward pass alone, on all cores, in one run.

    python tests/benchmarks/image_speed.py RECORDINGS [--clips 60] [--rounds 3] [--backbone inception_v3 --set
    random=0]

RECORDINGS is a folder of audio files; copies made distinct by a circular shift and a gain of their own are
written as WAV. The whole chain is ``mxt extract`` once its network is loaded: decoding, resampling,
rendering, the network with every layer, committing. Forward alone is the same backbone on a ready picture, as
many at a time as there are cores, with one thread each; for inception_v3 also torchvision's unchanged module.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import torch

from mxt.core.cores import cores
from mxt.core.weights import locate
from mxt.registry import PipelineRequest, build_registry, make_pipeline, split_settings


def write_copies(source: Path, folder: Path, clips: int) -> None:
    """Write `clips` distinct WAV files."""
    originals = sorted(path for path in source.rglob("*") if path.suffix in (".wav", ".flac", ".au"))
    rng = np.random.default_rng(0)
    folder.mkdir(parents=True)
    for n in range(clips):
        y, sample_rate = soundfile.read(originals[n % len(originals)], dtype="float32")
        soundfile.write(
            folder / f"{n:04}.wav",
            np.roll(y, int(rng.integers(len(y)))) * rng.uniform(0.3, 0.95),
            sample_rate,
        )


def extract(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """What ``mxt extract`` reports about the files in `folder`."""
    with tempfile.TemporaryDirectory() as work:
        mxt = [sys.executable, "-m", "mxt"]
        subprocess.run(
            [*mxt, "ingest", str(folder), "--quiet"], cwd=work, check=True, stdout=subprocess.DEVNULL
        )
        settings = [word for setting in options.set for word in ("--set", setting)]
        command = [*mxt, "extract", "--backbone", options.backbone, *settings, "--json"]
        out = subprocess.run(command, cwd=work, check=True, stdout=subprocess.PIPE).stdout
    extraction: dict[str, Any] = json.loads(out)
    return extraction


@dataclass(frozen=True)
class Cost:
    """Wall seconds and CPU seconds per picture."""

    wall: float
    cpu: float


def forward_alone(network: Callable[[torch.Tensor], object], picture: torch.Tensor, count: int) -> Cost:
    """Cost per picture, with one thread per core."""
    with ThreadPoolExecutor(cores(), initializer=torch.set_num_threads, initargs=(1,)) as pool:
        list(pool.map(network, [picture] * 2 * cores()))
        begun, cpu_begun = time.perf_counter(), time.process_time()
        list(pool.map(network, [picture] * count))
    return Cost((time.perf_counter() - begun) / count, (time.process_time() - cpu_begun) / count)


def networks(options: argparse.Namespace) -> dict[str, tuple[Callable[[torch.Tensor], object], torch.Tensor]]:
    """The networks that are compared with the whole chain, each with a picture for it."""
    registry = build_registry()
    spec = registry.find("backbone", options.backbone).spec
    pipeline = make_pipeline(
        registry,
        PipelineRequest(
            backbone=options.backbone, params=split_settings(options.set, [spec])[options.backbone]
        ),
    )
    file = pipeline.weights
    stage = registry.build(pipeline.backbone)
    size = pipeline.backbone.spec.input.params["height"]
    compared = {
        "forward alone": (stage.prepare(locate(file) if file else None, "cpu"), torch.rand(1, 3, size, size))
    }
    if options.backbone == "inception_v3":
        from torchvision.models import Inception3

        module = Inception3(aux_logits=False, init_weights=False).eval()
        compared["torchvision's module"] = (torch.inference_mode()(module), torch.rand(1, 3, 299, 299))
    return compared


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("recordings", type=Path)
    parser.add_argument("--clips", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--backbone", default="inception_v3")
    parser.add_argument("--set", action="append", default=[])
    options = parser.parse_args()
    if options.backbone == "inception_v3" and not options.set:
        options.set = ["random=0"]
    compared = networks(options)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        write_copies(options.recordings, folder / "clips", options.clips)
        rounds = []
        for _ in range(options.rounds):
            extraction = extract(folder / "clips", options)
            computed, wall, cpu = (extraction[name] for name in ("computed", "seconds", "cpu_seconds"))
            assert computed == options.clips, f"{computed} rows computed for {options.clips} clips"
            costs = {"whole chain": Cost(wall / computed, cpu / computed)}
            for name, (network, picture) in compared.items():
                costs[name] = forward_alone(network, picture, options.clips)
            rounds.append(costs)
        for name in rounds[0]:
            wall, cpu = (
                statistics.median(getattr(costs[name], what) for costs in rounds) for what in ("wall", "cpu")
            )
            print(f"{name:22} {1000 * cpu:7.1f} ms CPU per picture   {1 / wall:6.1f} pictures/s")
        for name in compared:
            wall, cpu = (
                statistics.median(
                    getattr(costs[name], what) / getattr(costs["whole chain"], what) for costs in rounds
                )
                for what in ("wall", "cpu")
            )
            print(
                f"throughput of the whole chain / {name}: {100 * wall:.0f} %, by CPU time {100 * cpu:.0f} %"
            )


if __name__ == "__main__":
    main()
