"""`mxt reproduce`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mxt.cli import completion
from mxt.cli.options import DEFAULT_STORE, JobsOption, JsonOption, PluginOption, QuietOption, StoreOption
from mxt.core.errors import listed

if TYPE_CHECKING:
    from mxt.workflows.reproduce import Reproduction, TaskReproduction


def reproduce(
    paper: Annotated[str, typer.Argument(metavar="PAPER", help="choi2017.")],
    store: StoreOption = DEFAULT_STORE,
    task: Annotated[
        list[str] | None,
        typer.Option("--task", metavar="NAME", help="A task or data set (repeatable); else all."),
    ] = None,
    features: Annotated[
        str,
        typer.Option(
            "--features", metavar="LABEL", help="The network's table.", autocompletion=completion.tables
        ),
    ] = "choi2017_convnet",
    mfcc: Annotated[
        str,
        typer.Option("--mfcc", metavar="LABEL", help="The MFCCs' table.", autocompletion=completion.tables),
    ] = "choi2017_mfcc",
    quick: Annotated[
        bool, typer.Option("--quick", help="Only the published protocol, not what it becomes otherwise.")
    ] = False,
    jobs: JobsOption = None,
    plugin: PluginOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Run a paper's grid over what is in the store, beside what was published, and recompute its findings."""
    from mxt.cli import console
    from mxt.cli.progress import shown_progress
    from mxt.registry import build_registry
    from mxt.workflows.reproduce import reproduce as run

    with shown_progress(quiet or as_json) as progress:
        found = run(
            store,
            build_registry(plugin or ()),
            paper,
            tasks=tuple(task or ()),
            features=features,
            mfcc=mfcc,
            quick=quick,
            jobs=jobs,
            progress=progress,
        )
    if as_json:
        console.emit_json(to_json(found))
    else:
        render(found)


def render(found: Reproduction) -> None:
    """Print a reproduction: a table a task, then the findings."""
    from mxt.cli import console

    for each in found.tasks:
        _render_task(each)
    if found.absent:
        console.say(f"not in the store: {listed(found.absent)}")
    console.say()
    console.say("findings, recomputed from this store")
    words = {True: "holds", False: "does not hold", None: "measured"}
    for finding in found.findings:
        console.say(f"- {finding.name} [{words[finding.holds]}]: {finding.says}")
        console.say(f"  source: {finding.source}")
    console.next_line("mxt figures   (draws every search of this store)")


def to_json(found: Reproduction) -> dict[str, Any]:
    """A reproduction as plain values."""
    return {
        "tasks": [
            {
                "task": each.task.name,
                "dataset": each.task.dataset,
                "clips": each.clips,
                "of": each.task.clips,
                "score": each.released.main,
                "cells": [
                    asdict(cell) | {"difference": cell.difference, "met": cell.met} for cell in each.cells
                ],
            }
            for each in found.tasks
        ],
        "findings": [asdict(finding) for finding in found.findings],
        "absent": list(found.absent),
    }


def _render_task(each: TaskReproduction) -> None:
    from mxt.cli import console
    from mxt.evaluation.metrics import metric_words

    more = each.nested is not None
    rows = []
    for cell in sorted(each.cells, key=lambda cell: -cell.score):
        gap = None if cell.difference is None else f"{cell.difference:+.6f}"
        published = None if cell.published is None else f"{cell.published:.6f}"
        row: list[object] = [cell.strategy, f"{cell.score:.6f}", published, gap]
        rows.append(
            [
                *row,
                *(
                    None if value is None else f"{value:.3f}"
                    for value in (cell.unpublished_standardised, cell.nested)
                ),
            ][: 6 if more else 4]
        )
    title = f"{each.task.words} · {metric_words(each.released.main)} · {each.released.clips:,} clips · {each.released.folds}"
    columns = ["strategy", "mxt", "published", "difference"]
    console.table(title, [*columns, "standardised", "nested"] if more else columns, rows)
    if each.clips != each.task.clips:
        console.say(
            f"careful: {each.clips:,} of {each.task.clips:,} clips are here; what was published is of all of them"
        )
    cells = each.published
    if cells:
        met = sum(cell.met for cell in cells)
        largest = max(abs(cell.difference or 0.0) for cell in cells)
        console.say(
            f"{met} of {len(cells)} published scores met within 0.002; largest difference {largest:.6f}"
        )
