"""`mxt import`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mxt.cli.options import DEFAULT_STORE, DatasetOption, JsonOption, QuietOption, StoreOption
from mxt.core.errors import listed

if TYPE_CHECKING:
    from mxt.workflows.import_features import Imported


def import_features(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="Features with clip ids: .npz, .parquet, .csv, .tsv; .npy has none."
        ),
    ],
    store: StoreOption = DEFAULT_STORE,
    dataset: DatasetOption = None,
    label: Annotated[
        str | None, typer.Option("--as", metavar="LABEL", help="What to call them; else as the file.")
    ] = None,
    id_column: Annotated[
        str | None,
        typer.Option("--id-column", metavar="NAME", help="Column or array of clip ids; else recognised."),
    ] = None,
    in_catalogue_order: Annotated[
        bool,
        typer.Option("--in-catalogue-order", help="The rows are the clips in the order of mxt ls --clips."),
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 1 where a clip has no features, or a row no clip.")
    ] = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Bring features that were computed elsewhere into the store, as a table with a label.

    Rows are matched with the clips of a data set by their ids: the path below its folder, as in mxt ls
    --clips, or the file's name where that is clear. Numbers that are not finite, rows there twice, and clips
    or rows left over are named.
    """
    from mxt.cli import console
    from mxt.cli.progress import shown_progress
    from mxt.workflows.import_features import import_features as run

    with shown_progress(quiet or as_json) as progress:
        result = run(
            store,
            file,
            dataset=dataset,
            label=label,
            id_column=id_column,
            in_catalogue_order=in_catalogue_order,
            progress=progress,
        )
    if as_json:
        console.emit_json(result)
    else:
        render(result)
        console.next_line(f"mxt eval --dataset {result.dataset} --features {result.label}")
    if strict and (result.unknown or result.ambiguous or result.missing or result.not_finite):
        raise typer.Exit(1)


def render(result: Imported) -> None:
    """Print what was imported, in a few lines."""
    from mxt.cli import console

    columns = f"{sum(result.layers.values()):,} columns" + (
        f" in {len(result.layers)} layers" if len(result.layers) > 1 else ""
    )
    name = Path(result.file).name
    console.say(
        f"{result.label} · {result.dataset} · {result.used:,} of {result.clips:,} clips · {columns} · {name}"
    )
    for line in _lines(result):
        console.say(f"  {line}")


def _lines(result: Imported) -> Iterator[str]:
    how = ", ".join(f"{number:,} by {word}" for word, number in result.matched.items())
    there = "all were there already" if not result.written else f"{result.written:,} stored now"
    yield f"{result.rows:,} rows, matched {how}; {there}"
    for what, names in (
        ("rows that mean no usable clip", result.unknown),
        ("rows that may mean several clips", result.ambiguous),
        ("rows there twice, with equal numbers", result.repeated),
        ("clips whose numbers are not finite", result.not_finite),
        ("clips without a row", result.missing),
    ):
        if names:
            yield f"{what}: {_named(names)}"
    if result.passed_over:
        yield f"not taken for features: {listed(result.passed_over, 8)}"


def _named(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{len(names):,}, the first: {names[0]}"
