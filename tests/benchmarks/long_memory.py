"""Largest memory of ``mxt extract`` on one long file, for every way that could need much.

    python tests/benchmarks/long_memory.py [--seconds 600] [--only inception_v3 …]

The file is noise in stereo at 44.1 kHz. Importing torch alone is in every figure, and printed for itself.
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


def ways() -> dict[str, list[str]]:
    """What is measured: options of ``mxt extract`` by the name that is printed."""
    inception = ["--backbone", "inception_v3", "--set", "random=0"]
    efficientnet = ["--backbone", "efficientnet_lite0"]
    found = {
        f"inception_v3, {name}": [*inception, "--set", f"inception_v3.renderer={name}"] for name in RENDERERS
    }
    found |= {
        f"efficientnet_lite0, {name}": [*efficientnet, "--set", f"efficientnet_lite0.renderer={name}"]
        for name in RENDERERS
    }
    found |= {
        f"inception_v3, {name}": [*inception, "--normalizer", name] for name in ("peak", "lufs", *STACKS)
    }
    found |= {f"efficientnet_lite0, {name}": [*efficientnet, "--normalizer", name] for name in STACKS}
    found |= {
        f"marsyas, {name}": ["--backbone", "marsyas", "--normalizer", name] for name in ("none", *STACKS)
    }
    return found


def largest_memory(command: list[str], folder: Path) -> float:
    """MiB of resident memory at most of a process."""
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    assert status == 0, command
    return usage.ru_maxrss / 1024


def write_noise(path: Path, seconds: int) -> None:
    """A file in stereo, a minute at a time."""
    rng = np.random.default_rng(1)
    with soundfile.SoundFile(path, "w", SAMPLE_RATE, 2, "PCM_16") as file:
        for first in range(0, seconds, 60):
            file.write(rng.normal(0, 0.1, (min(60, seconds - first) * SAMPLE_RATE, 2)).astype(np.float32))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--only", nargs="*", default=[], help="words that the names of the ways have")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "long").mkdir()
        write_noise(folder / "long" / "long.wav", options.seconds)
        mxt = [sys.executable, "-m", "mxt"]
        print(
            f"{'importing torch':40} {largest_memory([sys.executable, '-c', 'import torch'], folder):6.0f} MiB"
        )
        print(
            f"{'mxt ingest':40} {largest_memory([*mxt, 'ingest', 'long', '--quiet'], folder):6.0f} MiB",
            flush=True,
        )
        for name, words in ways().items():
            if all(word in name for word in options.only):
                found = largest_memory([*mxt, "extract", *words, "--quiet"], folder)
                print(
                    f"{name:40} {found:6.0f} MiB{'' if found <= LIMIT_MIB else '   more than 1 GiB'}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
