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
            help="A data set; repeatable (default: all that were evaluated or searched).",
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
    pdf: Annotated[bool, typer.Option("--pdf", help="Also write every figure as PDF.")] = False,
    at: StoreOptions,
) -> None:
    """Draw what was evaluated and searched, as PNG and SVG, with the numbers as CSV.

    Of evaluations: the views of each data set beside each other; of the best view, the confusion matrix and a
    map of the clips.

    Of searches: every combination of layers ranked, class by class, and a summary of all tasks. A random
    network is drawn beside the trained one of the same data set, and what papers quote as state of the art
    beside their own data sets.

    The newest result of each data set, view, protocol and setting is drawn.
    """
    from mxt.workflows.figures import FiguresRequest
    from mxt.workflows.figures import figures as work

    request = FiguresRequest(out, tuple(dataset or ()), tuple(protocol or ()), paper, pdf)
    at.answer(work(at.store, request), render)


def render(result: Figures) -> None:
    """Print what was drawn, and where it is."""
    rows = [[figure.kind, figure.words, figure.files[0].name] for figure in result.figures]
    console.table("", ["figure", "of", "file"], rows)
    *pictures, table = result.figures[0].files
    *others, last = (path.suffix[1:].upper() for path in pictures)
    formats = f"{', '.join(others)} and {last}" if others else last
    count = f"{len(rows)} {'figure' if len(rows) == 1 else 'figures'}"
    console.say(f"{count} in {table.parent}, each as {formats} with its numbers as CSV")
    for remark in result.remarks:
        console.say(remark)
