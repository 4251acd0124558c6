"""`mxt plugins`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mxt.cli import completion, console
from mxt.cli.option_groups import AnswerOptions, LongStageOptions, StageOptions
from mxt.cli.sub_apps import sub_app, subcommand
from mxt.core.errors import InputError
from mxt.core.text import shortened
from mxt.stages.backbones.model_template import shape_text

if TYPE_CHECKING:
    from mxt.workflows.describe_model import ModelDescription
    from mxt.workflows.new_plugin import Skeleton
    from mxt.workflows.plugins import CheckReport, PluginList

SIGNS = {"passed": "pass", "failed": "FAIL", "skipped": "skip", "not applicable": "n/a", "refused": "refused"}


def plugins(options: StageOptions) -> None:
    """List the packages and files that bring stages, and those that cannot be used."""
    from mxt.workflows.plugins import list_plugins

    options.answer(list_plugins(options.registry()), render_list)


app = sub_app(
    "List the packages and files that bring stages and what is wrong with them, check them, or begin one.",
    listing=plugins,
)


@subcommand(app, "check")
def check(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="A package, entry point, stage, file or folder.",
            autocompletion=completion.plugins,
        ),
    ],
    *,
    sample: Annotated[
        Path | None,
        typer.Option(
            "--sample", metavar="FOLDER", help="For a loader: a few files in the layout that it reads."
        ),
    ] = None,
    options: LongStageOptions,
) -> None:
    """Run the contract checks of all stages that NAME brings; exit with code 1 if one fails.

    NAME is an installed package, an entry point, a stage, a one-file plugin, or the folder of a package,
    which need not be installed.
    """
    from mxt.registry import build_registry, read_folder
    from mxt.workflows.plugins import check_plugin

    path, plugins = Path(name), list(options.plugin or ())
    if os.path.isfile(path / "pyproject.toml"):
        name, plugins = read_folder(path).distribution, [*plugins, path]
    elif path.suffix == ".py" or len(path.parts) > 1:
        if path.name not in {file.name for file in plugins}:
            _expect_a_file(path)
        if path.suffix == ".py" and os.path.isfile(path):
            plugins.append(path)
    with options.progress() as progress:
        report = check_plugin(build_registry(plugins), name, progress, sample=sample)
    options.answer(report, render_report)
    if not report.good:
        raise typer.Exit(1)


def _expect_a_file(path: Path) -> None:
    if not os.path.exists(path):
        raise InputError(f"{shortened(str(path))}: no such file or folder")
    if path.is_dir():
        raise InputError(
            f"{path} is not a package: it has no pyproject.toml; "
            "name a FILE.py, or a folder such as mxt plugins new makes"
        )


@subcommand(app, "new")
def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the backbone: letters, digits and _.")],
    *,
    one_file: Annotated[bool, typer.Option("--one-file", help="Write NAME.py instead of a package.")] = False,
    out: Annotated[Path, typer.Option("--out", metavar="FOLDER", help="Folder to write to.")] = Path(),
    options: AnswerOptions,
) -> None:
    """Write a plugin to begin with: a backbone with two layers, one parameter and a test that passes.

    It is a package in the folder mxt-NAME, or with --one-file the file NAME.py.
    """
    from mxt.registry import build_registry
    from mxt.workflows.new_plugin import new_plugin

    def render(skeleton: Skeleton) -> None:
        for file in skeleton.files:
            console.say(f"wrote {out / file}")
        for command in skeleton.commands:
            console.next_line(command)

    options.answer(new_plugin(build_registry(), name, out, one_file=one_file), render)


@subcommand(app, "describe")
def describe(
    model: Annotated[
        Path, typer.Argument(metavar="FILE", help="A model file: FILE.onnx, or FILE.pt of TorchScript.")
    ],
    *,
    options: AnswerOptions,
) -> None:
    """Write FILE.toml, which says how mxt feeds a model file, as far as the file tells.

    A FILE.toml that is there already is left as it is.
    """
    from mxt.workflows.describe_model import describe_model

    options.answer(describe_model(model), render_description)


def render_description(description: ModelDescription) -> None:
    """Print what a model file tells, what was written, and what is still to be filled in."""
    facts = description.facts
    console.say(f"{facts.path.name} · input {facts.input} {shape_text(facts.input_shape)}")
    for name, shape in facts.outputs.items():
        console.say(f"  output {name} {shape_text(shape)}")
    if not description.written:
        console.say(f"{description.settings} is there already, and left as it is")
    else:
        console.say(f"wrote {description.settings}")
        console.say(f"the file does not tell, fill in: {', '.join(facts.unknown)}")
    console.next_line(description.command())


def render_list(listing: PluginList) -> None:
    """Print who brings stages, then the problems."""
    for line in listing.plugins:
        edited = ["edited in place"] if line.origin.editable else []
        console.say(" · ".join([f"{line.name} {line.version}".strip(), line.origin.where, *edited]))
        for kind, names in line.stages.items():
            console.say(f"  {kind:<11}{', '.join(names)}")
    for problem in listing.problems:
        console.say(f"problem: {problem}")
    if listing.plugins:
        console.next_command("mxt", "plugins", "check", listing.plugins[-1].to_check)


def render_report(report: CheckReport) -> None:
    """Print how each check ended."""
    subject = last = ""
    for outcome in report.outcomes:
        if outcome.subject != subject:
            subject, last = outcome.subject, ""
            console.say(subject)
        detail = f": {outcome.detail if outcome.detail != last else 'the same'}" if outcome.detail else ""
        last = outcome.detail or last
        console.say(f"  {SIGNS[outcome.result]:<7} {outcome.check}{detail}")
    for problem in report.problems:
        console.say(f"problem: {problem}")
    counts = ", ".join(f"{count} {result}" for result, count in sorted(report.counts.items()))
    console.say(f"{report.name}: {counts}")
