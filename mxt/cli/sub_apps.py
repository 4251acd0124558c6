"""Commands that have commands of their own, such as ``mxt weights fetch``."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable

import typer

from mxt.cli.help import Command, Group
from mxt.cli.option_groups import StageOptions, expanded
from mxt.cli.options import Settings

_SECTION = re.compile(r"\n\s*\n?[A-Z][A-Za-z ]+\n-{3,}\n")  # a numpydoc heading and its underline


def sub_app(help: str, *, listing: Callable[[StageOptions], None] | None = None) -> typer.Typer:
    """An app to which `subcommand` adds commands.

    Parameters
    ----------
    help : str
        What ``--help`` says above its commands.
    listing : callable, optional
        What it does when no command follows, and as its command ``list``; ``None``: it shows its help.
    """
    app = typer.Typer(
        cls=Group,
        add_completion=False,
        help=help,
        no_args_is_help=listing is None,
        invoke_without_command=listing is not None,
    )
    if listing is not None:
        subcommand(app, "list")(listing)

        def first(ctx: typer.Context, options: StageOptions) -> None:
            ctx.obj = Settings(tuple(options.plugin or ()))  # for the command that follows
            if ctx.invoked_subcommand is None:
                listing(options)

        app.callback()(expanded(first))
    return app


def subcommand(app: typer.Typer, name: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """A decorator that adds a function to `app` as the command `name`; its options may come in records."""

    def add(function: Callable[..., None]) -> Callable[..., None]:
        app.command(name, cls=Command, help=help_text(function))(expanded(function))
        return function

    return add


def help_text(function: Callable[..., object]) -> str:
    """The docstring up to its first numpydoc section, a line for each paragraph: the terminal wraps them."""
    text = _SECTION.split(inspect.getdoc(function) or "", maxsplit=1)[0].strip()
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in text.split("\n\n"))
