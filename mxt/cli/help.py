"""Commands whose help shows switches without a type: there is nothing to be typed behind ``--json``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from typer.core import TyperCommand, TyperGroup, TyperOption


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


class Group(TyperGroup):
    """A command with commands of its own."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Its options, ``--help`` among them."""
        return switches_bare(super().get_params(ctx))
