"""`mxt plugins`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mxt.cli import completion
from mxt.cli.help import Command, Group
from mxt.cli.options import JsonOption, PluginOption, QuietOption, Settings
from mxt.core.errors import InputError
from mxt.core.text import shortened

if TYPE_CHECKING:
    from mxt.workflows.plugins import CheckReport, PluginList

app = typer.Typer(
    cls=Group,
    add_completion=False,
    invoke_without_command=True,
    help="List where stages come from and what is wrong with them, and check them.",
)

SIGNS = {"passed": "pass", "failed": "FAIL", "skipped": "skip", "not applicable": "n/a", "refused": "refused"}


@app.callback()
def plugins(ctx: typer.Context, plugin: PluginOption = None, as_json: JsonOption = False) -> None:
    """List the distributions and files that bring stages, and those that could not be used."""
    ctx.obj = Settings(tuple(plugin or ()))
    if ctx.invoked_subcommand is None:
        _list(plugin, as_json)


@app.command("list", cls=Command)
def list_(plugin: PluginOption = None, as_json: JsonOption = False) -> None:
    """List the distributions and files that bring stages, and those that could not be used."""
    _list(plugin, as_json)


@app.command(cls=Command)
def check(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="Distribution, stage, file or folder.", autocompletion=completion.plugins
        ),
    ],
    sample: Annotated[
        Path | None,
        typer.Option("--sample", metavar="FOLDER", help="A few files in the layout of its loader."),
    ] = None,
    plugin: PluginOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Run the contract checks of all stages that NAME brings; exit with 1 where one fails.

    NAME is a distribution, an entry point, a stage, a one-file plugin, or the folder of a package that need
    not be installed.
    """
    from mxt.cli import console
    from mxt.cli.progress import shown_progress
    from mxt.registry import build_registry, read_folder
    from mxt.workflows.plugins import check_plugin

    path = Path(name)
    is_folder = os.path.isfile(path / "pyproject.toml")
    if (
        not is_folder
        and path.name not in {file.name for file in plugin or ()}
        and (path.suffix == ".py" or len(path.parts) > 1)
    ):
        _expect_a_file(path)
    files = [
        *(plugin or ()),
        *([path] if is_folder or (path.suffix == ".py" and os.path.isfile(path)) else []),
    ]
    with shown_progress(quiet or as_json) as progress:
        report = check_plugin(
            build_registry(files),
            read_folder(path).distribution if is_folder else name,
            progress,
            sample=sample,
        )
    console.emit_json(report) if as_json else render_report(report)
    if not report.good:
        raise typer.Exit(1)


def _expect_a_file(path: Path) -> None:
    if not os.path.exists(path):
        raise InputError(f"{shortened(str(path))}: there is no such file or folder")
    if path.is_dir():
        raise InputError(
            f"{path} is no package: it has no pyproject.toml; name a FILE.py, or a folder that mxt plugins new makes"
        )


@app.command(cls=Command)
def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Of the backbone: letters, digits and _.")],
    one_file: Annotated[bool, typer.Option("--one-file", help="NAME.py instead of a package.")] = False,
    out: Annotated[Path, typer.Option("--out", metavar="FOLDER", help="Where it is made.")] = Path(),
    as_json: JsonOption = False,
) -> None:
    """Write the skeleton of a plugin: a backbone with one parameter, two layers and a test, which passes the contract checks.

    A package in the folder mxt-NAME, or with --one-file the file NAME.py.
    """
    from mxt.cli import console
    from mxt.registry import build_registry
    from mxt.workflows.new_plugin import new_plugin

    made = new_plugin(build_registry(), name, out, one_file=one_file)
    if as_json:
        console.emit_json(made)
        return
    for file in made.files:
        console.say(f"wrote {out / file}")
    for command in made.commands:
        console.next_line(command)


def _list(plugin: list[Path] | None, as_json: bool) -> None:
    from mxt.cli import console
    from mxt.registry import build_registry
    from mxt.workflows.plugins import list_plugins

    found = list_plugins(build_registry(plugin or ()))
    console.emit_json(found) if as_json else render_list(found)


def render_list(found: PluginList) -> None:
    """Print who brings stages, then the problems."""
    from mxt.cli import console

    for line in found.plugins:
        words = [
            f"{line.name} {line.version}".strip(),
            line.origin,
            *(["edited in place"] if line.edited else []),
        ]
        console.say(" · ".join(words))
        for kind, names in by_kind(line.stages).items():
            console.say(f"  {kind:<11}{', '.join(names)}")
    for problem in found.problems:
        console.say(f"problem: {problem.source}: {problem.cause}")
    if found.plugins:
        console.next_command("mxt", "plugins", "check", found.plugins[-1].to_check)


def by_kind(stages: Sequence[str]) -> dict[str, list[str]]:
    """Names of stages by their kind.

    Examples
    --------
    >>> by_kind(["head svm", "head mlp", "protocol nested"])
    {'head': ['svm', 'mlp'], 'protocol': ['nested']}
    """
    names: dict[str, list[str]] = {}
    for stage in stages:
        kind, _, name = stage.partition(" ")
        names.setdefault(kind, []).append(name)
    return names


def render_report(report: CheckReport) -> None:
    """Print each check with how it ended."""
    from mxt.cli import console

    subject = last = ""
    for outcome in report.outcomes:
        if outcome.subject != subject:
            subject, last = outcome.subject, ""
            console.say(subject)
        detail = f": {outcome.detail if outcome.detail != last else 'the same'}" if outcome.detail else ""
        last = outcome.detail or last
        console.say(f"  {SIGNS[outcome.result]:<7} {outcome.check}{detail}")
    for problem in report.problems:
        console.say(f"problem: {problem.source}: {problem.cause}")
    console.say(
        f"{report.name}: " + ", ".join(f"{count} {result}" for result, count in sorted(report.counts.items()))
    )
