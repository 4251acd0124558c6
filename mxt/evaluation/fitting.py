"""Learn one head from some rows with given parameters, and predict others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from mxt.core.records import Task
from mxt.core.reprs import short_repr
from mxt.core.room import make_room
from mxt.evaluation.many_rows import MANY_ROWS, fit

if TYPE_CHECKING:
    from mxt.evaluation.exact_fits import Exact

Matrix = npt.NDArray[Any]
Rows = npt.NDArray[np.int64]
BLOCK = 16_384  # rows that are scaled at a time, of many
Params = Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Learner:
    """A head as evaluation uses it.

    Parameters
    ----------
    make : callable
        Gives a fresh, unfitted scikit-learn estimator.
    grid : sequence of mapping
        Every set of parameters to be tried; one empty mapping where there is nothing to choose.
    task : {"classification", "multilabel", "regression"}
    n_classes : int
    standardise : bool or None
        Whether columns are standardised on the learning part; ``None``: both are tried (not in nested
        evaluation).
    score : {"pooled", "fold_mean"}
        By what parameters are chosen on the reported folds, see `mxt.core.stages.Evaluation`.
    make_run : callable, optional
        Gives an estimator for another repetition: the same with another seed.
    """

    make: Callable[[], Any]
    grid: Sequence[Params]
    task: Task
    n_classes: int
    standardise: bool | None = True
    score: Literal["pooled", "fold_mean"] = "pooled"
    make_run: Callable[[int], Any] | None = None
    __repr__ = short_repr

    def of_run(self, run: int) -> Learner:
        """The learner of a repetition."""
        return self if run == 0 or self.make_run is None else replace(self, make=partial(self.make_run, run))

    def candidates(self) -> list[tuple[bool, Params]]:
        """Every scaling with every set of parameters: raw columns first, then in the order of the grid."""
        scalings = (False, True) if self.standardise is None else (self.standardise,)
        return [(scaling, params) for scaling in scalings for params in self.grid]


@dataclass(frozen=True, eq=False)
class Prediction:
    """Classes, labels or values predicted for the testing rows, and scores [n, classes] if any.

    `weights` are those of layers, where the estimator learnt any.
    """

    predicted: Matrix
    scores: Matrix | None
    converged: bool
    weights: Sequence[float] | None = None
    __repr__ = short_repr

    def for_choosing(self, task: Task) -> Matrix:
        """What `metrics.choose_score` judges."""
        if task != "multilabel":
            return self.predicted
        return self.predicted.astype(np.float64) if self.scores is None else self.scores


def scaled(X: Matrix, learn: Rows, test: Rows, *, standardise: bool) -> tuple[Matrix, Matrix]:
    """Learning and testing rows as they are, or standardised by the learning rows.

    Many rows are looked at, and copied, a block at a time: into memory, or if they are large into a file.
    """
    if len(learn) > MANY_ROWS and X.dtype == np.float32:
        return _scaled_by_blocks(X, learn, test, standardise=standardise)
    if not standardise:
        return X[learn], X[test]
    from sklearn.preprocessing import StandardScaler

    A = X[learn]
    scaler = StandardScaler().fit(A)
    return scaler.transform(A), scaler.transform(X[test])


def _scaled_by_blocks(X: Matrix, learn: Rows, test: Rows, *, standardise: bool) -> tuple[Matrix, Matrix]:
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler()
    if standardise:
        for first in range(0, len(learn), BLOCK):
            scaler.partial_fit(X[learn[first : first + BLOCK]])

    def part(rows: Rows) -> Matrix:
        out = make_room((len(rows), X.shape[1]))
        for first in range(0, len(rows), BLOCK):
            block = X[rows[first : first + BLOCK]]
            out[first : first + BLOCK] = scaler.transform(block) if standardise else block
        return out

    return part(learn), part(test)


def fit_predict(
    learner: Learner,
    params: Params,
    A: Matrix,
    y: Matrix,
    B: Matrix,
    *,
    scored: bool,
    exact: Exact | None = None,
) -> Prediction:
    """Predict rows B (or their kernel with A's rows) by an estimator learnt from A."""
    estimator = learner.make().set_params(**params)
    target = y.astype(np.int64) if learner.task == "multilabel" else y
    fit(estimator, A, target)
    done = converged(estimator)
    if not done and exact is not None and (solved := _solved(learner, estimator, exact, y, B)) is not None:
        return solved
    weights = tuple(map(float, getattr(estimator, "layer_weights_", ()))) or None
    if learner.task == "regression":
        return Prediction(np.asarray(estimator.predict(B)).astype(np.float64), None, done, weights)
    predicted = np.asarray(estimator.predict(B))
    predicted = (
        predicted.reshape(len(B), -1).astype(bool)
        if learner.task == "multilabel"
        else predicted.astype(np.int64)
    )
    return Prediction(predicted, _scores(estimator, B, learner) if scored else None, done, weights)


def _solved(learner: Learner, estimator: Any, exact: Exact, y: Matrix, B: Matrix) -> Prediction | None:
    """What a linear support vector machine that libsvm did not finish predicts; ``None`` for all else."""
    from mxt.evaluation.exact_fits import exact_classes, exact_values

    if learner.task == "regression":
        values = exact_values(estimator, exact, y)
        return None if values is None else Prediction(values, None, True)
    solved = exact_classes(estimator, exact, y, B) if learner.task == "classification" else None
    return solved and Prediction(solved[0].astype(np.int64), _by_class(solved[1], estimator, learner), True)


def _scores(estimator: Any, B: Matrix, learner: Learner) -> Matrix | None:
    """Scores, float32 [n, classes], NaN for classes that were not learnt; ``None`` if there are none."""
    name = next((name for name in ("decision_function", "predict_proba") if hasattr(estimator, name)), None)
    if name is None or (learner.task == "classification" and not hasattr(estimator, "classes_")):
        return None
    raw = getattr(estimator, name)(B)
    if isinstance(raw, list):  # one array [n, 2] a label
        # a label that all or no learning clips have is one column of ones
        raw = np.stack(
            [each[:, -1] * bool(known[-1]) for each, known in zip(raw, estimator.classes_, strict=True)],
            axis=1,
        )
    raw = np.asarray(raw, dtype=np.float32)
    if learner.task == "multilabel":
        return raw.reshape(len(B), learner.n_classes)
    if raw.ndim == 1:
        raw = np.stack([-raw, raw], axis=1)
    return _by_class(raw, estimator, learner) if raw.shape[1] == len(estimator.classes_) else None


def _by_class(raw: Matrix, estimator: Any, learner: Learner) -> Matrix:
    """Scores of the classes that were learnt among those of all classes, NaN for the others."""
    scores = np.full((len(raw), learner.n_classes), np.nan, dtype=np.float32)
    scores[:, np.asarray(estimator.classes_, dtype=np.int64)] = raw
    return scores


def converged(estimator: Any) -> bool:
    """False where an iterative estimator stopped at its limit."""
    inner = [
        *getattr(estimator, "estimators_", ()),
        *([estimator.regressor_] if hasattr(estimator, "regressor_") else []),
    ]
    if inner:
        return all(converged(each) for each in np.ravel(np.array(inner, dtype=object)))
    if hasattr(estimator, "fit_status_"):
        return not estimator.fit_status_
    limit, used = getattr(estimator, "max_iter", None), getattr(estimator, "n_iter_", None)
    return limit is None or used is None or limit < 0 or bool(np.max(used) < limit)
