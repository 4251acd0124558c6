"""`mxt ingest`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mxt.cli import completion, console
from mxt.cli.option_groups import RunOptions
from mxt.cli.options import DryRunOption, JobsOption, SetOption, StrictOption, YesOption
from mxt.cli.summaries import render_ingested
from mxt.core.errors import UnclearTimes, UsageError

if TYPE_CHECKING:
    from mxt.ingestion.records import Ingested
    from mxt.ingestion.requests import IngestRequest

MIRDATA = "mirdata"  # the loader that is named by the data set it is to read


@dataclass(frozen=True, slots=True)
class LayoutOptions:
    """How labels, groups and folds are found: parameters of the loader, the common ones by name."""

    pattern: Annotated[
        str | None,
        typer.Option(
            "--pattern",
            metavar="PATTERN",
            help='Parts of file names, such as "{digit}_{speaker}_{take}.wav" or "{speaker:2}{text:3}{}.wav"'
            "; or a regular expression with named groups.",
        ),
    ] = None
    label_level: Annotated[
        int | None,
        typer.Option(
            "--label-level",
            metavar="N",
            help="Folder that names the class: 1 is the first below PATH, -1 the file's own.",
        ),
    ] = None
    file_column: Annotated[
        str | None, typer.Option("--file-column", metavar="COLUMN", help="Column of file names.")
    ] = None
    target: Annotated[
        list[str] | None,
        typer.Option("--target", metavar="COLUMN", help="Column or field to predict; repeatable."),
    ] = None
    group_column: Annotated[
        str | None,
        typer.Option(
            "--group-column",
            metavar="COLUMN",
            help="Column or field that tells which recordings belong together, such as the artist.",
        ),
    ] = None
    split_column: Annotated[
        str | None, typer.Option("--split-column", metavar="COLUMN", help="Column of train, valid, test.")
    ] = None
    fold_column: Annotated[
        str | None, typer.Option("--fold-column", metavar="COLUMN", help="Column of given folds.")
    ] = None
    start_column: Annotated[
        str | None,
        typer.Option("--start-column", metavar="COLUMN", help="Column of times at which something begins."),
    ] = None
    end_column: Annotated[
        str | None, typer.Option("--end-column", metavar="COLUMN", help="Column of times at which it ends.")
    ] = None
    duration_column: Annotated[
        str | None,
        typer.Option("--duration-column", metavar="COLUMN", help="Column of durations, instead of ends."),
    ] = None
    background: Annotated[
        str | None,
        typer.Option(
            "--background", metavar="NAME", help="Class of what lies between annotations (default: left out)."
        ),
    ] = None
    setting: SetOption = None

    def params(self) -> dict[str, Any]:
        """Those given by name."""
        given = {
            "pattern": self.pattern,
            "label_level": self.label_level,
            "file_column": self.file_column,
            "target": tuple(self.target or ()) or None,
            "group_column": self.group_column,
            "split_column": self.split_column,
            "fold_column": self.fold_column,
            "start_column": self.start_column,
            "end_column": self.end_column,
            "duration_column": self.duration_column,
            "background": self.background,
        }
        return {name: value for name, value in given.items() if value is not None}


@dataclass(frozen=True, slots=True)
class ReadingOptions:
    """What is read, and what is confirmed."""

    unpack: Annotated[
        Path | None,
        typer.Option(
            "--unpack",
            metavar="FOLDER",
            help="New folder for recordings that lie inside other files (Arrow, Parquet, tar shards).",
        ),
    ] = None
    rehash: Annotated[
        bool, typer.Option("--rehash", help="Read every file again, also those that look unchanged.")
    ] = False
    dry_run: DryRunOption = False
    yes: YesOption = False
    strict: StrictOption = False
    jobs: JobsOption = None


def ingest(
    path: Annotated[
        Path,
        typer.Argument(
            metavar="PATH|mirdata:NAME",
            help="A folder of audio, or a table (.csv, .tsv, .jsonl); or the name of a data set that mirdata "
            "knows.",
        ),
    ],
    place: Annotated[
        Path | None, typer.Argument(metavar="PATH", help="Where the data set of that name lies.")
    ] = None,
    *,
    loader: Annotated[
        str | None,
        typer.Option(
            "--loader",
            metavar="NAME",
            help="Loader of the layout (default: recognised).",
            autocompletion=completion.loaders,
        ),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option("--name", metavar="NAME", help="Name of the data set (default: the folder's)."),
    ] = None,
    layout: LayoutOptions,
    reading: ReadingOptions,
    run: RunOptions,
) -> None:
    """Catalogue a folder or table of labelled audio: what is there, what is broken.

    The layout is recognised. Every file is opened and measured once; ingesting again reads only what is new
    or changed.
    """
    from mxt.ingestion.requests import IngestRequest
    from mxt.workflows.commands import first_extraction
    from mxt.workflows.ingest import ingest as work

    known = _known(path, place)
    request = IngestRequest(
        place or path,
        MIRDATA if known else loader,
        name or known,
        layout.params() | ({"dataset": known} if known else {}),
        tuple(layout.setting or ()),
        unpack=reading.unpack,
        rehash=reading.rehash,
        dry_run=reading.dry_run,
        yes=reading.yes,
        jobs=reading.jobs,
    )
    registry = run.registry()

    def answered(request: IngestRequest) -> tuple[Ingested, ...]:
        with run.progress() as progress:
            return work(run.store, request, registry, progress=progress)

    try:
        results = answered(request)
    except UnclearTimes as unclear:
        results = answered(_asked(request, unclear, run))
    following = ""
    if any(result.summary.used for result in results) and not reading.dry_run:
        following = _evaluation(results) if results[0].views else first_extraction(registry)
    run.answer(results, _render_all, plain=_plain, next=following)
    if not all(result.summary.used for result in results) or (
        reading.strict and any(result.summary.left_out for result in results)
    ):
        raise typer.Exit(1)


def _known(path: Path, place: Path | None) -> str | None:
    """The name of a data set of mirdata, where the first word is one.

    Raises
    ------
    UsageError
        It has a name and no place, or two places.
    """
    kind, colon, name = str(path).partition(":")
    named = kind == MIRDATA and bool(colon)
    if place is not None and not named:
        raise UsageError(f"one PATH is read at a time, not two: {path} {place}")
    if place is None and named and not path.exists():
        raise UsageError(f"where does it lie? mxt ingest {path} PATH")
    return name if place is not None else None


def _asked(request: IngestRequest, unclear: UnclearTimes, run: RunOptions) -> IngestRequest:
    """The request with those columns as times, if the user confirms it; raises the error otherwise."""
    start, end = unclear.columns
    may_ask = at_terminal() and not (run.as_json or run.quiet)
    if not (may_ask and typer.confirm(f"{unclear.question}. Cut segments there?", err=True)):
        raise unclear
    return replace(request, params={**request.params, "start_column": start, "end_column": end})


def at_terminal() -> bool:
    """Whether somebody can be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def _plain(results: Sequence[Ingested]) -> Any:
    """One data set as an object, several as a list."""
    return console.plain(results[0] if len(results) == 1 else results)


def _evaluation(results: Sequence[Ingested]) -> str:
    return "mxt eval" if len(results) == 1 else f"mxt eval --dataset {results[0].name}"


def _render_all(results: Sequence[Ingested]) -> None:
    for result in results:
        render_ingested(result)
