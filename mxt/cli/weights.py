"""`mxt weights`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mxt.cli import completion
from mxt.cli.help import Command, Group
from mxt.cli.options import JsonOption, PluginOption, QuietOption, Settings

app = typer.Typer(
    cls=Group,
    add_completion=False,
    invoke_without_command=True,
    help="List, fetch, import and verify weights. MXT_WEIGHTS_DIR names their folder; MXT_OFFLINE=1 forbids fetching.",
)


@app.callback()
def weights(ctx: typer.Context, plugin: PluginOption = None, as_json: JsonOption = False) -> None:
    """List the weights of all stages, and whether they are there."""
    ctx.obj = Settings(tuple(plugin or ()))
    if ctx.invoked_subcommand is None:
        _list(plugin, as_json)


@app.command("list", cls=Command)
def list_(plugin: PluginOption = None, as_json: JsonOption = False) -> None:
    """List the weights of all stages, and whether they are there."""
    _list(plugin, as_json)


@app.command(cls=Command)
def fetch(
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME...", help="Such as convnet:released.", autocompletion=completion.weight_sets
        ),
    ],
    plugin: PluginOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Fetch weights, verified by their SHA-256; a fetch that was cut continues."""
    from mxt.cli import console
    from mxt.cli.progress import shown_progress
    from mxt.registry import build_registry
    from mxt.workflows.weights import fetch_weights

    with shown_progress(quiet) as progress:
        obtained = fetch_weights(build_registry(plugin or ()), names, progress)
    if as_json:
        console.emit_json(obtained)
        return
    for one in obtained:
        console.say(f"{one.name} is there: {one.path}")


@app.command("import", cls=Command)
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file of weights, downloaded by hand.")],
    plugin: PluginOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put a local file into the weights folder; its SHA-256 tells which weights it is."""
    from mxt.cli import console
    from mxt.registry import build_registry
    from mxt.workflows.weights import import_weights

    one = import_weights(build_registry(plugin or ()), file)
    console.emit_json(one) if as_json else console.say(f"{one.name} is there: {one.path}")


@app.command(cls=Command)
def verify(plugin: PluginOption = None, as_json: JsonOption = False) -> None:
    """Read the weights that are there; exit with 1 where a file is not what it should be."""
    from mxt.cli import console
    from mxt.registry import build_registry
    from mxt.workflows.weights import list_weights

    found = list_weights(build_registry(plugin or ())).weights
    there = [line for line in found if line.status != "missing"]
    damaged = [line for line in there if line.status == "damaged"]
    if as_json:
        console.emit_json(there)
    else:
        for line in there:
            console.say(f"{line.name}: {'good' if line.status == 'present' else 'DAMAGED'} ({line.place})")
        console.say(f"{len(there)} of {len(found)} weights are there, {len(damaged)} damaged")
        for line in damaged:
            console.next_command("mxt", "weights", "fetch", line.name, *line.options)
    if damaged:
        raise typer.Exit(1)


def _list(plugin: list[Path] | None, as_json: bool) -> None:
    from mxt.cli import console
    from mxt.cli.stages import render_weights
    from mxt.registry import build_registry
    from mxt.workflows.weights import list_weights

    found = list_weights(build_registry(plugin or ()))
    if as_json:
        console.emit_json(found)
        return
    console.say(f"weights folder: {found.folder}")
    if not found.weights:
        console.say("no stage has weights")
        return
    render_weights(found.weights)
    if missing := [line for line in found.weights if line.status == "missing" and line.source]:
        console.next_command("mxt", "weights", "fetch", missing[0].name, *missing[0].options)
