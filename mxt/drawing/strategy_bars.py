"""A bar for every combination of layers of one search, the best at the top (Choi et al. 2017, figures 3, 4 and 6 to 9)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mxt.drawing.figure import (
    BLUE,
    GREEN,
    GREY,
    PALE,
    PURPLE,
    SKY,
    VERMILION,
    above_right,
    at_right,
    headline,
    interval_line,
    page,
    short,
    shown,
    write_numbers,
)
from mxt.drawing.panels import Panel
from mxt.evaluation.interval import Interval
from mxt.evaluation.metrics import metric_words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mxt.results.search_record import StrategyResult

EXTREME = 7  # best and lowest combinations that are set off
BEST_DRAWN, LOWEST_DRAWN = 40, 23
WIDTH, ROW = 7.2, 0.185  # inches
LINE = 100  # characters
COLUMNS = (
    "group",
    "rank",
    "layers",
    "columns",
    "score",
    "low",
    "high",
    "to_best",
    "to_best_low",
    "to_best_high",
    "folds_chosen",
    "random_score",
    "random_low",
    "random_high",
    "published",
)
TOP, BETWEEN, LOW, INSIDE, ADDED, JOINED = (
    "best",
    "between",
    "lowest",
    "chosen inside",
    "added alone",
    "all layers and added",
)
_COLOURS = {TOP: BLUE, BETWEEN: PALE, LOW: VERMILION, INSIDE: SKY, ADDED: PURPLE, JOINED: GREEN}


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: what it belongs to, its rank among combinations (0: none), its score, and the random network's."""

    group: str
    rank: int
    name: str
    score: Interval
    row: StrategyResult | None = None
    random: StrategyResult | None = None


def bars_of(panel: Panel) -> list[Bar]:
    """The bars of a search: combinations by rank, then what else was scored."""
    rows = panel.plain
    ranks = ranks_of([row.score.value for row in rows])
    ends = ends_of(len(rows))
    floor = sorted(row.score.value for row in rows)[ends - 1] if ends else -np.inf
    found = []
    for row, rank in zip(rows, ranks, strict=True):
        group = TOP if rank <= ends else LOW if row.score.value <= floor + 1e-9 else BETWEEN
        found.append(_bar(panel, group, rank, row))
    if panel.result.nested:
        whole = panel.result.scores[0]
        found.append(Bar(INSIDE, 0, "chosen inside", whole.interval))
    found += [_bar(panel, ADDED, 0, row) for row in panel.alone]
    found += [_bar(panel, JOINED, 0, row) for row in panel.whole]
    return found


