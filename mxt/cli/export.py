"""`mxt export`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mxt.cli import completion, console
from mxt.cli.option_groups import StoreOptions
from mxt.cli.options import DatasetOption, YesOption
from mxt.core.errors import UsageError

if TYPE_CHECKING:
    from mxt.workflows.export import Exported
    from mxt.workflows.export_predictions import ExportedPredictions


def export(
    *,
    view: Annotated[
        str,
        typer.Argument(
            metavar="VIEW|RESULT",
            autocompletion=completion.views_and_results,
            help="Such as convnet:135 or convnet+mfcc; or the id of a result, or last.",
        ),
    ],
    path: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="File to write; ends in .npz, .csv or .parquet. Or a folder."),
    ],
    at: StoreOptions,
    dataset: DatasetOption = None,
    format: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="npz|csv|parquet|datasets",
            help="Format (default: by the file's name); datasets: a folder for Hugging Face's datasets.",
        ),
    ] = None,
    yes: YesOption = False,
) -> None:
    """Write the features of a view, or the predictions of a result, for other tools.

    Features come with clip ids and targets. Predictions come with the recording, the true and the predicted
    class, the fold, the probability of every class, and two coordinates of a map.
    """
    from mxt.workflows.export import Exported, ExportRequest
    from mxt.workflows.export import export as work
    from mxt.workflows.export_files import FORMATS

    if format is not None and format not in FORMATS:
        raise UsageError(f"--format is one of {', '.join(FORMATS)}, not {format!r}")
    request = ExportRequest(view, path, dataset, FORMATS[format] if format else None)
    exported = work(at.store, request, yes=yes)
    if isinstance(exported, Exported):
        at.answer(exported, render)
    else:
        at.answer(exported, render_predictions)


def render(exported: Exported) -> None:
    """Print what was written and what is missing from it."""
    console.say(
        f"{exported.dataset} · {exported.view} · {exported.clips:,} clips, {exported.columns:,} columns · "
        f"targets {', '.join(exported.targets) or 'none'} · {exported.path} "
        f"({console.size_text(exported.nbytes)})"
    )
    if exported.missing or exported.failed:
        console.say(f"clips left out: {exported.missing:,} not extracted yet, {exported.failed:,} failed")
    if exported.format == "datasets":
        console.say(f"open it with: datasets.load_dataset({exported.path!r})")


def render_predictions(exported: ExportedPredictions) -> None:
    """Print what was written and what is missing from it."""
    from mxt.evaluation.projection import METHODS

    words = [f"{exported.rows:,} predictions"]
    words += [f"{exported.values} of {exported.classes:,} classes"] if exported.values else []
    words += [f"a map by {METHODS[exported.projection]}"] if exported.projection else []
    size = console.size_text(exported.nbytes)
    console.say(f"{exported.dataset} · {exported.view} · {', '.join(words)} · {exported.path} ({size})")
    if not exported.values and exported.task == "classification":
        console.say("no probabilities: they were not saved with this result; mxt eval saves them")
    if exported.without:
        console.say(f"no map: {exported.without}")
