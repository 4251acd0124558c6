"""Every class of an evaluation and the confusion matrix, as `mxt eval --details` and `mxt info` show them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mxt.cli import console
from mxt.evaluation.metrics import metric_words

if TYPE_CHECKING:
    from mxt.core.records import Task
    from mxt.results.records import ViewResult


def render_details(task: Task, view: ViewResult) -> None:
    """Print the scores of every class or label, and what classes were taken for."""
    assessment, classes = view.assessment, view.assessment.classes
    if not classes:
        return
    first, *others = (metric_words(score.name) for score in classes[0].scores)
    what = "class" if task == "classification" else "label"
    rows = [
        [one.name, one.clips, one.first.interval, *(score.value for score in one.scores[1:])]
        for one in classes
    ]
    console.table("", [what, "clips", f"{first} (95 %)", *others], rows)
    if assessment.confusion is not None:
        console.table(
            f"confusion of {view.view} (rows: true, columns: predicted)",
            ["", *(one.name for one in classes)],
            [[one.name, *counts] for one, counts in zip(classes, assessment.confusion, strict=True)],
        )
