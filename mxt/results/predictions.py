"""What a saved result predicted for every clip."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mxt.core.errors import InputError
from mxt.core.reprs import short_repr
from mxt.evaluation.tasks import Targets
from mxt.results.plain import Result
from mxt.results.search_record import SearchResult
from mxt.results.views import load_view
from mxt.store.layout import Store


@dataclass(frozen=True, eq=False)
class Predictions:
    """Out-of-fold predictions of a result, one row for each clip and run.

    Parameters
    ----------
    clips : tuple of str
        Ids, as they are written in files.
    targets : Targets
        The truth of every row.
    predicted : [m] or [m, labels]
        Class numbers, values, or bool labels.
    fold : tuple of str
        The fold that every row was tested in.
    run : int64 [m]
        Which repetition a row is of, from 0.
    unit : int64 [m]
        Equal where clips belong together.
    scores : float32 [m, classes], optional
        Of the head, where it gives any.
    probabilities : float32 [m, classes], optional
        Calibrated; ``None`` of results that have none.
    """

    clips: tuple[str, ...]
    targets: Targets
    predicted: npt.NDArray[Any]
    fold: tuple[str, ...]
    run: npt.NDArray[np.int64]
    unit: npt.NDArray[np.int64]
    scores: npt.NDArray[np.float32] | None = None
    probabilities: npt.NDArray[np.float32] | None = None
    __repr__ = short_repr

    @classmethod
    def read(cls, store: Store, result_id: str, result: Result) -> Predictions:
        """The predictions that were saved with a result.

        Raises
        ------
        StoreDamaged
            They are not what was written.
        """
        arrays = store.results.predictions(result_id)
        clips = tuple(map(str, arrays["clip"]))
        classes = tuple(map(str, arrays["classes"]))
        return cls(
            clips=clips,
            targets=Targets(result.target, result.task, arrays["y_true"], classes),
            predicted=arrays["y_predicted"],
            fold=tuple(map(str, arrays["fold"])),
            run=_runs(clips),
            unit=arrays["unit"],
            scores=arrays.get("scores"),
            probabilities=arrays.get("probabilities"),
        )

    @property
    def right(self) -> npt.NDArray[np.bool_]:
        """Of a classification: which rows were predicted right."""
        return np.asarray(self.predicted == self.targets.y)


def features_of(store: Store, result: Result, clips: Sequence[str]) -> npt.NDArray[np.float32]:
    """The features that a result was made of, float32 [clips, columns].

    Raises
    ------
    UnknownName, InputError, StoreDamaged
        They are not there any more, or not the same.
    """
    beside = result.beside if isinstance(result, SearchResult) else ()
    matrix = load_view(store, result.dataset, "+".join((result.view, *beside)))
    if dict(matrix.fingerprints) != dict(result.provenance.fingerprints):
        raise InputError(f"the features of {matrix.view} were computed anew since; mxt eval evaluates them")
    row_of = matrix.clips.rows_by_name()
    if missing := sum(clip not in row_of for clip in clips):
        raise InputError(f"{missing:,} of {len(clips):,} clips have no features of {matrix.view} any more")
    return matrix.X[[row_of[clip] for clip in clips]]


def _runs(clips: tuple[str, ...]) -> npt.NDArray[np.int64]:
    """How often a clip was there before each row."""
    seen: Counter[str] = Counter()
    runs = []
    for clip in clips:
        runs.append(seen[clip])
        seen[clip] += 1
    return np.array(runs, dtype=np.int64)
