"""`mxt compare`: two saved results on the clips that they have in common."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mxt.core.commands import typed
from mxt.core.errors import UsageError
from mxt.evaluation.assess import Score
from mxt.evaluation.comparison import Difference
from mxt.evaluation.interval import Interval
from mxt.results.paired import Paired, pair
from mxt.results.saving import load_result
from mxt.store.layout import Store
from mxt.workflows.ls import ResultEntry, result_entry


@dataclass(frozen=True, slots=True)
class CompareRequest:
    """The two results to compare: ids, parts of them that are their own, or ``"last"``."""

    first: str
    second: str

    def command(self) -> str:
        """The command that repeats this.

        Examples
        --------
        >>> CompareRequest("9c81", "last").command()
        'mxt compare 9c81 last'
        """
        return typed("compare", self.first, self.second)


@dataclass(frozen=True, slots=True)
class ClassGap:
    """One class or label in both results.

    Parameters
    ----------
    name : str
    clips : int
    first, second : Score
        Recall of a class, ROC-AUC of a label.
    only_first, only_second : int
        Of a class: clips that only one of the results has right.
    """

    name: str
    clips: int
    first: Score
    second: Score
    only_first: int = 0
    only_second: int = 0

    @property
    def gap(self) -> float:
        """Second minus first."""
        return self.second.value - self.first.value


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two results on the same clips.

    Parameters
    ----------
    first, second : ResultEntry
        As listed.
    scores : tuple of two Score
        Of each on these clips.
    difference : Difference
        Second minus first, paired.
    clips : int
        In common, with the same label.
    relabelled : int
        In common, but with another label in each: they are not counted.
    same_folds : bool
        Whether both tested the same clips together.
    both, neither : int
        Of a classification: clips that both have right, or none; of several runs the most count.
    only_first, only_second : tuple of str
        Of a classification: ids of the clips that only one of them has right.
    classes : tuple of ClassGap
        Those that differ most first; empty for regression.
    """

    first: ResultEntry
    second: ResultEntry
    scores: tuple[Score, Score]
    difference: Difference
    clips: int
    relabelled: int
    same_folds: bool
    both: int
    neither: int
    only_first: tuple[str, ...]
    only_second: tuple[str, ...]
    classes: tuple[ClassGap, ...]


def compare(store_path: Path, request: CompareRequest) -> Comparison:
    """Compare two saved results, also of other days, folds, heads and data sets.

    Raises
    ------
    UnknownName
        No such result.
    UsageError
        Both are the same, or of different tasks.
    InputError
        They have no clip with the same label in common.
    """
    store = Store.open(store_path, read_only=True)
    ids = [store.results.find(name) for name in (request.first, request.second)]
    if ids[0] == ids[1]:
        raise UsageError(f"both are {ids[0]}: name two different results (mxt ls lists them)")
    results = [(result_id, load_result(store, result_id)) for result_id in ids]
    paired = pair(store, results)
    first, second = (result_entry(store, result_id, result) for result_id, result in results)
    right = _right(paired)
    only_first, only_second = right[0] & ~right[1], right[1] & ~right[0]
    return Comparison(
        first=first,
        second=second,
        scores=(paired.assessed[0].first, paired.assessed[1].first),
        difference=_second_minus_first(paired),
        clips=len(paired.clips),
        relabelled=paired.relabelled,
        same_folds=paired.same_folds,
        both=int((right[0] & right[1]).sum()),
        neither=int((~right[0] & ~right[1]).sum()),
        only_first=_names(paired, only_first),
        only_second=_names(paired, only_second),
        classes=_classes(paired, only_first, only_second),
    )


def _second_minus_first(paired: Paired) -> Difference:
    """The difference to the better one, with the sign of second minus first."""
    difference = paired.differences[1 - paired.best]
    assert difference is not None
    if paired.best == 0:
        return difference
    gap = difference.interval
    return replace(difference, interval=Interval(-gap.value, -gap.high, -gap.low))


def _right(paired: Paired) -> tuple[npt.NDArray[np.bool_], ...]:
    """Which clips each result has right, in most of its runs: bool [clips]; empty without classes."""
    if paired.targets.task != "classification":
        return (np.zeros(0, dtype=bool),) * len(paired.predicted)
    truth = paired.targets.y[:, None]
    return tuple((predicted == truth).mean(axis=1) > 0.5 for predicted in paired.predicted)


def _names(paired: Paired, chosen: npt.NDArray[np.bool_]) -> tuple[str, ...]:
    return tuple(paired.clips[row] for row in np.flatnonzero(chosen))


def _classes(
    paired: Paired, only_first: npt.NDArray[np.bool_], only_second: npt.NDArray[np.bool_]
) -> tuple[ClassGap, ...]:
    """Every class that clips have, those that differ most first."""
    if paired.targets.task == "regression":
        return ()
    member = paired.targets.membership()
    counted = len(only_first) > 0
    gaps = [
        ClassGap(
            one.name,
            int(member[:, number].sum()),
            one.first,
            other.first,
            int((only_first & member[:, number]).sum()) if counted else 0,
            int((only_second & member[:, number]).sum()) if counted else 0,
        )
        for number, (one, other) in enumerate(
            zip(paired.assessed[0].classes, paired.assessed[1].classes, strict=True)
        )
        if member[:, number].any()
    ]
    return tuple(sorted(gaps, key=lambda gap: -abs(np.nan_to_num(gap.gap))))
