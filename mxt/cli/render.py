"""`mxt render`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mxt.cli import completion, console
from mxt.cli.option_groups import RunOptions
from mxt.cli.options import DatasetOption, NormalizerOption, SetOption

if TYPE_CHECKING:
    from mxt.workflows.render import Rendered


def render(
    clips: Annotated[
        list[str], typer.Argument(metavar="CLIP...", help="Files, or clip ids of the data set.")
    ],
    *,
    out: Annotated[Path, typer.Option("--out", metavar="FOLDER", help="Folder for the pictures.")] = Path(
        "pictures"
    ),
    renderer: Annotated[
        str,
        typer.Option(
            "--renderer", metavar="NAME", help="Kind of picture.", autocompletion=completion.renderers
        ),
    ] = "logfrequency",
    setting: SetOption = None,
    normalizer: NormalizerOption = "none",
    sample_rate: Annotated[
        int,
        typer.Option("--sample-rate", metavar="HZ", min=1000, max=768_000, help="Rate to resample clips to."),
    ] = 22_050,
    dataset: DatasetOption = None,
    run: RunOptions,
) -> None:
    """Write what a network is shown of a clip as a PNG with axes."""
    from mxt.workflows.render import RenderRequest
    from mxt.workflows.render import render as work

    request = RenderRequest(
        clips=tuple(clips),
        out=out,
        renderer=renderer,
        normalizer=normalizer,
        settings=tuple(setting or ()),
        sample_rate=sample_rate,
        dataset=dataset,
    )
    with run.progress() as progress:
        pictures = work(run.store, request, run.registry(), progress=progress)
    run.answer(pictures, _show)


def _show(pictures: list[Rendered]) -> None:
    for picture in pictures:
        console.say(f"{picture.path}  ({picture.rows} x {picture.columns}, {picture.seconds:.2f} s)")
