"""`mxt rm`, and what `mxt prune` shares with it."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Annotated

import typer

from mxt.cli import completion, console
from mxt.cli.option_groups import StoreOptions
from mxt.cli.options import DryRunOption, YesOption

if TYPE_CHECKING:
    from mxt.workflows.remove import Item, Removal

MOST_RESULTS = 20  # named in the command that removes them
NOTES = {
    "FEATURES_STAY": "its features stay in their tables; mxt prune removes those no data set uses",
    "UNUSED": "used by no clip of any data set",
    "UNFINISHED": "finished folds of an evaluation that was stopped",
    "KILLED": "left by a run that was killed",
}


def rm(
    *,
    names: Annotated[
        list[str],
        typer.Argument(metavar="NAME|LABEL|RESULT…", autocompletion=completion.names, help="What to remove."),
    ],
    at: StoreOptions,
    kind: Annotated[
        str | None,
        typer.Option(
            "--kind",
            metavar="dataset|features|result",
            help="Kind of the things to remove, if several have the name.",
        ),
    ] = None,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
) -> None:
    """Remove data sets, feature tables or results from the store, for good. Audio is never touched."""
    from mxt.workflows.remove import remove

    at.answer(remove(at.store, names, kind=kind, dry_run=dry_run, yes=yes), render, plain=to_json)


def to_json(removal: Removal) -> dict[str, object]:
    """A removal as plain values."""
    items = [{**console.plain(item), "note": _note(item)} for item in removal.items]
    return {"items": items, "dry_run": removal.dry_run}


def render(removal: Removal) -> None:
    """Print what was removed, or would be."""
    done = "would remove" if removal.dry_run else "removed"
    for item in removal.items:
        size = console.size_text(item.nbytes) if item.nbytes else ""
        console.say(" · ".join(filter(None, (f"{done} {item.kind} {item.name}", size, _note(item)))))
    removed = {item.name for item in removal.items}
    if kept := [name for item in removal.items for name in item.results if name not in removed]:
        console.say(f"its results stay: {len(kept):,} (mxt ls lists them); to remove them:")
        console.say(f"  mxt rm {shlex.join(kept) if len(kept) <= MOST_RESULTS else 'RESULT…'}")
    if not removal.items:
        console.say("nothing to remove")
    elif len(removal.items) > 1:
        console.say(f"{console.size_text(removal.nbytes)} in all")


def _note(item: Item) -> str:
    return NOTES[item.note.name] if item.note else ""
