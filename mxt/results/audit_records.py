"""What an audit of a result found, as records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mxt.core.reprs import short_repr
from mxt.evaluation.assess import Score
from mxt.evaluation.batch_steps import StepTest
from mxt.evaluation.groupings import Likeness, Origin

OrderSteps = StepTest | None
By = Literal["fingerprint", "features"]


@dataclass(frozen=True, slots=True)
class WrongLabel:
    """A clip whose label is probably wrong.

    Parameters
    ----------
    clip : str
        Its id.
    label, suggested : str
        The given label, and the most probable one.
    probability, suggested_probability : float
        Of the given and of the suggested label, by a classifier that did not see the clip.
    quality : float
        How well the label fits, 0 to 1; the lowest come first.
    """

    clip: str
    label: str
    suggested: str
    probability: float
    suggested_probability: float
    quality: float


@dataclass(frozen=True, slots=True)
class NearCopy:
    """Two clips that sound like one recording.

    Parameters
    ----------
    first, second : str
        Their ids, in catalogue order.
    similarity : float
        By fingerprint: the correlation of the aligned waveforms. By features: 1 where they are equal, 0 at
        the distance from which clips count as different.
    labels, folds : tuple of (str, str)
        Of the two clips; a fold is empty where the clip takes no part.
    by : {"fingerprint", "features"}
        What they were found by.
    """

    first: str
    second: str
    similarity: float
    labels: tuple[str, str]
    folds: tuple[str, str]
    by: By

    @property
    def split(self) -> bool:
        """Whether one is learnt from while the other is tested."""
        return self.folds[0] != self.folds[1] and all(self.folds)


@dataclass(frozen=True, slots=True)
class MetadataScore:
    """How well classes can be told by what is no sound: loudness, duration, format, order of the files.

    Parameters
    ----------
    what : str
        What the classifier saw, such as ``"duration"``.
    score : Score
        The main score of the result, on the same clips and folds.
    baseline : float
        The score that needs nothing: of chance, or of the largest class.
    """

    what: str
    score: Score
    baseline: float

    @property
    def clear(self) -> bool:
        """Whether the score is clearly above the baseline."""
        return self.score.interval.low > self.baseline


@dataclass(frozen=True, slots=True)
class Grouping:
    """A proposal for ``--group-by``.

    Parameters
    ----------
    name : str
        As ``--group-by`` takes it.
    origin : {"folder", "column", "name"}
        Where it comes from.
    groups : int
        How many there are.
    split : int
        How many of them lie in several folds.
    likeness : Likeness
        How often the nearest clip in the features is of the same group.
    examples : tuple of str
        A few of the groups.
    """

    name: str
    origin: Origin
    groups: int
    split: int
    likeness: Likeness
    examples: tuple[str, ...] = ()

    @property
    def clear(self) -> bool:
        """Whether groups are split whose clips are alike."""
        return self.split > 0 and self.likeness.clear


@dataclass(frozen=True, slots=True)
class Columns:
    """What is odd about the features.

    Parameters
    ----------
    constant, equal : int
        Columns that never change, and columns that repeat an earlier one.
    outliers, silent : tuple of str
        Clips far from all others, and clips without sound, by id.
    """

    constant: int = 0
    equal: int = 0
    outliers: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Audit:
    """What an audit found.

    Parameters
    ----------
    wrong_labels : tuple of WrongLabel
        The most suspicious first.
    copies : tuple of NearCopy
        Those that are split between folds first, then the most similar.
    metadata : tuple of MetadataScore
        The highest first.
    groupings : tuple of Grouping
        The one whose clips are most alike first.
    columns : Columns
    steps : StepTest, optional
        Of the features along the catalogue; ``None`` where there is too little to test.
    clips : int
        How many clips took part.
    unheard : float
        Seconds of audio that would have to be read before recordings can be compared by fingerprint; 0: they
        were compared.
    """

    wrong_labels: tuple[WrongLabel, ...] = ()
    copies: tuple[NearCopy, ...] = ()
    metadata: tuple[MetadataScore, ...] = ()
    groupings: tuple[Grouping, ...] = ()
    columns: Columns = Columns()
    steps: OrderSteps = None
    clips: int = 0
    unheard: float = 0.0
    __repr__ = short_repr
