"""`mxt ls`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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
            ["name", "clips", "used", "audio", "targets", "views", "folder", ""],
            [
                [
                    entry.name + (" (last)" if entry.last and len(found.datasets) > 1 else ""),
                    entry.clips,
                    entry.used,
                    console.seconds_text(entry.seconds) if entry.seconds else "none",
                    ", ".join(entry.targets),
                    " ".join(entry.views),
                    entry.root,
                    entry.damage,
                ]
                for entry in found.datasets
            ],
        )
    if found.tables:
        console.table(
            "feature tables",
            ["label", "done", "failed", "open", "layers", "columns", "size", "fingerprint", ""],
            [
                [
                    entry.label,
                    entry.done,
                    entry.failed,
                    entry.open,
                    len(entry.layers),
                    entry.columns,
                    console.size_text(entry.nbytes),
                    entry.fingerprint[:12],
                    entry.damage,
                ]
                for entry in found.tables
            ],
        )
    if found.results:
        told = _what_differs(found.results)
        rows = [
            [e.id, *(cells[n] for cells in told.values()), _score(e), e.damage or e.stale]
            for n, e in enumerate(found.results)
        ]
        console.table("results", ["id", *told, "score (95 %)", ""], rows)
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
    extra = [
        name
        for name in ("split", "fold", "group")
        if any(getattr(entry, name) is not None for entry in entries)
    ]
    rows = [
        [
            entry.id,
            round(entry.seconds, 2),
            *(_target(entry.targets.get(name)) for name in targets),
            *(getattr(entry, name) for name in extra),
            ": ".join(filter(None, (entry.reason, entry.detail))),
        ]
        for entry in entries
    ]
    console.table("", ["clip", "seconds", *targets, *extra, "left out"], rows)


def _what_differs(results: Sequence[ResultEntry]) -> dict[str, list[Any]]:
    """View and head of each result, and by name whatever else is not the same for all: no two look alike that are not."""
    settings = {
        name: [None if name not in each.settings else _text(each.settings[name]) for each in results]
        for name in dict.fromkeys(name for each in results for name in each.settings)
        if any(len(values) > 1 for values in _values_by_head(results, name))
    }
    cells: dict[str, list[Any]] = {
        "": [each.kind if each.kind != "evaluation" else None for each in results],
        "data set": [each.dataset for each in results],
        "target": [each.target for each in results],
        "view": [each.view for each in results],
        "head": [each.head for each in results],
        "protocol": [each.protocol for each in results],
        "folds": [each.folds for each in results],
        "seed": [each.seed for each in results],
        **settings,
    }
    return {
        name: column
        for name, column in cells.items()
        if name in ("view", "head", *settings) or len(set(column)) > 1
    }


def _values_by_head(results: Sequence[ResultEntry], name: str) -> Iterable[set[str]]:
    found: dict[str, set[str]] = {}
    for each in results:
        if name in each.settings:
            found.setdefault(each.head, set()).add(_text(each.settings[name]))
    return found.values()


def _text(value: Any) -> str:
    return ",".join(
        f"{item:g}" if isinstance(item, float) else str(item)
        for item in (value if isinstance(value, list) else [value])
    )


def _target(value: Any) -> Any:
    return ", ".join(value) if isinstance(value, tuple) else value


def _score(entry: ResultEntry) -> str:
    if entry.value is None:
        return ""
    span = "" if entry.low is None or entry.high is None else f" ({entry.low:.3f} to {entry.high:.3f})"
    return f"{entry.score} {entry.value:.3f}{span}"
