"""`mxt export`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mxt.cli import completion
from mxt.cli.options import DEFAULT_STORE, DatasetOption, JsonOption, StoreOption, YesOption

if TYPE_CHECKING:
    from mxt.workflows.export import Exported


def export(
    view: Annotated[
        str,
        typer.Argument(
            metavar="VIEW", autocompletion=completion.views, help="Such as convnet:135 or convnet+mfcc."
        ),
    ],
    path: Annotated[Path, typer.Argument(metavar="FILE", help="Ends in .npz, .csv or .parquet.")],
    store: StoreOption = DEFAULT_STORE,
    dataset: DatasetOption = None,
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Write a view with clip ids and targets as npz, csv or parquet."""
    from mxt.cli import console
    from mxt.workflows.export import export as run

    found = run(store, view, path, dataset=dataset, yes=yes)
    if as_json:
        console.emit_json(found)
    else:
        render(found)


def render(found: Exported) -> None:
    """Print what was written and what is not in it."""
    from mxt.cli import console

    console.say(
        f"{found.dataset} · {found.view} · {found.clips:,} clips, {found.columns:,} columns · "
        f"targets {', '.join(found.targets) or 'none'} · {found.path} ({console.size_text(found.nbytes)})"
    )
    if found.missing or found.failed:
        console.say(f"not in it: {found.missing:,} clips not extracted yet, {found.failed:,} failed")
