"""How loud the classes of a data set are, and what loudness alone tells about them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from mxt.core.clips import Clips
from mxt.core.reprs import short_repr

if TYPE_CHECKING:
    from mxt.evaluation.assess import Assessment

MEASURES = {"rms": "RMS, dBFS", "peak": "peak, dBFS", "lufs": "loudness, LUFS"}


@dataclass(frozen=True, slots=True)
class Spread:
    """Mean and (population) standard deviation; NaN where there are no values.

    Examples
    --------
    >>> Spread.of(np.array([-20.0, -10.0, -np.inf]))
    Spread(mean=-15.0, deviation=5.0)
    """

    mean: float
    deviation: float

    @classmethod
    def of(cls, values: npt.NDArray[np.float64]) -> Spread:
        """The spread of those values that are finite: silence, at minus infinity, is left out."""
        finite = values[np.isfinite(values)]
        return cls(float(finite.mean()), float(finite.std())) if len(finite) else cls(math.nan, math.nan)


@dataclass(frozen=True, slots=True)
class ClassLoudness:
    """One class: its clips, how many of them are silent, and the levels of the others.

    Parameters
    ----------
    rms_linear : Spread
        Root mean square, where 1.0 is full scale (as in Shtern et al. 2017, Table 4).
    rms, peak, lufs : Spread
        dBFS, dBFS, LUFS.
    """

    name: str
    clips: int
    silent: int
    rms_linear: Spread
    rms: Spread
    peak: Spread
    lufs: Spread


@dataclass(frozen=True, eq=False)
class LoudnessStudy:
    """How loud classes are.

    Parameters
    ----------
    dataset, target : str
    classes : tuple of ClassLoudness
        The quietest first; a single one for all clips where the target is a number.
    clips : Clips
        The clips that were measured.
    values : float64 [n, 3]
        RMS and peak in dBFS, loudness in LUFS; minus infinity for silence.
    labels : tuple of tuple of str
        Classes of each clip.
    alone : Assessment
        Nested evaluation of a classifier that sees only these three numbers.
    folds, head : str
        How it was evaluated.
    unread : tuple of (str, str)
        Clips that could not be read, and why.
    """

    dataset: str
    target: str
    classes: tuple[ClassLoudness, ...]
    clips: Clips
    values: npt.NDArray[np.float64]
    labels: tuple[tuple[str, ...], ...]
    alone: Assessment
    folds: str
    head: str
    unread: tuple[tuple[str, str], ...]
    __repr__ = short_repr

    @property
    def baseline(self) -> float:
        """The score that needs no listening: of the largest class, of guessing, or of the mean."""
        return max(self.alone.baselines["chance"], self.alone.baselines.get("majority", -math.inf))

    @property
    def leaks(self) -> bool:
        """Whether loudness alone is clearly better than the baseline."""
        return bool(self.alone.first.interval.low > self.baseline)

    def to_plain(self) -> dict[str, Any]:
        """The study as JSON shows it, with every clip."""
        first = self.alone.first
        return {
            "dataset": self.dataset,
            "target": self.target,
            "classes": self.classes,
            "loudness_alone": {
                "score": first.name,
                **first.interval.to_plain(),
                "baselines": dict(self.alone.baselines),
                "head": self.head,
                "folds": self.folds,
                "leaks": self.leaks,
            },
            "clips": [
                {"clip": clip.id, "classes": names, **dict(zip(MEASURES, map(float, row), strict=True))}
                for clip, names, row in zip(self.clips, self.labels, self.values, strict=True)
            ],
            "unread": self.unread,
        }
