"""`mxt report`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mxt.cli import completion, console
from mxt.cli.option_groups import RunOptions
from mxt.cli.options import DatasetOption
from mxt.core.errors import UsageError
from mxt.core.text import plural

if TYPE_CHECKING:
    from mxt.workflows.report import Written


def report(
    results: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[RESULT...]",
            help="Ids of results (default: the newest of each view, head, protocol and grouping).",
            autocompletion=completion.results,
        ),
    ] = None,
    *,
    dataset: DatasetOption = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="The file to write (default: report.html)."),
    ] = None,
    format: Annotated[
        str | None,
        typer.Option("--format", metavar="html|md|json", help="Format (default: by the file's name)."),
    ] = None,
    no_audio: Annotated[
        bool, typer.Option("--no-audio", help="Leave out the recordings: the page is smaller, and mute.")
    ] = False,
    run: RunOptions,
) -> None:
    """Write results as one page to share: scores, comparison, errors to hear, maps, cautions and commands.

    The page is one file that works offline. Results of several views make a leaderboard.
    """
    from mxt.workflows.report import FORMATS, ReportRequest
    from mxt.workflows.report import report as work

    if format is not None and format not in FORMATS:
        raise UsageError(f"--format is one of {', '.join(FORMATS)}, not {format!r}")
    if results and dataset is not None:
        raise UsageError("name results or a --dataset, not both")
    request = ReportRequest(
        results=tuple(results or ()),
        dataset=dataset,
        out=out,
        format=FORMATS[format] if format else None,
        audio=not no_audio,
    )
    with run.progress() as progress:
        written = work(run.store, request, run.registry(), progress=progress)
    run.answer(written, render)


def render(written: Written) -> None:
    """Print where the report is, and what it carries."""
    results = plural(len(written.results), "result")
    console.say(
        f"{written.path} · {console.size_text(written.nbytes)} · {', '.join(written.datasets)} · {results}"
    )
    if written.wanted:
        console.say(f"{written.previews:,} of {written.wanted:,} recordings can be heard in it")
    if written.shown < written.clips:
        console.say(f"of {written.clips:,} clips {written.shown:,} are listed: the worst, and some at random")
    for why, count in written.silent.items():
        console.say(f"cannot be heard {count:,}: {why}")
    for remark in written.remarks:
        console.say(remark)
