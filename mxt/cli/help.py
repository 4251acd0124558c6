"""Commands whose help shows switches without a type, and which tell in one line how they were called wrongly."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup, TyperOption

from mxt.core.errors import UsageError

WrongUsage: type[Any] = typer.BadParameter.__mro__[1]  # of missing arguments and unknown options, too; typer does not export it


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
        raise UsageError(f"{' '.join(error.format_message().split()).rstrip('.')}; {ctx.command_path} --help tells more") from None


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
        with told_in_a_line(ctx):
            return super().parse_args(ctx, args)


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
            return super().parse_args(ctx, args)
