"""`mxt prune`."""

from __future__ import annotations

from mxt.cli.options import DEFAULT_STORE, DryRunOption, JsonOption, StoreOption, YesOption


def prune(
    store: StoreOption = DEFAULT_STORE,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Remove feature tables no catalogued clip uses, and what stopped or killed runs left."""
    from mxt.cli import console
    from mxt.cli.rm import render
    from mxt.workflows.remove import prune as run

    removal = run(store, dry_run=dry_run, yes=yes)
    if as_json:
        console.emit_json(removal)
    else:
        render(removal)
