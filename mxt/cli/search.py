"""`mxt search`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mxt.cli import completion
from mxt.cli.options import (
    DEFAULT_STORE,
    DatasetsOption,
    GroupByOption,
    JobsOption,
    JsonOption,
    PluginOption,
    ProtocolsOption,
    QuietOption,
    SeedOption,
    SetOption,
    StoreOption,
    TargetOption,
)

if TYPE_CHECKING:
    from mxt.results.search_record import Searched, SearchResult, StrategyResult

SHOWN = 10


def search(
    store: StoreOption = DEFAULT_STORE,
    dataset: DatasetsOption = None,
    features: Annotated[
        list[str] | None,
        typer.Option(
            "--features",
            metavar="LABEL[:LAYERS]",
            help="Whose layers (repeatable); else every table of several layers.",
            autocompletion=completion.views,
        ),
    ] = None,
    beside: Annotated[
        list[str] | None,
        typer.Option(
            "--with",
            metavar="VIEW",
            help="Also joined to every combination (repeatable).",
            autocompletion=completion.views,
        ),
    ] = None,
    target: TargetOption = None,
    group_by: GroupByOption = None,
    folds: Annotated[
        Path | None, typer.Option("--folds", metavar="FILE", help="Folds to use: a table with clip and fold.")
    ] = None,
    head: Annotated[
        str | None,
        typer.Option(
            "--head",
            metavar="NAME",
            help="The learner; else the protocol's, or by size.",
            autocompletion=completion.heads,
        ),
    ] = None,
    protocol: ProtocolsOption = None,
    setting: SetOption = None,
    seed: SeedOption = 0,
    jobs: JobsOption = None,
    details: Annotated[bool, typer.Option("--details", help="Every combination, not the best ten.")] = False,
    plugin: PluginOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Try every combination of a backbone's layers, and say what choosing among them costs.

    By default the combination is chosen inside each learning part (nested). A stopped search continues with
    the same command; a finished one is answered from the store.
    """
    from mxt.cli import console
    from mxt.cli.progress import shown_progress
    from mxt.registry import build_registry
    from mxt.workflows.search import SearchRequest, describe
    from mxt.workflows.search import search as run

    request = SearchRequest(
        datasets=tuple(dataset or ()),
        features=tuple(features or ()),
        beside=tuple(beside or ()),
        target=target,
        group_by=group_by,
        folds=folds,
        head=head,
        protocols=tuple(dict.fromkeys(protocol or ("nested",))),
        settings=tuple(setting or ()),
        seed=seed,
    )
    with shown_progress(quiet or as_json) as progress:
        found = run(store, build_registry(plugin or ()), request, jobs=jobs, progress=progress)
    if as_json:
        console.emit_json(
            {"searches": [describe(each) for each in found.results], "remarks": list(found.remarks)}
        )
    else:
        render(found, details=details)


def render(found: Searched, *, details: bool = False) -> None:
    """Print searches, then tables of those that differ in one thing."""
    from mxt.cli import console

    for each in found.results:
        _render_one(each, details=details)
    _render_protocols(found.results, details=details)
    _render_grid(found.results)
    for remark in found.remarks:
        console.say(remark)
    ids = [each.result_id for each in found.results if each.result_id]
    if ids:
        console.next_line("mxt figures   (draws every search of this store)")


