"""Score over depth: each layer alone, the layers up to it, and what a learnt weighting makes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mxt.drawing.numbers import NOTHING, write_numbers
from mxt.drawing.page import (
    BLUE,
    CHANCE,
    GREEN,
    GREY,
    ORANGE,
    PALE,
    PALE_LINE,
    SKY,
    headline,
    legend,
    page,
    short,
    shown,
)
from mxt.drawing.panels import Panel
from mxt.evaluation.interval import Interval
from mxt.evaluation.metrics import metric_words
from mxt.results.search_record import SearchResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FEWEST = 3  # layers of which a curve is drawn
COLUMNS = ("what", "depth", "layer", "layers", "score", "low", "high", "weight")
ALONE, UP_TO, WEIGHTED, INSIDE, RANDOM = (
    *("layer alone", "layers up to it", "learnt weighting"),
    *("chosen inside", "random network, layer alone"),
)
_COLOURS = {ALONE: BLUE, UP_TO: ORANGE, RANDOM: GREY, WEIGHTED: GREEN, INSIDE: SKY}
WIDTH, HEIGHT, WEIGHTS_HEIGHT, LINE = 7.2, 4.0, 1.4, 100  # inches; characters
APART = 0.12  # between the dots of one layer and its middle, in layers
TURNED = 2  # characters of a layer's name from which names are turned


@dataclass(frozen=True, slots=True)
class Point:
    """One score: what it is, its depth from 1, the candidate's name."""

    what: str
    depth: int
    name: str
    score: Interval


def points_of(panel: Panel) -> list[Point]:
    """The scores over depth; empty where not every layer was tried alone, or there are too few."""
    result = panel.result
    alone = _alone(ALONE, result)
    if len(result.layers) < FEWEST or len(alone) < len(result.layers):
        return []
    rows = {frozenset(row.layers): row for row in panel.plain if not row.weights}
    up_to = [
        Point(UP_TO, depth, row.name, row.score)
        for depth in range(1, len(result.layers) + 1)
        if (row := rows.get(frozenset(result.layers[:depth]))) is not None
    ]
    beyond = [(WEIGHTED, row.name, row.score) for row in panel.plain if row.weights]
    beyond += [(INSIDE, INSIDE, result.first.interval)] if result.nested else []
    return [
        *alone,
        *(up_to if len(up_to) == len(alone) else []),
        *(Point(what, len(alone) + i, name, score) for i, (what, name, score) in enumerate(beyond, 1)),
        *([] if panel.baseline is None else _alone(RANDOM, panel.baseline)),
    ]


def _alone(what: str, result: SearchResult) -> list[Point]:
    rows = {row.name: row for row in result.rows}
    return [
        Point(what, depth, layer, rows[layer].score)
        for depth, layer in enumerate(result.layers, start=1)
        if layer in rows
    ]


def draw_depth(panel: Panel, points: Sequence[Point], files: Sequence[Path]) -> None:
    """Draw scores over depth, below them the weights of layers where any were learnt, and write them all."""
    weights = next((row.weights for row in panel.plain if row.weights), {})
    layers = panel.result.layers
    *pictures, table = files
    heights = (HEIGHT, WEIGHTS_HEIGHT) if weights else (HEIGHT,)
    with page(*pictures, width=WIDTH, height=sum(heights), heights=heights) as (figure, (axis, *below)):
        _draw(axis, panel, points)
        for bars in below:
            bars.bar(range(1, len(layers) + 1), [weights[layer] for layer in layers], color=PALE, width=0.6)
            bars.set_ylabel("learnt weight")
            _label_layers(bars, layers, {})
            bars.set_xlim(axis.get_xlim())
        metric = metric_words(panel.result.main)
        dots = {what: colour for what, colour in _COLOURS.items() if any(one.what == what for one in points)}
        legend(figure, dots, chance="" if panel.chance is None else f"chance {panel.chance:.3g}")
        axis.set_ylabel(f"{metric} with 95 % interval")
        headline(
            axis, f"{panel.words} · {panel.result.view} · over depth", f"{panel.about}.", characters=LINE
        )
    write_numbers(table, COLUMNS, _numbers(panel, points))


def _draw(axis: Axes, panel: Panel, points: Sequence[Point]) -> None:
    kinds = [what for what in (ALONE, UP_TO, RANDOM) if any(point.what == what for point in points)]
    for number, what in enumerate(kinds):
        own = [point for point in points if point.what == what]
        places = [point.depth + APART * (2 * number - len(kinds) + 1) for point in own]
        axis.plot(places, [point.score.value for point in own], color=_COLOURS[what], linewidth=1)
        _dots(axis, places, own)
    beyond = [point for point in points if point.what in (WEIGHTED, INSIDE)]
    _dots(axis, [point.depth for point in beyond], beyond)
    if panel.chance is not None:
        axis.axhline(panel.chance, color="black", linestyle=CHANCE, linewidth=1.2)
    axis.grid(axis="y", color=PALE_LINE, linewidth=0.6)
    _label_layers(axis, panel.result.layers, {point.depth: point.name for point in beyond})


def _dots(axis: Axes, places: Sequence[float], points: Sequence[Point]) -> None:
    for place, point in zip(places, points, strict=True):
        colour, score = _COLOURS[point.what], point.score
        axis.vlines(place, score.low, score.high, color=colour, linewidth=1.3, zorder=3)
        axis.plot(place, score.value, "o", color=colour, markersize=4, zorder=4)


def _label_layers(axis: Axes, layers: Sequence[str], beyond: Mapping[int, str]) -> None:
    names = dict(enumerate(layers, start=1)) | dict(beyond)
    turned = max(map(len, layers)) > TURNED
    axis.set_xticks([*names], [shown(short(name)) for name in names.values()], rotation=90 if turned else 0)
    axis.set_xlim(0.4, max(names) + 0.6)
    if not turned:
        axis.set_xlabel("layer")


def _numbers(panel: Panel, points: Sequence[Point]) -> list[list[object]]:
    layers = panel.result.layers
    rows: list[list[object]] = []
    for point in points:
        at = [point.depth, layers[point.depth - 1]] if point.depth <= len(layers) else [None, None]
        rows.append([point.what, *at, point.name, point.score, None])
    for row in panel.plain:
        for depth, layer in enumerate(layers, start=1):
            if row.weights:
                rows.append(["weight of the layer", depth, layer, row.name, NOTHING, row.weights[layer]])
    return rows
