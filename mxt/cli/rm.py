"""`mxt rm`."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Annotated

import typer

from mxt.cli import completion
from mxt.cli.options import DEFAULT_STORE, DryRunOption, JsonOption, StoreOption, YesOption

MOST_RESULTS = 20  # that the command to remove them names

if TYPE_CHECKING:
    from mxt.workflows.remove import Removal


def rm(
    names: Annotated[
        list[str],
        typer.Argument(metavar="NAME|LABEL|RESULT…", autocompletion=completion.names, help="What to remove."),
    ],
    store: StoreOption = DEFAULT_STORE,
    kind: Annotated[
        str | None,
        typer.Option("--kind", metavar="dataset|features|result", help="Where a name is used twice."),
    ] = None,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Remove data sets, feature tables or results from the store, for good. Audio is never touched."""
    from mxt.cli import console
    from mxt.workflows.remove import remove

    removal = remove(store, names, kind=kind, dry_run=dry_run, yes=yes)
    if as_json:
        console.emit_json(removal)
    else:
        render(removal)


def render(removal: Removal) -> None:
    """Print what went, or would go."""
    from mxt.cli import console

    for item in removal.items:
        size = f" · {console.size_text(item.nbytes)}" if item.nbytes else ""
        console.say(
            f"{'would remove' if removal.dry_run else 'removed'} {item.kind} {item.name}{size}"
            + (f" · {item.note}" if item.note else "")
        )
    going = {item.name for item in removal.items}
    if stay := [name for item in removal.items for name in item.results if name not in going]:
        console.say(f"results of it stay: {len(stay):,} (mxt ls lists them); to remove them:")
        console.say(f"  mxt rm {shlex.join(stay) if len(stay) <= MOST_RESULTS else 'RESULT…'}")
    if not removal.items:
        console.say("nothing to remove")
    elif len(removal.items) > 1:
        console.say(f"{console.size_text(removal.nbytes)} in all")
