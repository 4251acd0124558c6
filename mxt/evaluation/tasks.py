"""What is to be learned: target values of clips turned into arrays, and which task they make."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mxt.core.columns import Column
from mxt.core.errors import EvaluationError, listed
from mxt.core.records import Target, Task
from mxt.core.reprs import short_repr

MOST_CLASSES_OF_NUMBERS = 20  # more distinct numbers than this are quantities, not names of classes
FEWEST_FRACTIONS = 5  # this many distinct numbers are quantities already where some have fractions


@dataclass(frozen=True, eq=False)
class Targets:
    """Targets of n clips as arrays.

    Parameters
    ----------
    column : str
        Where they come from.
    task : {"classification", "multilabel", "regression"}
        What they make.
    y : array
        int64 [n] class numbers, bool [n, labels], or float64 [n].
    classes : tuple of str
        Names of classes or labels, sorted; empty for regression.
    """

    column: str
    task: Task
    y: npt.NDArray[Any]
    classes: tuple[str, ...] = ()
    __repr__ = short_repr

    def __len__(self) -> int:
        return len(self.y)

    def take(self, rows: npt.NDArray[Any]) -> Targets:
        """The targets of `rows` (indices or mask), with all classes."""
        return Targets(self.column, self.task, self.y[rows], self.classes)

    def drop_absent(self) -> Targets:
        """The same without classes or labels that no clip has."""
        if self.task == "regression":
            return self
        if self.task == "multilabel":
            there = np.asarray(self.y.any(axis=0))
            return Targets(self.column, self.task, self.y[:, there], _chosen(self.classes, there))
        there = np.asarray(np.bincount(self.y, minlength=len(self.classes)) > 0)
        return Targets(self.column, self.task, (np.cumsum(there) - 1)[self.y], _chosen(self.classes, there))

    def membership(self, bins: int = 5) -> npt.NDArray[np.bool_]:
        """What folds are balanced by: bool [n, classes or labels]; for numbers, `bins` quantiles."""
        if self.task == "multilabel":
            return np.asarray(self.y, dtype=bool)
        if self.task == "classification":
            return np.asarray(self.y[:, None] == np.arange(len(self.classes)))
        edges = np.quantile(self.y, np.linspace(0, 1, bins + 1)[1:-1])
        return np.asarray(np.searchsorted(edges, self.y, side="right")[:, None] == np.arange(bins))


def is_labelled(value: Target) -> bool:
    """Whether a clip has a target: not ``None``, not empty text, not NaN.

    Examples
    --------
    >>> is_labelled(""), is_labelled("rock"), is_labelled(())
    (False, True, True)
    """
    if value is None or (isinstance(value, str) and not value.strip()):
        return False
    return not (isinstance(value, float) and math.isnan(value))


def infer_task(values: Sequence[Target], *, text_is_class: bool = False) -> Task:
    """The task that labelled values make.

    Several labels a clip: multilabel. Numbers: regression. Text that reads as numbers, where nobody
    has said yet what it is: regression from more than 20 distinct values on, or from 5 where some
    have fractions. All else: classification.

    Parameters
    ----------
    values : sequence of Target
        None of them unlabelled.
    text_is_class : bool
        True for targets as ingested: what is text there was found to be classes.

    Examples
    --------
    >>> infer_task(["rock", "pop"]), infer_task([("a", "b"), ()]), infer_task([0.5, 2.0])
    ('classification', 'multilabel', 'regression')
    """
    if any(isinstance(value, tuple) for value in values):
        return "multilabel"
    if values and all(isinstance(value, (int, float)) for value in values):
        return "regression"
    numbers = [None if text_is_class else _number(value) for value in values]
    if not numbers or any(number is None for number in numbers):
        return "classification"
    distinct = {number for number in numbers if number is not None}
    fractions = any(not number.is_integer() for number in distinct)
    return (
        "regression"
        if len(distinct) > MOST_CLASSES_OF_NUMBERS or (fractions and len(distinct) >= FEWEST_FRACTIONS)
        else "classification"
    )


def encode(values: Sequence[Target], *, task: Task, column: str) -> Targets:
    """Turn labelled values into arrays.

    Raises
    ------
    EvaluationError
        A value that does not fit the task; it is named.
    """
    coded = Column.of(values)
    if task == "regression":
        return Targets(column, task, coded.array(lambda value: _quantity(value, column), np.float64))
    if task == "multilabel":
        sets = coded.map(lambda value: value if isinstance(value, tuple) else (class_name(value),))
        labels = sorted({label for each in sets.distinct() for label in each})
        place = {label: i for i, label in enumerate(labels)}

        def member(each: tuple[str, ...]) -> npt.NDArray[np.bool_]:
            row = np.zeros(len(labels), dtype=bool)
            row[[place[label] for label in each]] = True
            return row

        return Targets(column, task, sets.array(member, bool).reshape(len(sets), len(labels)), tuple(labels))
    names = coded.map(lambda value: _single(value, column))
    classes = sorted(names.distinct())
    y = names.array({name: i for i, name in enumerate(classes)}.__getitem__, np.int64)
    return Targets(column, task, y, tuple(classes))


def class_name(value: Target) -> str:
    """A class as text; whole numbers without a fraction."""
    return f"{value:.15g}" if isinstance(value, (int, float)) else str(value)


def _single(value: Target, column: str) -> str:
    if not isinstance(value, tuple):
        return class_name(value)
    if len(value) != 1:
        raise EvaluationError(
            f"{column!r} has {len(value)} labels for one clip ({listed(value)}); use --task multilabel"
        )
    return value[0]


def _quantity(value: Target, column: str) -> float:
    number = _number(value)
    if number is None or not math.isfinite(number):
        raise EvaluationError(
            f"{column!r} holds {value!r}, which is not a number; "
            "choose another --target or --task classification"
        )
    return number


def _number(value: Target) -> float | None:
    if isinstance(value, tuple) or value is None:
        return None
    try:
        return float(value)
    except ValueError:
        return None


def _chosen(names: tuple[str, ...], mask: npt.NDArray[Any]) -> tuple[str, ...]:
    return tuple(name for name, there in zip(names, mask, strict=True) if there)
