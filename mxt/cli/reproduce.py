"""`mxt reproduce`."""

from __future__ import annotations

from typing import Annotated

import typer

from mxt.cli import completion
from mxt.cli.option_groups import RunOptions
from mxt.cli.options import JobsOption


def reproduce(
    *,
    paper: Annotated[str, typer.Argument(metavar="PAPER", help="choi2017.")],
    task: Annotated[
        list[str] | None,
        typer.Option(
            "--task", metavar="NAME", help="A task or data set; repeatable (default: all in the store)."
        ),
    ] = None,
    strategy: Annotated[
        list[str] | None,
        typer.Option(
            "--strategy",
            metavar="NAME",
            help="A combination such as 135, mfcc or 12345+mfcc; repeatable (default: all).",
        ),
    ] = None,
    features: Annotated[
        str,
        typer.Option(
            "--features", metavar="LABEL", help="Table of the network.", autocompletion=completion.tables
        ),
    ] = "choi2017_convnet",
    mfcc: Annotated[
        str,
        typer.Option("--mfcc", metavar="LABEL", help="Table of the MFCCs.", autocompletion=completion.tables),
    ] = "choi2017_mfcc",
    quick: Annotated[
        bool,
        typer.Option("--quick", help="Only the published protocol: nothing standardised, nothing nested."),
    ] = False,
    jobs: JobsOption = None,
    run: RunOptions,
) -> None:
    """Run a paper's grid over the store, compare with the published scores, and recompute its findings.

    An interrupted run continues with the same command. Exits with code 1 if any published score that was
    recomputed is not met; none is excused, and the findings say what is known about those that are not.
    """
    from mxt.cli.reproduce_choi2017 import render, to_json
    from mxt.papers.choi2017.records import ReproduceRequest
    from mxt.workflows.reproduce import reproduce as work

    request = ReproduceRequest(paper, tuple(task or ()), features, mfcc, quick, tuple(strategy or ()))
    with run.progress() as progress:
        result = work(run.store, request, run.registry(), jobs=jobs, progress=progress)
    run.answer(result, render, plain=to_json, next="mxt figures --paper choi2017")
    if not result.cells.holds:
        raise typer.Exit(1)
