"""`mxt extract --backbone convnet` against a plain script and a floor, whole processes, after start-up, in one run.

    MXT_WEIGHTS_DIR=FOLDER python tests/benchmarks/extract_speed.py RECORDINGS [--clips 120] [--rounds 3] [--memory]

RECORDINGS is a folder of 30 s WAV files at 22,050 Hz; copies made distinct by a circular shift and a gain of their own are written as
WAV, and as stereo MP3 at 44.1 kHz. ``mxt extract`` is measured as a whole process, with all clips and with two; the difference over
the clips between is what a clip costs. The plain script and the floor tell their own cost after their first clip. The plain script
runs with torch's default threads and with one: the faster counts. The floor decodes and resamples only.
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
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

HERE = Path(__file__).parent
FEW = 2
PLAIN = 40  # clips for the slow side


@dataclass(frozen=True)
class Cost:
    """Wall seconds and CPU seconds of a process, and its largest memory in MiB."""

    wall: float
    cpu: float
    memory: float


def run(command: Sequence[str], cwd: Path) -> Cost:
    begun = time.monotonic()
    process = subprocess.Popen(command, cwd=cwd, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - begun
    assert os.waitstatus_to_exitcode(status) == 0, command
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def write_copies(source: Path, folder: Path, clips: int) -> None:
    """`clips` distinct WAV and MP3 files."""
    originals = sorted(source.glob("*.wav"))
    rng = np.random.default_rng(0)
    for kind in ("wav", "mp3"):
        (folder / kind).mkdir(parents=True)
    for n in range(clips):
        y, sample_rate = soundfile.read(originals[n % len(originals)], dtype="float32")
        y = np.roll(y, int(rng.integers(len(y)))) * rng.uniform(0.3, 0.95)
        soundfile.write(folder / "wav" / f"{n:04}.wav", y, sample_rate)
        doubled = np.interp(np.arange(2 * len(y)) / 2, np.arange(len(y)), y).astype(np.float32)
        stereo = np.stack([doubled, np.roll(doubled, 30)], axis=1)
        soundfile.write(folder / "mp3" / f"{n:04}.mp3", stereo, 2 * sample_rate, format="MP3")


def extract(folder: Path, kind: str, clips: int, name: str) -> tuple[Cost, int]:
    """Cost of ``mxt extract`` over the first `clips` files of a kind, and the rows it computed."""
    work = folder / name
    shutil.rmtree(work, ignore_errors=True)
    (work / "audio").mkdir(parents=True)
    for path in sorted((folder / kind).iterdir())[:clips]:
        (work / "audio" / path.name).symlink_to(path)
    mxt = [sys.executable, "-m", "mxt"]
    run([*mxt, "ingest", "audio", "--quiet"], work)
    cost = run([*mxt, "extract", "--backbone", "convnet", "--quiet"], work)
    told = subprocess.run([*mxt, "ls", "--json"], cwd=work, capture_output=True, text=True, check=True).stdout
    return cost, sum(table["done"] for table in json.loads(told)["tables"])


def between(many: Cost, few: Cost, clips: int) -> Cost:
    """Cost a clip."""
    return Cost((many.wall - few.wall) / (clips - FEW), (many.cpu - few.cpu) / (clips - FEW), many.memory)


def measure(folder: Path, kind: str, clips: int, weights: Path) -> dict[str, Cost]:
    files = [str(path) for path in sorted((folder / kind).iterdir())][:clips]
    few, _ = extract(folder, kind, FEW, "few")
    many, computed = extract(folder, kind, clips, "many")
    assert computed == clips, f"{computed} rows computed for {clips} clips"
    listed = folder / "list"
    listed.write_text("\n".join(files))
    shorter = folder / "shorter"
    shorter.write_text("\n".join(files[:PLAIN]))
    return {
        "mxt": between(many, few, clips),
        "plain, default threads": script("plain_script.py", shorter, weights, 0),
        "plain, one thread": script("plain_script.py", shorter, weights, 1),
        "floor": script("floor_script.py", listed),
    }


def script(name: str, *arguments: object) -> Cost:
    """Cost a clip that a script tells of itself."""
    command = [sys.executable, str(HERE / name), *map(str, arguments)]
    told = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return Cost(told["seconds"] / told["clips"], told["cpu_seconds"] / told["clips"], 0)


def report(kind: str, rounds: Sequence[dict[str, Cost]]) -> None:
    for name in rounds[0]:
        wall, cpu = (statistics.median(getattr(each[name], what) for each in rounds) for what in ("wall", "cpu"))
        print(f"{kind}  {name:22} {1000 * cpu:7.1f} ms CPU a clip   {1 / wall:6.1f} clips/s   {rounds[-1][name].memory:6.0f} MiB")
    plain = [min((each[name] for name in each if name.startswith("plain")), key=lambda cost: cost.wall) for each in rounds]
    least = [min(each[name].cpu for name in each if name.startswith("plain")) for each in rounds]
    pairs = list(zip(rounds, plain, least, strict=True))
    print(f"{kind}  CPU of the plain script / mxt    {statistics.median(cpu / each['mxt'].cpu for each, _, cpu in pairs):.2f}")
    print(f"{kind}  throughput of mxt / plain script {statistics.median(cost.wall / each['mxt'].wall for each, cost, _ in pairs):.2f}")
    print(f"{kind}  CPU of mxt / floor               {statistics.median(each['mxt'].cpu / each['floor'].cpu for each in rounds):.2f}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("recordings", type=Path)
    parser.add_argument("--clips", type=int, default=120)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--memory", action="store_true", help="peak memory of 60 and 600 clips")
    options = parser.parse_args()
    weights = Path(os.environ["MXT_WEIGHTS_DIR"]).resolve() / "weights_layer4_theano.hdf5"
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        write_copies(options.recordings.resolve(), folder, 600 if options.memory else options.clips)
        os.environ["MXT_WEIGHTS_DIR"] = str(weights.parent)
        if options.memory:
            for clips in (60, 600):
                cost, computed = extract(folder, "wav", clips, "memory")
                assert computed == clips
                print(f"{clips} clips: {cost.memory:.0f} MiB at most, {cost.wall:.1f} s")
            return
        for kind in ("wav", "mp3"):
            report(kind, [measure(folder, kind, options.clips, weights) for _ in range(options.rounds)])


if __name__ == "__main__":
    main()
