"""Class by class: all layers against the last one alone (Choi et al. 2017, figure 5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mxt.drawing.figure import (
    BLUE,
    ORANGE,
    headline,
    interval_line,
    page,
    short,
    signed,
    write_numbers,
)
from mxt.drawing.panels import Panel
from mxt.evaluation import statistics
from mxt.evaluation.interval import Interval

MOST = 40  # classes that are drawn: those that differ most
COLUMNS = (
    "class",
    "clips",
    "first",
    "recall",
    "low",
    "high",
    "second",
    "recall_second",
    "low_second",
    "high_second",
    "difference",
    "difference_low",
    "difference_high",
)
WIDTH, ROW, LINE = 7.2, 0.36, 100


@dataclass(frozen=True, slots=True)
class ClassPair:
    """One class under two combinations: recalls and their difference."""

    name: str
    clips: int
    first: Interval
    second: Interval
    difference: Interval


def pair_of(panel: Panel) -> tuple[str, str] | None:
    """All layers, and the last one; ``None`` where they were not both tried."""
    plain = {row.name for row in panel.plain} - {panel.widest}
    singles = [row.name for row in panel.result.rows if row.name in plain and _is_single(row.name)]
    return (panel.widest, singles[-1]) if singles else None


def _is_single(name: str) -> bool:
    """Whether a combination is one layer: one digit, or one name."""
    return len(name) == 1 if name.isdigit() else "," not in name


def class_pairs(
    names: tuple[str, str], predictions: Mapping[str, npt.NDArray[Any]], *, seed: int = 0
) -> list[ClassPair]:
    """Recalls of every class that occurs, with 95 % bootstrap intervals.

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
    values, samples = [], []
    for name in names:
        predicted = predictions["by_strategy"][strategies.index(name)]
        values.append(
            [
                float((predicted[y == i] == i).mean()) if (y == i).any() else float("nan")
                for i in range(len(classes))
            ]
        )
        samples.append(
            statistics.resample(
                "classification", y, predicted, unit, n_classes=len(classes), seed=seed
            ).classes["recall"]
        )
    found = []
    for i, name in enumerate(classes):
        if not (clips := int((y == i).sum())):
            continue
        units = len(np.unique(unit[y == i]))
        each = [
            _interval(value[i], sample[:, i], units) for value, sample in zip(values, samples, strict=True)
        ]
        gap = statistics.interval(values[0][i] - values[1][i], samples[0][:, i] - samples[1][:, i])
        found.append(ClassPair(str(name), clips, each[0], each[1], gap))
    return found


def draw_classes(panel: Panel, names: tuple[str, str], pairs: Sequence[ClassPair], stem: Path) -> None:
    """Draw both recalls of each class with their difference, and write the numbers of all classes."""
    kept = {each.name for each in sorted(pairs, key=lambda each: -abs(each.difference.value))[:MOST]}
    drawn = [each for each in pairs if each.name in kept]
    with page(stem, width=WIDTH, height=1.7 + ROW * len(drawn)) as (figure, axis):
        for place, each in enumerate(drawn):
            for side, recall, colour in ((-0.19, each.first, BLUE), (0.19, each.second, ORANGE)):
                axis.barh(place + side, recall.value, height=0.36, color=colour, zorder=2)
                interval_line(axis, place + side, recall.low, recall.high)
            gap = each.difference
            same = gap.low == gap.high == gap.value
            words = (
                "all the same" if same else f"{signed(gap.value)}  ({signed(gap.low)} to {signed(gap.high)})"
            )
            axis.text(
                1.03,
                place,
                words,
                fontsize=7,
                va="center",
                fontweight="bold" if gap.clear else "normal",
            )
        axis.set_yticks(
            range(len(drawn)), [f"{short(each.name)} ({each.clips:,})" for each in drawn], fontsize=7.5
        )
        axis.tick_params(axis="y", length=0)
        axis.tick_params(axis="x", labelsize=7)
        axis.set_ylim(len(drawn) - 0.4, -1.0)
        axis.set_xlim(0, 1.32)
        axis.set_xticks([tick / 5 for tick in range(6)])
        axis.spines["bottom"].set_bounds(0, 1)
        axis.text(1.03, -0.72, f"{names[0]} - {names[1]}", fontsize=7, va="center", color="#404040")
        axis.vlines(
            [tick / 5 for tick in range(1, 6)],
            -0.5,
            len(drawn) - 0.4,
            color="#D9D9D9",
            linewidth=0.6,
            zorder=0,
        )
        axis.set_xlabel(
            "share of the class's clips recognised (recall), 95 % interval", fontsize=8, loc="left"
        )
        figure.legend(
            handles=_legend(names),
            loc="outside lower left",
            ncols=2,
            fontsize=7,
            frameon=False,
            handlelength=1.6,
        )
        headline(
            axis,
            f"{panel.words} · {panel.result.view} · class by class",
            _subtitle(panel, len(pairs), len(drawn)),
            characters=LINE,
        )
    write_numbers(
        stem,
        COLUMNS,
        [
            [
                each.name,
                each.clips,
                names[0],
                *_cells(each.first),
                names[1],
                *_cells(each.second),
                *_cells(each.difference),
            ]
            for each in pairs
        ],
    )


def _interval(value: float, sample: npt.NDArray[np.float64], units: int) -> Interval:
    if value in (0.0, 1.0):
        return statistics.perfect_interval(value, units)
    return statistics.interval(value, sample)


def _cells(interval: Interval) -> tuple[float, float, float]:
    return interval.value, interval.low, interval.high


def _legend(names: tuple[str, str]) -> list[object]:
    from matplotlib.patches import Patch

    return [
        Patch(color=BLUE, label=f"all layers, {short(names[0])}"),
        Patch(color=ORANGE, label=f"the last layer alone, {short(names[1])}"),
    ]


def _subtitle(panel: Panel, n: int, drawn: int) -> str:
    result = panel.result
    words = [f"{result.clips:,} clips", result.head, result.folds, *([panel.how] if panel.how else [])]
    text = f"{' · '.join(words)}. At the right the difference; bold where its interval leaves out zero."
    return text + (f" The {drawn} of {n} classes that differ most." if drawn < n else "")