def _render_one(each: SearchResult, *, details: bool) -> None:
    from mxt.cli import console
    from mxt.evaluation.metrics import metric_words

    joined = f", with {' and '.join(each.beside)}" if each.beside else ""
    console.say(
        f"{each.dataset} · {each.view}{joined} · target {each.target} · {each.head} · {each.folds} · {each.clips:,} clips · "
        f"{len(each.rows)} combinations"
    )
    n_folds = len(each.fold_names)
    rows = []
    for row in _best_first(each, details=details):
        cells = [
            row.name,
            row.columns,
            f"{row.score.value:.3f}",
            row.score.bounds,
            f"{row.behind.value:+.3f}",
        ]
        rows.append([*cells, f"{row.chosen} of {n_folds}"] if each.nested else cells)
    columns = ["layers", "columns", metric_words(each.main), "95 %", "to the best"]
    console.table("", [*columns, "chosen"] if each.nested else columns, rows)
    left = len(each.rows) - len(rows)
    if left:
        console.say(f"and {left} more (--details)")
    whole, best = each.scores[0], each.rows[each.best]
    level = [row.name for row in each.rows if row.behind.value < 0 and row.behind.high >= 0]
    if level:
        console.say(f"not clearly below {best.name}: {len(level)} of {len(each.rows) - 1}")
    if each.nested:
        console.say(
            f"combination chosen inside: {metric_words(whole.name)} {whole.value:.3f} (95 %: {whole.interval.bounds})"
        )
        console.say(
            f"best in hindsight: {best.name} {best.score.value:.3f}; choosing costs {each.cost.signed}"
        )
    else:
        console.say(
            f"best of {len(each.rows)} on the folds that are reported: {best.name} {best.score.value:.3f}, too high by that choice"
        )
    for why, count in each.left_out:
        console.say(f"left out {count:,}: {why}")
    for line in each.cautions:
        console.say(f"careful: {line}")
    if each.from_store:
        console.say(f"from the store: {each.result_id}")
    else:
        spared = f", {each.spared:,} spared that could not have won" if each.spared else ""
        console.say(
            f"{each.fits:,} fits{spared}, {console.seconds_text(each.seconds)}; saved: {each.result_id or 'nowhere'}"
        )


def _best_first(each: SearchResult, *, details: bool) -> list[StrategyResult]:
    rows = sorted(each.rows, key=lambda row: -row.score.value)
    return rows if details else [row for place, row in enumerate(rows) if place < SHOWN or row.chosen]


def _render_protocols(results: Sequence[SearchResult], *, details: bool) -> None:
    """Every combination under each protocol, and the difference to the first."""
    from mxt.cli import console

    protocols = list(dict.fromkeys(each.protocol for each in results))
    if len(protocols) < 2:
        return
    for dataset, target, view in dict.fromkeys((each.dataset, each.target, each.view) for each in results):
        found = [
            each for each in results if (each.dataset, each.target, each.view) == (dataset, target, view)
        ]
        first = found[0]
        rows: list[list[object]] = []
        for row in _best_first(first, details=details):
            scores = [each.row(row.name) for each in found]
            values = [None if one is None else one.score.value for one in scores]
            gaps = [None if value is None else f"{value - row.score.value:+.3f}" for value in values[1:]]
            rows.append([row.name, *(None if value is None else f"{value:.3f}" for value in values), *gaps])
        ends = [each.scores[0].value for each in found]
        rows.append(
            [
                "the search as a whole",
                *(f"{value:.3f}" for value in ends),
                *(f"{value - ends[0]:+.3f}" for value in ends[1:]),
            ]
        )
        names = [each.protocol for each in found]
        console.table(
            f"{dataset} · {view} by protocol",
            ["layers", *names, *(f"{name} - {names[0]}" for name in names[1:])],
            rows,
        )


def _render_grid(results: Sequence[SearchResult]) -> None:
    """Data sets by backbones, for several of either."""
    from mxt.cli import console

    if len({(each.dataset, each.view) for each in results}) < 2:
        return
    rows = []
    for each in results:
        whole, best = each.scores[0], each.rows[each.best]
        rows.append(
            [
                each.dataset,
                each.view,
                each.protocol,
                str(whole.interval),
                f"{best.name} {best.score.value:.3f}",
                ", ".join(dict.fromkeys(each.chosen)),
            ]
        )
    console.table(
        "", ["data set", "backbone", "protocol", "search as a whole", "best in hindsight", "chosen"], rows
    )
