"""The entrance of the command line: a group that imports the command it runs, and one error boundary."""

from __future__ import annotations

import importlib
import io
import logging
import os
import sys
import threading
import traceback
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from mxt.cli.commands import ALIASES, COMMANDS
from mxt.cli.help import Group
from mxt.cli.options import GlobalPluginOption, Settings
from mxt.cli.plugin_files import plugin_files
from mxt.cli.terminal import harmless, unguarded, warning_text
from mxt.core.errors import MxtError, PluginError, UnknownName


class LazyGroup(Group):
    """The commands of the table, of which only the one that is run is imported."""

    def list_commands(self, ctx: Any) -> list[str]:
        """The names of all commands, in order of use."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """A command as help and completion list it: name, panel and summary; nothing is imported."""
        if cmd_name not in COMMANDS:
            return None
        entry = COMMANDS[cmd_name]
        return TyperCommand(entry.name, help=entry.summary, rich_help_panel=entry.panel)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Import the command that is to be run.

        Raises
        ------
        UnknownName
            No such command; the nearest are listed.
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
                ):  # how rich ends when a pipe's reader is gone
                    raise
                *_, frame = traceback.extract_tb(stop.__traceback__)
                raise PluginError(
                    f"{frame.filename}, line {frame.lineno}: a stage ended the program (SystemExit: {stop}) "
                    "instead of raising an exception"
                ) from stop


def load_command(name: str) -> Any:
    """Import the command `name` of the table and make it what typer runs."""
    from mxt.cli.sub_apps import subcommand  # not for --help, which runs no command

    module, attribute = COMMANDS[name].address
    target = getattr(importlib.import_module(module), attribute)
    if not isinstance(target, typer.Typer):
        function, target = target, typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        subcommand(target, name)(function)
    command = typer.main.get_command(target)
    command.name = name
    return command


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
        epilog="Begin: mxt ingest FOLDER, mxt extract --backbone musicnn, mxt eval. No audio: mxt demo.",
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
        _warn(f"error: {error}")
        raise SystemExit(error.exit_code) from None
    except KeyboardInterrupt:
        _warn("interrupted: what is finished is kept; the same command continues")
        raise SystemExit(130) from None
    except BrokenPipeError:
        # what is still buffered must not fail again when the interpreter flushes it at exit
        with suppress(OSError, io.UnsupportedOperation):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(1) from None


def _warn(line: str) -> None:
    from mxt.cli import console

    with suppress(BrokenPipeError):
        console.warn(line)


def _guard_output() -> None:
    """Let nothing steer the terminal from here on: no name, warning, traceback or plugin's `print`."""
    for stream in map(unguarded, (sys.stdout, sys.stderr)):
        if isinstance(stream, io.TextIOWrapper):
            # file names may hold what the terminal's encoding cannot show
            stream.reconfigure(errors="backslashreplace")
    sys.stdout, sys.stderr = harmless(sys.stdout), harmless(sys.stderr)
    sys.excepthook = _show_bug
    threading.excepthook = lambda bug: _show_bug(bug.exc_type, bug.exc_value, bug.exc_traceback)
    warnings.formatwarning = warning_text
    # when several reads of zarr fail, all but the first are reported there
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)


def _show_bug(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    """Python's own traceback, without the colours that newer versions add."""
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
