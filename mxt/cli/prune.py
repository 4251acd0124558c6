"""`mxt prune`."""

from __future__ import annotations

from mxt.cli.option_groups import StoreOptions
from mxt.cli.options import DryRunOption, YesOption
from mxt.cli.rm import render, to_json


def prune(*, at: StoreOptions, dry_run: DryRunOption = False, yes: YesOption = False) -> None:
    """Remove feature tables that no catalogued clip uses, and what stopped or killed runs left."""
    from mxt.workflows.remove import prune as work

    at.answer(work(at.store, dry_run=dry_run, yes=yes), render, plain=to_json)
