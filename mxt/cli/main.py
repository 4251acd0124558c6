"""The command line's front door: a table of commands, each imported only when it is run, and one error boundary."""

from __future__ import annotations

import importlib
import inspect
import io
import logging
import os
import re
import sys
import threading
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from mxt.cli.help import Command, Group
from mxt.cli.option_groups import expanded
from mxt.cli.options import GlobalPluginOption, Settings
from mxt.cli.plugin_files import plugin_files
from mxt.cli.terminal import harmless, unguarded, warning_text
from mxt.core.errors import MxtError, PluginError, UnknownName

# In order of use: help lists them so.
COMMANDS: dict[str, tuple[str, str]] = {
    "ingest": (
        "mxt.cli.ingest:ingest",
        "Catalogue a folder or table of labelled audio: what is there, what is broken.",
    ),
    "extract": ("mxt.cli.extract:extract", "Compute the features of every clip, once, all layers kept."),
    "eval": (
        "mxt.cli.eval:evaluate",
        "Score the features: how well, how sure, and what may be wrong with it.",
    ),
    "search": (
        "mxt.cli.search:search",
        "Try every combination of layers, and say what choosing among them costs.",
    ),
    "figures": (
        "mxt.cli.figures:figures",
        "Draw what searches found, with intervals: PNG, SVG and the numbers as CSV.",
    ),
    "lengths": (
        "mxt.cli.lengths:lengths",
        "Score excerpts of several lengths: how much of each clip is needed.",
    ),
    "loudness": (
        "mxt.cli.loudness:loudness",
        "Levels of each class, and whether loudness alone tells them apart.",
    ),
    "derive": (
        "mxt.cli.derive:app",
        "Make a data set of another: loudness classes, excerpts, windows, some classes.",
    ),
    "reproduce": (
        "mxt.cli.reproduce:reproduce",
        "Run a paper's grid beside what it published, and recompute its findings.",
    ),
    "render": ("mxt.cli.render:render", "Draw what a network is shown of a clip, as a PNG with axes."),
    "import": (
        "mxt.cli.import_features:import_features",
        "Bring features computed elsewhere into the store.",
    ),
    "export": ("mxt.cli.export:export", "Write a view with clip ids and targets as npz, csv or parquet."),
    "ls": ("mxt.cli.ls:ls", "List data sets, feature tables and results, with sizes."),
    "info": ("mxt.cli.info:info", "Tell everything about a data set, a feature table, a result or a clip."),
    "verify": ("mxt.cli.verify:verify", "Read the whole store, name what is damaged, and repair it."),
    "rm": ("mxt.cli.rm:rm", "Remove data sets, feature tables or results by name."),
    "prune": ("mxt.cli.prune:prune", "Remove what nothing refers to any more."),
    "stages": ("mxt.cli.stages:stages", "List the stages there are, or describe one."),
    "plugins": ("mxt.cli.plugins:app", "List where stages come from, and check them."),
    "weights": ("mxt.cli.weights:app", "List, fetch, import and verify weights."),
    "demo": ("mxt.cli.demo:demo", "Run the whole way on a small synthesised collection, offline."),
}
ALIASES = {"stage": "stages", "plugin": "plugins", "weight": "weights", "evaluate": "eval", "remove": "rm"}

_SECTION = re.compile(r"\n\s*\n?[A-Z][A-Za-z ]+\n-{3,}\n")  # a numpydoc heading and its underline


class LazyGroup(Group):
    """A group whose commands are a table; only the one that is run is imported."""

    def list_commands(self, ctx: Any) -> list[str]:
        """The names of all commands, in order of use."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """What help and completion list: the name and its one line; nothing is imported."""
        if cmd_name not in COMMANDS:
            return None
        return TyperCommand(cmd_name, help=COMMANDS[cmd_name][1], short_help=COMMANDS[cmd_name][1])

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Import the command that is to be run.

        Raises
        ------
        UnknownName
            There is no such command; the nearest are listed.
        """
        name = ALIASES.get(args[0], args[0])
        if name not in COMMANDS:
            if ctx.resilient_parsing:
                return None, None, args[1:]
            raise UnknownName("command", name, COMMANDS, hint="(mxt --help lists them)")
        return name, load_command(name), args[1:]

    def invoke(self, ctx: Any) -> Any:
        """Run the command inside the error boundary.

        Raises
        ------
        PluginError
            Code of a plugin called `sys.exit` where nothing else contains it; mxt's own commands end
            otherwise.
        """
        with boundary():
            try:
                return super().invoke(ctx)
            except SystemExit as stop:
                if isinstance(
                    stop.__context__, BrokenPipeError
                ):  # rich's way to end where the reader of a pipe has gone
                    raise
                *_, frame = traceback.extract_tb(stop.__traceback__)
                raise PluginError(
                    f"{frame.filename}, line {frame.lineno}: a stage ended the program (SystemExit: {stop}) instead of raising an exception"
                ) from stop


