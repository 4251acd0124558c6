"""What the paper states, as records of what a store says about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from mxt.evaluation.comparison import Difference
from mxt.evaluation.interval import Interval
from mxt.papers.finding import Finding

PAPER = "Shtern, Ejaz, Tzerpos, CASCON 2017"
NOISE = 0.02  # the paper takes smaller changes of accuracy for chance
FEWEST_DATASETS = 5  # of fewer, no order can be told from chance at the 5 % level
CLEAR = 0.05


class Undecided(Enum):
    """Why a store does not decide a finding."""

    NO_DATA = "no data"
    FEW_DATASETS = "few data sets"
    UNCLEAR = "unclear"
    NO_COLOUR = "no colour"


@dataclass(frozen=True, slots=True)
class Claim(Finding):
    """A finding that says why the store does not decide it."""

    @property
    def undecided(self) -> Undecided | None:
        """Why it is not decided; ``None`` where it is."""
        return Undecided.UNCLEAR if self.holds is None else None


@dataclass(frozen=True, slots=True)
class PublishedCells(Claim):
    """How many published accuracies are met within noise, and the differences of the others."""

    name = "published accuracies"
    source = f"{PAPER}, Tables 2 and 3, and follow-ups on Ballroom"
    met: int
    cells: int
    off: Mapping[str, float]

    @property
    def holds(self) -> bool | None:
        """Whether all are met."""
        return self.met == self.cells if self.cells else None

    @property
    def undecided(self) -> Undecided | None:
        """Where nothing that is here was published."""
        return None if self.cells else Undecided.NO_DATA


@dataclass(frozen=True, slots=True)
class Point:
    """A data set: what normalising adds to the network's accuracy, and what loudness alone tells.

    Parameters
    ----------
    dataset : str
    gain : Difference
    alone : Interval
        Accuracy of loudness alone.
    baseline : float
        Accuracy of guessing the largest class.
    """

    dataset: str
    gain: Difference
    alone: Interval
    baseline: float

    @property
    def told(self) -> Interval:
        """How far loudness alone comes, from 0 (guessing) to 1 (perfect): comparable between data sets."""
        above = [(value - self.baseline) / (1 - self.baseline) for value in (*self._bounds,)]
        return Interval(*above)

    @property
    def _bounds(self) -> tuple[float, float, float]:
        return self.alone.value, self.alone.low, self.alone.high


@dataclass(frozen=True, slots=True)
class NormalisingAndLoudness(Claim):
    """Gains by normalising against what loudness alone tells, and their rank correlation over data sets."""

    name = "normalising helps where classes are equally loud, and hurts where loudness tells them apart"
    source = f"{PAPER}, Tables 2 and 4"
    points: tuple[Point, ...]
    rho: Interval | None = None
    p: float = 1.0

    @property
    def holds(self) -> bool | None:
        """Whether the correlation is clearly below zero."""
        if self.rho is None or not self.rho.clear or self.p >= CLEAR:
            return None
        return self.rho.value < 0

    @property
    def undecided(self) -> Undecided | None:
        """Where there are too few data sets, or no clear correlation."""
        if self.holds is not None:
            return None
        return Undecided.FEW_DATASETS if self.rho is None else Undecided.UNCLEAR


@dataclass(frozen=True, slots=True)
class LoudnessIsSeen(Claim):
    """The network's accuracy on classes of loudness, and that of chance."""

    name = "the network sees loudness"
    source = f"{PAPER}, follow-up on Ballroom"
    dataset: str
    parts: int
    score: Interval
    chance: float
    published: float | None

    @property
    def holds(self) -> bool | None:
        """Whether it is clearly above chance, or not even at it."""
        if self.score.low > self.chance:
            return True
        return False if self.score.high < self.chance + NOISE else None


@dataclass(frozen=True, slots=True)
class LoudnessStack(Claim):
    """What eight copies from quiet to loud add to the accuracy of the normalised clips."""

    name = "stacking copies at several levels helps"
    source = f"{PAPER}, follow-up on Ballroom"
    dataset: str
    gain: Difference | None = None
    published: float | None = None

    @property
    def holds(self) -> bool | None:
        """Whether they clearly help by more than noise."""
        return None if self.gain is None else _beyond_noise(self.gain)

    @property
    def undecided(self) -> Undecided | None:
        """Without Ballroom there is nothing to say."""
        return Undecided.NO_DATA if self.gain is None else Undecided.UNCLEAR if self.holds is None else None


def _beyond_noise(gain: Difference) -> bool | None:
    """Whether a gain is clear and beyond noise; false where it is clearly below."""
    if gain.clear and gain.value >= NOISE:
        return True
    return False if gain.interval.high < NOISE else None


@dataclass(frozen=True, slots=True)
class LengthRobust(Claim):
    """What shortening the clips of a data set to an eighth changes, for either column (unprocessed).

    `contrast` is the network's change minus Marsyas's.
    """

    name = "the network is robust to length, and Marsyas is not"
    source = f"{PAPER}, Table 2: Genre and Short Genre"
    dataset: str
    seconds: float
    network: Difference | None = None
    marsyas: Difference | None = None
    contrast: Interval | None = None

    @property
    def holds(self) -> bool | None:
        """Whether the network clearly loses less than Marsyas, and does not clearly lose itself."""
        if self.network is None or self.contrast is None:
            return None
        falls = self.network.clear and self.network.value <= -NOISE
        if falls or self.contrast.high < 0:
            return False
        return True if self.contrast.low > 0 else None

    @property
    def undecided(self) -> Undecided | None:
        """Where no clips are long enough, or nothing is clear."""
        if self.network is None:
            return Undecided.NO_DATA
        return Undecided.UNCLEAR if self.holds is None else None


@dataclass(frozen=True, slots=True)
class SoxColour(Claim):
    """What sox's coloured picture changes against the grey one with logarithmic frequency.

    `offered` is whether the network takes such a picture.
    """

    name = "sox's colours make no difference"
    source = PAPER
    dataset: str
    change: Difference | None = None
    offered: bool = True

    @property
    def holds(self) -> bool | None:
        """Whether the interval lies within noise; not, where there is a clear change beyond it."""
        if self.change is None:
            return None
        if self.change.clear and not self.change.below(NOISE):
            return False
        interval = self.change.interval
        return True if max(-interval.low, interval.high) < NOISE else None

    @property
    def undecided(self) -> Undecided | None:
        """Where the network takes no such picture, or the change may be more than noise."""
        if self.change is None:
            return Undecided.NO_DATA if self.offered else Undecided.NO_COLOUR
        return Undecided.UNCLEAR if self.holds is None else None


@dataclass(frozen=True, slots=True)
class TimingAndTimbre(Claim):
    """How far features move when the metre of the same chords changes, relative to the instrument.

    Parameters
    ----------
    view : str
    pieces : int
        Chord progressions, each in 3/4 and 4/4 and on two instruments.
    ratio : Interval
        Mean distance between metres over mean distance between instruments.
    """

    name = "features tell timbre better than timing"
    source = f"{PAPER}, the same chords in 3/4 and 4/4, on guitar and piano"
    view: str
    pieces: int
    ratio: Interval

    @property
    def holds(self) -> bool | None:
        """Whether the ratio is clearly below one."""
        if self.ratio.high < 1:
            return True
        return False if self.ratio.low > 1 else None
