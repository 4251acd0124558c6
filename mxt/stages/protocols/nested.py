"""Nested cross-validation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mxt.core.records import Task
from mxt.core.stages import Evaluation


@dataclass(frozen=True, slots=True)
class Nested:
    """Parameters are chosen inside each learning part, on standardised columns.

    Parameters
    ----------
    folds : int
        Where the data set gives none.
    inner_folds : int
        Inside each learning part.
    outer : {"given", "kfold", "split"}
        Where the testing parts come from.
    """

    folds: int = 10
    inner_folds: int = 3
    outer: Literal["given", "kfold", "split"] = "given"

    def choices(self, task: Task) -> Evaluation:
        """The same for every task."""
        return Evaluation(outer=self.outer, folds=self.folds, inner_folds=self.inner_folds)
