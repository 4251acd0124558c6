"""A layer search, and its fits on one learning part, on kernels that all combinations share."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from mxt.core.errors import EvaluationError
from mxt.core.progress import Step
from mxt.core.reprs import short_repr
from mxt.evaluation.crossval import Outcome, OutOfFold
from mxt.evaluation.engine import Engine, OnFit
from mxt.evaluation.fitting import Learner, Prediction
from mxt.evaluation.kernels import kernel_of, kernel_prefix
from mxt.evaluation.layers import PartKernels, Strategy, held_bytes, workers_with_room
from mxt.evaluation.search import fit_grid
from mxt.evaluation.splits import Plan

Matrix = npt.NDArray[Any]
Rows = npt.NDArray[np.int64]
Pair = tuple[int, int]  # a strategy, and a place in its grid
Places = tuple[int, tuple[int, ...]]  # a strategy, and places in its grid
KEEP_AFTER = 5.0  # seconds of work that may be lost


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
        One for each strategy (a grid may depend on the number of columns). Grids of equal length, but for
        learnt weightings.
    y : [n]
        Class numbers, or values.
    plan : Plan
    """

    blocks: Sequence[Matrix]
    strategies: Sequence[Strategy]
    learners: Sequence[Learner]
    y: Matrix
    plan: Plan
    __repr__ = short_repr

    def __post_init__(self) -> None:
        if self.learner.task == "multilabel":
            raise EvaluationError(
                "layers are searched for classes and numbers, not for several labels a clip"
            )

    @property
    def learner(self) -> Learner:
        """Any of them, rather than a weighting's: task, scalings and score are shared."""
        pairs = zip(self.strategies, self.learners, strict=True)
        return next((learner for strategy, learner in pairs if not strategy.weighted), self.learners[0])

    @property
    def n_candidates(self) -> int:
        """Sets of parameters, with their scalings."""
        return len(self.learner.candidates())


class _Pieces:
    """The fits of one learning part: those kept before, and new ones, kept every few seconds.

    Parameters
    ----------
    name : str
        Of the part.
    scratch : Kept, optional
    dtype : type
        Of predictions.
    """

    def __init__(self, name: str, scratch: Kept | None, dtype: npt.DTypeLike) -> None:
        self.name, self.scratch, self.dtype = name, scratch, dtype
        self.fits: dict[Pair, Prediction] = {}
        self.new: dict[Pair, Prediction] = {}
        self.number, self.since = 0, time.monotonic()
        while scratch is not None and (piece := scratch.get(f"{name}-{self.number}")) is not None:
            weights = piece.get("weights") or [None] * len(piece["which"])  # earlier versions kept none
            for (s, i), values, done, learnt in zip(
                piece["which"], piece["predicted"], piece["converged"], weights, strict=True
            ):
                self.fits[s, i] = Prediction(values, None, bool(done), learnt)
            self.number += 1

    def add(self, fits: Mapping[Pair, Prediction]) -> None:
        """Note finished fits."""
        self.fits.update(fits)
        self.new.update(fits)
        if time.monotonic() - self.since > KEEP_AFTER:
            self.keep()

    def keep(self) -> None:
        """Keep what is new."""
        if self.scratch is not None and self.new:
            predicted = np.array([fit.predicted for fit in self.new.values()], dtype=self.dtype)
            converged = np.array([fit.converged for fit in self.new.values()], dtype=bool)
            weights = [fit.weights for fit in self.new.values()]
            outcome = {"which": list(self.new), "predicted": predicted, "converged": converged}
            self.scratch.put(f"{self.name}-{self.number}", outcome | {"weights": weights})
        self.number, self.since, self.new = self.number + 1, time.monotonic(), {}


