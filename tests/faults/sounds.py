"""Small labelled recordings under any names: the same sounds in the same order, so that a score may not depend on what they are called."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile as sf

SAMPLE_RATE = 8000
SECONDS = 0.25


def sound(label: int, number: int) -> np.ndarray:
    """Noise whose colour tells its class most of the time, but not always."""
    rng = np.random.default_rng((label, number))
    noise = rng.standard_normal(int(SECONDS * SAMPLE_RATE))
    tone = np.sin(
        2 * np.pi * (300 + 170 * (label % 17) + rng.normal(0, 90)) * np.arange(len(noise)) / SAMPLE_RATE
    )
    return (0.05 * noise + 0.1 * rng.uniform(0.2, 1) * tone).astype(np.float32)


def write(path: Path | str, label: int, number: int) -> None:
    """Write a sound as WAV, whatever the name; its folder is made."""
    folder = os.path.dirname(os.fspath(path))
    os.makedirs(folder, exist_ok=True)
    with open(path, "wb") as file:
        sf.write(file, sound(label, number), SAMPLE_RATE, format="WAV")


def class_folders(root: Path, labels: Sequence[str], stems: Sequence[str]) -> list[str]:
    """A folder for each label with a file for each stem; what is called alike in order sounds alike. Returns the paths below `root`."""
    paths = []
    for number, label in enumerate(sorted(labels)):
        for place, stem in enumerate(sorted(f"{stem}.wav" for stem in stems)):
            write(os.path.join(root, label, stem), number, place)
            paths.append(f"{label}/{stem}")
    return paths
