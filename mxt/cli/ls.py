"""`mxt ls`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mxt.cli.options import DEFAULT_STORE, DatasetOption, JsonOption, StoreOption

if TYPE_CHECKING:
    from mxt.workflows.ls import ClipEntry, Contents, ResultEntry


def ls(
    store: StoreOption = DEFAULT_STORE,
    clips: Annotated[bool, typer.Option("--clips", help="List the clips of a data set instead.")] = False,
    dataset: DatasetOption = None,
    as_json: JsonOption = False,
) -> None:
    """List data sets, feature tables and results, with sizes; --clips lists the clips of a data set."""
    from mxt.cli import console
    from mxt.workflows import ls as work

    if clips or dataset is not None:
        entries = work.ls_clips(store, dataset)
        if as_json:
            console.emit_json(entries)
        else:
            render_clips(entries)
        return
    found = work.ls(store)
    if as_json:
        console.emit_json(found)
    else:
        render(found)


def render(found: Contents) -> None:
    """Print what a store holds."""
    from mxt.cli import console

    console.say(f"{found.root} · {console.size_text(found.nbytes)}")
    if found.datasets:
        console.table(
            "data sets",
            ["name", "clips", "used", "audio", "targets", "views", "folder"],
            [
                [entry.name + (" (last)" if entry.last and len(found.datasets) > 1 else ""), entry.clips, entry.used,
                 console.seconds_text(entry.seconds) if entry.seconds else "none", ", ".join(entry.targets), " ".join(entry.views),
                 entry.root]
                for entry in found.datasets
            ],
        )  # fmt: skip
    if found.tables:
        console.table(
            "feature tables",
            ["label", "done", "failed", "open", "layers", "columns", "size", "fingerprint", ""],
            [
                [entry.label, entry.done, entry.failed, entry.open, len(entry.layers), entry.columns, console.size_text(entry.nbytes),
                 entry.fingerprint[:12], entry.damage]
                for entry in found.tables
            ],
        )  # fmt: skip
    if found.results:
        console.table(
            "results",
            ["id", "view", "head", "score (95 %)", ""],
            [
                [entry.id, entry.view, entry.head, _score(entry), entry.damage or entry.stale]
                for entry in found.results
            ],
        )  # fmt: skip
    if not found.datasets:
        console.say("no data set yet")
        console.next_line("mxt ingest FOLDER")
    elif not found.tables:
        from mxt.registry import build_registry
        from mxt.workflows.commands import first_extraction

        console.next_line(first_extraction(build_registry()))


def render_clips(entries: Sequence[ClipEntry]) -> None:
    """Print the clips of a data set, one a line."""
    from mxt.cli import console

    targets = list(dict.fromkeys(name for entry in entries for name in entry.targets))
    extra = [name for name in ("split", "fold", "group") if any(getattr(entry, name) is not None for entry in entries)]
    rows = [
        [entry.id, round(entry.seconds, 2), *(_target(entry.targets.get(name)) for name in targets),
         *(getattr(entry, name) for name in extra), ": ".join(filter(None, (entry.reason, entry.detail)))]
        for entry in entries
    ]  # fmt: skip
    console.table("", ["clip", "seconds", *targets, *extra, "left out"], rows)


def _target(value: Any) -> Any:
    return ", ".join(value) if isinstance(value, tuple) else value


def _score(entry: ResultEntry) -> str:
    if entry.value is None:
        return ""
    span = "" if entry.low is None or entry.high is None else f" ({entry.low:.3f} to {entry.high:.3f})"
    return f"{entry.score} {entry.value:.3f}{span}"