def load_command(name: str) -> Any:
    """Import one command of `COMMANDS` and make it what typer runs.

    Parameters
    ----------
    name : str
        A key of `COMMANDS`.

    Returns
    -------
    command
        From a function with typer annotations, or from a `typer.Typer` where a command has commands of its
        own.
    """
    module, _, attribute = COMMANDS[name][0].partition(":")
    target = getattr(importlib.import_module(module), attribute)
    if isinstance(target, typer.Typer):
        command = typer.main.get_command(target)
    else:
        single = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        single.command(name, cls=Command, help=_help_text(target))(expanded(target))
        command = typer.main.get_command(single)
    command.name = name
    return command


def _help_text(function: Callable[..., object]) -> str:
    """The docstring up to its first numpydoc section; each paragraph one line, to be broken by the terminal's width."""
    text = _SECTION.split(inspect.getdoc(function) or "", maxsplit=1)[0].strip()
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in text.split("\n\n"))


def _version(value: bool) -> None:
    if value:
        from mxt import __version__

        typer.echo(f"mxt {__version__}")
        raise typer.Exit


def _root(
    ctx: typer.Context,
    version: Annotated[  # noqa: ARG001
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and stop.")
    ] = False,
    plugin: GlobalPluginOption = None,
) -> None:
    """Which pre-trained representation tells your sound classes apart, how well, and how sure is that?"""
    ctx.obj = Settings(plugins=plugin_files(plugin or (), os.environ.get("MXT_PLUGIN", "")))


def build_app() -> Any:
    """The whole command line as one command object."""
    app = typer.Typer(
        cls=LazyGroup,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
        epilog="Three commands: mxt ingest FOLDER, mxt extract --backbone musicnn (or convnet), mxt eval. No audio at hand: mxt demo.",
    )
    app.callback()(_root)
    return typer.main.get_command(app)


@contextmanager
def boundary() -> Iterator[None]:
    """The one place where errors become a line and an exit code; a bug keeps its traceback.

    Raises
    ------
    SystemExit
        With 1 or 2 for an `MxtError`, 130 after Ctrl-C, 1 where the reader of a pipe has gone.
    """
    try:
        yield
        sys.stdout.flush()
    except MxtError as error:
        _tell(f"error: {error}")
        raise SystemExit(error.exit_code) from None
    except KeyboardInterrupt:
        _tell("interrupted: what is finished is kept, the same command continues")
        raise SystemExit(130) from None
    except BrokenPipeError:
        # what is still buffered must not fail again when the interpreter flushes it at exit
        with suppress(OSError, io.UnsupportedOperation):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(1) from None


def _tell(line: str) -> None:
    from mxt.cli import console

    with suppress(BrokenPipeError):
        console.warn(line)


def _guard_output() -> None:
    """From here on nothing that Python writes steers the terminal: no name, no warning, no traceback, no plugin's `print`."""
    for stream in map(unguarded, (sys.stdout, sys.stderr)):
        if isinstance(stream, io.TextIOWrapper):
            # file names may hold what the terminal's encoding cannot show
            stream.reconfigure(errors="backslashreplace")
    sys.stdout, sys.stderr = harmless(sys.stdout), harmless(sys.stderr)
    sys.excepthook, threading.excepthook = (
        _tell_bug,
        lambda bug: _tell_bug(bug.exc_type, bug.exc_value, bug.exc_traceback),
    )
    warnings.formatwarning = warning_text
    logging.getLogger("asyncio").setLevel(
        logging.CRITICAL
    )  # zarr tells there of reads that failed beside the first one


def _tell_bug(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    """Python's own words and order, without the colours that newer versions add."""
    sys.stderr.write("".join(traceback.format_exception(kind, error, trace)))


def main(args: Sequence[str] | None = None) -> None:
    """Run the command line; the console script ``mxt``.

    Parameters
    ----------
    args : sequence of str, optional
        Without the program's name; those of the process when not given.
    """
    from mxt.cli.interrupts import interruptible

    _guard_output()
    with boundary(), interruptible():
        build_app()(args=list(sys.argv[1:] if args is None else args) or ["--help"], prog_name="mxt")
