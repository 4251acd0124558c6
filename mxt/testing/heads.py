"""What heads and protocols have to keep."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, get_args

from mxt.core.errors import MxtError
from mxt.core.records import Task
from mxt.core.stages import Evaluation
from mxt.testing.subject import ContractBroken, Subject, expect

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

TASKS: tuple[Task, ...] = get_args(Task)
ROWS, COLUMNS, SEED = 40, 6, 7
_WORDS = {
    "outer": ("given", "kfold", "split", "hash"),
    "score": ("pooled", "fold_mean"),
    "hash_of": ("name", "path"),
}


def _problem(task: Task) -> tuple[npt.NDArray[np.float32], Any]:
    """A small problem that can be learned: float32 [ROWS, COLUMNS] and its targets."""
    import numpy as np

    rng = np.random.default_rng(11)
    X = rng.standard_normal((ROWS, COLUMNS)).astype(np.float32)
    if task == "regression":
        return X, X[:, 0] * 2 + 0.1 * X[:, 1]
    if task == "multilabel":
        return X, (X[:, :3] > 0).astype(int)
    return X, np.where(X[:, 0] > 0, "dog", "rain")


def _supported(subject: Subject) -> list[tuple[Task, Any]]:
    """The tasks that the head takes, each with an estimator; it refuses others with an error of mxt's own."""
    estimators: list[tuple[Task, Any]] = []
    for task in TASKS:
        try:
            estimators.append((task, subject.build().estimator(task, seed=SEED)))
        except MxtError:
            continue
    expect(estimators, f"it takes none of the tasks {', '.join(TASKS)}")
    return estimators


def estimator_is_fresh_and_clonable(subject: Subject) -> None:
    """Each call gives a new, unfitted estimator that scikit-learn can clone."""
    from sklearn.base import clone

    for task, first in _supported(subject):
        expect(subject.build().estimator(task, seed=SEED) is not first, f"{task}: two calls give one object")
        copy = clone(first)
        expect(repr(copy.get_params()) == repr(first.get_params()), f"{task}: a clone has other parameters")


def estimator_learns_and_predicts(subject: Subject) -> None:
    """It fits a small problem and predicts as many targets as there are rows, the same with the same seed."""
    import numpy as np

    for task, estimator in _supported(subject):
        X, y = _problem(task)
        try:
            first = np.asarray(estimator.fit(X, y).predict(X))
        except Exception as error:
            refuse = f"where the head does not take {task}, its estimator() raises UsageError"
            raise ContractBroken(
                f"{task}: fit or predict ends in {type(error).__name__}: {error}; {refuse}"
            ) from error
        shape = np.asarray(y).shape
        expect(first.shape == shape, f"{task}: predictions have the shape {first.shape}, targets {shape}")
        again = np.asarray(subject.build().estimator(task, seed=SEED).fit(X, y).predict(X))
        expect(np.array_equal(first, again), f"{task}: the same seed gives other predictions")


def grid_names_parameters_there_are(subject: Subject) -> None:
    """Every name in the grid is a parameter of the estimator, with values to try."""
    for task, estimator in _supported(subject):
        grids = subject.build().grid(task, n_features=COLUMNS)
        for grid in [grids] if isinstance(grids, Mapping) else grids:  # scikit-learn takes one, or several
            unknown = ", ".join(sorted(set(grid) - set(estimator.get_params())))
            expect(not unknown, f"{task}: the grid names {unknown}, which the estimator does not have")
            empty = [name for name, values in grid.items() if not list(values)]
            expect(not empty, f"{task}: the grid has no values for {', '.join(empty)}")


def choices_are_an_evaluation(subject: Subject) -> None:
    """For each task a record of sensible choices, the same every time, or an error of mxt's own."""
    taken = 0
    for task in TASKS:
        try:
            choices = subject.build().choices(task)
        except MxtError:
            continue
        taken += 1
        is_record = isinstance(choices, Evaluation)
        expect(is_record, f"{task}: choices are an Evaluation, not {type(choices).__name__}")
        for name, allowed in _WORDS.items():
            word = getattr(choices, name)
            expect(word in allowed, f"{task}: {name} is {word!r}, not one of {', '.join(allowed)}")
        folds = choices.folds, choices.inner_folds
        expect(choices.runs >= 1, f"{task}: runs is 1 or more, not {choices.runs}")
        expect(min(folds) >= 2, f"{task}: folds are 2 or more, not {folds[0]} and {folds[1]}")
        expect(choices == subject.build().choices(task), f"{task}: two calls differ")
        expect(dataclasses.replace(choices) == choices, f"{task}: the record cannot be copied")
    expect(taken, f"it takes none of the tasks {', '.join(TASKS)}")


def head_brought_along_is_there(subject: Subject) -> None:
    """A head that the protocol names is registered, and takes the parameters it is given."""
    for task in TASKS:
        try:
            choices = subject.build().choices(task)
        except MxtError:
            continue
        if choices.head:
            try:
                subject.registry.create("head", choices.head, dict(choices.head_params))
            except MxtError as error:
                raise ContractBroken(f"{task}: the head it names cannot be used: {error}") from error


HEAD_CHECKS = (
    estimator_is_fresh_and_clonable,
    estimator_learns_and_predicts,
    grid_names_parameters_there_are,
)
PROTOCOL_CHECKS = (choices_are_an_evaluation, head_brought_along_is_there)
