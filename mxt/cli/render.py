"""`mxt render`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mxt.cli import completion
from mxt.cli.options import (
    DEFAULT_STORE,
    DatasetOption,
    JsonOption,
    PluginOption,
    QuietOption,
    SetOption,
    StoreOption,
)

if TYPE_CHECKING:
    from mxt.workflows.render import Rendered


def render(
    clips: Annotated[
        list[str], typer.Argument(metavar="CLIP...", help="Files, or clip ids of the data set.")
    ],
    out: Annotated[Path, typer.Option("--out", metavar="FOLDER", help="The folder for the pictures.")] = Path(
        "pictures"
    ),
    renderer: Annotated[
        str,
        typer.Option(
            "--renderer", metavar="NAME", help="What makes the picture.", autocompletion=completion.renderers
        ),
    ] = "logfrequency",
    setting: SetOption = None,
    normalizer: Annotated[
        str,
        typer.Option(
            "--normalizer",
            metavar="NAME",
            help="What is done to the level first.",
            autocompletion=completion.normalizers,
        ),
    ] = "none",
    sample_rate: Annotated[
        int,
        typer.Option(
            "--sample-rate", metavar="HZ", min=1000, max=768_000, help="Rate the clips are brought to."
        ),
    ] = 22_050,
    store: StoreOption = DEFAULT_STORE,
    dataset: DatasetOption = None,
    plugin: PluginOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Write what a network is shown of a clip as a PNG with axes, to be looked at."""
    from mxt.cli import console
    from mxt.cli.progress import shown_progress
    from mxt.registry import build_registry
    from mxt.workflows.render import Asked
    from mxt.workflows.render import render as run

    asked = Asked(
        renderer=renderer,
        settings=tuple(setting or ()),
        normalizer=normalizer,
        sample_rate=sample_rate,
        dataset=dataset,
    )
    with shown_progress(quiet or as_json) as progress:
        found = run(clips, out, build_registry(plugin or ()), asked, store=store, progress=progress)
    if as_json:
        console.emit_json(found)
    else:
        show(found)


def show(found: list[Rendered]) -> None:
    """Print what was written."""
    from mxt.cli import console

    for each in found:
        console.say(f"{each.path}  ({each.rows} x {each.columns}, {each.seconds:.2f} s)")
