"""A layer search, and its fits on one learning part: in threads, on kernels that all combinations share."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from mxt.core.errors import EvaluationError, no_ctrl_c
from mxt.core.progress import Step
from mxt.core.reprs import short_repr
from mxt.evaluation.crossval import Outcome, OutOfFold, Stopped
from mxt.evaluation.fitting import Learner, Prediction
from mxt.evaluation.kernels import kernel_prefix
from mxt.evaluation.layers import PartKernels, Strategy
from mxt.evaluation.search import fit_grid
from mxt.evaluation.splits import Plan

Matrix = npt.NDArray[Any]
Rows = npt.NDArray[np.int64]


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
    __repr__ = short_repr

    def __post_init__(self) -> None:
        if self.learner.task == "multilabel":
            raise EvaluationError(
                "layers are searched for classes and numbers, not for several labels a clip"
            )

    @property
    def learner(self) -> Learner:
        """Any of them: task, scalings and score are shared."""
        return self.learners[0]

    @property
    def n_candidates(self) -> int:
        """Sets of parameters, with their scalings."""
        return len(self.learner.candidates())


class PartFits:
    """The fits of a running search, one learning part at a time; finished parts come from the scratch."""

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
            self.advance(len(which))
            return which, before["predicted"], before["converged"]
        self.fits += len(which)
        by_pair = self._fit(learn, test, wanted, standardise=standardise)
        dtype = np.float64 if self.search.learner.task == "regression" else np.int16
        predicted = np.array([by_pair[pair].predicted for pair in which], dtype=dtype).reshape(
            len(which), len(test)
        )
        converged = np.array([by_pair[pair].converged for pair in which], dtype=bool)
        if self.scratch is not None:
            self.scratch.put(name, {"which": which, "predicted": predicted, "converged": converged})
        return which, predicted, converged

    def _fit(
        self, learn: Rows, test: Rows, wanted: Mapping[int, Sequence[int]], *, standardise: bool
    ) -> dict[tuple[int, int], Prediction]:
        search = self.search
        prefix = kernel_prefix(search.learner.make(), search.learner.grid)
        if prefix is not None and search.learner.task == "classification":
            # libsvm compares two classes at a time: side by side their rows are read nearly twice as fast,
            # and nothing else changes
            learn = learn[np.argsort(search.y[learn], kind="stable")]
        shared = PartKernels(search.blocks, learn, test, standardise=standardise, prefix=prefix)
        y = search.y[learn]

        def task(s: int, on_fit: Callable[[], None]) -> list[tuple[tuple[int, int], Prediction]]:
            parts, kernels = shared.of(search.strategies[s].blocks)
            found = fit_grid(search.learners[s], wanted[s], parts, kernels, y, on_fit, scored=False)
            return [((s, i), prediction) for i, prediction in found.items()]

        # the widest first: they take longest
        order = sorted((s for s in wanted if len(wanted[s])), key=lambda s: -len(search.strategies[s].blocks))
        with closing(_in_threads(task, order, shared.workers(self.jobs), self.step)) as done:
            return dict(pair for each in done for pair in each)

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


def _in_threads(
    task: Callable[[int, Callable[[], None]], Any], todo: Sequence[int], jobs: int, step: Step
) -> Generator[Any, None, None]:
    """Run tasks in threads and yield results as they finish; an error or an interruption ends the others."""
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
        with no_ctrl_c(), config_context(assume_finite=True):
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
