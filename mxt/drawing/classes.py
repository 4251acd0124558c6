"""Class by class: all layers against the last one alone (Choi et al. 2017, figure 5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mxt.drawing.numbers import write_numbers
from mxt.drawing.page import BLUE, ORANGE, headline, legend, page
from mxt.drawing.panels import Panel
from mxt.drawing.rows import Group, Row, draw_rows, height_of
from mxt.evaluation import statistics
from mxt.evaluation.interval import Interval
from mxt.evaluation.metrics import METRICS

MOST = 40  # classes that are drawn: those that differ most
COLUMNS = (
    *("class", "clips", "first", "recall", "low", "high"),
    *("second", "recall_second", "low_second", "high_second"),
    *("difference", "difference_low", "difference_high"),
)
WIDTH, ROW, MARGINS, LINE = 7.2, 0.3, 1.7, 100


@dataclass(frozen=True, slots=True)
class ClassPair:
    """The recall of one class under two combinations, and their difference."""

    name: str
    clips: int
    first: Interval
    second: Interval
    difference: Interval


def pair_of(panel: Panel) -> tuple[str, str] | None:
    """All layers, and the last one; ``None`` where they were not both tried."""
    plain, widest = {row.name for row in panel.plain}, panel.widest
    singles = [layer for layer in panel.result.layers if layer in plain]
    return (widest, singles[-1]) if widest and singles and singles != [widest] else None


def class_pairs(
    names: tuple[str, str], predictions: Mapping[str, npt.NDArray[Any]], *, seed: int = 0
) -> list[ClassPair]:
    """The recall of every class that occurs, with 95 % bootstrap intervals.

    Parameters
    ----------
    names : (str, str)
        Two combinations.
    predictions : mapping
        Arrays of a saved search.
    seed : int
    """
    strategies = list(predictions["strategies"])
    y, unit, classes = predictions["y_true"], predictions["unit"], predictions["classes"]
    recalls = []
    for name in names:
        guesses = predictions["by_strategy"][strategies.index(name)]
        judged = statistics.Judged("classification", y, guesses, unit, len(classes))
        resampled = statistics.resample(judged, seed=seed)
        recalls.append((guesses == y, resampled.classes["recall"]))
    pairs = []
    for i, name in enumerate(classes):
        clips = y == i
        if not clips.any():
            continue
        n_units = len(np.unique(unit[clips]))
        first, second = (
            statistics.score_interval(METRICS["recall"], float(right[clips].mean()), samples[:, i], n_units)
            for right, samples in recalls
        )
        gaps = recalls[0][1][:, i] - recalls[1][1][:, i]
        difference = statistics.interval(first.value - second.value, gaps, n_units)
        pairs.append(ClassPair(str(name), int(clips.sum()), first, second, difference))
    return pairs


def draw_classes(
    panel: Panel, names: tuple[str, str], pairs: Sequence[ClassPair], files: Sequence[Path]
) -> None:
    """Draw both recalls of each class with their difference, and write the numbers of all classes."""
    kept = {pair.name for pair in sorted(pairs, key=lambda pair: -abs(pair.difference.value))[:MOST]}
    group = Group([_row(pair) for pair in pairs if pair.name in kept])
    *pictures, table = files
    height = MARGINS + ROW * height_of([group])
    with page(*pictures, width=WIDTH, height=height) as (figure, (axis,)):
        draw_rows(axis, [group], headings=(f"{names[0]} - {names[1]}",))
        axis.set_xlim(-0.02, 1.02)
        axis.set_xlabel("recall (share of the class's clips that were recognised) with 95 % interval")
        legend(figure, {f"all layers, {names[0]}": BLUE, f"the last layer alone, {names[1]}": ORANGE})
        text = f"{panel.about}. Right: the difference, in bold where its interval excludes zero."
        if len(kept) < len(pairs):
            text += f" Drawn: the {len(kept)} of {len(pairs)} classes that differ most."
        title = f"{panel.words} · {panel.result.view} · class by class"
        headline(axis, title, text, characters=LINE, above=16.0)
    write_numbers(
        table,
        COLUMNS,
        [
            [pair.name, pair.clips, names[0], pair.first, names[1], pair.second, pair.difference]
            for pair in pairs
        ],
    )


def _row(pair: ClassPair) -> Row:
    gap = pair.difference
    same = gap.low == gap.high == gap.value
    text = "all the same" if same else f"{signed(gap.value)}  ({signed(gap.low)} to {signed(gap.high)})"
    label = f"{pair.name} ({pair.clips:,})"
    return Row(label, ((pair.first, BLUE), (pair.second, ORANGE)), (text,), bold=gap.clear)


def signed(value: float) -> str:
    """A difference with its sign; what rounds to zero has none.

    Examples
    --------
    >>> signed(0.123), signed(-0.001)
    ('+0.12', '0.00')
    """
    text = f"{value:+.2f}"
    return text if float(text) else text[1:]
