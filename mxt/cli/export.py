"""`mxt export`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mxt.cli import completion, console
from mxt.cli.option_groups import StoreOptions
from mxt.cli.options import DatasetOption, YesOption

if TYPE_CHECKING:
    from mxt.workflows.export import Exported


def export(
    *,
    view: Annotated[
        str,
        typer.Argument(
            metavar="VIEW", autocompletion=completion.views, help="Such as convnet:135 or convnet+mfcc."
        ),
    ],
    path: Annotated[
        Path, typer.Argument(metavar="FILE", help="File to write; ends in .npz, .csv or .parquet.")
    ],
    at: StoreOptions,
    dataset: DatasetOption = None,
    yes: YesOption = False,
) -> None:
    """Write the features of a view with clip ids and targets, as npz, csv or parquet."""
    from mxt.workflows.export import ExportRequest
    from mxt.workflows.export import export as work

    at.answer(work(at.store, ExportRequest(view, path, dataset), yes=yes), render)


def render(exported: Exported) -> None:
    """Print what was written and what is missing from it."""
    console.say(
        f"{exported.dataset} · {exported.view} · {exported.clips:,} clips, {exported.columns:,} columns · "
        f"targets {', '.join(exported.targets) or 'none'} · {exported.path} "
        f"({console.size_text(exported.nbytes)})"
    )
    if exported.missing or exported.failed:
        console.say(f"clips left out: {exported.missing:,} not extracted yet, {exported.failed:,} failed")
