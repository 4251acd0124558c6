"""`mxt reproduce`."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from mxt.cli import completion, console
from mxt.cli.option_groups import RunOptions
from mxt.cli.options import DEVICES, JobsOption, known_device
from mxt.core.errors import UnknownName, UsageError

PAPERS = ("choi2017", "shtern2017")
CHOI, SHTERN = "Options of choi2017", "Options of shtern2017"


@dataclass(frozen=True, slots=True)
class ChoiOptions:
    """What is reproduced of Choi et al. 2017."""

    task: Annotated[
        list[str] | None,
        typer.Option(
            "--task",
            metavar="NAME",
            help="A task or data set; repeatable (default: all in the store).",
            rich_help_panel=CHOI,
        ),
    ] = None
    strategy: Annotated[
        list[str] | None,
        typer.Option(
            "--strategy",
            metavar="NAME",
            help="A combination such as 135, mfcc or 12345+mfcc; repeatable (default: all).",
            rich_help_panel=CHOI,
        ),
    ] = None
    features: Annotated[
        str | None,
        typer.Option(
            "--features",
            metavar="LABEL",
            help="Table of the network (default: choi2017_convnet).",
            autocompletion=completion.tables,
            rich_help_panel=CHOI,
        ),
    ] = None
    mfcc: Annotated[
        str | None,
        typer.Option(
            "--mfcc",
            metavar="LABEL",
            help="Table of the MFCCs (default: choi2017_mfcc).",
            autocompletion=completion.tables,
            rich_help_panel=CHOI,
        ),
    ] = None
    quick: Annotated[
        bool,
        typer.Option(
            "--quick",
            help="Only the published protocol: nothing standardised, nothing nested.",
            rich_help_panel=CHOI,
        ),
    ] = False


@dataclass(frozen=True, slots=True)
class ShternOptions:
    """What is reproduced of Shtern et al. 2017."""

    role: Annotated[
        list[str] | None,
        typer.Option(
            "--as",
            metavar="ROLE=NAME",
            help="A data set to use as one of the paper's own (genre, short-genre, instrument, vocalist, "
            "composer), e.g. instrument=orchestra; repeatable.",
            rich_help_panel=SHTERN,
        ),
    ] = None
    network: Annotated[
        str | None,
        typer.Option(
            "--network",
            metavar="NAME",
            help="Backbone of the network's columns (default: the best with weights on this machine).",
            autocompletion=completion.backbones,
            rich_help_panel=SHTERN,
        ),
    ] = None
    weights: Annotated[
        str | None,
        typer.Option(
            "--weights",
            metavar="NAME",
            help="Weight set (default: the first the network has).",
            rich_help_panel=SHTERN,
        ),
    ] = None
    weights_file: Annotated[
        Path | None,
        typer.Option(
            "--weights-file", metavar="FILE", help="A weights file of your own.", rich_help_panel=SHTERN
        ),
    ] = None
    setting: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="Parameter of the network, the protocol or a head; repeatable.",
            rich_help_panel=SHTERN,
        ),
    ] = None
    device: Annotated[
        str,
        typer.Option(
            "--device",
            metavar="|".join(DEVICES),
            help="Device to compute on.",
            callback=known_device,
            autocompletion=completion.devices,
            rich_help_panel=SHTERN,
        ),
    ] = "auto"
    chart: Annotated[
        Path | None,
        typer.Option(
            "--chart", metavar="FILE.png", help="Also draw the answer as a chart.", rich_help_panel=SHTERN
        ),
    ] = None
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Show what would be done, then stop.", rich_help_panel=SHTERN),
    ] = False


def reproduce(
    *,
    paper: Annotated[str, typer.Argument(metavar="PAPER", help="choi2017 or shtern2017.")],
    choi: ChoiOptions,
    shtern: ShternOptions,
    jobs: JobsOption = None,
    run: RunOptions,
) -> None:
    """Rerun a paper's experiments over the store, beside the published numbers, and recompute its findings.

    choi2017 reads the published features (mxt ingest FOLDER --loader choi2017) and exits with code 1 if any
    published score that was recomputed is not met; none is excused, and the findings say what is known about
    those that are not. shtern2017 extracts what is missing of Extended Ballroom, NSynth and the data sets
    named with --as, and evaluates them. Interrupted, either continues with the same command.
    """
    if paper not in PAPERS:
        raise UnknownName("paper", paper, PAPERS)
    _refuse_given(shtern if paper == "choi2017" else choi, paper)
    if paper == "choi2017":
        _choi2017(choi, jobs, run)
    else:
        _shtern2017(shtern, jobs, run)


def _refuse_given(options: ChoiOptions | ShternOptions, paper: str) -> None:
    """Refuse options that mean nothing to a paper.

    Raises
    ------
    UsageError
        One was given.
    """
    hints = get_type_hints(type(options), include_extras=True)
    for field in dataclasses.fields(options):
        if getattr(options, field.name) not in (field.default, []):
            option = hints[field.name].__metadata__[0].default  # where typer keeps the option's first name
            raise UsageError(f"{option} does not apply to {paper}; see mxt reproduce --help")


def _choi2017(options: ChoiOptions, jobs: int | None, run: RunOptions) -> None:
    from mxt.cli.reproduce_choi2017 import render, to_json
    from mxt.papers.choi2017.records import ReproduceRequest
    from mxt.workflows.reproduce_choi2017 import reproduce_choi2017 as work

    given: dict[str, Any] = {"features": options.features, "mfcc": options.mfcc}
    request = ReproduceRequest(
        tasks=tuple(options.task or ()),
        quick=options.quick,
        strategies=tuple(options.strategy or ()),
        **{name: label for name, label in given.items() if label is not None},
    )
    with run.progress() as progress:
        result = work(run.store, request, run.registry(), jobs=jobs, progress=progress)
    run.answer(result, render, plain=to_json, next="mxt figures --paper choi2017")
    if not result.cells.holds:
        raise typer.Exit(1)


def _shtern2017(options: ShternOptions, jobs: int | None, run: RunOptions) -> None:
    from mxt.cli.reproduce_shtern2017 import plan_lines, render, to_json
    from mxt.drawing.page import check_picture
    from mxt.papers.shtern2017.figure import draw_reproduction
    from mxt.papers.shtern2017.records import Plan, ShternRequest
    from mxt.workflows.reproduce_shtern2017 import reproduce_shtern2017 as work

    chart = options.chart
    if chart is not None:
        check_picture(chart)
    request = ShternRequest(
        roles=tuple(map(_role, options.role or ())),
        network=options.network,
        weights=options.weights,
        weights_file=options.weights_file,
        settings=tuple(options.setting or ()),
        device=options.device,
        dry_run=options.dry_run,
        plugins=tuple(run.plugin or ()),
    )

    def announce(plan: Plan) -> None:
        for line in () if run.quiet or run.as_json else plan_lines(plan):
            console.say(line)

    with run.progress() as progress:
        result = work(run.store, request, run.registry(), jobs=jobs, planned=announce, progress=progress)
    if chart is not None and not result.dry_run:
        draw_reproduction(result, chart)
    next = "the same without --dry-run" if options.dry_run else "mxt figures --paper shtern2017"
    run.answer(result, render, plain=to_json, next=next)


def _role(text: str) -> tuple[str, str]:
    role, equals, name = text.partition("=")
    if not equals or not role or not name:
        raise UsageError(f"--as takes ROLE=NAME, e.g. instrument=orchestra, not {text!r}")
    return role, name
