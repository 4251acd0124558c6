"""Saved results on the clips that they have in common, also of other days, folds and data sets."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mxt.core.clips import Clips
from mxt.core.errors import InputError, UsageError
from mxt.core.reprs import short_repr
from mxt.evaluation.assess import Assessment, assess, compare
from mxt.evaluation.comparison import Difference
from mxt.evaluation.crossval import OutOfFold
from mxt.evaluation.groups import units
from mxt.evaluation.metrics import METRICS
from mxt.evaluation.selection import Selection
from mxt.evaluation.splits import Fold, Plan, Sample
from mxt.evaluation.tasks import Targets
from mxt.results.plain import Result
from mxt.results.predictions import Predictions
from mxt.store.layout import Store

Values = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Paired:
    """Results assessed on the same clips.

    Parameters
    ----------
    clips : tuple of str
        Ids, in the order of the first result.
    targets : Targets
        Of these clips.
    predicted : tuple of [clips, runs] or [clips, runs, labels]
        Of each result.
    assessed : tuple of Assessment
        Of each result, on these clips.
    best : int
        Place of the result with the highest main score.
    differences : tuple of Difference or None
        Of each result to the best one; ``None`` for that one.
    relabelled : int
        Common clips that are not among `clips`, because their labels are not the same in all results.
    same_folds : bool
        Whether the results tested the same clips together.
    """

    clips: tuple[str, ...]
    targets: Targets
    predicted: tuple[Values, ...]
    assessed: tuple[Assessment, ...]
    best: int
    differences: tuple[Difference | None, ...]
    relabelled: int
    same_folds: bool
    __repr__ = short_repr


def pair(store: Store, results: Sequence[tuple[str, Result]]) -> Paired:
    """Assess saved results on the clips that they have in common.

    Clips that any of the results kept together are drawn together. Results of several runs are paired run by
    run; one with fewer runs is repeated.

    Parameters
    ----------
    store : Store
    results : sequence of (str, Result)
        Ids and results of one task, two or more.

    Raises
    ------
    UsageError
        They are of different tasks.
    InputError
        They have no clip with the same label in common.
    """
    ids = " and ".join(result_id for result_id, _ in results)
    if len(tasks := {result.task for _, result in results}) > 1:
        raise UsageError(f"{ids} cannot be compared: one is a {' and one a '.join(sorted(tasks))}")
    several = [Predictions.read(store, result_id, result) for result_id, result in results]
    rows_of = [_rows_of_clips(predictions) for predictions in several]
    common = [clip for clip in rows_of[0] if all(clip in rows for rows in rows_of)]
    firsts = [np.array([rows[clip][0] for clip in common], dtype=np.int64) for rows in rows_of]
    classes = _classes([predictions.targets for predictions in several])
    truths = [
        _recoded(one.targets.y[rows], one.targets, classes) for one, rows in zip(several, firsts, strict=True)
    ]
    agree = np.all([_equal(truth, truths[0]) for truth in truths], axis=0)
    if not agree.any():
        raise InputError(f"{ids} have no clip with the same label in common: they cannot be compared")
    clips = [clip for clip, kept in zip(common, agree, strict=True) if kept]
    targets = Targets(several[0].targets.column, several[0].targets.task, truths[0][agree], classes)
    sample = Sample(
        targets, units(*(one.unit[rows[agree]] for one, rows in zip(several, firsts, strict=True)))
    )
    runs = math.lcm(*(1 + int(one.run.max()) for one in several))
    parts = [
        _on_clips(one, [rows[clip] for clip in clips], sample, runs)
        for one, rows in zip(several, rows_of, strict=True)
    ]
    seed, score = results[0][1].request.seed, _score(results)
    assessed = [assess(selection, found, seed=seed, score=score) for selection, found in parts]
    compared = compare(parts[0][0], [found for _, found in parts], assessed, seed=seed)
    shape = (len(clips), runs)
    return Paired(
        clips=tuple(clips),
        targets=targets,
        predicted=tuple(found.predicted.reshape(*shape, *found.predicted.shape[1:]) for _, found in parts),
        assessed=tuple(assessed),
        best=compared.best,
        differences=compared.differences,
        relabelled=len(common) - len(clips),
        same_folds=len({found.fold.tobytes() for _, found in parts}) == 1,
    )


def _score(results: Sequence[tuple[str, Result]]) -> str:
    """What comes first: the mean of the folds' scores where it does in all results, else the pooled score."""
    mains = [METRICS.get(result.first.name) for _, result in results]
    return "fold_mean" if all(main is not None and main.per_fold for main in mains) else "pooled"


def _rows_of_clips(predictions: Predictions) -> dict[str, list[int]]:
    """The rows of every clip, one for each run."""
    rows: dict[str, list[int]] = {}
    for row, clip in enumerate(predictions.clips):
        rows.setdefault(clip, []).append(row)
    return rows


def _classes(several: Sequence[Targets]) -> tuple[str, ...]:
    """All classes that occur, or the labels that all know."""
    if several[0].task == "multilabel":
        known = set.intersection(*(set(targets.classes) for targets in several))
        return tuple(name for name in several[0].classes if name in known)
    return tuple(sorted({name for targets in several for name in targets.classes}))


def _recoded(values: Values, targets: Targets, classes: Sequence[str]) -> Values:
    """Class numbers, or columns of labels, in the order of `classes`."""
    if targets.task == "regression":
        return values
    if targets.task == "multilabel":
        return values[:, [targets.classes.index(name) for name in classes]]
    return np.array([classes.index(name) for name in targets.classes], dtype=np.int64)[values]


def _equal(truth: Values, other: Values) -> npt.NDArray[np.bool_]:
    """Whether each clip has the same label, labels or value: bool [clips]."""
    same = truth == other
    return np.asarray(same.all(axis=1) if same.ndim == 2 else same)


def _on_clips(
    predictions: Predictions, rows_of: Sequence[Sequence[int]], sample: Sample, runs: int
) -> tuple[Selection, OutOfFold]:
    """What was predicted for the clips of `sample`, as an evaluation gives it."""
    rows = np.array([of_clip[run % len(of_clip)] for of_clip in rows_of for run in range(runs)])
    places, run_of = np.repeat(np.arange(len(rows_of)), runs), np.tile(np.arange(runs), len(rows_of))
    names = [(predictions.fold[row], int(run)) for row, run in zip(rows, run_of, strict=True)]
    numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
    fold = np.array([numbers[name] for name in names], dtype=np.int64)
    folds = tuple(
        Fold(name, np.setdiff1d(places, test := places[fold == number]), test, run=run)
        for (name, run), number in numbers.items()
    )
    targets, classes = predictions.targets, sample.targets.classes
    scores = predictions.scores if targets.task == "multilabel" else None
    found = OutOfFold(
        rows=places,
        predicted=_recoded(predictions.predicted[rows], targets, classes),
        scores=None if scores is None else _recoded(scores[rows], targets, classes),
        fold=fold,
        params=({},) * len(folds),
    )
    return Selection(Clips.of(()), sample, Plan("given folds", folds, ""), (), 0, None), found
