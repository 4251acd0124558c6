"""How a layer search chooses: inside each learning part, or, as papers do, on the folds that are reported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from mxt.core.errors import EvaluationError
from mxt.core.reprs import short_repr
from mxt.evaluation import metrics
from mxt.evaluation.crossval import OutOfFold
from mxt.evaluation.layer_parts import PartFits, Search
from mxt.evaluation.search import first_best
from mxt.evaluation.splits import Fold

Matrix = npt.NDArray[Any]
Array = npt.NDArray[np.float64]
LEADERS = 2  # candidates of each combination that are tried on all folds first
MARGIN = 1e-9  # a candidate is given up only where it stays this far behind


@dataclass(frozen=True, eq=False)
class Found:
    """What a search gave.

    Parameters
    ----------
    found : tuple of OutOfFold
        For each strategy, its parameters chosen by the protocol.
    chosen : OutOfFold
        The search as a whole: nested, each fold is predicted by the strategy chosen inside it; else the best
        one's.
    chosen_names : tuple of str
        The strategy of each fold.
    scores : float64 [strategies]
        By which strategies are compared on the reported folds.
    weights : mapping
        Strategy to the weights of layers that it learnt, float64 [folds, layers].
    fits, spared : int
        Fits done, and those that could not have won any more.
    """

    found: tuple[OutOfFold, ...]
    chosen: OutOfFold
    chosen_names: tuple[str, ...]
    scores: Array = field(repr=False)
    weights: Mapping[int, Array] = field(default_factory=dict, repr=False)
    fits: int = 0
    spared: int = 0
    resumed: int = 0
    __repr__ = short_repr


class Nested(PartFits):
    """Parameters and strategy are chosen inside."""

    def run(self) -> Found:
        """Search each fold's learning part, then predict its testing part."""
        search = self.search
        names = range(len(search.strategies))
        predicted: list[Matrix] = []
        chosen_places: list[list[int]] = []
        converged: list[Matrix] = []
        winners: list[int] = []
        weights: list[Mapping[int, Sequence[float]]] = []
        for number, fold in enumerate(search.plan.folds):
            inner = self._inside(number, fold)
            places = [first_best(scores) for scores in inner]
            winners.append(first_best([scores[place] for scores, place in zip(inner, places, strict=True)]))
            wanted = {s: [places[s]] for s in names}
            _, values, done = self.part(
                f"{number}-outer", fold.learn, fold.test, wanted, standardise=bool(search.learner.standardise)
            )
            predicted.append(values)
            converged.append(done)
            weights.append(self.weights)
            chosen_places.append(places)
        found = tuple(
            self.pool(
                [search.learners[s].grid[places[s]] for places in chosen_places],
                [values[s] for values in predicted],
                [bool(done[s]) for done in converged],
            )
            for s in names
        )
        chosen = self.pool(
            [search.learners[s].grid[places[s]] for s, places in zip(winners, chosen_places, strict=True)],
            [values[s] for s, values in zip(winners, predicted, strict=True)],
            [bool(done[s]) for s, done in zip(winners, converged, strict=True)],
        )
        scores = np.array([_pooled(search, each) for each in found])
        chosen_names = tuple(search.strategies[s].name for s in winners)
        learnt = {s: np.array([of_fold[s] for of_fold in weights]) for s in weights[0]}
        return Found(found, chosen, chosen_names, scores, learnt, self.fits, self.spared, self.resumed)

    def _inside(self, number: int, fold: Fold) -> list[Array]:
        """Scores of each strategy's grid, pooled over the inner folds; NaN where nothing can be learnt."""
        search = self.search
        if search.learner.standardise is None:
            raise EvaluationError(
                "both scalings can be tried only if parameters are chosen on the reported folds"
            )
        sizes = [len(learner.grid) for learner in search.learners]
        values, truth = [], []
        for i, (learn, test) in enumerate(fold.inner):
            if search.learner.task == "classification" and len(np.unique(search.y[learn])) < 2:
                self.advance(sum(sizes))
                continue
            wanted = {s: range(tried) for s, tried in enumerate(sizes)}
            _, found, _ = self.part(
                f"{number}-{i}", learn, test, wanted, standardise=search.learner.standardise
            )
            values.append(found)
            truth.append(search.y[test])
        if not truth:
            return [np.full(tried, np.nan) for tried in sizes]
        y, pooled = np.concatenate(truth), np.concatenate(values, axis=1)
        learner = search.learner
        scores = [
            metrics.choose_score(learner.task, y, _typed(search, row), n_classes=learner.n_classes)
            for row in pooled
        ]
        return np.split(np.array(scores), np.cumsum(sizes)[:-1])


