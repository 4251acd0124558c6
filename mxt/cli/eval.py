"""`mxt eval`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mxt.cli import completion
from mxt.cli.options import (
    DEFAULT_STORE,
    DatasetsOption,
    FeaturesOption,
    GroupByOption,
    JobsOption,
    JsonOption,
    PluginOption,
    ProtocolsOption,
    QuietOption,
    SeedOption,
    SetOption,
    StoreOption,
    TargetOption,
)
from mxt.core.errors import UsageError

if TYPE_CHECKING:
    from mxt.core.records import Task

TASKS: dict[str, Task] = {
    "classification": "classification",
    "multilabel": "multilabel",
    "regression": "regression",
}


def evaluate(
    store: StoreOption = DEFAULT_STORE,
    dataset: DatasetsOption = None,
    features: FeaturesOption = None,
    target: TargetOption = None,
    task: Annotated[
        str | None,
        typer.Option(
            "--task", metavar="TASK", help="classification, multilabel or regression; else from the values."
        ),
    ] = None,
    group_by: GroupByOption = None,
    folds: Annotated[
        Path | None, typer.Option("--folds", metavar="FILE", help="Folds to use: a table with clip and fold.")
    ] = None,
    head: Annotated[
        list[str] | None,
        typer.Option(
            "--head",
            metavar="NAME",
            help="The learner (repeatable: side by side); else svm or linear, by size.",
            autocompletion=completion.heads,
        ),
    ] = None,
    protocol: ProtocolsOption = None,
    setting: SetOption = None,
    seed: SeedOption = 0,
    jobs: JobsOption = None,
    details: Annotated[
        bool, typer.Option("--details", help="Also every class and the confusion matrix.")
    ] = False,
    chart: Annotated[
        Path | None, typer.Option("--chart", metavar="FILE.png", help="Also draw a bar a view.")
    ] = None,
    plugin: PluginOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Score the features of a data set: how well, how sure, and what may be wrong with it.

    Without options: every view extracted for the data set last ingested. A stopped evaluation continues with
    the same command.
    """
    if task is not None and task not in TASKS:
        raise UsageError(f"--task is one of {', '.join(TASKS)}, not {task!r}")
    from mxt.cli import console
    from mxt.cli.progress import shown_progress
    from mxt.cli.scores import render, render_next, to_json
    from mxt.drawing.charts import check_picture, comparison_chart
    from mxt.registry import build_registry
    from mxt.workflows.evaluate import Request
    from mxt.workflows.evaluate import evaluate as run

    if chart is not None:
        check_picture(chart)
    request = Request(
        datasets=tuple(dataset or ()),
        features=tuple(features or ()),
        target=target,
        task=TASKS[task] if task else None,
        group_by=group_by,
        folds=folds,
        heads=tuple(dict.fromkeys(head or ())),
        settings=tuple(setting or ()),
        protocols=tuple(dict.fromkeys(protocol or ("nested",))),
        seed=seed,
    )
    with shown_progress(quiet or as_json) as progress:
        result = run(store, build_registry(plugin or ()), request, jobs=jobs, progress=progress)
    if chart is not None:
        comparison_chart(result, chart)
    if as_json:
        console.emit_json(to_json(result))
    else:
        render(result, details=details)
        if chart is not None:
            console.say(f"drawn: {chart}")
        render_next(result)
