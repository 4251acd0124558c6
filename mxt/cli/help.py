"""Commands that show switches without a type, and answer wrong usage in one line."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup, TyperOption

from mxt.core.errors import InputError, UsageError
from mxt.core.text import shortened

# the base of errors about missing arguments and unknown options, too, which typer does not export
WrongUsage: type[Any] = typer.BadParameter.__mro__[1]

UNUSABLE = {
    errno.ENAMETOOLONG: "the name is longer than the file system allows",
    errno.ELOOP: "its symbolic links form a circle",
}


@contextmanager
def usage_in_one_line(ctx: Any) -> Iterator[None]:
    """Turn what typer would show in a box into one line.

    Raises
    ------
    UsageError
        In the words of typer.
    """
    try:
        yield
    except WrongUsage as error:
        words = " ".join(error.format_message().split()).rstrip(".")
        raise UsageError(f"{words}; see {ctx.command_path} --help") from None


def check_given(ctx: Any, params: Iterable[Any], args: Sequence[str]) -> None:
    """Refuse what no command can use: empty words (of unset variables), and paths that no file can have.

    Parameters
    ----------
    ctx : Context
        Filled.
    params : iterable of Parameter
        Those of the command.
    args : sequence of str
        As they were typed.

    Raises
    ------
    UsageError, InputError
        A word is empty; a path is too long, or leads in a circle.
    """
    for before, word in zip(("", *args), args, strict=False):
        if word == "" or (word.startswith("--") and word.find("=") == len(word) - 1):
            what = word[:-1] or (before if before.startswith("-") else "an argument")
            raise UsageError(
                f"{what} is empty: give it a value, or leave it out; see {ctx.command_path} --help"
            )
    for param in params:
        value = ctx.params.get(param.name)
        # older versions of typer keep text until the command is called
        is_path = getattr(getattr(param, "type", None), "name", "") == "path"
        for path in value if isinstance(value, (list, tuple)) else (value,):
            if (isinstance(path, Path) or (is_path and path)) and (why := _unusable(Path(path))):
                option = f"{param.opts[0]} " if param.opts[0].startswith("-") else ""
                raise InputError(f"{option}{shortened(str(path))}: {why}")


def _unusable(path: Path) -> str:
    """Why no file can have this path; empty where one can."""
    try:
        os.stat(path.expanduser())
    except RuntimeError:
        return "unknown user"
    except OSError as error:
        return UNUSABLE.get(error.errno or 0, "")
    return ""


def switches_bare(params: Iterable[Any]) -> list[Any]:
    """`params`, whose switches show no ``<bool>``."""
    params = list(params)
    for param in params:
        if isinstance(param, TyperOption) and param.is_flag and param.metavar is None:
            param.metavar = ""
    return params


class Command(TyperCommand):
    """One command."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Its arguments and options, ``--help`` among them."""
        return switches_bare(super().get_params(ctx))

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Fill `ctx`; errors are one line."""
        typed = list(args)
        with usage_in_one_line(ctx):
            rest = super().parse_args(ctx, args)
        check_given(ctx, self.get_params(ctx), typed)
        return rest


class Group(TyperGroup):
    """A command with commands of its own."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Its options, ``--help`` among them."""
        return switches_bare(super().get_params(ctx))

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Fill `ctx`; errors are one line; without arguments, show help."""
        if not args:
            return super().parse_args(ctx, args)
        with usage_in_one_line(ctx):
            rest = super().parse_args(ctx, args)
        check_given(ctx, self.get_params(ctx), ())  # the words belong to the command that is called
        return rest
