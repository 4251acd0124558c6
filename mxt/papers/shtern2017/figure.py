"""The paper on one page: Table 2, Table 4, loudness against normalising, and the length of clips."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from mxt.drawing.numbers import write_numbers
from mxt.drawing.page import BLUE, DARK, GREEN, ORANGE, PALE_LINE, SKY, legend, page, short, shown
from mxt.drawing.rows import Group, Row, draw_rows, height_of
from mxt.evaluation.interval import Interval
from mxt.papers.shtern2017.chords import Version
from mxt.papers.shtern2017.findings import NormalisingAndLoudness, Point, TimingAndTimbre
from mxt.papers.shtern2017.from_rows import points_of
from mxt.papers.shtern2017.records import Cell, ShternReproduction
from mxt.papers.shtern2017.records import Row as DatasetRow
from mxt.papers.shtern2017.subjects import Kind
from mxt.papers.shtern2017.tasks import Column

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH, ROW, MARGINS = 11.0, 0.2, 2.2  # inches
FEWEST_ROWS = 12.0  # of the lower panels
PAIRS = {
    "network": (Column.NETWORK, Column.NETWORK_PEAK),
    "marsyas": (Column.MARSYAS, Column.MARSYAS_PEAK),
}
COLOURS = {"unprocessed": BLUE, "normalised": ORANGE}
LENGTHS = {"whole clips": BLUE, "an eighth of each": SKY}
COLUMNS = ("data_set", "column", "accuracy", "low", "high", "chance", "published", "clips_tested")


def draw_reproduction(result: ShternReproduction, *pictures: Path) -> None:
    """Draw the page, in the format of each picture's suffix."""
    whole = [row for row in result.rows if row.subject.kind is Kind.WHOLE]
    table_2 = [group for row in whole if (group := _accuracies(row))]
    table_4 = [_loudness(row) for row in whole if row.loudness]
    lengths = [group for row in result.rows if (group := _lengths(row, whole))]
    upper = max(height_of(table_2), height_of(table_4), 4.0)
    lower = max(height_of(lengths), FEWEST_ROWS)
    height = MARGINS + ROW * (upper + lower)
    with page(*pictures, width=WIDTH, height=height, columns=2, heights=(upper, lower)) as (figure, axes):
        accuracy, loudness, length, hypothesis = axes
        draw_rows(accuracy, table_2)
        accuracy.set_xlim(0, 1.02)
        accuracy.set_xlabel("accuracy with 95 % interval (Table 2)")
        draw_rows(loudness, table_4)
        loudness.set_xlim(left=0)
        loudness.set_xlabel("RMS, mean and standard deviation; 1.0 is full scale (Table 4)")
        _draw_lengths(length, lengths)
        _draw_hypothesis(hypothesis, result)
        colours = COLOURS | ({f"length: {words}": LENGTHS[words] for words in LENGTHS} if lengths else {})
        legend(figure, colours, chance="chance")
        published = any(row.subject.published for row in whole)
        words = f"Shtern et al. 2017, recomputed · {result.network.label}"
        figure.suptitle(shown(f"{words} · crosses: published" if published else words), fontsize=10)


def write_reproduction(result: ShternReproduction, table: Path) -> None:
    """Write the accuracies of the page as CSV."""
    write_numbers(
        table,
        COLUMNS,
        [
            [row.subject.dataset, cell.column.value, cell.score, cell.chance, cell.published, cell.clips]
            for row in result.rows
            for cell in row.cells.values()
        ],
    )


def _accuracies(row: DatasetRow) -> Group | None:
    rows = []
    for label, pair in PAIRS.items():
        cells = [row.cells[column] for column in pair if column in row.cells]
        if len(cells) == len(pair):
            rows.append(_dots(label, cells, list(COLOURS.values())))
    title = f"{row.subject.task.words}: {row.subject.dataset}"
    return Group(rows, title, next(iter(row.cells.values())).chance) if rows else None


def _dots(label: str, cells: Sequence[Cell], colours: Sequence[str]) -> Row:
    dots = tuple((cell.score, colour) for cell, colour in zip(cells, colours, strict=True))
    texts = (" ".join(f"{cell.score.value:.2f}" for cell in cells),)
    return Row(label, dots, texts, published=tuple(cell.published for cell in cells))


