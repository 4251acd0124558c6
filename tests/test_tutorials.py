"""The tutorials run from their beginning to their end, and print what they show."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from pages import Page, Reader

EXAMPLES = Path(__file__).parents[1] / "examples"
SAMPLE_RATE = 16_000


def real(*below: str) -> Path | None:
    """Real recordings, where they are."""
    folder = Path(os.environ.get("MXT_TEST_DATA", EXAMPLES.parents[1] / "shared" / "data"), *below)
    return folder if folder.exists() else None


def synthesised(folder: Path, names: Iterable[tuple[str, int, int]]) -> None:
    """Short harmonic tones: of each a file name, what decides its timbre, what decides its pitch."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    t = np.arange(SAMPLE_RATE // 2) / SAMPLE_RATE
    for name, kind, voice in names:
        pitch = 110 * 2 ** (voice / 5 + rng.normal() / 50)
        y = sum(np.sin(2 * np.pi * k * pitch * t) / k ** (0.5 + kind / 2) for k in range(1, 12))
        soundfile.write(folder / name, 0.1 * y + rng.normal(size=len(t)) / 500, SAMPLE_RATE)


def words(folder: Path) -> None:
    """Spoken words as ``word_speaker_take.wav``."""
    if digits := real("spoken_digits"):
        shutil.copytree(digits, folder / "words")
        return
    makers = [(word, speaker, take) for word in range(5) for speaker in range(6) for take in range(2)]
    synthesised(folder / "words", ((f"{w}_speaker{s}_{t}.wav", w, s) for w, s, t in makers))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the exporter that needs no other package
def test_a_new_network(tmp_path: Path) -> None:
    words(tmp_path)
    for shown, printed in Reader(tmp_path).reads(Page(EXAMPLES / "new_network.md")):
        assert shown in printed
