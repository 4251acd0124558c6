"""`mxt rm`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mxt.cli import completion
from mxt.cli.options import DEFAULT_STORE, DryRunOption, JsonOption, StoreOption, YesOption

if TYPE_CHECKING:
    from mxt.workflows.remove import Removal


def rm(
    names: Annotated[list[str], typer.Argument(metavar="NAME|LABEL|RESULT…", autocompletion=completion.names, help="What to remove.")],
    store: StoreOption = DEFAULT_STORE,
    kind: Annotated[str | None, typer.Option("--kind", metavar="dataset|features|result", help="Where a name is used twice.")] = None,
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
            f"{'would remove' if removal.dry_run else 'removed'} {item.kind} {item.name}{size}" + (f" · {item.note}" if item.note else "")
        )
    if not removal.items:
        console.say("nothing to remove")
    elif len(removal.items) > 1:
        console.say(f"{console.size_text(removal.nbytes)} in all")
