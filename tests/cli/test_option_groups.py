from __future__ import annotations

import inspect
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import pytest
import typer

from mxt.cli.main import COMMANDS, load_command
from mxt.cli.option_groups import LAST, AnswerOptions, RunOptions, StageOptions, StoreOptions, expanded
from mxt.cli.sub_apps import sub_app, subcommand


@dataclass(frozen=True)
class Folds:
    """A record of this test."""

    number: Annotated[int, typer.Option("--number", help="How many folds.")] = 10
    target: Annotated[
        str | None, typer.Option("--target", help="What is predicted.", autocompletion=lambda: ["genre"])
    ] = None


def run(function, *words):
    """Call a function as a command, and give what the command line made of `words`."""
    app = typer.Typer(add_completion=False)
    subcommand(app, "command")(function)
    typer.main.get_command(app).main(list(map(str, words)), standalone_mode=False)


def test_fields_of_a_record_become_options_and_come_back_as_the_record():
    calls = []

    def command(clip: str, *, details: bool = False, folds: Folds) -> None:
        calls.append((clip, details, folds))

    run(command, "a.wav", "--number", "5", "--details")
    run(command, "a.wav")
    assert calls == [("a.wav", True, Folds(5)), ("a.wav", False, Folds())]


def test_two_records_of_one_command_do_not_mix():
    calls = []

    def command(folds: Folds, at: StoreOptions) -> None:
        calls.append((folds, at))

    run(command, "--store", "elsewhere", "--json", "--target", "genre")
    assert calls == [(Folds(target="genre"), StoreOptions(as_json=True, store=Path("elsewhere")))]


def test_record_of_a_record_has_the_options_of_both():
    names = set(inspect.signature(expanded(lambda_of(RunOptions))).parameters)
    assert names == {"as_json", "plugin", "quiet", "store"}


def lambda_of(kind):
    def command(options) -> None:
        pass

    command.__annotations__["options"] = kind
    return command


def test_options_that_most_commands_have_come_last():
    def command(options: RunOptions, clip: str, folds: Folds) -> None:
        pass

    names = list(inspect.signature(expanded(command)).parameters)
    assert names == ["clip", "number", "target", *LAST]


def test_help_shows_the_fields_with_their_help_and_defaults(capsys):
    def command(folds: Folds) -> None:
        """Divide clips."""

    with pytest.raises(SystemExit):
        raise SystemExit(run(command, "--help"))
    shown = capsys.readouterr().out
    assert "Divide clips." in shown
    assert re.search(r"--number .*How many folds\. \[default: 10\]", shown)


def test_completion_of_a_field_still_works():
    def command(folds: Folds) -> None:
        pass

    app = typer.Typer(add_completion=False)
    subcommand(app, "command")(command)
    (target,) = (param for param in typer.main.get_command(app).params if param.name == "target")
    context = typer.main.get_command(app).make_context("command", [], resilient_parsing=True)
    assert [item.value for item in target.shell_complete(context, "gen")] == ["genre"]


def test_command_without_records_stays_as_it_is():
    def command(clip: str = "a.wav") -> None:
        pass

    (parameter,) = inspect.signature(expanded(command)).parameters.values()
    assert (parameter.name, parameter.default) == ("clip", "a.wav")


def test_expanding_the_options_imports_nothing_heavy():
    code = (
        "import sys; from mxt.cli.option_groups import RunOptions, expanded\n"
        "def command(options: RunOptions) -> None: pass\n"
        "expanded(command)\n"
        "print(*sorted({'numpy', 'torch', 'zarr', 'mxt.registry', 'mxt.workflows'} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == []


@pytest.mark.parametrize("name", COMMANDS)
def test_options_that_most_commands_have_come_last_in_every_command(name):
    command = load_command(name)
    for part in [command, *getattr(command, "commands", {}).values()]:
        names = [param.name for param in part.params if param.name in LAST]
        assert names == [option for option in LAST if option in names]


def test_app_without_a_command_lists_and_knows_its_list_as_a_command(capsys):
    def things(options: StageOptions) -> None:
        """List things."""
        typer.echo(" ".join(["plugins", *map(str, options.plugin or ())]))

    app = sub_app("Things.", listing=things)

    @subcommand(app, "new")
    def new(options: AnswerOptions) -> None:
        """Begin a thing."""
        typer.echo(f"new {options.as_json}")

    command = typer.main.get_command(app)
    for words in ([], ["list"], ["--plugin", "a.py"], ["--plugin", "a.py", "list"], ["new", "--json"]):
        command.main(words, standalone_mode=False)
    expected = ["plugins", "plugins", "plugins a.py", "plugins a.py", "new True"]
    assert capsys.readouterr().out.splitlines() == expected


def test_app_without_a_listing_shows_its_help(capsys):
    app = sub_app("Things.")
    subcommand(app, "one")(lambda: None)
    subcommand(app, "two")(lambda: None)
    with pytest.raises(SystemExit):
        typer.main.get_command(app).main([])
    printed = capsys.readouterr()
    assert "Things." in printed.out + printed.err