def _loudness(row: DatasetRow) -> Group:
    rows = [
        Row(
            one.name,
            ((_around(one.rms.mean, one.rms.deviation), GREEN),),
            (f"{one.rms.mean:.3f}",),
        )
        for one in row.loudness
    ]
    return Group(rows, row.subject.dataset)


def _around(mean: float, deviation: float) -> Interval:
    return Interval(mean, max(mean - deviation, 0.0), mean + deviation)


def _lengths(row: DatasetRow, whole: Sequence[DatasetRow]) -> Group | None:
    if row.subject.kind is not Kind.SHORT:
        return None
    parent = next((one for one in whole if one.subject.dataset == row.subject.parent), None)
    if parent is None:
        return None
    rows = [
        _dots(label, (parent.cells[column], row.cells[column]), list(LENGTHS.values()))
        for label, (column, _) in PAIRS.items()
        if column in parent.cells and column in row.cells
    ]
    return Group(rows, row.subject.dataset, next(iter(row.cells.values())).chance) if rows else None


def _draw_lengths(axis: Axes, groups: Sequence[Group]) -> None:
    if not groups:
        axis.set_axis_off()
        axis.text(0, 1, "no data set was shortened", fontsize=8, color=DARK, va="top")
        return
    draw_rows(axis, groups)
    axis.set_xlim(0, 1.02)
    axis.set_xlabel("accuracy by length of the clips, unprocessed")


def _draw_hypothesis(axis: Axes, result: ShternReproduction) -> None:
    """Change by normalising against accuracy of loudness alone, a point for each data set."""
    for point in points_of(result.rows):
        _draw_point(axis, point)
    axis.axhline(0.0, color=DARK, linewidth=0.8, zorder=1)
    axis.grid(color=PALE_LINE, linewidth=0.6)
    axis.margins(0.15)
    axis.set_xlabel("accuracy of loudness alone, rescaled (0: guessing, 1: perfect)")
    axis.set_ylabel("network: change by normalising")
    finding = next(one for one in result.findings if isinstance(one, NormalisingAndLoudness))
    if finding.rho is not None:
        axis.set_title(f"rank correlation {finding.rho.signed}, p = {finding.p:.2g}", fontsize=8)


def _draw_point(axis: Axes, point: Point) -> None:
    x, y = point.told, point.gain.interval
    axis.hlines(y.value, x.low, x.high, color=BLUE, linewidth=1.0)
    axis.vlines(x.value, y.low, y.high, color=BLUE, linewidth=1.0)
    axis.plot(x.value, y.value, "o", color=BLUE, markersize=4)
    axis.annotate(
        shown(short(point.dataset)),
        (x.value, y.value),
        (4, 4),
        textcoords="offset points",
        fontsize=7,
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.7, "pad": 0.5},
    )


def draw_chords(pictures: Mapping[Version, npt.NDArray[np.float32]], *paths: Path) -> None:
    """Draw what the network is shown of the same chords: metres side by side, instruments in rows.

    Parameters
    ----------
    pictures : mapping
        Version to brightness from 0 to 1, float32 [rows, columns].
    *paths : Path
    """
    with page(*paths, width=WIDTH, height=6.0, columns=2, heights=(1, 1)) as (figure, axes):
        for axis, (version, picture) in zip(axes, pictures.items(), strict=True):
            axis.imshow(picture, cmap="gray", aspect="auto", interpolation="nearest", vmin=0, vmax=1)
            axis.set_title(f"{version.metre}/4, {version.instrument}", fontsize=9)
            axis.set_xticks([])
            axis.set_yticks([])
        figure.suptitle(
            "timing against timbre: the same chords, time to the right, pitch upwards", fontsize=10
        )


def write_chords(result: ShternReproduction, table: Path) -> None:
    """Write how far features move with the metre, relative to the instrument, as CSV."""
    findings = [finding for finding in result.findings if isinstance(finding, TimingAndTimbre)]
    rows = [[finding.view, finding.ratio, finding.pieces] for finding in findings]
    write_numbers(table, ("view", "metre_to_instrument", "low", "high", "pieces"), rows)
