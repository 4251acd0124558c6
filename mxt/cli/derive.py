"""`mxt derive`: one command for each record of `mxt.ingestion.derivations`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from inspect import Parameter, Signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mxt.cli import completion
from mxt.cli.help import Command, Group
from mxt.cli.option_groups import WorkOptions, expanded
from mxt.cli.options import JobsOption, YesOption, seconds_option
from mxt.cli.summaries import render_derived
from mxt.core.commands import typed
from mxt.ingestion.derivations import DERIVATIONS, Derivation, DeriveOption

if TYPE_CHECKING:
    from mxt.ingestion.records import Derived

TYPES: dict[str, type] = {"float": float, "int": int, "path": Path}  # of others the text is checked later
COMPLETIONS = {"target": completion.targets}

app = typer.Typer(
    cls=Group,
    add_completion=False,
    no_args_is_help=True,
    help="Derive a data set from another one, in the catalogue alone: other labels, fewer clips, or parts of "
    "them. No audio is copied.",
)


@dataclass(frozen=True, slots=True)
class ParentOptions:
    """From which data set, and what the new one is called."""

    dataset: Annotated[
        str | None,
        typer.Option(
            "--dataset",
            metavar="NAME",
            help="The data set to derive from (default: the one last ingested).",
            autocompletion=completion.datasets,
        ),
    ] = None
    name: Annotated[
        str | None,
        typer.Option(
            "--name",
            metavar="NAME",
            help="Name of the new data set (default: the parent's name and what was done).",
        ),
    ] = None
    yes: YesOption = False


def _add_command(derivation: Derivation) -> None:
    """Add the command of a derivation: its own options, then those that all have."""

    def command(*, parent: ParentOptions, run: WorkOptions, jobs: int | None = None, **options: Any) -> None:
        from mxt.ingestion.requests import DeriveRequest
        from mxt.registry import build_registry
        from mxt.workflows.commands import first_extraction
        from mxt.workflows.derive import derive

        given = {name: value for name, value in options.items() if value is not None}
        request = DeriveRequest(derivation.kind, given, parent.dataset, parent.name, parent.yes, jobs)
        with run.progress() as progress:
            result = derive(run.store, request, progress=progress)
        following = typed("eval", options=[("--dataset", result.name)])
        if not result.views:
            following = first_extraction(build_registry(), dataset=result.name)
        run.answer(result, render_derived, next=following)

    shared: dict[str, Any] = {"parent": ParentOptions, "run": WorkOptions}
    if derivation.reads_audio:
        shared["jobs"] = JobsOption
    command.__signature__ = Signature(  # type: ignore[attr-defined]
        [_parameter(option) for option in derivation.options]
        + [_keyword(name, annotation, None) for name, annotation in shared.items()]
    )
    app.command(derivation.kind, cls=Command, help=derivation.summary)(expanded(command))


def _parameter(option: DeriveOption) -> Parameter:
    """An option of a derivation as typer reads it."""
    shown: dict[str, Any] = {"metavar": option.metavar, "help": option.help}
    bounds: dict[str, Any] = {"min": option.minimum, "max": option.maximum}
    complete = COMPLETIONS.get(option.name)
    if option.argument:
        typed: Any = typer.Argument(**shown, **bounds)
    elif option.type == "float":
        typed = seconds_option(f"--{option.name}", least=option.minimum or 0.0, help=option.help)
    else:
        typed = typer.Option(f"--{option.name}", **shown, **bounds, autocompletion=complete)
    kind = TYPES.get(option.type, str)
    if option.required or option.argument:
        return _keyword(option.name, Annotated[kind, typed], Parameter.empty)
    default = None if option.type == "list" else option.default
    return _keyword(option.name, Annotated[kind | None, typed], default)


def _keyword(name: str, annotation: Any, default: Any) -> Parameter:
    return Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


for _derivation in DERIVATIONS.values():
    _add_command(_derivation)


@app.command("again", cls=Command)
@expanded
def again(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME...]", help="Derived data sets (default: all).", autocompletion=completion.datasets
        ),
    ] = None,
    *,
    jobs: JobsOption = None,
    run: WorkOptions,
) -> None:
    """Derive data sets again, from what their parents are now."""
    from mxt.workflows.derive_again import derive_again

    with run.progress() as progress:
        results = derive_again(run.store, names or (), jobs=jobs, progress=progress)
    run.answer(results, _render_all)


def _render_all(results: Sequence[Derived]) -> None:
    for result in results:
        render_derived(result)
