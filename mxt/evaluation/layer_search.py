"""Which layers to join: every combination, chosen inside the learning parts or, as papers do, on the reported folds."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from mxt.core.errors import EvaluationError
from mxt.core.progress import SILENT, Progress, Step
from mxt.evaluation import metrics
from mxt.evaluation.crossval import Outcome, OutOfFold, Stopped, calm
from mxt.evaluation.kernels import kernel_prefix
from mxt.evaluation.layers import PartKernels, Strategy, workers
from mxt.evaluation.search import Learner, Prediction, first_best, fit_grid
from mxt.evaluation.splits import Fold, Plan

Matrix = npt.NDArray[Any]
Array = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
LEADERS = 2  # candidates of each combination that are tried on all folds first
MARGIN = 1e-9  # a candidate is given up only where it stays this far behind


class Kept(Protocol):
    """Where finished parts are kept, so that a killed search continues."""

    def get(self, fold: int | str) -> Outcome | None:
        """What was kept under a name."""

    def put(self, fold: int | str, outcome: Outcome) -> None:
        """Keep arrays and plain values."""


@dataclass(frozen=True, eq=False)
class Search:
    """What is searched.

    Parameters
    ----------
    blocks : sequence of float32 [n, d]
        Columns of each layer, the same rows.
    strategies : sequence of Strategy
        Combinations of the blocks.
    learners : sequence of Learner
        One for each strategy (a grid may depend on the number of columns); grids of equal length.
    y : [n]
        Class numbers, or values.
    plan : Plan
    """

    blocks: Sequence[Matrix]
    strategies: Sequence[Strategy]
    learners: Sequence[Learner]
    y: Matrix
    plan: Plan

    def __post_init__(self) -> None:
        if self.learner.task == "multilabel":
            raise EvaluationError("layers are searched for classes and numbers, not for several labels a clip")

    @property
    def learner(self) -> Learner:
        """Any of them: task, scalings and score are shared."""
        return self.learners[0]

    @property
    def n_candidates(self) -> int:
        """Sets of parameters, with their scalings."""
        return len(self.learner.candidates())


@dataclass(frozen=True, eq=False)
class Found:
    """What a search gave.

    Parameters
    ----------
    found : tuple of OutOfFold
        For each strategy, its parameters chosen by the protocol.
    chosen : OutOfFold
        The search as a whole: nested, each fold is predicted by the strategy chosen inside it; else the best one's.
    chosen_names : tuple of str
        The strategy of each fold.
    scores : float64 [strategies]
        By which strategies are compared on the reported folds.
    fits, spared : int
        Fits done, and those that could not have won any more.
    """

    found: tuple[OutOfFold, ...]
    chosen: OutOfFold
    chosen_names: tuple[str, ...]
    scores: Array = field(repr=False)
    fits: int = 0
    spared: int = 0
    resumed: int = 0


def search_layers(
    search: Search, *, nested: bool, jobs: int = 1, scratch: Kept | None = None, progress: Progress = SILENT, what: str = "searching"
) -> Found:
    """Evaluate every strategy, and the choice among them.

    Parameters
    ----------
    search : Search
    nested : bool
        True: parameters and strategy are chosen inside each learning part. False: on the reported folds.
    jobs : int
        Fits at a time, on shared kernels. Results do not depend on it.
    scratch : Kept, optional
        Keeps finished parts.
    progress : Progress
        Told fit by fit.
    """
    run = _Nested if nested else _Reported
    n_strategies, n_folds = len(search.strategies), len(search.plan.folds)
    if nested:
        total = sum(n_strategies * (1 + len(fold.inner) * len(search.learner.grid)) for fold in search.plan.folds)
    else:
        total = n_strategies * n_folds * search.n_candidates
    with progress.step(what, total, unit="fits") as step, calm():
        return run(search, jobs, scratch, step).run()


class _Run:
    """One search under way."""

    def __init__(self, search: Search, jobs: int, scratch: Kept | None, step: Step) -> None:
        self.search, self.jobs, self.scratch, self.step = search, jobs, scratch, step
        self.fits = self.spared = self.resumed = 0

    def part(
        self, name: str, learn: Rows, test: Rows, wanted: Mapping[int, Sequence[int]], *, standardise: bool
    ) -> tuple[list[tuple[int, int]], Matrix, Matrix]:
        """Predictions of one testing part.

        Parameters
        ----------
        name : str
            Of this part, for the scratch.
        wanted : mapping
            Strategy to places in its grid.

        Returns
        -------
        which : list of (strategy, place)
        predicted : [fits, n_test]
        converged : bool [fits]
        """
        which = [(s, i) for s in sorted(wanted) for i in wanted[s]]
        before = None if self.scratch is None else self.scratch.get(name)
        if before is not None and before.get("which") == [list(pair) for pair in which]:
            self.resumed += 1
            self._advance(len(which))
            return which, before["predicted"], before["converged"]
        self.fits += len(which)
        by_pair = self._fit(learn, test, wanted, standardise=standardise)
        dtype = np.float64 if self.search.learner.task == "regression" else np.int16
        predicted = np.array([by_pair[pair].predicted for pair in which], dtype=dtype).reshape(len(which), len(test))
        converged = np.array([by_pair[pair].converged for pair in which], dtype=bool)
        if self.scratch is not None:
            self.scratch.put(name, {"which": which, "predicted": predicted, "converged": converged})
        return which, predicted, converged

    def _fit(self, learn: Rows, test: Rows, wanted: Mapping[int, Sequence[int]], *, standardise: bool) -> dict[tuple[int, int], Prediction]:
        search = self.search
        prefix = kernel_prefix(search.learner.make(), search.learner.grid)
        shared = PartKernels(search.blocks, learn, test, standardise=standardise, prefix=prefix)
        y = search.y[learn]

        def task(s: int, on_fit: Callable[[], None]) -> list[tuple[tuple[int, int], Prediction]]:
            parts, kernels = shared.of(search.strategies[s].blocks)
            found = fit_grid(search.learners[s], wanted[s], parts, kernels, y, on_fit, scored=False)
            return [((s, i), prediction) for i, prediction in found.items()]

        # the widest first: they take longest
        order = sorted((s for s in wanted if len(wanted[s])), key=lambda s: -len(search.strategies[s].blocks))
        with closing(_in_threads(task, order, workers(self.jobs, len(learn)), self.step)) as done:
            return dict(pair for each in done for pair in each)

    def _advance(self, n: int) -> None:
        if n:
            self.step.advance(n)

    def pool(self, params: Sequence[Mapping[str, Any]], predicted: Sequence[Matrix], converged: Sequence[bool]) -> OutOfFold:
        """Out-of-fold predictions of one strategy."""
        folds = self.search.plan.folds
        rows = np.concatenate([fold.test for fold in folds])
        order = np.argsort(rows, kind="stable")
        dtype = np.float64 if self.search.learner.task == "regression" else np.int64
        return OutOfFold(
            rows=rows[order],
            predicted=np.concatenate(list(predicted))[order].astype(dtype),
            scores=None,
            fold=np.repeat(np.arange(len(folds)), [len(fold.test) for fold in folds])[order],
            params=tuple(params),
            unfinished=tuple(fold.name for fold, done in zip(folds, converged, strict=True) if not done),
            resumed=self.resumed,
        )


class _Nested(_Run):
    """Parameters and strategy are chosen inside."""

    def run(self) -> Found:
        search = self.search
        names = range(len(search.strategies))
        predicted: list[Matrix] = []
        chosen_places: list[list[int]] = []
        converged: list[Matrix] = []
        winners: list[int] = []
        for number, fold in enumerate(search.plan.folds):
            inner = self._inside(number, fold)
            places = [first_best(row) for row in inner]
            winners.append(first_best([row[place] for row, place in zip(inner, places, strict=True)]))
            wanted = {s: [places[s]] for s in names}
            _, values, done = self.part(f"{number}-outer", fold.learn, fold.test, wanted, standardise=bool(search.learner.standardise))
            predicted.append(values)
            converged.append(done)
            chosen_places.append(places)
        found = tuple(
            self.pool(
                [search.learners[s].grid[places[s]] for places in chosen_places],
                [values[s] for values in predicted], [bool(done[s]) for done in converged],
            ) for s in names
        )  # fmt: skip
        chosen = self.pool(
            [search.learners[s].grid[places[s]] for s, places in zip(winners, chosen_places, strict=True)],
            [values[s] for s, values in zip(winners, predicted, strict=True)],
            [bool(done[s]) for s, done in zip(winners, converged, strict=True)],
        )
        scores = np.array([_pooled(search, each) for each in found])
        chosen_names = tuple(search.strategies[s].name for s in winners)
        return Found(found, chosen, chosen_names, scores, self.fits, self.spared, self.resumed)

    def _inside(self, number: int, fold: Fold) -> Array:
        """Scores pooled over the inner folds: [strategies, grid]; NaN where nothing can be learnt."""
        search = self.search
        if search.learner.standardise is None:
            raise EvaluationError("both scalings can be tried only where parameters are chosen on the reported folds")
        n, tried = len(search.strategies), len(search.learner.grid)
        values, truth = [], []
        for i, (learn, test) in enumerate(fold.inner):
            if search.learner.task == "classification" and len(np.unique(search.y[learn])) < 2:
                self._advance(n * tried)
                continue
            wanted = {s: range(tried) for s in range(n)}
            _, found, _ = self.part(f"{number}-{i}", learn, test, wanted, standardise=search.learner.standardise)
            values.append(found)
            truth.append(search.y[test])
        if not truth:
            return np.full((n, tried), np.nan)
        y, pooled = np.concatenate(truth), np.concatenate(values, axis=1)
        learner = search.learner
        scores = [metrics.choose_score(learner.task, y, _typed(search, row), n_classes=learner.n_classes) for row in pooled]
        return np.array(scores).reshape(n, tried)


class _Reported(_Run):
    """Parameters are chosen on the reported folds: each strategy's best mean of the folds' scores."""

    def run(self) -> Found:
        search = self.search
        n, tried, n_folds = len(search.strategies), search.n_candidates, len(search.plan.folds)
        self.score = np.full((n, tried, n_folds), np.nan)
        self.done = np.zeros((n, tried, n_folds), dtype=bool)
        self.alive = np.ones((n, tried), dtype=bool)
        self.predicted: dict[tuple[int, int, int], Matrix] = {}
        self.converged = np.ones((n, tried, n_folds), dtype=bool)
        self.weight = np.array([len(fold.test) for fold in search.plan.folds], dtype=np.float64)
        self.weight /= self.weight.sum()
        everything = np.ones((n, tried), dtype=bool)
        self._fold(0, everything, "all")
        if search.learner.score == "fold_mean":
            leaders = np.zeros((n, tried), dtype=bool)
            order = np.argsort(-np.nan_to_num(self.score[:, :, 0], nan=-np.inf), axis=1, kind="stable")
            np.put_along_axis(leaders, order[:, :LEADERS], True, axis=1)
            for number in range(1, n_folds):
                self._fold(number, leaders, "leaders")
        for number in range(1, n_folds):
            self._give_up()
            self._fold(number, self.alive, "rest")
        return self._result()

    def _fold(self, number: int, wanted: npt.NDArray[np.bool_], name: str) -> None:
        """Fit what is wanted and not done of one fold."""
        search, fold = self.search, self.search.plan.folds[number]
        tried = len(search.learner.grid)
        todo = wanted & ~self.done[:, :, number]
        for k, standardise in enumerate((False, True) if search.learner.standardise is None else (search.learner.standardise,)):
            part = todo[:, k * tried : (k + 1) * tried]
            chosen = {s: np.flatnonzero(row).tolist() for s, row in enumerate(part) if row.any()}
            if not chosen:
                continue
            title = f"{number}-{name}-{int(standardise)}"
            which, predicted, converged = self.part(title, fold.learn, fold.test, chosen, standardise=standardise)
            for (s, i), values, done in zip(which, predicted, converged, strict=True):
                self._note(number, s, k * tried + i, values, bool(done))

    def _note(self, number: int, s: int, i: int, values: Matrix, converged: bool) -> None:
        search, test = self.search, self.search.plan.folds[number].test
        task = search.learner.task
        found = metrics.pooled(task, search.y[test], _typed(search, values), n_classes=search.learner.n_classes)
        self.score[s, i, number] = found[metrics.MAIN[task]]
        self.done[s, i, number] = True
        self.predicted[s, i, number] = values
        self.converged[s, i, number] = converged

    def _give_up(self) -> None:
        """Drop candidates whose best possible mean lies below one that is complete: no fold's score is above 1."""
        if self.search.learner.score != "fold_mean":
            return
        most = (np.where(self.done, self.score, 1.0) * self.weight).sum(axis=2)
        complete = self.done.all(axis=2)
        certain = np.where(complete, most, -np.inf).max(axis=1, keepdims=True)
        lost = self.alive & ~complete & (most < certain - MARGIN)
        for s, i in zip(*np.nonzero(lost), strict=True):
            n = int((~self.done[s, i]).sum())
            self.spared += n
            self._advance(n)
            for number in range(len(self.weight)):
                self.predicted.pop((int(s), int(i), number), None)
        self.alive &= ~lost

    def _result(self) -> Found:
        search = self.search
        folds = range(len(self.weight))
        found, totals = [], []
        for s in range(len(search.strategies)):
            scores = [self._total(s, i) for i in range(search.n_candidates)]
            best = first_best(scores)
            scaling, params = search.learners[s].candidates()[best]
            params = {**params, "standardise": scaling} if search.learner.standardise is None else dict(params)
            predicted = [self.predicted[s, best, number] for number in folds]
            found.append(self.pool([params] * len(folds), predicted, [bool(self.converged[s, best, number]) for number in folds]))
            totals.append(scores[best])
        winner = first_best(totals)
        names = (search.strategies[winner].name,) * len(folds)
        return Found(tuple(found), found[winner], names, np.array(totals), self.fits, self.spared, self.resumed)

    def _total(self, s: int, i: int) -> float:
        if not self.done[s, i].all():
            return float("nan")
        if self.search.learner.score == "fold_mean":
            return float((self.score[s, i] * self.weight).sum())
        values = [self.predicted[s, i, number] for number in range(len(self.weight))]
        y = np.concatenate([self.search.y[fold.test] for fold in self.search.plan.folds])
        learner = self.search.learner
        return metrics.choose_score(learner.task, y, _typed(self.search, np.concatenate(values)), n_classes=learner.n_classes)