class PartFits:
    """The fits of a running search, one learning part at a time; finished parts come from the scratch.

    `weights` are those of layers that strategies learnt in the last part, by strategy.
    """

    def __init__(self, search: Search, engine: Engine, scratch: Kept | None, step: Step) -> None:
        self.search, self.engine, self.scratch, self.step = search, engine, scratch, step
        self.weights: dict[int, Sequence[float]] = {}
        self.fits = self.spared = self.resumed = 0

    def part(
        self, name: str, learn: Rows, test: Rows, wanted: Mapping[int, Sequence[int]], *, standardise: bool
    ) -> tuple[list[Pair], Matrix, Matrix]:
        """Predictions of one testing part.

        Parameters
        ----------
        name : str
            Of this part, for the scratch.
        wanted : mapping
            Strategy to places in its grid.

        Returns
        -------
        which : list of Pair
        predicted : [fits, n_test]
        converged : bool [fits]
        """
        which = [(s, i) for s in sorted(wanted) for i in wanted[s]]
        dtype = np.float64 if self.search.learner.task == "regression" else np.int16
        pieces = _Pieces(name, self.scratch, dtype)
        todo = {s: [i for i in wanted[s] if (s, i) not in pieces.fits] for s in wanted}
        n_todo = sum(map(len, todo.values()))
        self.resumed += n_todo < len(which)
        self.advance(len(which) - n_todo)
        self.fits += n_todo
        if n_todo:
            work, items = self._work(learn, test, todo, standardise=standardise)
            with closing(self.engine.run(work, items, self.step)) as finished:
                for _, fits in finished:
                    pieces.add(fits)
            pieces.keep()
        predicted = np.array([pieces.fits[pair].predicted for pair in which], dtype=dtype)
        converged = np.array([pieces.fits[pair].converged for pair in which], dtype=bool)
        self.weights = {s: weights for s, i in which if (weights := pieces.fits[s, i].weights)}
        return which, predicted.reshape(len(which), len(test)), converged

    def _work(
        self, learn: Rows, test: Rows, wanted: Mapping[int, Sequence[int]], *, standardise: bool
    ) -> tuple[_Part, list[Places]]:
        """What is to be fitted on a learning part: strategies, the widest first, since they take longest."""
        search = self.search
        prefix = kernel_prefix(search.learner.make(), search.learner.grid)
        if prefix is not None and search.learner.task == "classification":
            # libsvm compares two classes at a time: side by side their rows are read nearly twice as fast,
            # and nothing else changes
            learn = learn[np.argsort(search.y[learn], kind="stable")]
        part = _Part(
            search.blocks, search.strategies, search.learners, search.y, learn, test, standardise, prefix
        )
        order = sorted((s for s in wanted if len(wanted[s])), key=lambda s: -len(search.strategies[s].blocks))
        items = [(s, tuple(wanted[s])) for s in order]
        held = held_bytes(len(search.blocks), len(learn), len(test))
        if self.engine.apart and prefix is not None and not held:
            # fits of so many rows take long: kernel by kernel, more workers are busy, and less can be lost
            items = [item for s, places in items for item in self._by_kernel(s, places, prefix)]
        return part, items

    def _by_kernel(self, s: int, places: Sequence[int], prefix: str) -> list[Places]:
        """Places of a strategy's grid, those of one kernel together."""
        groups: dict[tuple[str, float], list[int]] = {}
        for i in places:
            groups.setdefault(kernel_of(self.search.learners[s].grid[i], prefix), []).append(i)
        return [(s, tuple(group)) for group in groups.values()]

    def advance(self, n: int) -> None:
        """Tell progress of fits that are done or spared."""
        if n:
            self.step.advance(n)

    def pool(
        self, params: Sequence[Mapping[str, Any]], predicted: Sequence[Matrix], converged: Sequence[bool]
    ) -> OutOfFold:
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


@dataclass(frozen=True, eq=False)
class _Part:
    """The work of one learning part: what comes of places in the grid of a strategy."""

    blocks: Sequence[Matrix]
    strategies: Sequence[Strategy]
    learners: Sequence[Learner]
    y: Matrix
    learn: Rows
    test: Rows
    standardise: bool
    prefix: str | None
    __repr__ = short_repr

    def prepared(self) -> Callable[[Places, OnFit], dict[Pair, Prediction]]:
        from sklearn import config_context

        shared = PartKernels(
            self.blocks, self.learn, self.test, standardise=self.standardise, prefix=self.prefix
        )
        y = self.y[self.learn]

        def fit(item: Places, on_fit: OnFit) -> dict[Pair, Prediction]:
            s, places = item
            parts, kernels = shared.of(self.strategies[s])
            with config_context(assume_finite=True):
                found = fit_grid(self.learners[s], places, parts, kernels, y, on_fit, scored=False)
            return {(s, i): prediction for i, prediction in found.items()}

        return fit

    def workers(self, jobs: int, *, apart: bool) -> int:
        if self.prefix is None:
            return jobs
        return workers_with_room(jobs, len(self.blocks), len(self.learn), len(self.test), apart=apart)
