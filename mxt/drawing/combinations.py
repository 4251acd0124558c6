"""Every combination of layers of one search, the best first (Choi et al. 2017, figures 3, 4 and 6 to 9)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mxt.drawing.numbers import NOTHING, write_numbers
from mxt.drawing.page import (
    BLUE,
    GREEN,
    GREY,
    PALE,
    PURPLE,
    SKY,
    VERMILION,
    headline,
    legend,
    page,
)
from mxt.drawing.panels import Panel
from mxt.drawing.rows import Group, Row, draw_rows, height_of
from mxt.evaluation.interval import Interval
from mxt.evaluation.metrics import metric_words
from mxt.results.search_record import StrategyResult

EXTREME = 7  # best and lowest combinations that are set off
BEST_DRAWN, LOWEST_DRAWN = 40, 23
WIDTH, ROW, MARGINS = 7.2, 0.19, 1.9  # inches
LINE = 100  # characters
COLUMNS = (
    *("group", "rank", "layers", "columns", "score", "low", "high"),
    *("to_best", "to_best_low", "to_best_high", "folds_chosen"),
    *("random_score", "random_low", "random_high", "published"),
)
TOP, BETWEEN, LOW, INSIDE, ADDED, JOINED = (
    *("best", "between", "lowest"),
    *("chosen inside", "added alone", "all layers and added"),
)
_COLOURS = {TOP: BLUE, BETWEEN: PALE, LOW: VERMILION, INSIDE: SKY, ADDED: PURPLE, JOINED: GREEN}


@dataclass(frozen=True, slots=True)
class Entry:
    """One score of a search.

    Parameters
    ----------
    group : str
        How it is coloured.
    rank : int
        Among combinations of layers; 0 for what is not one.
    name : str
    score : Interval
    row : StrategyResult, optional
        The combination that it is of.
    random : Interval, optional
        The score of the random network on the same layers.
    """

    group: str
    rank: int
    name: str
    score: Interval
    row: StrategyResult | None = None
    random: Interval | None = None


def entries_of(panel: Panel) -> list[Entry]:
    """The scores of a search: combinations by rank, then what else was scored."""
    rows = panel.plain
    ranks = ranks_of([row.score.value for row in rows])
    ends = ends_of(len(rows))
    floor = sorted(row.score.value for row in rows)[ends - 1] if ends else -np.inf
    entries = []
    for row, rank in zip(rows, ranks, strict=True):
        group = TOP if rank <= ends else LOW if row.score.value <= floor + 1e-9 else BETWEEN
        entries.append(_entry(panel, group, rank, row))
    if panel.result.nested:
        entries.append(Entry(INSIDE, 0, "chosen inside", panel.result.scores[0].interval))
    entries += [_entry(panel, ADDED, 0, row) for row in panel.alone]
    entries += [_entry(panel, JOINED, 0, row) for row in panel.joined]
    return entries


def _entry(panel: Panel, group: str, rank: int, row: StrategyResult) -> Entry:
    random = None if panel.baseline is None or group == ADDED else panel.baseline.row(row.name)
    return Entry(group, rank, row.name, row.score, row, None if random is None else random.score)


def ends_of(n: int) -> int:
    """How many of `n` combinations are set off at either end."""
    return min(EXTREME, n // 3)


def ranks_of(scores: Sequence[float]) -> list[int]:
    """The rank of each of falling scores; equal scores share one.

    Examples
    --------
    >>> ranks_of([0.9, 0.9, 0.8])
    [1, 1, 3]
    """
    ranks: list[int] = []
    for number, score in enumerate(scores):
        ranks.append(ranks[-1] if number and abs(score - scores[number - 1]) < 1e-9 else number + 1)
    return ranks


def draw_combinations(panel: Panel, files: Sequence[Path]) -> None:
    """Draw a search as `files`, and write its numbers to the last of them."""
    entries = entries_of(panel)
    groups = _groups(panel, entries)
    *pictures, table = files
    height = MARGINS + ROW * height_of(groups)
    with page(*pictures, width=WIDTH, height=height) as (figure, (axis,)):
        draw_rows(axis, groups, headings=("rank", "score", "random" if panel.baseline else ""))
        axis.margins(x=0.02)
        axis.locator_params(axis="x", nbins=10)
        axis.set_xlabel(f"{metric_words(panel.result.main)} with 95 % interval")
        legend(
            figure,
            _legend(panel, entries),
            chance="" if panel.chance is None else f"chance {panel.chance:.3g}",
            quoted=f"state of the art {panel.quoted.value:g}" if panel.quoted else "",
        )
        drawn = sum(len(group.rows) for group in groups)
        title, text = f"{panel.words} · {panel.result.view}", _text(panel, part=drawn < len(entries))
        headline(axis, title, text, characters=LINE, above=16.0)
    write_numbers(table, COLUMNS, [*_numbers(panel, entries), *_quoted(panel)])


def _groups(panel: Panel, entries: Sequence[Entry]) -> list[Group]:
    """Of very many combinations the best and the lowest, then what else was scored."""
    ranked, others = (
        [entry for entry in entries if bool(entry.rank) is is_ranked] for is_ranked in (True, False)
    )
    many = len(ranked) > BEST_DRAWN + LOWEST_DRAWN
    parts = [ranked[:BEST_DRAWN], ranked[-LOWEST_DRAWN:], others] if many else [ranked, others]
    ranks = [entry.rank for entry in ranked]
    others_reached = panel.quoted.value if panel.quoted else None
    return [
        Group([_row(entry, ranks) for entry in part], chance=panel.chance, quoted=others_reached)
        for part in parts
        if part
    ]


def _row(entry: Entry, ranks: Sequence[int]) -> Row:
    tie = "=" if ranks.count(entry.rank) > 1 else ""
    rank, score = f"{entry.rank}{tie}" if entry.rank else "", f"{entry.score.value:.3f}"
    own = (entry.score, _COLOURS[entry.group])
    if entry.random is None:
        return Row(entry.name, (own,), (rank, score))
    return Row(entry.name, (own, (entry.random, GREY)), (rank, score, f"{entry.random.value:.3f}"))


def _legend(panel: Panel, entries: Sequence[Entry]) -> dict[str, str]:
    """Words of each group that is there, and its colour."""
    added = ", ".join(panel.result.beside)
    words = {
        TOP: _how_many(TOP, panel, entries),
        BETWEEN: "between",
        LOW: _how_many(LOW, panel, entries),
        INSIDE: f"layers chosen inside each fold{f', {added} among the choices' if added else ''}",
        ADDED: f"{added} alone",
        JOINED: f"all layers with {added}",
    }
    present = {entry.group for entry in entries}
    dots = {text: _COLOURS[group] for group, text in words.items() if group in present}
    return dots if panel.baseline is None else dots | {f"{panel.baseline.view}, same layers": GREY}


def _how_many(group: str, panel: Panel, entries: Sequence[Entry]) -> str:
    """How many were meant, and how many there are where scores are equal."""
    meant, present = ends_of(len(panel.plain)), sum(entry.group == group for entry in entries)
    if present < meant:
        return f"{group} ({present})"
    return f"{group} {meant}" + (f" ({present} with ties)" if present > meant else "")


def _text(panel: Panel, *, part: bool) -> str:
    text = f"{panel.about}."
    if part:
        n = len(panel.plain)
        text += (
            f" Drawn: the {BEST_DRAWN} best and {LOWEST_DRAWN} lowest of {n} combinations; the CSV has all."
        )
    if not panel.result.nested:
        text += " Optimistic: parameters were chosen on the reported folds."
    if panel.quoted is not None:
        text += f" State of the art {panel.quoted.value:g}: {panel.quoted.metric}; {panel.quoted.source}."
    elif panel.published is not None:
        text += " The paper quotes no state of the art."
    return text


def _numbers(panel: Panel, entries: Sequence[Entry]) -> list[list[object]]:
    rows: list[list[object]] = []
    for entry in entries:
        row, scores = entry.row, [entry.score, entry.random or NOTHING]
        of_row: list[object] = [NOTHING, None] if row is None else [row.behind, row.chosen]
        published = panel.published.scores.get(entry.name) if panel.published else None
        columns = None if row is None else row.columns
        rows.append(
            [entry.group, entry.rank or None, entry.name, columns, scores[0], *of_row, scores[1], published]
        )
    return rows


def _quoted(panel: Panel) -> list[list[object]]:
    if panel.quoted is None:
        return []
    what = f"state of the art ({panel.quoted.metric}; {panel.quoted.source})"
    return [[what, None, None, None, panel.quoted.value, *[None] * (len(COLUMNS) - 5)]]
