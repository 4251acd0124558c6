"""Commands whose help shows switches without a type, and which tell in one line how they were called wrongly."""

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

WrongUsage: type[Any] = typer.BadParameter.__mro__[
    1
]  # of missing arguments and unknown options, too; typer does not export it


@contextmanager
def told_in_a_line(ctx: Any) -> Iterator[None]:
    """What typer would show in a box.

    Raises
    ------
    UsageError
        With the same words.
    """
    try:
        yield
    except WrongUsage as error:
        raise UsageError(
            f"{' '.join(error.format_message().split()).rstrip('.')}; {ctx.command_path} --help tells more"
        ) from None


NO_PATH = {
    errno.ENAMETOOLONG: "the name is longer than the file system takes",
    errno.ELOOP: "its links lead in a circle",
}


def check_given(ctx: Any, params: Iterable[Any], args: Sequence[str]) -> None:
    """Refuse what no command can use: empty words (variables that are not set), and paths that no file can have.

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
                f"{what} is empty: give it a value, or leave it out; {ctx.command_path} --help tells more"
            )
    for param in params:
        given = ctx.params.get(param.name)
        of_paths = (
            getattr(getattr(param, "type", None), "name", "") == "path"
        )  # older typers keep text until the command is called
        for path in given if isinstance(given, (list, tuple)) else (given,):
            if (isinstance(path, Path) or (of_paths and path)) and (why := _unusable(Path(path))):
                option = f"{param.opts[0]} " if param.opts[0].startswith("-") else ""
                raise InputError(f"{option}{shortened(str(path))}: {why}")


def _unusable(path: Path) -> str:
    """Why nothing can be called so; empty where a file may be."""
    try:
        os.stat(path.expanduser())
    except RuntimeError:
        return "there is no such user"
    except OSError as error:
        return NO_PATH.get(error.errno or 0, "")
    return ""


def switches_bare(params: Iterable[Any]) -> list[Any]:
    """`params`, of which switches show no ``<bool>``."""
    found = list(params)
    for param in found:
        if isinstance(param, TyperOption) and param.is_flag and param.metavar is None:
            param.metavar = ""
    return found


class Command(TyperCommand):
    """One command."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Its arguments and options, ``--help`` among them."""
        return switches_bare(super().get_params(ctx))

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Fill `ctx`; errors are one line."""
        typed = list(args)
        with told_in_a_line(ctx):
            left = super().parse_args(ctx, args)
        check_given(ctx, self.get_params(ctx), typed)
        return left


class Group(TyperGroup):
    """A command with commands of its own."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Its options, ``--help`` among them."""
        return switches_bare(super().get_params(ctx))

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Fill `ctx`; errors are one line, and help where nothing was given."""
        if not args:
            return super().parse_args(ctx, args)
        with told_in_a_line(ctx):
            left = super().parse_args(ctx, args)
        check_given(ctx, self.get_params(ctx), ())  # the words are those of the command that is called
        return left
