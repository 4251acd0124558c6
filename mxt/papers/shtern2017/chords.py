"""The same chords in 3/4 and 4/4, on a guitar and a piano, synthesised: timing against timbre."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from mxt.audio.synthesis import Signal, pluck
from mxt.evaluation import statistics
from mxt.evaluation.interval import Interval
from mxt.papers.shtern2017.findings import TimingAndTimbre

SAMPLE_RATE = 22_050
PIECES = 6  # chord progressions
BEATS = 24  # eight bars of three, or six of four
METRES = (3, 4)
INSTRUMENTS = ("guitar", "piano")
DEGREES = (0, 5, 7, 0)  # of the chords: I IV V I, semitones
TRIAD = (0, 4, 7)
PEAK = 0.7


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a chord progression."""

    piece: int
    metre: int
    instrument: str

    @property
    def name(self) -> str:
        """Of its file."""
        return f"{self.piece}-{self.metre}_4-{self.instrument}.wav"


VERSIONS = tuple(
    Version(piece, metre, instrument)
    for piece in range(PIECES)
    for metre in METRES
    for instrument in INSTRUMENTS
)


def play(version: Version) -> npt.NDArray[np.float32]:
    """The samples of a version, float32 at `SAMPLE_RATE`; key and tempo are the piece's.

    The first beat of a bar is its bass note, the others are its chord, softer.
    """
    rng = np.random.default_rng(version.piece)
    root, beat = 110.0 * 2 ** (rng.integers(12) / 12), int(60 / rng.uniform(100, 140) * SAMPLE_RATE)
    y = np.zeros((BEATS + 1) * beat)
    for number in range(BEATS):
        bar, place = divmod(number, version.metre)
        degree = DEGREES[bar % len(DEGREES)]
        notes = [(degree - 12, 1.0)] if place == 0 else [(degree + step, 0.4) for step in TRIAD]
        for semitones, loudness in notes:
            tone = _tone(version.instrument, root * 2 ** (semitones / 12), beat * 3 // 2)
            y[number * beat : number * beat + len(tone)] += loudness * tone
    return np.asarray(PEAK * y / np.abs(y).max(), np.float32)


@lru_cache(48)  # of two pieces
def _tone(instrument: str, pitch: float, samples: int) -> Signal:
    """A tone of peak 1; the same every time."""
    tone = _NOTES[instrument](np.arange(samples) / SAMPLE_RATE, pitch, np.random.default_rng(0))
    return np.asarray(tone / np.abs(tone).max())


def _piano(t: Signal, pitch: float, rng: np.random.Generator) -> Signal:
    """Slightly stretched harmonics after the blow of a hammer; high ones die away sooner."""
    y = np.zeros_like(t)
    for n in range(1, 16):
        frequency = n * pitch * np.sqrt(1 + 4e-4 * n**2)
        if frequency < 9_000:
            decay = np.exp(-t * (0.6 + 0.5 * n))
            y += decay / n**1.4 * np.sin(2 * np.pi * frequency * t + rng.uniform(0, 2 * np.pi))
    return np.asarray(y * np.minimum(t / 0.004, 1) * np.minimum((t[-1] - t) / 0.05, 1))


def _guitar(t: Signal, pitch: float, rng: np.random.Generator) -> Signal:
    return np.asarray(pluck(t, pitch, rng) * np.minimum((t[-1] - t) / 0.05, 1))


_NOTES = {"guitar": _guitar, "piano": _piano}


def timing_and_timbre(view: str, features: Mapping[Version, npt.NDArray[np.float32]]) -> TimingAndTimbre:
    """How far features move with the metre, relative to how far they move with the instrument.

    Parameters
    ----------
    view : str
    features : mapping
        Of every version, float32 [columns]; columns are standardised over the versions, and those that do not
        vary are left out.
    """
    X = np.array([features[version] for version in VERSIONS], np.float64)
    varying = X.std(axis=0) > 1e-9
    X = (X[:, varying] - X[:, varying].mean(axis=0)) / X[:, varying].std(axis=0)
    row = {version: values for version, values in zip(VERSIONS, X, strict=True)}
    timing = np.array([list(_distances(row, piece, "metre")) for piece in range(PIECES)]).mean(axis=1)
    timbre = np.array([list(_distances(row, piece, "instrument")) for piece in range(PIECES)]).mean(axis=1)
    drawn = np.random.default_rng(0).integers(PIECES, size=(statistics.RESAMPLES, PIECES))
    samples = timing[drawn].sum(axis=1) / timbre[drawn].sum(axis=1)
    ratio: Interval = statistics.interval(float(timing.sum() / timbre.sum()), samples, PIECES)
    return TimingAndTimbre(view, PIECES, ratio)


def _distances(row: Mapping[Version, npt.NDArray[np.float64]], piece: int, what: str) -> Iterator[float]:
    """Distances of the versions of a piece that differ in `what` alone."""
    pairs: Sequence[tuple[Version, Version]] = (
        [(Version(piece, METRES[0], one), Version(piece, METRES[1], one)) for one in INSTRUMENTS]
        if what == "metre"
        else [
            (Version(piece, metre, INSTRUMENTS[0]), Version(piece, metre, INSTRUMENTS[1])) for metre in METRES
        ]
    )
    for first, second in pairs:
        yield float(np.linalg.norm(row[first] - row[second]))
