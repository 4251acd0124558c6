"""Choose a head's parameters inside a learning part, then learn, and predict the testing part."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mxt.core.errors import EvaluationError
from mxt.evaluation import metrics
from mxt.evaluation.exact_fits import Exact
from mxt.evaluation.fitting import Learner, Matrix, Params, Prediction, fit_predict, scaled
from mxt.evaluation.kernels import SharedKernels, kernel_prefix
from mxt.evaluation.splits import Fold


def expand(grid: Mapping[str, list[Any]] | Sequence[Mapping[str, list[Any]]]) -> list[dict[str, Any]]:
    """Every set of parameters of a grid in scikit-learn's form, in a fixed order.

    Examples
    --------
    >>> expand({"C": [1, 2]}), expand({})
    ([{'C': 1}, {'C': 2}], [{}])
    """
    from sklearn.model_selection import ParameterGrid

    return list(ParameterGrid(grid if isinstance(grid, Mapping) else list(grid)))


def choose(learner: Learner, X: Matrix, y: Matrix, fold: Fold, on_fit: Callable[[], None]) -> Params:
    """The parameters with the best score pooled over the inner folds; the first of equals.

    Parameters
    ----------
    X : float32 [n, d]
    y : [n] or [n, labels]
    fold : Fold
        Its inner parts are used.
    on_fit : callable
        Called after every fit; may raise to stop.
    """
    if len(learner.grid) == 1 or not fold.inner:
        return learner.grid[0]
    found: list[list[Matrix]] = [[] for _ in learner.grid]
    truth = []
    for learn, test in fold.inner:
        if learner.task == "classification" and len(np.unique(y[learn])) < 2:
            continue
        truth.append(y[test])
        for i, prediction in try_all(
            learner, X, y, learn, test, on_fit, scored=learner.task == "multilabel"
        ).items():
            found[i].append(prediction.for_choosing(learner.task))
    if not truth:
        return learner.grid[0]
    y_inner = np.concatenate(truth)
    scores = [
        metrics.choose_score(learner.task, y_inner, np.concatenate(each), n_classes=learner.n_classes)
        for each in found
    ]
    return learner.grid[first_best(scores)]


def first_best(scores: Sequence[float] | npt.NDArray[np.float64]) -> int:
    """Place of the first of the best scores; what differs by rounding alone is equal, NaN is worst.

    Examples
    --------
    >>> first_best([0.5, 0.1 + 0.2, 0.3, float("nan")]), first_best([0.3, 0.1 + 0.2])
    (0, 0)
    """
    return int(np.argmax(np.nan_to_num(np.asarray(scores, dtype=np.float64), nan=-np.inf).round(10)))


def try_all(
    learner: Learner,
    X: Matrix,
    y: Matrix,
    learn: npt.NDArray[np.int64],
    test: npt.NDArray[np.int64],
    on_fit: Callable[[], None],
    *,
    scored: bool = True,
) -> dict[int, Prediction]:
    """Predictions of `test` for every set of parameters, learnt from `learn`, by their place in the grid.

    `scored` False leaves out scores that nobody will look at.
    """
    if learner.standardise is None:
        raise EvaluationError(
            "both scalings can be tried only if parameters are chosen on the reported folds"
        )
    parts = scaled(X, learn, test, standardise=learner.standardise)
    prefix = kernel_prefix(learner.make(), learner.grid)
    shared = SharedKernels(*parts, prefix) if prefix is not None else None
    return fit_grid(learner, range(len(learner.grid)), parts, shared, y[learn], on_fit, scored=scored)


def fit_grid(
    learner: Learner,
    wanted: Sequence[int],
    parts: tuple[Matrix, Matrix],
    shared: SharedKernels | None,
    y: Matrix,
    on_fit: Callable[[], None],
    *,
    scored: bool,
) -> dict[int, Prediction]:
    """Predictions of the second of `parts`, learnt from the first, for the wanted places of the grid.

    `shared` holds the kernels of `parts`, for support vector machines.
    """
    order = sorted(wanted, key=lambda i: shared.rank(learner.grid[i])) if shared else wanted
    found = {}
    for i in order:
        (A, B), params = shared.matrices(learner.grid[i]) if shared else (parts, dict(learner.grid[i]))
        found[i] = fit_predict(learner, params, A, y, B, scored=scored, exact=Exact(learner.grid[i], *parts))
        on_fit()
    return found


def learn_and_predict(
    learner: Learner, params: Params, X: Matrix, y: Matrix, fold: Fold, on_fit: Callable[[], None]
) -> Prediction:
    """Predict a fold's testing rows with chosen parameters, learnt from its whole learning part."""
    if learner.task == "classification" and len(np.unique(y[fold.learn])) < 2:
        raise EvaluationError(
            f"the learning part of fold {fold.name} has a single class; use other folds or another --group-by"
        )
    one = Learner(learner.make, [params], learner.task, learner.n_classes, learner.standardise)
    return try_all(one, X, y, fold.learn, fold.test, on_fit)[0]
