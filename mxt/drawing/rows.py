"""Rows of dots with intervals: labels at the left, numbers at the right, lines across."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mxt.drawing.page import CHANCE, DARK, PALE_LINE, QUOTED, short, shown
from mxt.evaluation.interval import Interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes

GAP = 0.6  # rows between groups
APART = 0.17  # rows between two dots of one row and its middle
TEXT_WIDTH = 30  # points of a column of numbers


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a figure.

    Parameters
    ----------
    label : str
    dots : tuple of (Interval, str)
        One or two values, each with its colour.
    texts : tuple of str
        What stands at the right, one per column.
    bold : bool
        Whether the texts are set in bold.
    published : tuple of (float or None)
        For each dot what a paper reports, drawn as a cross.
    """

    label: str
    dots: tuple[tuple[Interval, str], ...]
    texts: tuple[str, ...]
    bold: bool = False
    published: tuple[float | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """Rows under a title, crossed by a line at chance and by one at the quoted state of the art."""

    rows: Sequence[Row]
    title: str = ""
    chance: float | None = None
    quoted: float | None = None

    @property
    def height(self) -> float:
        """Rows it takes, with its title and the gap after it."""
        return len(self.rows) + bool(self.title) + GAP


def height_of(groups: Sequence[Group]) -> float:
    """Rows that groups take, one below the other."""
    return sum(group.height for group in groups)


def draw_rows(axis: Axes, groups: Sequence[Group], *, headings: Sequence[str] = ()) -> None:
    """Draw groups one below the other.

    Parameters
    ----------
    axis : Axes
    groups : sequence of Group
    headings : sequence of str
        Of the columns of texts.
    """
    y, places, labels = 0.0, [], []
    for group in groups:
        if group.title:
            left = axis.get_yaxis_transform()
            axis.text(
                0.005, y, shown(group.title), transform=left, fontsize=7.5, fontweight="bold", va="center"
            )
            y += 1
        for row in group.rows:
            _draw(axis, y, row)
            places.append(y)
            labels.append(shown(short(row.label)))
            y += 1
        for value, style in ((group.chance, CHANCE), (group.quoted, QUOTED)):
            if value is not None:
                top, bottom = y - len(group.rows) - 0.5, y - 0.5
                axis.vlines(value, top, bottom, color="black", linestyle=style, linewidth=1.2)
        y += GAP
    axis.set_yticks(places, labels, fontsize=7)
    axis.tick_params(axis="y", length=0)
    axis.set_ylim(y - GAP, -0.7)
    axis.grid(axis="x", color=PALE_LINE, linewidth=0.6)
    for column, heading in enumerate(headings):
        at = (TEXT_WIDTH * column + 6, 2)
        axis.annotate(shown(heading), (1, 1), at, "axes fraction", "offset points", fontsize=6.5, color=DARK)


def _draw(axis: Axes, y: float, row: Row) -> None:
    for number, (score, colour) in enumerate(row.dots):
        height = y + APART * (2 * number - len(row.dots) + 1)
        axis.hlines(height, score.low, score.high, color=colour, linewidth=1.3, zorder=3)
        axis.plot(score.value, height, "o", color=colour, markersize=4, zorder=4)
        published = row.published[number] if row.published else None
        if published is not None:
            axis.plot(published, height, "x", color="black", markersize=5, zorder=5)
    for column, text in enumerate(row.texts):
        at = (TEXT_WIDTH * column + 6, 0)
        axis.annotate(
            shown(text),
            (1, y),
            at,
            axis.get_yaxis_transform(),
            "offset points",
            va="center",
            fontsize=6.5,
            fontweight="bold" if row.bold else "normal",
            annotation_clip=False,
        )
