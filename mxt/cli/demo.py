"""`mxt demo`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mxt.cli import console
from mxt.cli.options import JobsOption, QuietOption
from mxt.core.errors import MxtError, UnknownName, WeightsError

if TYPE_CHECKING:
    from mxt.workflows.demo import DemoStep


def demo(
    *,
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Where to write the recordings and their store.")
    ] = Path("mxt-demo"),
    pretrained: Annotated[
        bool, typer.Option("--pretrained", help="Also use musicnn, whose weights (29 MB) pip downloads.")
    ] = False,
    jobs: JobsOption = None,
    quiet: QuietOption = False,
) -> None:
    """Run all three commands on a small synthetic collection: no network, weights or audio are needed.

    It has six timbres of sixteen notes each, which differ in pitch, level, noise and duration.
    """
    from mxt.cli.progress import shown_progress
    from mxt.registry import build_registry
    from mxt.workflows.commands import first_extraction
    from mxt.workflows.demo import demo as work

    console.say(f"a collection of synthetic notes in {folder}, and the commands to type for your own folder")
    console.say()
    registry = build_registry()
    with shown_progress(quiet) as progress:
        for step in work(folder, registry, pretrained=pretrained, jobs=jobs, progress=progress):
            console.say(f"$ {step.command}")
            render(step)
            console.say()
    console.say("for your own folder, with one folder of recordings per class:")
    for command in ("mxt ingest FOLDER", first_extraction(registry), "mxt eval"):
        console.say(f"  {command}")


def render(step: DemoStep) -> None:
    """Print what a command of the demo gave."""
    from mxt.cli.extract_words import render as render_extraction
    from mxt.cli.scores import render as render_scores
    from mxt.cli.summaries import render_ingested
    from mxt.ingestion.records import Ingested
    from mxt.results.records import Evaluated

    if isinstance(step.result, MxtError):
        console.say(f"left out: {why_left_out(step.result)}")
    elif isinstance(step.result, Ingested):
        render_ingested(step.result)
    elif isinstance(step.result, Evaluated):
        render_scores(step.result)
    else:
        render_extraction(step.result)


def why_left_out(error: MxtError) -> str:
    """Why the pre-trained network could not be used, and what to do, in one line."""
    if isinstance(error, UnknownName):
        return "musicnn is not installed; in a checkout of mxt: pip install ./plugins/mxt-musicnn"
    if isinstance(error, WeightsError):
        return f"{error.reason}; to try again: mxt weights fetch musicnn"
    return f"{error}; for more: mxt plugins"