def ends_of(n: int) -> int:
    """How many of so many combinations are set off at either end."""
    return min(EXTREME, n // 3)


def ranks_of(scores: Sequence[float]) -> list[int]:
    """Rank of each of falling scores; equal ones share the first's.

    Examples
    --------
    >>> ranks_of([0.9, 0.9, 0.8])
    [1, 1, 3]
    """
    ranks: list[int] = []
    for place, score in enumerate(scores):
        ranks.append(ranks[-1] if place and abs(score - scores[place - 1]) < 1e-9 else place + 1)
    return ranks


def draw_strategies(panel: Panel, stem: Path) -> None:
    """Draw a search, and write its numbers."""
    every = bars_of(panel)
    bars, places = _arranged(every)
    with page(stem, width=WIDTH, height=1.9 + ROW * (places[-1] + 1)) as (figure, axis):
        base = panel.result.chance
        for place, bar in zip(places, bars, strict=True):
            _draw(axis, place, bar, base)
        _ticks(axis, places, bars)
        _limits(axis, panel, bars)
        above_right(axis, "score")
        if panel.baseline is not None:
            above_right(axis, "random", column=1)
        quoted = panel.quoted
        if quoted is not None:
            axis.axvline(quoted.value, color="black", linestyle=(0, (4, 2)), linewidth=1.2, zorder=3)
        figure.legend(
            handles=_legend(panel, every),
            loc="outside lower left",
            ncols=3,
            fontsize=7,
            frameon=False,
            handlelength=1.6,
        )
        headline(
            axis,
            f"{panel.words} · {panel.result.view}",
            _subtitle(panel, part=len(bars) < len(every)),
            characters=LINE,
            above=16.0,
        )
    write_numbers(stem, COLUMNS, [_numbers(panel, bar) for bar in every] + _quoted_numbers(panel))


def _arranged(bars: Sequence[Bar]) -> tuple[list[Bar], list[float]]:
    """The bars that are drawn, and where: of very many combinations the best and the lowest, then a gap, then the others."""
    ranked, others = [bar for bar in bars if bar.rank], [bar for bar in bars if not bar.rank]
    many = len(ranked) > BEST_DRAWN + LOWEST_DRAWN
    parts = [ranked[:BEST_DRAWN], ranked[-LOWEST_DRAWN:], others] if many else [ranked, others]
    drawn: list[Bar] = []
    places: list[float] = []
    for gap, part in enumerate(parts):
        places += [len(drawn) + gap + float(place) for place in range(len(part))]
        drawn += part
    return drawn, places


def _bar(panel: Panel, group: str, rank: int, row: StrategyResult) -> Bar:
    random = None if panel.baseline is None or group == ADDED else panel.baseline.row(row.name)
    return Bar(group, rank, row.name, row.score, row, random)


def _draw(axis: Axes, place: float, bar: Bar, base: float) -> None:
    """A bar from chance to its score; below it, narrow, the random network's on the same layers."""
    two = bar.random is not None
    middle, height = (place - 0.14, 0.52) if two else (place, 0.74)
    axis.barh(middle, bar.score.value - base, left=base, height=height, color=_COLOURS[bar.group], zorder=2)
    interval_line(axis, middle, bar.score.low, bar.score.high)
    at_right(axis, place, f"{bar.score.value:.3f}")
    if bar.random is not None:
        lower = place + 0.27
        axis.barh(lower, bar.random.score.value - base, left=base, height=0.24, color=GREY, zorder=2)
        interval_line(axis, lower, bar.random.score.low, bar.random.score.high, colour="#404040", width=0.6)
        at_right(axis, place, f"{bar.random.score.value:.3f}", column=1, colour="#606060")


def _ticks(axis: Axes, places: Sequence[float], bars: Sequence[Bar]) -> None:
    """Layers and rank at the left, in two columns."""
    ties = {bar.rank for bar in bars if sum(other.rank == bar.rank for other in bars) > 1}
    ranks = [
        f" {f'{bar.rank}=' if bar.rank in ties else str(bar.rank):>4}" if bar.rank else "" for bar in bars
    ]
    labels = [f"{short(bar.name)}{rank}" for bar, rank in zip(bars, ranks, strict=True)]
    axis.set_yticks(places, labels, fontsize=6.5, fontfamily="DejaVu Sans Mono")
    axis.tick_params(axis="y", length=0)
    axis.set_ylim(places[-1] + 0.7, -0.8)
    axis.annotate(
        "layers rank",
        (0, 1),
        xycoords="axes fraction",
        xytext=(-4, 2),
        textcoords="offset points",
        ha="right",
        va="bottom",
        fontsize=6.5,
        fontfamily="DejaVu Sans Mono",
        color="#404040",
    )


def _limits(axis: Axes, panel: Panel, bars: Sequence[Bar]) -> None:
    base = panel.result.chance
    values = [
        value
        for bar in bars
        for score in (bar.score, *((bar.random.score,) if bar.random else ()))
        for value in (score.low, score.high)
    ]
    values += [base] if panel.quoted is None else [base, panel.quoted.value]
    finite = [value for value in values if np.isfinite(value)]
    span = max(finite) - min(finite)
    axis.set_xlim(min(finite) - (0.0 if min(finite) >= base else 0.02 * span), max(finite) + 0.02 * span)
    if min(finite) < base:
        axis.axvline(base, color="black", linewidth=0.8, zorder=3)
    axis.locator_params(axis="x", nbins=10)
    start = "0" if panel.result.task == "regression" else f"chance, {base:.3g}"
    axis.set_xlabel(
        f"{metric_words(panel.result.main)} with 95 % interval; bars begin at {start}", fontsize=8
    )
    axis.tick_params(axis="x", labelsize=7)
    axis.grid(axis="x", color="#D9D9D9", linewidth=0.6)


def _legend(panel: Panel, bars: Sequence[Bar]) -> list[object]:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    added = ", ".join(panel.result.beside)
    among = f", {added} among the choices" if added else ""
    words = {
        TOP: _how_many(TOP, panel, bars),
        BETWEEN: "between",
        LOW: _how_many(LOW, panel, bars),
        INSIDE: f"layers chosen inside each fold{among}",
        ADDED: f"{added} alone",
        JOINED: f"all layers with {added}",
    }
    there = {bar.group for bar in bars}
    handles: list[object] = [
        Patch(color=_COLOURS[group], label=shown(text)) for group, text in words.items() if group in there
    ]
    if panel.baseline is not None:
        handles.append(Patch(color=GREY, label=shown(f"{panel.baseline.view}, same layers")))
    if panel.quoted is not None:
        handles.append(
            Line2D(
                [],
                [],
                color="black",
                linestyle=(0, (4, 2)),
                linewidth=1.2,
                label=f"state of the art {panel.quoted.value:g}",
            )
        )
    return handles


def _how_many(group: str, panel: Panel, bars: Sequence[Bar]) -> str:
    """How many were meant, and how many there are where scores are equal."""
    meant, there = ends_of(len(panel.plain)), sum(bar.group == group for bar in bars)
    if there < meant:
        return f"{group} ({there})"
    return f"{group} {meant}" + (f" ({there} with ties)" if there > meant else "")


def _subtitle(panel: Panel, *, part: bool) -> str:
    result = panel.result
    words = [f"{result.clips:,} clips", result.head, result.folds, *([panel.how] if panel.how else [])]
    text = f"{' · '.join(words)}."
    if part:
        text += f" The {BEST_DRAWN} best and the {LOWEST_DRAWN} lowest of {len(panel.plain)} combinations; all are in the table beside."
    if not result.nested:
        text += " Tuned and reported on the same folds: too high by that choice."
    if panel.quoted is not None:
        text += f" State of the art {panel.quoted.value:g}: {panel.quoted.metric}; {panel.quoted.source}."
    elif panel.task is not None:
        text += " The paper quotes no state of the art."
    return text


def _numbers(panel: Panel, bar: Bar) -> list[object]:
    row, random = bar.row, bar.random
    behind: list[object] = (
        [None] * 4 if row is None else [row.behind.value, row.behind.low, row.behind.high, row.chosen]
    )
    other: list[object] = (
        [None] * 3 if random is None else [random.score.value, random.score.low, random.score.high]
    )
    known = None if row is None else panel.published(bar.name)
    columns = None if row is None else row.columns
    return [
        bar.group,
        bar.rank or None,
        bar.name,
        columns,
        bar.score.value,
        bar.score.low,
        bar.score.high,
        *behind,
        *other,
        known,
    ]


def _quoted_numbers(panel: Panel) -> list[list[object]]:
    if panel.quoted is None:
        return []
    empty: list[object] = [None] * (len(COLUMNS) - 5)
    return [
        [
            f"state of the art ({panel.quoted.metric}; {panel.quoted.source})",
            None,
            None,
            None,
            panel.quoted.value,
            *empty,
        ]
    ]
