"""`mxt figures`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mxt.cli import completion, console
from mxt.cli.option_groups import StoreOptions

if TYPE_CHECKING:
    from mxt.workflows.figures import Figures


def figures(
    *,
    out: Annotated[Path, typer.Option("--out", metavar="FOLDER", help="Folder for the files.")] = Path(
        "figures"
    ),
    dataset: Annotated[
        list[str] | None,
        typer.Option(
            "--dataset",
            metavar="NAME",
            help="A data set; repeatable (default: all that were searched).",
            autocompletion=completion.datasets,
        ),
    ] = None,
    protocol: Annotated[
        list[str] | None,
        typer.Option(
            "--protocol",
            metavar="NAME",
            help="A protocol; repeatable (default: all).",
            autocompletion=completion.protocols,
        ),
    ] = None,
    paper: Annotated[
        str | None,
        typer.Option(
            "--paper",
            metavar="NAME",
            help="Draw only a paper's figures, beside what it published: choi2017 or shtern2017.",
        ),
    ] = None,
    at: StoreOptions,
) -> None:
    """Draw saved searches: every combination of layers ranked, class by class, and a summary of all tasks.

    The newest search of each data set, table, protocol and setting is drawn as PNG and SVG, with its numbers
    as CSV. A random network is drawn beside the trained one of the same data set, and what papers quote as
    state of the art beside their own data sets.
    """
    from mxt.workflows.figures import FiguresRequest
    from mxt.workflows.figures import figures as work

    request = FiguresRequest(out, tuple(dataset or ()), tuple(protocol or ()), paper)
    at.answer(work(at.store, request), render)


def render(result: Figures) -> None:
    """Print what was drawn, and where it is."""
    rows = [[figure.kind, figure.words, figure.files[0].name] for figure in result.figures]
    console.table("", ["figure", "of", "file"], rows)
    folder = result.figures[0].files[0].parent
    count = f"{len(rows)} {'figure' if len(rows) == 1 else 'figures'}"
    console.say(f"{count} in {folder}, each as PNG and SVG with its numbers as CSV")
    for remark in result.remarks:
        console.say(remark)
