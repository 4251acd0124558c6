"""`mxt import`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mxt.cli import console
from mxt.cli.option_groups import WorkOptions
from mxt.cli.options import DatasetOption
from mxt.core.commands import typed
from mxt.core.errors import listed

if TYPE_CHECKING:
    from mxt.ingestion.records import Imported


@dataclass(frozen=True, slots=True)
class RowsOptions:
    """How rows of the file find their clips."""

    id_column: Annotated[
        str | None,
        typer.Option(
            "--id-column", metavar="NAME", help="Column or array of clip ids (default: recognised by name)."
        ),
    ] = None
    in_catalogue_order: Annotated[
        bool,
        typer.Option("--in-catalogue-order", help="Rows are the clips in the order of mxt ls --clips."),
    ] = False


def import_features(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="Features with clip ids: .npz, .parquet, .csv, .tsv; or .npy, which has none.",
        ),
    ],
    *,
    dataset: DatasetOption = None,
    label: Annotated[
        str | None,
        typer.Option("--as", metavar="LABEL", help="Label of the feature table (default: the file's name)."),
    ] = None,
    rows: RowsOptions,
    strict: Annotated[
        bool,
        typer.Option("--strict", help="Exit with code 1 if a clip has no features or a row has no clip."),
    ] = False,
    run: WorkOptions,
) -> None:
    """Bring features that were computed elsewhere into the store, as a table with a label.

    Rows are matched with the clips of a data set by their ids: the path below its folder, as in mxt ls
    --clips, or the file's name where only one clip has it. Numbers that are not finite, repeated rows, and
    clips or rows left over are named.
    """
    from mxt.ingestion.requests import ImportRequest
    from mxt.workflows.import_features import import_features as work

    request = ImportRequest(file, dataset, label, rows.id_column, rows.in_catalogue_order)
    with run.progress() as progress:
        result = work(run.store, request, progress=progress)
    following = typed("eval", options=[("--dataset", result.dataset), ("--features", result.label)])
    run.answer(result, render, next=following)
    if strict and (result.unknown or result.ambiguous or result.missing or result.not_finite):
        raise typer.Exit(1)


def render(result: Imported) -> None:
    """Print what was imported, in a few lines."""
    layers = f" in {len(result.layers)} layers" if len(result.layers) > 1 else ""
    words = [
        result.label,
        result.dataset,
        f"{result.used:,} of {result.clips:,} clips",
        f"{sum(result.layers.values()):,} columns{layers}",
        Path(result.file).name,
    ]
    console.say(" · ".join(words))
    for line in _lines(result):
        console.say(f"  {line}")


def _lines(result: Imported) -> Iterator[str]:
    how = ", ".join(f"{number:,} by {word}" for word, number in result.matched.items())
    stored = f"{result.written:,} stored now" if result.written else "all were there already"
    yield f"{result.rows:,} rows, matched {how}; {stored}"
    for what, names in (
        ("rows that belong to no usable clip", result.unknown),
        ("rows that may belong to several clips", result.ambiguous),
        ("repeated rows with equal numbers", result.repeated),
        ("clips whose numbers are not finite", result.not_finite),
        ("clips without a row", result.missing),
    ):
        if names:
            yield f"{what}: {_counted(names)}"
    if result.passed_over:
        yield f"not taken for features: {listed(result.passed_over, 8)}"


def _counted(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{len(names):,}, the first: {names[0]}"
