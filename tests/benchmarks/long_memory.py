"""Peak memory of ``mxt extract`` on one long file, for every pipeline that could need much.

    python tests/benchmarks/long_memory.py [--seconds 600] [--only inception_v3 …]

The file is stereo noise at 44.1 kHz. Every figure includes importing torch, which is also printed by itself.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import soundfile

SAMPLE_RATE = 44_100
LIMIT_MIB = 1024
RENDERERS = ("logfrequency", "sox", "melimage", "melspectrogram", "phase", "waveform")
STACKS = ("loudness_stack", "noise", "pitch_shift")


def pipelines() -> dict[str, list[str]]:
    """What is measured: options of ``mxt extract``, by the name that is printed."""
    inception = ["--backbone", "inception_v3", "--set", "random=0"]
    efficientnet = ["--backbone", "efficientnet_lite0"]
    options = {
        f"inception_v3, {name}": [*inception, "--set", f"inception_v3.renderer={name}"] for name in RENDERERS
    }
    options |= {
        f"efficientnet_lite0, {name}": [*efficientnet, "--set", f"efficientnet_lite0.renderer={name}"]
        for name in RENDERERS
    }
    options |= {
        f"inception_v3, {name}": [*inception, "--normalizer", name] for name in ("peak", "lufs", *STACKS)
    }
    options |= {f"efficientnet_lite0, {name}": [*efficientnet, "--normalizer", name] for name in STACKS}
    options |= {
        f"marsyas, {name}": ["--backbone", "marsyas", "--normalizer", name] for name in ("none", *STACKS)
    }
    return options


def largest_memory(command: list[str], folder: Path) -> float:
    """Peak resident memory of a process, in MiB."""
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    assert status == 0, command
    return usage.ru_maxrss / 1024


def write_noise(path: Path, seconds: int) -> None:
    """Write a stereo file, one minute at a time."""
    rng = np.random.default_rng(1)
    with soundfile.SoundFile(path, "w", SAMPLE_RATE, 2, "PCM_16") as file:
        for first in range(0, seconds, 60):
            file.write(rng.normal(0, 0.1, (min(60, seconds - first) * SAMPLE_RATE, 2)).astype(np.float32))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument(
        "--only", nargs="*", default=[], help="measure only pipelines with these words in their names"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "long").mkdir()
        write_noise(folder / "long" / "long.wav", options.seconds)
        mxt = [sys.executable, "-m", "mxt"]
        before = {
            "importing torch": [sys.executable, "-c", "import torch"],
            "mxt ingest": [*mxt, "ingest", "long", "--quiet"],
        }
        for name, command in before.items():
            print(f"{name:40} {largest_memory(command, folder):6.0f} MiB", flush=True)
        for name, words in pipelines().items():
            if all(word in name for word in options.only):
                peak = largest_memory([*mxt, "extract", *words, "--quiet"], folder)
                print(
                    f"{name:40} {peak:6.0f} MiB{'' if peak <= LIMIT_MIB else '   more than 1 GiB'}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
