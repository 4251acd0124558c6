"""The confusion matrix of an evaluation: what the clips of every class were taken for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mxt.drawing.comparison import about
from mxt.drawing.numbers import write_numbers
from mxt.drawing.page import BLUE, DARK, VERMILION, headline, legend, page, short, shown
from mxt.evaluation.metrics import metric_words
from mxt.results.records import DatasetResult

if TYPE_CHECKING:
    from matplotlib.colors import Colormap

CELL, LEFT, ABOVE, LEAST = 0.36, 2.0, 2.1, 3.2  # inches
COUNTED = 40  # classes up to which counts are written into the cells
DARKEST = 0.55  # share from which a cell's text is white
COLUMNS = ("true", "predicted", "clips", "share")
LINE = 16  # characters of an inch


def draw_confusion(result: DatasetResult, files: Sequence[Path]) -> None:
    """Draw the confusion matrix of an evaluation's best view as `files`, the last of them for its numbers.

    Colours are shares of the true class: blue where it was recognised, orange where it was not.
    """
    view = result.views[result.best]
    names = [one.name for one in view.assessment.classes]
    counts = np.array(view.assessment.confusion, dtype=np.int64)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    *pictures, table = files
    side = max(LEAST, CELL * len(names))
    with page(*pictures, width=side + LEFT, height=side + ABOVE) as (figure, (axis,)):
        right = np.eye(len(names), dtype=bool)
        for colour, there in ((BLUE, right), (VERMILION, ~right)):
            axis.imshow(np.where(there, shares, np.nan), cmap=_shades(colour), vmin=0, vmax=1)
        if len(names) <= COUNTED:
            for (row, column), count in np.ndenumerate(counts):
                ink = "white" if shares[row, column] > DARKEST else DARK
                if count:
                    axis.text(column, row, f"{count:,}", ha="center", va="center", fontsize=7, color=ink)
        labels = [shown(short(name)) for name in names]
        axis.set_xticks(range(len(names)), labels, rotation=90)
        axis.set_yticks(range(len(names)), labels)
        axis.set_xticks(np.arange(1, len(names)) - 0.5, minor=True)
        axis.set_yticks(np.arange(1, len(names)) - 0.5, minor=True)
        axis.grid(which="minor", color="white", linewidth=1.5)
        axis.set_axisbelow(False)
        axis.tick_params(which="both", length=0)
        axis.spines[:].set_visible(False)
        axis.set_xlabel("predicted class")
        axis.set_ylabel("true class")
        wrong = "taken for another class (darker: more of the true class)"
        legend(figure, {"recognised": BLUE, wrong: VERMILION})
        first = view.assessment.first
        text = f"{metric_words(first.name)} {first.interval} · {about(result)}"
        title = f"{result.dataset} · {view.view} · confusion"
        headline(axis, title, text, characters=round(LINE * side))
    write_numbers(table, COLUMNS, _numbers(names, counts.tolist(), shares.tolist()))


def _shades(colour: str) -> Colormap:
    """From white, for nothing, to a colour."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list(colour, ["white", colour])


def _numbers(
    names: Sequence[str], counts: Sequence[Sequence[int]], shares: Sequence[Sequence[float]]
) -> Iterator[list[object]]:
    for true, row, of_row in zip(names, counts, shares, strict=True):
        for predicted, count, share in zip(names, row, of_row, strict=True):
            yield [true, predicted, count, share]
