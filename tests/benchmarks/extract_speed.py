"""`mxt extract --backbone convnet` against a plain script and a floor, after start-up, in one run.

    MXT_WEIGHTS_DIR=FOLDER python tests/benchmarks/extract_speed.py RECORDINGS [--clips 120] [--rounds 3]
    [--memory]

RECORDINGS is a folder of 30 s WAV files at 22,050 Hz. Copies made distinct by a circular shift and a gain of
their own are written as WAV, and as stereo MP3 at 44.1 kHz. Each program reports its own wall and CPU seconds
after start-up: ``mxt extract`` once its network is loaded (committing included), the scripts after a first
clip. The plain script runs with torch's default threads and with one: the faster run counts. The floor only
decodes and resamples.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

HERE = Path(__file__).parent
PLAIN = 40  # clips for the plain script, which is slow
FEW, MANY = 60, 600  # clips whose memory is compared
NO_GROWTH = 1.05  # what the catalogue's records and the allocator may add


@dataclass(frozen=True)
class Cost:
    """Wall seconds and CPU seconds per clip."""

    wall: float
    cpu: float


def write_copies(source: Path, folder: Path, clips: int, kinds: Sequence[str]) -> None:
    """Write `clips` distinct files of each of `kinds`: "wav", "mp3"."""
    originals = sorted(source.glob("*.wav"))
    rng = np.random.default_rng(0)
    for kind in kinds:
        (folder / kind).mkdir(parents=True)
    for n in range(clips):
        y, sample_rate = soundfile.read(originals[n % len(originals)], dtype="float32")
        y = np.roll(y, int(rng.integers(len(y)))) * rng.uniform(0.3, 0.95)
        soundfile.write(folder / "wav" / f"{n:04}.wav", y, sample_rate)
        if "mp3" not in kinds:
            continue
        doubled = np.interp(np.arange(2 * len(y)) / 2, np.arange(len(y)), y).astype(np.float32)
        stereo = np.stack([doubled, np.roll(doubled, 30)], axis=1)
        soundfile.write(folder / "mp3" / f"{n:04}.mp3", stereo, 2 * sample_rate, format="MP3")


def extract(folder: Path, kind: str, clips: int) -> tuple[Cost, float]:
    """Cost of ``mxt extract`` on the first `clips` files of a kind, and its peak memory in MiB."""
    work = folder / "work"
    shutil.rmtree(work, ignore_errors=True)
    (work / "audio").mkdir(parents=True)
    for path in sorted((folder / kind).iterdir())[:clips]:
        (work / "audio" / path.name).symlink_to(path)
    mxt = [sys.executable, "-m", "mxt"]
    subprocess.run([*mxt, "ingest", "audio", "--quiet"], cwd=work, check=True, stdout=subprocess.DEVNULL)
    process = subprocess.Popen(
        [*mxt, "extract", "--backbone", "convnet", "--json"], cwd=work, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    extraction = json.loads(process.stdout.read())
    _, status, usage = os.wait4(process.pid, 0)
    assert status == 0
    assert extraction["computed"] == clips, f"{extraction['computed']} rows computed for {clips} clips"
    cost = Cost(extraction["seconds"] / clips, extraction["cpu_seconds"] / clips)
    return cost, usage.ru_maxrss / 1024


def measure(folder: Path, kind: str, clips: int, weights: Path) -> dict[str, Cost]:
    files = [str(path) for path in sorted((folder / kind).iterdir())][:clips]
    listed, shorter = folder / "list", folder / "shorter"
    listed.write_text("\n".join(files))
    shorter.write_text("\n".join(files[:PLAIN]))
    return {
        "mxt": extract(folder, kind, clips)[0],
        "plain, default threads": script("plain_script.py", shorter, weights, 0),
        "plain, one thread": script("plain_script.py", shorter, weights, 1),
        "floor": script("floor_script.py", listed),
    }


def script(name: str, *arguments: object) -> Cost:
    """Cost that a script reports of itself."""
    command = [sys.executable, str(HERE / name), *map(str, arguments)]
    told = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return Cost(told["seconds"] / told["clips"], told["cpu_seconds"] / told["clips"])


def report(kind: str, rounds: Sequence[dict[str, Cost]]) -> None:
    for name in rounds[0]:
        wall, cpu = (
            statistics.median(getattr(costs[name], what) for costs in rounds) for what in ("wall", "cpu")
        )
        print(f"{kind}  {name:22} {1000 * cpu:7.1f} ms CPU per clip   {1 / wall:6.1f} clips/s")
    plain = [[cost for name, cost in costs.items() if name.startswith("plain")] for costs in rounds]
    least_cpu = [min(cost.cpu for cost in both) for both in plain]
    least_wall = [min(cost.wall for cost in both) for both in plain]
    ratios = {
        "CPU of the plain script / mxt": (
            cpu / costs["mxt"].cpu for costs, cpu in zip(rounds, least_cpu, strict=True)
        ),
        "throughput of mxt / plain script": (
            wall / costs["mxt"].wall for costs, wall in zip(rounds, least_wall, strict=True)
        ),
        "CPU of mxt / floor": (costs["mxt"].cpu / costs["floor"].cpu for costs in rounds),
    }
    for what, values in ratios.items():
        print(f"{kind}  {what:<32} {statistics.median(values):.2f}")


def report_memory(folder: Path) -> None:
    """Print the peak memory of extractions of few and of many clips, and assert that it does not grow."""
    largest: dict[int, float] = {}
    for clips in (FEW, MANY, FEW, MANY):
        cost, memory = extract(folder, "wav", clips)
        largest[clips] = max(memory, largest.get(clips, 0.0))
        print(f"{clips} clips: {memory:.0f} MiB at most, {clips * cost.wall:.1f} s")
    print(f"memory of {MANY} clips / {FEW} clips: {largest[MANY] / largest[FEW]:.3f}")
    assert largest[MANY] < NO_GROWTH * largest[FEW], "memory grows with the number of clips"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("recordings", type=Path)
    parser.add_argument("--clips", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--memory", action="store_true", help="peak memory of 60 and 600 clips instead")
    options = parser.parse_args()
    weights = Path(os.environ["MXT_WEIGHTS_DIR"]).resolve() / "weights_layer4_theano.hdf5"
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        os.environ["MXT_WEIGHTS_DIR"] = str(weights.parent)
        if options.memory:
            write_copies(options.recordings.resolve(), folder, MANY, ["wav"])
            report_memory(folder)
            return
        write_copies(options.recordings.resolve(), folder, options.clips, ["wav", "mp3"])
        for kind in ("wav", "mp3"):
            report(kind, [measure(folder, kind, options.clips, weights) for _ in range(options.rounds)])


if __name__ == "__main__":
    main()