class Reported(PartFits):
    """Parameters are chosen on the reported folds: each strategy's best mean of the folds' scores."""

    def run(self) -> Found:
        """Score candidates fold by fold, and give up those that cannot win any more."""
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
        for number in self._hardest_first(range(1, n_folds)):
            self._give_up()
            self._fold(number, self.alive, "rest")
        return self._result()

    def _hardest_first(self, folds: Sequence[int]) -> list[int]:
        """Folds in which the leaders score least come first: there the others fall behind soonest."""
        known = np.where(self.done, self.score, 0.0).sum(axis=(0, 1)) / np.maximum(
            self.done.sum(axis=(0, 1)), 1
        )
        return sorted(folds, key=lambda number: known[number])

    def _fold(self, number: int, wanted: npt.NDArray[np.bool_], name: str) -> None:
        """Fit what is wanted and not done of one fold."""
        search, fold = self.search, self.search.plan.folds[number]
        tried = len(search.learner.grid)
        todo = wanted & ~self.done[:, :, number]
        for k, standardise in enumerate(
            (False, True) if search.learner.standardise is None else (search.learner.standardise,)
        ):
            part = todo[:, k * tried : (k + 1) * tried]
            chosen = {s: np.flatnonzero(row).tolist() for s, row in enumerate(part) if row.any()}
            if not chosen:
                continue
            title = f"{number}-{name}-{int(standardise)}"
            which, predicted, converged = self.part(
                title, fold.learn, fold.test, chosen, standardise=standardise
            )
            for (s, i), values, done in zip(which, predicted, converged, strict=True):
                self._note(number, s, k * tried + i, values, bool(done))

    def _note(self, number: int, s: int, i: int, values: Matrix, converged: bool) -> None:
        search, test = self.search, self.search.plan.folds[number].test
        task = search.learner.task
        found = metrics.pooled(
            task, search.y[test], _typed(search, values), n_classes=search.learner.n_classes
        )
        self.score[s, i, number] = found[metrics.main(task).name]
        self.done[s, i, number] = True
        self.predicted[s, i, number] = values
        self.converged[s, i, number] = converged

    def _give_up(self) -> None:
        """Drop candidates that cannot reach a complete one, even if their remaining folds score 1."""
        if self.search.learner.score != "fold_mean":
            return
        most = (np.where(self.done, self.score, 1.0) * self.weight).sum(axis=2)
        complete = self.done.all(axis=2)
        certain = np.where(complete, most, -np.inf).max(axis=1, keepdims=True)
        lost = self.alive & ~complete & (most < certain - MARGIN)
        for s, i in zip(*np.nonzero(lost), strict=True):
            n = int((~self.done[s, i]).sum())
            self.spared += n
            self.advance(n)
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
            params = (
                {**params, "standardise": scaling} if search.learner.standardise is None else dict(params)
            )
            predicted = [self.predicted[s, best, number] for number in folds]
            found.append(
                self.pool(
                    [params] * len(folds),
                    predicted,
                    [bool(self.converged[s, best, number]) for number in folds],
                )
            )
            totals.append(scores[best])
        winner = first_best(totals)
        names = (search.strategies[winner].name,) * len(folds)
        return Found(
            found=tuple(found),
            chosen=found[winner],
            chosen_names=names,
            scores=np.array(totals),
            fits=self.fits,
            spared=self.spared,
            resumed=self.resumed,
        )

    def _total(self, s: int, i: int) -> float:
        if not self.done[s, i].all():
            return float("nan")
        if self.search.learner.score == "fold_mean":
            return float((self.score[s, i] * self.weight).sum())
        values = [self.predicted[s, i, number] for number in range(len(self.weight))]
        y = np.concatenate([self.search.y[fold.test] for fold in self.search.plan.folds])
        learner = self.search.learner
        return metrics.choose_score(
            learner.task, y, _typed(self.search, np.concatenate(values)), n_classes=learner.n_classes
        )


def _typed(search: Search, values: Matrix) -> Matrix:
    return values if search.learner.task == "regression" else values.astype(np.int64)


def _pooled(search: Search, found: OutOfFold) -> float:
    learner = search.learner
    return metrics.pooled(learner.task, search.y[found.rows], found.predicted, n_classes=learner.n_classes)[
        metrics.main(learner.task).name
    ]
