"""`mxt demo`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mxt.cli.options import JobsOption, QuietOption


def demo(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Where the recordings and their store are written.")
    ] = Path("mxt-demo"),
    pretrained: Annotated[
        bool, typer.Option("--pretrained", help="Also with musicnn: its weights (29 MB) are fetched by pip.")
    ] = False,
    jobs: JobsOption = None,
    quiet: QuietOption = False,
) -> None:
    """Run the whole way on a small collection that is synthesised on the spot: no network, no weights, no audio of your own.

    Six timbres, sixteen notes each, that vary in pitch, level, noise and duration.
    """
    from mxt.cli import console
    from mxt.cli.extract import render as render_extraction
    from mxt.cli.progress import shown_progress
    from mxt.cli.scores import render as render_scores
    from mxt.cli.summaries import render_ingested
    from mxt.ingestion.records import Ingested
    from mxt.registry import build_registry
    from mxt.results.records import Evaluated
    from mxt.workflows.commands import first_extraction
    from mxt.workflows.demo import demo as run

    console.say(
        f"a collection of synthetic notes in {folder}, then the commands you would type for your own folder"
    )
    console.say()
    registry = build_registry()
    with shown_progress(quiet) as progress:
        for step in run(folder, registry, pretrained=pretrained, jobs=jobs, progress=progress):
            console.say(f"$ {step.command}")
            if isinstance(step.result, str):
                console.say(f"left out: {step.result}")
            elif isinstance(step.result, Ingested):
                render_ingested(step.result)
            elif isinstance(step.result, Evaluated):
                render_scores(step.result)
            else:
                render_extraction(step.result)
            console.say()
    console.say("for your own folder, with one folder of recordings a class:")
    for command in ("mxt ingest FOLDER", first_extraction(registry), "mxt eval"):
        console.say(f"  {command}")
