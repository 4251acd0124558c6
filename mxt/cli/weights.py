"""`mxt weights`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mxt.cli import completion, console
from mxt.cli.option_groups import LongStageOptions, StageOptions
from mxt.cli.stages import render_weights
from mxt.cli.sub_apps import sub_app, subcommand

if TYPE_CHECKING:
    from mxt.workflows.weights import Obtained, VerifiedWeights, WeightsList


def weights(options: StageOptions) -> None:
    """List the weights of all stages, and whether their files are present."""
    from mxt.workflows.weights import list_weights

    options.answer(list_weights(options.registry()), render_list)


app = sub_app(
    "List, fetch, import and verify weights. They are kept in the folder that MXT_WEIGHTS_DIR names; "
    "MXT_OFFLINE=1 forbids fetching.",
    listing=weights,
)


@subcommand(app, "fetch")
def fetch(
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME", help="Such as convnet:released.", autocompletion=completion.weight_sets
        ),
    ],
    *,
    options: LongStageOptions,
) -> None:
    """Fetch weights and verify their SHA-256; an interrupted download continues."""
    from mxt.workflows.weights import fetch_weights

    with options.progress() as progress:
        obtained = fetch_weights(options.registry(), names, progress)
    options.answer(obtained, render_obtained)


@subcommand(app, "import")
def import_(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE", help="Files of weights, downloaded by hand.")
    ],
    *,
    options: StageOptions,
) -> None:
    """Copy files into the weights folder; their SHA-256 tells which weights they hold."""
    from mxt.workflows.weights import import_weights

    options.answer(import_weights(options.registry(), files), render_obtained)


@subcommand(app, "verify")
def verify(options: StageOptions) -> None:
    """Read all weights that are present; exit with code 1 if a file is damaged."""
    from mxt.workflows.weights import verify_weights

    verified = verify_weights(options.registry())
    options.answer(verified, render_verified, plain=lambda verified: verified.present)
    if verified.damaged:
        raise typer.Exit(1)


def render_list(listing: WeightsList) -> None:
    """Print the weights folder and every weight set."""
    console.say(f"weights folder: {listing.folder}")
    if not listing.weights:
        console.say("no stage has weights")
        return
    render_weights(listing.weights)
    if missing := [line for line in listing.weights if line.status == "missing" and line.source]:
        console.next_command("mxt", "weights", "fetch", missing[0].name, *missing[0].options)


def render_obtained(obtained: list[Obtained]) -> None:
    """Print where each file is now, and what is still missing of a set."""
    for file in obtained:
        missing = f"still missing {', '.join(file.missing)}" if file.missing else "present"
        console.say(f"{file.name} is {missing}: {file.path}")


def render_verified(verified: VerifiedWeights) -> None:
    """Print the state of each file, and how to replace damaged ones."""
    for line in verified.present:
        console.say(f"{line.name}: {'good' if line.status == 'present' else 'DAMAGED'} ({line.place})")
    present, damaged = len(verified.present), len(verified.damaged)
    console.say(f"{present} of {verified.known} weights present, {damaged} damaged")
    for line in verified.damaged:
        console.next_command("mxt", "weights", "fetch", line.name, *line.options)
