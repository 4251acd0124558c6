"""A fitted model: from features to probabilities, with what it promises and what it learnt from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from mxt.core.clips import Clips
from mxt.core.records import ClipRecord, Task
from mxt.core.reprs import short_repr
from mxt.evaluation.assess import Score
from mxt.models.heads import Head
from mxt.models.likeness import Likeness
from mxt.models.probabilities import Calibrated

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Part:
    """Features that a model reads: one pipeline, and layers of its backbone.

    Parameters
    ----------
    label : str
        Of the feature table they were learnt from.
    layers : tuple of (str, int)
        Names and dimensions, in the order of the columns.
    pipeline : mapping
        The identity of the pipeline: stages, versions, parameters, the hash of the weights.
    fingerprint : str
        Its hash.
    """

    label: str
    layers: tuple[tuple[str, int], ...]
    pipeline: Mapping[str, Any]
    fingerprint: str

    @property
    def columns(self) -> int:
        """How many columns it contributes."""
        return sum(dimension for _, dimension in self.layers)


@dataclass(frozen=True, slots=True)
class Card:
    """What a model was learnt from, and how.

    Parameters
    ----------
    dataset, created : str
        The data set, and when it was fitted (ISO 8601, UTC).
    clips, units : int
        Learning clips, and how many of them stand alone (clips with copies, or groups).
    counts : mapping
        Clips of each class or label.
    seconds : (float, float, float)
        Shortest, median and longest duration of the learning clips.
    head : mapping
        The stage, with its version and parameters.
    params : mapping
        The parameters that were chosen.
    folds, grouping : str
        How it was evaluated, in words.
    command : str
        What fits it again.
    versions : mapping
        Of mxt, Python and the libraries.
    cautions : tuple of str
        What a reader of its scores should know.
    """

    dataset: str
    created: str
    clips: int
    units: int
    counts: Mapping[str, int]
    seconds: tuple[float, float, float]
    head: Mapping[str, Any]
    params: Mapping[str, Any]
    folds: str
    grouping: str
    command: str
    versions: Mapping[str, str]
    cautions: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Predictions for the learning clips by models that have not learnt from them: out-of-fold.

    Parameters
    ----------
    values : float32 [n, outputs]
        Calibrated probabilities, or value and bounds.
    y : [n] or [n, labels]
        The truth: class numbers, labels (0 or 1), or values.
    unit : int64 [n]
        Equal for clips that belong together.
    brier_before, brier_after : float
        Brier score of uncalibrated and of calibrated probabilities; NaN for values.
    """

    values: npt.NDArray[np.float32]
    y: npt.NDArray[Any]
    unit: npt.NDArray[np.int64]
    brier_before: float = float("nan")
    brier_after: float = float("nan")
    __repr__ = short_repr


@dataclass(frozen=True, eq=False)
class Model:
    """A fitted model.

    Parameters
    ----------
    parts : tuple of Part
        What its columns are.
    target : str
        What it predicts; `task` and `classes` (or labels) say how.
    mean, scale : float64 [columns]
        Features are standardised by these.
    head : Head
        On standardised features.
    calibrated : Calibrated
        Makes probabilities of its outputs.
    likeness : Likeness
    held_out : HeldOut
    scores : tuple of Score
        What to expect on new clips of this kind, the main score first, from nested cross-validation.
    learnt : uint64 [clips]
        The first eight bytes of the audio keys of the learning clips.
    card : Card
    view : str
        The view that it was fitted to.
    name : str
        Of the bundle that it was read from.
    """

    parts: tuple[Part, ...]
    target: str
    task: Task
    classes: tuple[str, ...]
    mean: Array
    scale: Array
    head: Head
    calibrated: Calibrated
    likeness: Likeness
    held_out: HeldOut
    scores: tuple[Score, ...]
    learnt: npt.NDArray[np.uint64]
    card: Card
    view: str = ""
    name: str = field(default="", compare=False)
    __repr__ = short_repr

    def standardised(self, X: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        """Features as the head knows them, rounded as scikit-learn rounds them."""
        centred = (X.astype(np.float64) - self.mean).astype(np.float32)
        return np.asarray(centred / self.scale, dtype=np.float32)

    def outputs(self, X: npt.NDArray[Any]) -> Array:
        """Outputs of the head for features X [n, columns]."""
        return self.head.outputs(self.standardised(X))

    def say(self, X: npt.NDArray[Any]) -> tuple[Array, Array]:
        """Predictions for clips with features X [n, columns].

        Returns
        -------
        values : float64 [n, classes or labels], or [n, 3]
            Probabilities; of a regression value, lower and upper bound.
        likeness : float64 [n]
            The share of learning clips that lie at least as far off; small for what is unlike all of them.
        """
        Z = self.standardised(X)
        return self.calibrated.of(self.head.outputs(Z)), self.likeness.shares(Z)


def short_keys(clips: Sequence[ClipRecord]) -> npt.NDArray[np.uint64]:
    """The first eight bytes of the audio key of each clip, uint64 [clips]; 0 where it has none."""
    begins = np.ascontiguousarray(Clips.of(clips).keys[:, :8])
    return begins.view(">u8")[:, 0].astype(np.uint64)
