"""`mxt search`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from mxt.cli import completion, console
from mxt.cli.option_groups import EngineOptions, RunOptions, StudyOptions
from mxt.cli.options import DatasetsOption, HeadOption, ProtocolsOption, SetOption

if TYPE_CHECKING:
    from mxt.results.search_record import Searched, SearchResult, StrategyResult

SHOWN = 10  # candidates
MOST_WEIGHTS = 6


def search(
    *,
    dataset: DatasetsOption = None,
    features: Annotated[
        list[str] | None,
        typer.Option(
            "--features",
            metavar="LABEL[:LAYERS]",
            help="Table whose layers to search; repeatable (default: every table with several layers).",
            autocompletion=completion.views,
        ),
    ] = None,
    candidates: Annotated[
        list[str] | None,
        typer.Option(
            "--candidates",
            metavar="single|prefixes|pairs|all|weighted",
            help="What to try: single layers, prefixes (1, 12, 123 …), pairs, all combinations, or a "
            "weighted sum whose weights are learnt; repeatable (default: all of up to 6 layers, else single "
            "and prefixes).",
            autocompletion=completion.candidates,
        ),
    ] = None,
    beside: Annotated[
        list[str] | None,
        typer.Option(
            "--with",
            metavar="VIEW",
            help="View to join to every candidate; repeatable.",
            autocompletion=completion.views,
        ),
    ] = None,
    head: HeadOption = None,
    protocol: ProtocolsOption = None,
    setting: SetOption = None,
    study: StudyOptions,
    engine: EngineOptions,
    details: Annotated[
        bool, typer.Option("--details", help="Show every candidate, not only the best ten.")
    ] = False,
    run: RunOptions,
) -> None:
    """Try the layers of a backbone, alone and combined, and say what choosing among them costs.

    By default the layers are chosen inside each learning part (nested). An interrupted search continues
    with the same command; a finished one is answered from the store.
    """
    from mxt.results.plain import searched_plain
    from mxt.results.request import SearchRequest
    from mxt.workflows.search import search as work

    request = SearchRequest(
        datasets=tuple(dataset or ()),
        features=tuple(features or ()),
        candidates=tuple(candidates or ()),
        beside=tuple(beside or ()),
        target=study.target,
        group_by=study.group_by,
        folds=study.folds,
        head=head,
        protocols=tuple(dict.fromkeys(protocol or ("nested",))),
        settings=tuple(setting or ()),
        seed=study.seed,
    )
    with run.progress() as progress:
        searched = work(
            run.store,
            request,
            run.registry(),
            jobs=engine.jobs,
            engine=engine.choice(run),
            progress=progress,
        )
    saved = any(result.result_id for result in searched.results)
    run.answer(
        searched,
        partial(render, details=details),
        plain=searched_plain,
        next="mxt figures   (draws every search of this store)" if saved else "",
    )


def render(searched: Searched, *, details: bool = False) -> None:
    """Print searches, then tables of those that differ in one thing."""
    for result in searched.results:
        _render_one(result, details=details)
    _render_protocols(searched.results, details=details)
    _render_grid(searched.results)
    for remark in searched.remarks:
        console.say(remark)


def _render_one(result: SearchResult, *, details: bool) -> None:
    from mxt.evaluation.metrics import metric_words

    joined = f", with {' and '.join(result.beside)}" if result.beside else ""
    console.say(
        f"{result.dataset} · {result.view}{joined} · target {result.target} · {result.head} · "
        f"{result.folds} · {result.clips:,} clips · {_tried(result)}"
    )
    _render_combinations(result, details=details)
    first, best = result.first, result.rows[result.best]
    for row in result.rows:
        if row.weights:
            console.say(_weights(row, details=details))
    level = [row.name for row in result.rows if row.behind.value < 0 and row.behind.high >= 0]
    if level:
        console.say(f"not clearly below {best.name}: {len(level)} of {len(result.rows) - 1}")
    if result.nested:
        console.say(
            f"combination chosen inside: {metric_words(first.name)} {first.value:.3f} "
            f"(95 %: {first.interval.bounds})"
        )
        console.say(
            f"best in hindsight: {best.name} {best.score.value:.3f}; "
            f"choosing costs {result.cost.value:+.3f} (95 %: {result.cost.bounds})"
        )
    else:
        console.say(
            f"best of {len(result.rows)}: {best.name} {best.score.value:.3f}, optimistic, "
            "because it was chosen on the reported folds"
        )
    for left in result.left_out:
        console.say(f"left out {left.count:,}: {left.words}")
    for line in result.cautions:
        console.say(f"careful: {line}")
    if result.from_store:
        console.say(f"from the store: {result.result_id}")
        return
    spared = f", {result.spared:,} skipped that could not have won" if result.spared else ""
    took = console.seconds_text(result.seconds)
    console.say(f"{result.fits:,} fits{spared}, {took}; saved: {result.result_id or 'nowhere'}")


def _tried(result: SearchResult) -> str:
    """How many candidates of which kinds."""
    from mxt.evaluation.candidates import KINDS

    if result.request.candidates == ("all",):
        return f"{len(result.rows)} combinations"
    kinds = ", ".join(KINDS[kind] for kind in result.request.candidates)
    return f"{len(result.rows)} candidates of {len(result.layers)} layers: {kinds}"


def _weights(row: StrategyResult, *, details: bool) -> str:
    """The weights of layers, the largest first."""
    weights = sorted(row.weights.items(), key=lambda item: -item[1])
    shown = weights if details else weights[:MOST_WEIGHTS]
    texts = [f"{layer} {weight:.2f}" for layer, weight in shown]
    more = f", {len(weights) - len(shown)} more (--details)" if len(shown) < len(weights) else ""
    return f"{row.name}, learnt with a linear head, mean over folds: {', '.join(texts)}{more}"


def _render_combinations(result: SearchResult, *, details: bool) -> None:
    from mxt.evaluation.metrics import metric_words

    n_folds = len(result.fold_names)
    rows: list[list[object]] = []
    for row in _best_first(result, details=details):
        score = [f"{row.score.value:.3f}", row.score.bounds, f"{row.behind.value:+.3f}"]
        chosen = [f"{row.chosen} of {n_folds}"] if result.nested else []
        rows.append([row.name, row.columns, *score, *chosen])
    columns = ["layers", "columns", metric_words(result.main), "95 %", "to the best"]
    console.table("", [*columns, *(["chosen"] if result.nested else [])], rows)
    if more := len(result.rows) - len(rows):
        console.say(f"and {more} more (--details)")


def _best_first(result: SearchResult, *, details: bool) -> list[StrategyResult]:
    rows = sorted(result.rows, key=lambda row: -row.score.value)
    return rows if details else [row for rank, row in enumerate(rows) if rank < SHOWN or row.chosen]


def _render_protocols(results: Sequence[SearchResult], *, details: bool) -> None:
    """Every combination under each protocol, and the difference to the first."""
    if len({result.protocol for result in results}) < 2:
        return
    searches: dict[tuple[str, str, str], list[SearchResult]] = {}
    for result in results:
        searches.setdefault((result.dataset, result.target, result.view), []).append(result)
    for (dataset, _, view), same in searches.items():
        rows = []
        for row in _best_first(same[0], details=details):
            others = [result.row(row.name) for result in same[1:]]
            rows.append(
                _with_gaps(
                    row.name, row.score.value, [None if one is None else one.score.value for one in others]
                )
            )
        whole = [result.first.value for result in same]
        rows.append(_with_gaps("the search as a whole", whole[0], whole[1:]))
        names = [result.protocol for result in same]
        gaps = [f"{name} - {names[0]}" for name in names[1:]]
        console.table(f"{dataset} · {view} by protocol", ["layers", *names, *gaps], rows)


def _with_gaps(name: str, first: float, others: Sequence[float | None]) -> list[object]:
    """A row of scores, then their differences to the first."""
    gaps = [None if value is None else f"{value - first:+.3f}" for value in others]
    return [name, *(None if value is None else f"{value:.3f}" for value in (first, *others)), *gaps]


def _render_grid(results: Sequence[SearchResult]) -> None:
    """Data sets by backbones, for several of either."""
    if len({(result.dataset, result.view) for result in results}) < 2:
        return
    rows = []
    for result in results:
        best = result.rows[result.best]
        rows.append(
            [
                result.dataset,
                result.view,
                result.protocol,
                result.first.interval,
                f"{best.name} {best.score.value:.3f}",
                ", ".join(dict.fromkeys(result.chosen)),
            ]
        )
    console.table(
        "", ["data set", "backbone", "protocol", "search as a whole", "best in hindsight", "chosen"], rows
    )
