"""Timing against timbre: the same chords in 3/4 and 4/4, on a plucked and a struck string.

Features that are averaged over a clip know what played, and little of when. Here both are labels of the same
synthetic clips, so that any backbone can be asked for either; one that looks at a picture of the clip, such
as efficientnet_lite0, sees both:

    python examples/timing_and_timbre.py FOLDER
    mxt ingest FOLDER/timing_and_timbre --pattern "{timbre}_{metre}_{take}.wav" --target timbre --target metre
    mxt extract --backbone mfcc
    mxt eval --target timbre
    mxt eval --target metre

It also draws one clip of each kind: FOLDER/timing_and_timbre.png.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import soundfile
from matplotlib.figure import Figure

from mxt.audio.synthesis import TIMBRES

SAMPLE_RATE = 12_000
BEATS = 24  # eight bars of 3/4, six of 4/4
CHORDS = (
    (0, 4, 7),
    (5, 9, 12),
)  # semitones above the key note: I and IV in turn, each half of the time in either metre
INSTRUMENTS = {"guitar": "pluck", "piano": "struck"}
METRES = {"three": 3, "four": 4}
TAKES = 12


def struck(t: np.ndarray, pitch: float, rng: np.random.Generator) -> np.ndarray:
    """A struck string: its partials are a little sharp (stiffness), and none of them is missing."""
    decay = rng.uniform(1.5, 3.0)
    partials = np.arange(1, 16)
    sharp = partials * pitch * np.sqrt(1 + 4e-4 * partials**2)
    audible = sharp < 0.45 * SAMPLE_RATE
    waves = np.sin(2 * np.pi * sharp[audible, None] * t) * np.exp(
        -decay * t * np.sqrt(partials[audible, None])
    )
    return (waves / partials[audible, None] ** 1.5).sum(axis=0)


def clip(timbre: str, beats_a_bar: int, rng: np.random.Generator) -> np.ndarray:
    """24 beats of two chords, one a bar, the first beat of each accented: float32 [samples].

    How much is drawn, so that the number of accents is not to be read off the levels.
    """
    beat = 60 / rng.uniform(140, 200)
    other_beats = rng.uniform(0.3, 0.8)  # of the accented ones
    key = 110 * 2 ** (rng.integers(0, 12) / 12)
    play = struck if timbre == "struck" else TIMBRES[timbre]
    y = np.zeros(int((BEATS * beat + 1.0) * SAMPLE_RATE))
    t = np.arange(int(1.0 * SAMPLE_RATE)) / SAMPLE_RATE
    for number in range(BEATS):
        bar, place = divmod(number, beats_a_bar)
        start = int((number * beat + rng.normal(0, 0.004)) * SAMPLE_RATE) if number else 0
        for semitones in CHORDS[bar % len(CHORDS)]:
            note = play(t, key * 2 ** (semitones / 12), rng)
            y[start : start + len(t)] += note / np.abs(note).max() * (1.0 if place == 0 else other_beats)
    y *= 10 ** (rng.uniform(-12, -6) / 20) / np.abs(y).max()
    return (y + 1e-4 * rng.standard_normal(len(y))).astype(np.float32)


def write(folder: Path, *, takes: int = TAKES, seed: int = 0) -> Path:
    """Write `takes` clips of each timbre and metre, and their picture; returns the folder of the clips."""
    found = folder / "timing_and_timbre"
    found.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    figure = Figure(figsize=(9, 5), layout="constrained")
    axes = iter(figure.subplots(len(INSTRUMENTS), len(METRES), sharex=True, sharey=True).ravel())
    for name, timbre in INSTRUMENTS.items():
        for metre, beats in METRES.items():
            for take in range(takes):
                y = clip(timbre, beats, rng)
                soundfile.write(found / f"{name}_{metre}_{take:02}.wav", y, SAMPLE_RATE)
            axis = next(axes)
            axis.specgram(y, NFFT=512, Fs=SAMPLE_RATE, noverlap=256, vmin=-120, cmap="magma")
            axis.set_title(f"{name}, {metre} beats a bar", fontsize=9)
            axis.set(xlim=(0, 4.5), ylim=(0, 4000), xlabel="seconds", ylabel="Hz")
    figure.savefig(folder / "timing_and_timbre.png", dpi=100)
    return found


if __name__ == "__main__":
    print(write(Path(sys.argv[1] if len(sys.argv) > 1 else ".")))
