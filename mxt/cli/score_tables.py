"""Tables of several evaluations: data sets by views, and protocols or heads below one another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mxt.cli import console
from mxt.evaluation.metrics import metric_words

if TYPE_CHECKING:
    from mxt.results.records import DatasetResult, ViewResult

GRID_CELL = 27  # characters of a score with its interval


def render_ways(results: Sequence[DatasetResult]) -> None:
    """Each view under every protocol and head, and the difference to the first."""
    what, ways = _ways(results)
    names = list(dict.fromkeys(ways))
    if len(names) < 2:
        return
    scores_by_way = {
        (result.dataset, view.view, way): view.assessment.first
        for result, way in zip(results, ways, strict=True)
        for view in result.views
    }
    called = {metric_words(score.name) for score in scores_by_way.values()}
    rows: list[list[object]] = []
    for dataset, view in dict.fromkeys((dataset, view) for dataset, view, _ in scores_by_way):
        scores = {
            name: scores_by_way[dataset, view, name]
            for name in names
            if (dataset, view, name) in scores_by_way
        }
        for number, (name, score) in enumerate(scores.items()):
            block = ["", ""] if number else [dataset, view]  # named once
            word = f"{metric_words(score.name)} " if len(called) > 1 else ""
            gap = f"{score.value - scores[names[0]].value:+.3f}" if number and names[0] in scores else None
            rows.append([*block, name, f"{word}{score.interval}", gap])
    heading = f"{called.pop() if len(called) == 1 else 'score'} (95 %)"
    console.table(f"by {what}", ["data set", "view", "", heading, "to first"], rows)


def render_grid(results: Sequence[DatasetResult]) -> None:
    """Data sets by views, with marks for the best and those not clearly below it; intervals if they fit."""
    views = list(dict.fromkeys(view.view for result in results for view in result.views))
    rows = []
    what, ways = _ways(results)
    wide = console.width() >= GRID_CELL * (len(views) + 1)
    for result, way in zip(results, ways, strict=True):
        cells = {view.view: _grid_cell(view, interval=wide) for view in result.views}
        rows.append(
            [
                result.dataset,
                *([way] if what else []),
                metric_words(result.views[0].assessment.main),
                *(cells.get(view) for view in views),
            ]
        )
    console.say()
    console.table("", ["data set", *([what] if what else []), "score", *views], rows)
    if len(views) > 1:
        console.say("* the best of its data set   ~ not clearly below it")


def _grid_cell(view: ViewResult, *, interval: bool) -> str:
    first, gap = view.assessment.first, view.difference
    mark = " *" if gap is None else "" if gap.clear else " ~"
    return (str(first.interval) if interval else f"{first.value:.3f}") + mark


def _ways(results: Sequence[DatasetResult]) -> tuple[str, list[str]]:
    """What evaluations of one data set differ in, empty where there is one, and each one's way."""
    protocols = len({result.protocol for result in results}) > 1
    heads = len({(result.dataset, result.protocol, result.head) for result in results}) > len(
        {(result.dataset, result.protocol) for result in results}
    )
    what = " and ".join([*(["protocol"] if protocols else []), *(["head"] if heads else [])])
    return what, [
        ", ".join([*([result.protocol] if protocols else []), *([result.head] if heads else [])])
        for result in results
    ]
