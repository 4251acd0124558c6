"""`mxt reproduce choi2017`: the answer as lines and as JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from mxt.cli import console
from mxt.core.errors import listed

if TYPE_CHECKING:
    from mxt.papers.choi2017.records import Cell, Reproduction, TaskReproduction

VERDICTS = {True: "holds", False: "does not hold", None: "measured"}


def to_json(result: Reproduction) -> dict[str, Any]:
    """A reproduction as plain values."""
    from mxt.cli.findings_choi2017 import says

    return {
        "met": result.cells.met,
        "cells": result.cells.cells,
        "tasks": [
            {
                "task": task.task.name,
                "dataset": task.task.dataset,
                "clips": task.clips,
                "of": task.task.clips,
                "score": task.released.main,
                "cells": [
                    asdict(cell) | {"difference": cell.difference, "met": cell.met} for cell in task.cells
                ],
            }
            for task in result.tasks
        ],
        "findings": [
            {
                "name": finding.name,
                "says": says(finding),
                "source": finding.source,
                "holds": finding.holds,
                "numbers": finding,
            }
            for finding in result.findings
        ],
        "absent": result.absent,
    }


def render(result: Reproduction) -> None:
    """Print how many scores are met, a table for each task, then the findings."""
    from mxt.cli.findings_choi2017 import cells_met, says

    n_tasks = len(result.tasks)
    console.say(f"choi2017 · {n_tasks} {'task' if n_tasks == 1 else 'tasks'} · {cells_met(result.cells)}")
    for task in result.tasks:
        _render_task(task)
    if result.absent:
        console.say(f"not in the store: {listed(result.absent)}")
    console.say()
    console.say("findings, recomputed from this store")
    for finding in result.findings:
        console.say(f"- {finding.name} [{VERDICTS[finding.holds]}]: {says(finding)}")
        console.say(f"  source: {finding.source}")


def _render_task(task: TaskReproduction) -> None:
    from mxt.evaluation.metrics import metric_words

    columns = ["strategy", "mxt", "published", "difference"]
    if task.nested is not None:
        columns += ["standardised", "nested"]
    rows = [_row(cell)[: len(columns)] for cell in sorted(task.cells, key=lambda cell: -cell.score)]
    released = task.released
    about = (task.task.words, metric_words(released.main), f"{released.clips:,} clips", released.folds)
    console.table(" · ".join(about), columns, rows)
    if task.clips != task.task.clips:
        console.say(
            f"careful: only {task.clips:,} of the {task.task.clips:,} clips are here; "
            "the published scores are of all of them"
        )
    if cells := task.published:
        from mxt.cli.findings_choi2017 import cells_met
        from mxt.papers.choi2017.from_grid import cells_met as count

        largest = max(abs(cell.difference or 0.0) for cell in cells)
        console.say(f"{cells_met(count([task]))}; largest difference {largest:.6f}")


def _row(cell: Cell) -> list[object]:
    numbers = (
        (cell.score, ".6f"),
        (cell.published, ".6f"),
        (cell.difference, "+z.6f"),
        (cell.unpublished_standardised, ".3f"),
        (cell.nested, ".3f"),
    )
    return [cell.strategy, *(None if number is None else f"{number:{form}}" for number, form in numbers)]
