"""`mxt figures`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mxt.cli import completion
from mxt.cli.options import DEFAULT_STORE, JsonOption, StoreOption

if TYPE_CHECKING:
    from mxt.workflows.figures import Figures


def figures(
    out: Annotated[Path, typer.Option("--out", metavar="FOLDER", help="Where they are written.")] = Path(
        "figures"
    ),
    store: StoreOption = DEFAULT_STORE,
    dataset: Annotated[
        list[str] | None,
        typer.Option(
            "--dataset",
            metavar="NAME",
            help="A data set (repeatable); else all searched.",
            autocompletion=completion.datasets,
        ),
    ] = None,
    protocol: Annotated[
        list[str] | None,
        typer.Option(
            "--protocol",
            metavar="NAME",
            help="A protocol (repeatable); else all.",
            autocompletion=completion.protocols,
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Draw what searches found: every combination ranked, class by class, and all tasks in one; PNG, SVG and CSV.

    Of each data set, table, protocol and setting the newest search is drawn. A random network of the same
    data set stands beside the one it belongs to; what papers quote as state of the art stands beside their
    own data sets.
    """
    from mxt.cli import console
    from mxt.workflows.figures import figures as run

    found = run(store, out, datasets=tuple(dataset or ()), protocols=tuple(protocol or ()))
    if as_json:
        console.emit_json(found)
    else:
        render(found, out)


def render(found: Figures, out: Path) -> None:
    """Print what was drawn, and where it is."""
    from mxt.cli import console

    rows = [[each.kind, each.words, each.files[0].name] for each in found.figures]
    console.table("", ["figure", "of", "file"], rows)
    console.say(f"{len(rows)} figures in {out}, each as PNG and SVG with its numbers as CSV")
    for remark in found.remarks:
        console.say(remark)
