"""Every combination of every task beside the published score (Choi et al. 2017, figures 3, 4 and 6 to 9)."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from mxt.drawing.numbers import write_numbers
from mxt.drawing.page import BLUE, ORANGE, files_of, legend, page, shown
from mxt.drawing.panels import Panel
from mxt.drawing.rows import Group, Row, draw_rows, height_of
from mxt.evaluation.interval import Interval
from mxt.evaluation.metrics import metric_words
from mxt.results.search_record import StrategyResult

COLUMNS = (
    *("task", "data_set", "target", "view", "metric", "combination"),
    *("score", "low", "high", "published", "difference"),
)
CHARACTERS = 11  # of the title in an inch
WIDTH, ROW, MARGINS = 2.6, 0.17, 1.3  # inches; the width is that of one task


def draw_beside_published(
    panels: Sequence[Panel], stem: Path, title: str, *, label: Callable[[str], str] = str
) -> None:
    """Draw searches side by side, each beside what a paper published of it, and write their numbers.

    Parameters
    ----------
    panels : sequence of Panel
    stem : Path
        Of the files' names.
    title : str
    label : callable
        How the paper writes a combination.
    """
    *pictures, table = files_of(stem)
    groups = [_groups(panel, label) for panel in panels]
    height = MARGINS + ROW * max(map(height_of, groups))
    width = max(WIDTH * len(panels), 2 * WIDTH)
    with page(*pictures, width=width, height=height, columns=len(panels)) as (figure, axes):
        for axis, panel, of_panel in zip(axes, panels, groups, strict=True):
            draw_rows(axis, of_panel, headings=("mxt", "paper"))
            axis.margins(x=0.04)
            axis.locator_params(axis="x", nbins=3)
            axis.set_title(shown(f"{panel.words}\n{panel.result.view}"), fontsize=8, pad=12)
            axis.set_xlabel(metric_words(panel.result.main))
        legend(figure, {"mxt, with 95 % interval": BLUE, "published": ORANGE})
        figure.suptitle(shown(textwrap.fill(title, int(width * CHARACTERS))), fontsize=10)
    write_numbers(table, COLUMNS, _numbers(panels))


def _groups(panel: Panel, label: Callable[[str], str]) -> list[Group]:
    """Combinations of layers, the best first, then what else was scored."""
    plain = panel.plain
    names = {row.name for row in plain}
    others = [row for row in panel.result.rows if row.name not in names]
    return [Group([_row(panel, row, label(row.name)) for row in rows]) for rows in (plain, others) if rows]


def _row(panel: Panel, row: StrategyResult, label: str) -> Row:
    published = _published(panel, row.name)
    texts = (f"{row.score.value:.3f}", "" if published is None else f"{published:.3f}")
    dots = [(row.score, BLUE)]
    if published is not None:
        dots.append((Interval(published, published, published), ORANGE))
    return Row(label, tuple(dots), texts)


def _published(panel: Panel, name: str) -> float | None:
    return None if panel.published is None else panel.published.scores.get(name)


def _numbers(panels: Sequence[Panel]) -> Iterator[list[object]]:
    for panel in panels:
        result = panel.result
        for row in result.rows:
            published = _published(panel, row.name)
            gap = None if published is None else row.score.value - published
            about = [panel.words, result.dataset, result.target, result.view, metric_words(result.main)]
            yield [*about, row.name, row.score, published, gap]
