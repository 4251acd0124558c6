"""A map of the clips of an evaluation: their features on a plane, coloured by true class, errors marked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from mxt.core.reprs import short_repr
from mxt.drawing.numbers import write_numbers
from mxt.drawing.page import DARK, SERIES, headline, page, short, shown
from mxt.evaluation.projection import METHODS, Method, project
from mxt.results.predictions import Predictions, features_of
from mxt.results.records import DatasetResult
from mxt.store.layout import Store

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST = 2000  # clips that are drawn: of more, a random sample
STYLES = tuple((colour, marker) for marker, colour in product("osD^v", SERIES))
COLUMNS = ("clip", "true", "predicted", "pca_x", "pca_y", "tsne_x", "tsne_y")
WIDTH, HEIGHT, LEGEND_ROW, LEGEND_COLUMNS, LINE = 10.0, 5.4, 0.2, 5, 130


@dataclass(frozen=True, eq=False)
class Map:
    """Clips on a plane.

    Parameters
    ----------
    clips, true, predicted : tuple of str
        Ids and classes of the clips that are drawn.
    classes : tuple of str
    places : mapping
        Method to coordinates, float64 [clips, 2].
    total : int
        Clips of the evaluation.
    """

    clips: tuple[str, ...]
    true: tuple[str, ...]
    predicted: tuple[str, ...]
    classes: tuple[str, ...]
    places: dict[Method, npt.NDArray[np.float64]]
    total: int
    __repr__ = short_repr


def read_map(store: Store, result: DatasetResult, *, seed: int = 0) -> Map:
    """The map of an evaluation's best view; of more than `MOST` clips, of a random sample.

    Raises
    ------
    MxtError
        Its features are not there any more.
    """
    predictions = Predictions.read(store, result.views[result.best].result_id, result)
    rows = np.flatnonzero(predictions.run == 0)
    total = len(rows)
    if total > MOST:
        rows = np.sort(np.random.default_rng(seed).choice(rows, MOST, replace=False))
    clips = tuple(predictions.clips[row] for row in rows)
    X, classes = features_of(store, result, clips), predictions.targets.classes
    return Map(
        clips=clips,
        true=tuple(classes[number] for number in predictions.targets.y[rows]),
        predicted=tuple(classes[number] for number in predictions.predicted[rows]),
        classes=classes,
        places={method: project(X, method, seed) for method in METHODS},
        total=total,
    )


def draw_map(result: DatasetResult, points: Map, files: Sequence[Path]) -> None:
    """Draw a map as `files`, the last of them for its numbers."""
    *pictures, table = files
    rows = -(-len(points.classes) // LEGEND_COLUMNS)
    with page(*pictures, width=WIDTH, height=HEIGHT + LEGEND_ROW * rows, columns=len(METHODS)) as (
        figure,
        axes,
    ):
        for axis, (method, words) in zip(axes, METHODS.items(), strict=True):
            _scatter(axis, points, points.places[method])
            axis.set_xlabel(words)
        _legend(figure, points)
        wrong = sum(true != predicted for true, predicted in zip(points.true, points.predicted, strict=True))
        text = f"{len(points.clips):,} clips, {wrong:,} of them taken for another class."
        if len(points.clips) < points.total:
            text += f" A random sample of {points.total:,}."
        text += " Distances are of the standardised features, not of the classifier."
        headline(axes[0], f"{result.dataset} · {result.view} · map of the clips", text, characters=LINE)
    write_numbers(table, COLUMNS, _numbers(points))


def _scatter(axis: Axes, points: Map, places: npt.NDArray[np.float64]) -> None:
    true, predicted = np.array(points.true), np.array(points.predicted)
    for number, name in enumerate(points.classes):
        colour, marker = STYLES[number % len(STYLES)]
        x, y = places[true == name].T
        axis.scatter(x, y, s=16, color=colour, marker=marker, linewidths=0, alpha=0.85)
    x, y = places[true != predicted].T
    axis.scatter(x, y, s=52, facecolors="none", edgecolors=DARK, linewidths=0.9)
    axis.set_xticks([])
    axis.set_yticks([])
    axis.spines[:].set_visible(False)


def _legend(figure: Figure, points: Map) -> None:
    from matplotlib.lines import Line2D

    handles = []
    for number, name in enumerate(points.classes):
        colour, marker = STYLES[number % len(STYLES)]
        label = shown(short(name))
        handles.append(Line2D([], [], linestyle="none", marker=marker, color=colour, ms=5, label=label))
    words = "taken for another class"
    handles.append(
        Line2D([], [], linestyle="none", marker="o", mfc="none", markeredgecolor=DARK, ms=8, label=words)
    )
    figure.legend(handles=handles, loc="outside lower left", ncols=LEGEND_COLUMNS, fontsize=7, frameon=False)


def _numbers(points: Map) -> Iterator[list[object]]:
    places = np.hstack([points.places[method] for method in METHODS]).tolist()
    for row in zip(points.clips, points.true, points.predicted, places, strict=True):
        yield [*row[:3], *row[3]]
