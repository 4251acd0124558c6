"""Cross-validation, fold by fold; finished folds are kept, so that a killed evaluation continues."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from typing import Any, Protocol, TextIO

import numpy as np
import numpy.typing as npt

from mxt.core.progress import SILENT, Progress
from mxt.core.reprs import short_repr
from mxt.evaluation.engine import Engine, OnFit, Threads
from mxt.evaluation.fitting import Learner, Params
from mxt.evaluation.metrics import choose_score, fold_mean
from mxt.evaluation.search import choose, first_best, learn_and_predict, try_all
from mxt.evaluation.splits import Fold, Plan

Matrix = npt.NDArray[Any]
Outcome = dict[str, Any]  # arrays and plain values, as a scratch keeps them
# said where scikit-learn finds no filters of warnings
_NO_FILTERS = "`sklearn.utils.parallel.delayed` should be used with"


class Scratch(Protocol):
    """Where finished folds are kept, so that a killed evaluation continues."""

    def get(self, fold: int) -> Outcome | None:
        """What was kept for a fold."""

    def put(self, fold: int, outcome: Outcome) -> None:
        """Keep arrays and plain values for a fold."""


@dataclass(frozen=True, eq=False)
class OutOfFold:
    """Pooled predictions of the testing rows.

    Parameters
    ----------
    rows : int64 [m]
        Row numbers, sorted.
    predicted : [m] or [m, labels]
        Class numbers, values, or bool labels.
    scores : float32 [m, classes], optional
        Where the head gives any.
    fold : int64 [m]
        Place of each row's fold in the plan.
    params : tuple of mapping
        Chosen in each fold.
    unfinished : tuple of str
        Folds whose head stopped at its iteration limit.
    resumed : int
        Folds that had been finished before.
    """

    rows: npt.NDArray[np.int64]
    predicted: Matrix
    scores: Matrix | None
    fold: npt.NDArray[np.int64]
    params: tuple[Params, ...]
    unfinished: tuple[str, ...] = ()
    resumed: int = 0
    __repr__ = short_repr


def cross_validate(
    learner: Learner,
    X: Matrix,
    y: Matrix,
    plan: Plan,
    *,
    jobs: int = 1,
    engine: Engine | None = None,
    nested: bool = True,
    scratch: Scratch | None = None,
    progress: Progress = SILENT,
    what: str = "evaluating",
) -> OutOfFold:
    """Predict every testing row of a plan.

    Results do not depend on `jobs` and `engine`: a fold is computed by one thread, linear algebra included.

    Parameters
    ----------
    X : float32 [n, d]
    y : [n] or [n, labels]
    jobs : int
        Folds computed at a time.
    engine : Engine, optional
        Where they are computed (default: `jobs` threads).
    nested : bool
        False: one set of parameters for all folds, the best on the very predictions that are reported.
    """
    per_fold = fits_of_a_fold(learner, plan, nested=nested)
    kept: dict[int, Outcome] = {}
    with progress.step(what, sum(per_fold), unit="fits") as step:
        for place, fits in enumerate(per_fold):
            if scratch is not None and (before := scratch.get(place)) is not None:
                kept[place] = before
                step.advance(fits)
        resumed = len(kept)
        work = _Folds(learner, X, y, nested)
        todo = [(place, fold) for place, fold in enumerate(plan.folds) if place not in kept]
        with calm(), closing((engine or Threads(jobs)).run(work, todo, step)) as finished:
            for (place, _), outcome in finished:
                kept[place] = outcome
                if scratch is not None:
                    scratch.put(place, outcome)
    found = [kept[place] for place in range(len(plan.folds))]
    return _pool(plan, found if nested else _best_of_all(learner, y, plan, found), resumed)


def fits_of_a_fold(learner: Learner, plan: Plan, *, nested: bool) -> list[int]:
    """How many times the head learns in each fold."""
    tried = len(learner.candidates())
    if not nested:
        return [tried] * len(plan.folds)
    return [1 + (len(fold.inner) * tried if tried > 1 else 0) for fold in plan.folds]


@dataclass(frozen=True, eq=False)
class _Folds:
    """The work of an evaluation: what comes of each fold, which is given with its place in the plan."""

    learner: Learner
    X: Matrix
    y: Matrix
    nested: bool
    __repr__ = short_repr

    def prepared(self) -> Callable[[tuple[int, Fold], OnFit], Outcome]:
        return self._fold

    def workers(self, jobs: int, *, apart: bool) -> int:
        return jobs

    def _fold(self, item: tuple[int, Fold], on_fit: OnFit) -> Outcome:
        _, fold = item
        work = _nested_fold if self.nested else _every_candidate
        return work(self.learner.of_run(fold.run), self.X, self.y, fold, on_fit)


def _nested_fold(learner: Learner, X: Matrix, y: Matrix, fold: Fold, on_fit: OnFit) -> Outcome:
    params = choose(learner, X, y, fold, on_fit)
    found = learn_and_predict(learner, params, X, y, fold, on_fit)
    return {
        "params": dict(params),
        "predicted": found.predicted,
        "scores": found.scores,
        "converged": found.converged,
    }


def _every_candidate(learner: Learner, X: Matrix, y: Matrix, fold: Fold, on_fit: OnFit) -> Outcome:
    """Predictions under every set of parameters, stacked in the order of the grid."""
    found = []
    for scaling in (False, True) if learner.standardise is None else (learner.standardise,):
        by_place = try_all(replace(learner, standardise=scaling), X, y, fold.learn, fold.test, on_fit)
        found += [by_place[i] for i in range(len(learner.grid))]
    scores = [each.scores for each in found if each.scores is not None]
    return {
        "predicted": np.stack([each.predicted for each in found]),
        "scores": np.stack(scores) if len(scores) == len(found) else None,
        "converged": [each.converged for each in found],
    }


def _best_of_all(learner: Learner, y: Matrix, plan: Plan, found: list[Outcome]) -> list[Outcome]:
    """The folds' outcomes under the one set of parameters with the best score."""
    candidates = learner.candidates()
    ranked = learner.task == "multilabel" and all(each["scores"] is not None for each in found)
    judged = [
        each["scores" if ranked else "predicted"].astype(float if learner.task == "multilabel" else None)
        for each in found
    ]
    truth = [y[fold.test] for fold in plan.folds]
    best = first_best([_score(learner, truth, [each[i] for each in judged]) for i in range(len(candidates))])
    scaling, params = candidates[best]
    if learner.standardise is None:
        params = {**params, "standardise": scaling}
    return [
        {
            "params": dict(params),
            "predicted": each["predicted"][best],
            "converged": each["converged"][best],
            "scores": None if each["scores"] is None else each["scores"][best],
        }
        for each in found
    ]


