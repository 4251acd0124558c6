"""`mxt eval`."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from mxt.cli.option_groups import ChartOptions, EngineOptions, StudyOptions
from mxt.cli.options import (
    DatasetsOption,
    FeaturesOption,
    HeadsOption,
    ProtocolsOption,
    RepeatsOption,
    SetOption,
    TaskOption,
    known_task,
)


def evaluate(
    *,
    dataset: DatasetsOption = None,
    features: FeaturesOption = None,
    head: HeadsOption = None,
    protocol: ProtocolsOption = None,
    setting: SetOption = None,
    study: StudyOptions,
    repeats: RepeatsOption = 1,
    task: TaskOption = None,
    engine: EngineOptions,
    strict: Annotated[
        bool,
        typer.Option(
            "--strict", help="Compare all recordings by their sound; exit with code 1 if the audit complains."
        ),
    ] = False,
    details: Annotated[
        bool, typer.Option("--details", help="Also show every class and the confusion matrix.")
    ] = False,
    run: ChartOptions,
) -> None:
    """Score the features of a data set: how well, how sure, and what may be wrong with it.

    Without options: every view extracted for the data set last ingested. An interrupted evaluation continues
    with the same command.

    Of several views, p is how often, were all equally good, any would fall at least so far behind the best.
    Where p is below 0.05, the interval of the difference excludes zero, and the other way round.
    """
    from mxt.cli.scores import next_command, render
    from mxt.drawing.comparison import comparison_chart
    from mxt.results.plain import evaluated_plain
    from mxt.results.request import EvaluateRequest
    from mxt.workflows.evaluate import evaluate as work

    request = EvaluateRequest(
        datasets=tuple(dataset or ()),
        features=tuple(features or ()),
        target=study.target,
        task=known_task(task),
        group_by=study.group_by,
        folds=study.folds,
        heads=tuple(dict.fromkeys(head or ())),
        settings=tuple(setting or ()),
        protocols=tuple(dict.fromkeys(protocol or ("nested",))),
        seed=study.seed,
        repeats=repeats,
    )
    with run.progress() as progress:
        result = work(
            run.store,
            request,
            run.registry(),
            jobs=engine.jobs,
            engine=engine.choice(run),
            thorough=strict,
            progress=progress,
        )
    show = partial(render, details=details)
    run.answer_drawn(result, show, comparison_chart, plain=evaluated_plain, next=next_command(result))
    if strict and not result.clean:
        raise typer.Exit(1)
