"""`mxt ls`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mxt.cli import console
from mxt.cli.option_groups import StoreOptions
from mxt.cli.options import DatasetOption

if TYPE_CHECKING:
    from mxt.workflows.ls import Contents, DatasetEntry, ResultEntry, TableEntry
    from mxt.workflows.ls_clips import ClipEntries


def ls(
    *,
    clips: Annotated[bool, typer.Option("--clips", help="List the clips of a data set instead.")] = False,
    dataset: DatasetOption = None,
    at: StoreOptions,
) -> None:
    """List data sets, feature tables and results, with sizes; --clips lists the clips of a data set."""
    if clips or dataset is not None:
        from mxt.workflows.ls_clips import ls_clips

        at.answer(ls_clips(at.store, dataset), render_clips, plain=iter)
        return
    from mxt.workflows import ls as work

    contents = work.ls(at.store)
    at.answer(contents, render, next=_next_command(contents))


def render(contents: Contents) -> None:
    """Print what a store holds."""
    console.say(f"{contents.root} · {console.size_text(contents.nbytes)}")
    _render_datasets(contents.datasets)
    _render_tables(contents.tables)
    _render_results(contents.results)
    if not contents.datasets:
        console.say("no data set yet")


def _next_command(contents: Contents) -> str:
    if not contents.datasets:
        return "mxt ingest FOLDER"
    if contents.tables:
        return ""
    from mxt.registry import build_registry
    from mxt.workflows.commands import first_extraction

    return first_extraction(build_registry())


def _render_datasets(entries: Sequence[DatasetEntry]) -> None:
    if not entries:
        return
    rows = [
        [
            entry.name + (" (last)" if entry.last and len(entries) > 1 else ""),
            entry.clips,
            entry.used,
            console.seconds_text(entry.seconds) if entry.seconds else "none",
            ", ".join(entry.targets),
            " ".join(entry.views),
            entry.root,
            entry.damage,
        ]
        for entry in entries
    ]
    columns = ["name", "clips", "used", "audio", "targets", "views", "folder", ""]
    console.table("data sets", columns, rows)


def _render_tables(entries: Sequence[TableEntry]) -> None:
    if not entries:
        return
    rows = [
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
        for entry in entries
    ]
    columns = ["label", "done", "failed", "open", "layers", "columns", "size", "fingerprint", ""]
    console.table("feature tables", columns, rows)


def _render_results(entries: Sequence[ResultEntry]) -> None:
    if not entries:
        return
    differing = what_differs(entries, always=("view", "head"))
    rows = [
        [entry.id, *(cells[n] for cells in differing.values()), _score(entry), entry.damage or entry.stale]
        for n, entry in enumerate(entries)
    ]
    console.table("results", ["id", *differing, "score (95 %)", ""], rows)


def render_clips(entries: ClipEntries) -> None:
    """Print the clips of a data set, one per line."""
    columns = ["clip", "seconds", *entries.targets, *entries.parts, "left out"]
    console.table("", columns, _ClipRows(entries))


class _ClipRows(Iterable[list[object]]):
    """The row of each clip, made anew by each iteration."""

    def __init__(self, entries: ClipEntries) -> None:
        self.entries, self.targets, self.parts = entries, entries.targets, entries.parts

    def __iter__(self) -> Iterator[list[object]]:
        for entry in self.entries:
            yield [
                entry.id,
                round(entry.seconds, 2),
                *(_target(entry.targets.get(name)) for name in self.targets),
                *(getattr(entry, name) for name in self.parts),
                ": ".join(filter(None, (entry.reason, entry.detail))),
            ]


def what_differs(results: Sequence[ResultEntry], *, always: Sequence[str]) -> dict[str, list[Any]]:
    """Every column in which results differ with its cells, one for each result; and those `always` shown."""
    settings = {
        name: [_text(result.settings[name]) if name in result.settings else None for result in results]
        for name in dict.fromkeys(name for result in results for name in result.settings)
        if any(len(values) > 1 for values in _values_by_head(results, name))
    }
    cells: dict[str, list[Any]] = {
        "": [result.kind if result.kind != "evaluation" else None for result in results],
        "data set": [result.dataset for result in results],
        "target": [result.target for result in results],
        "view": [result.view for result in results],
        "head": [result.head for result in results],
        "protocol": [result.protocol for result in results],
        "folds": [result.folds for result in results],
        "grouping": [result.grouping for result in results],
        "clips": [result.clips for result in results],
        "seed": [result.seed for result in results],
        **settings,
    }
    shown = {*always, *settings}
    return {name: column for name, column in cells.items() if name in shown or len(set(column)) > 1}


def _values_by_head(results: Sequence[ResultEntry], name: str) -> Iterable[set[str]]:
    values: dict[str, set[str]] = {}
    for result in results:
        if name in result.settings:
            values.setdefault(result.head, set()).add(_text(result.settings[name]))
    return values.values()


def _text(value: Any) -> str:
    items = value if isinstance(value, list) else [value]
    return ",".join(f"{item:g}" if isinstance(item, float) else str(item) for item in items)


def _target(value: Any) -> Any:
    return ", ".join(value) if isinstance(value, tuple) else value


def _score(entry: ResultEntry) -> str:
    """The main score with its interval."""
    from mxt.evaluation.metrics import metric_words

    return next((f"{metric_words(name)} {score}" for name, score in entry.scores.items()), "")