def _score(learner: Learner, truth: Sequence[Matrix], judged: Sequence[Matrix]) -> float:
    if learner.score == "fold_mean":
        return fold_mean(learner.task, truth, judged, n_classes=learner.n_classes)
    return choose_score(
        learner.task, np.concatenate(truth), np.concatenate(judged), n_classes=learner.n_classes
    )


@contextmanager
def calm() -> Iterator[None]:
    """One thread of linear algebra a worker; iteration limits are counted, not warned about.

    Forests and others that scikit-learn runs through joblib empty the filters of warnings for a moment, for
    all threads; what that makes others of them warn about is left out.
    """
    from sklearn.exceptions import ConvergenceWarning
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.filterwarnings(
            "ignore", message="Label .* is present in all training examples", category=UserWarning
        )
        shown = warnings.showwarning

        def show(
            message: Warning | str,
            category: type[Warning],
            filename: str,
            lineno: int,
            file: TextIO | None = None,
            line: str | None = None,
        ) -> None:
            if not (issubclass(category, ConvergenceWarning) or str(message).startswith(_NO_FILTERS)):
                shown(message, category, filename, lineno, file, line)

        warnings.showwarning = show
        yield


def _pool(plan: Plan, found: Sequence[Outcome], resumed: int) -> OutOfFold:
    rows = np.concatenate([fold.test for fold in plan.folds])
    order = np.argsort(rows, kind="stable")
    scores = None
    if all(each["scores"] is not None for each in found):
        scores = np.concatenate([each["scores"] for each in found])[order]
    return OutOfFold(
        rows=rows[order],
        predicted=np.concatenate([each["predicted"] for each in found])[order],
        scores=scores,
        fold=np.repeat(np.arange(len(plan.folds)), [len(fold.test) for fold in plan.folds])[order],
        params=tuple(each["params"] for each in found),
        unfinished=tuple(
            fold.name for fold, each in zip(plan.folds, found, strict=True) if not each["converged"]
        ),
        resumed=resumed,
    )