def _typed(search: Search, values: Matrix) -> Matrix:
    return values if search.learner.task == "regression" else values.astype(np.int64)


def _pooled(search: Search, found: OutOfFold) -> float:
    learner = search.learner
    return metrics.pooled(learner.task, search.y[found.rows], found.predicted, n_classes=learner.n_classes)[metrics.MAIN[learner.task]]


def _in_threads(task: Callable[[int, Callable[[], None]], Any], todo: Sequence[int], jobs: int, step: Step) -> Generator[Any, None, None]:
    """Run tasks in threads and yield what they give as they end; an error or an interruption ends the others."""
    from sklearn import config_context

    stop, lock = threading.Event(), threading.Lock()

    def on_fit() -> None:
        if stop.is_set():
            raise Stopped
        with lock:
            step.advance(1)

    def guarded(item: int) -> Any:
        if stop.is_set():
            raise Stopped
        with config_context(assume_finite=True):
            return task(item, on_fit)

    with ThreadPoolExecutor(max_workers=max(1, min(jobs, len(todo)))) as pool:
        running = {pool.submit(guarded, item) for item in todo}
        try:
            while running:
                done, running = wait(running, return_when=FIRST_COMPLETED, timeout=0.5)
                for future in done:
                    yield future.result()
        finally:
            stop.set()
            pool.shutdown(wait=True, cancel_futures=True)
