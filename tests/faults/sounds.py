"""Small labelled recordings under any names.

They are always the same sounds in the same order, so that a score must not depend on the names.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile as sf

SAMPLE_RATE = 8000
SECONDS = 0.25


def sound(label: int, number: int) -> np.ndarray:
    """A tone in noise, whose frequency tells the class most of the time, but not always."""
    rng = np.random.default_rng((label, number))
    noise = rng.standard_normal(int(SECONDS * SAMPLE_RATE))
    tone = np.sin(
        2 * np.pi * (300 + 170 * (label % 17) + rng.normal(0, 90)) * np.arange(len(noise)) / SAMPLE_RATE
    )
    return (0.05 * noise + 0.1 * rng.uniform(0.2, 1) * tone).astype(np.float32)


def write(path: Path | str, label: int, number: int) -> None:
    """Write a sound as WAV, whatever the file's name, and make its folder."""
    folder = os.path.dirname(os.fspath(path))
    os.makedirs(folder, exist_ok=True)
    with open(path, "wb") as file:
        sf.write(file, sound(label, number), SAMPLE_RATE, format="WAV")


def class_folders(root: Path, labels: Sequence[str], stems: Sequence[str]) -> list[str]:
    """Write one folder per label with one file per stem; returns the paths below `root`.

    What a file sounds like depends only on the order of the names.
    """
    paths = []
    for number, label in enumerate(sorted(labels)):
        for clip, name in enumerate(sorted(f"{stem}.wav" for stem in stems)):
            write(os.path.join(root, label, name), number, clip)
            paths.append(f"{label}/{name}")
    return paths
