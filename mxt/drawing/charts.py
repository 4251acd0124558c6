"""Pictures of results: loudness of classes, bars of a comparison, accuracy by clip length. Files of any kind matplotlib writes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mxt.core.errors import InputError, UsageError
from mxt.core.files import atomic_write, translate_os_errors
from mxt.evaluation.metrics import metric_words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from mxt.results.records import Evaluated
    from mxt.workflows.lengths import Lengths
    from mxt.workflows.loudness import LoudnessStudy

DOTS_PER_INCH = 120
LONGEST_NAME = 44
COLOURS = ("#3b6ea5", "#d1803a", "#4f9d69", "#a8577e", "#7a6fb0", "#8c8c8c", "#b5a642", "#4aa6b5")
FAINT = 0.35


def check_picture(path: Path) -> None:
    """Refuse a picture that could not be written, before the work that it would show.

    Raises
    ------
    UsageError, InputError
        No format is known for the suffix; the folder is not there.
    """
    from matplotlib.backend_bases import FigureCanvasBase

    known = FigureCanvasBase.get_supported_filetypes()
    if path.suffix.lower().lstrip(".") not in known:
        raise UsageError(
            f"{path}: a picture is written as {', '.join(sorted(known))}, by its suffix; .png is usual"
        )
    if not path.absolute().parent.is_dir():
        raise InputError(f"{path.absolute().parent}: there is no such folder for {path.name}")


def loudness_chart(study: LoudnessStudy, path: Path) -> None:
    """RMS, peak and loudness of every clip, by class, with means and deviations; the quietest class at the bottom."""
    from mxt.workflows.loudness import MEASURES

    names = [each.name for each in study.classes]
    place = {name: row for row, name in enumerate(names)}
    with _figure(path, width=10.0, height=1.6 + 0.36 * len(names), columns=len(MEASURES)) as (figure, axes):
        rng = np.random.default_rng(0)
        for column, (measure, words) in enumerate(MEASURES.items()):
            axis = axes[column]
            points = [
                (value, place[name])
                for value, labels in zip(study.values[:, column], study.labels, strict=True)
                for name in labels
                if np.isfinite(value)
            ]
            if points:
                x, y = np.array(points).T
                axis.scatter(
                    x, y + rng.uniform(-0.25, 0.25, len(y)), s=7, color=COLOURS[0], alpha=0.6, linewidths=0
                )
            for each in study.classes:
                spread = getattr(each, measure)
                axis.errorbar(
                    spread.mean,
                    place[each.name],
                    xerr=spread.deviation,
                    fmt="o",
                    color="black",
                    capsize=3,
                    markersize=5,
                    zorder=3,
                )
            axis.set_xlabel(words)
            axis.set_yticks(
                range(len(names)), [_short(name) for name in names] if column == 0 else [""] * len(names)
            )
            axis.set_ylim(-0.6, len(names) - 0.4)
            axis.grid(axis="x", alpha=FAINT)
        first = study.alone.first
        verdict = (
            "loudness alone tells classes apart"
            if study.leaks
            else "loudness alone does not tell classes apart"
        )
        score = f"{metric_words(first.name)} {first.value:.2f} (95 %: {first.interval.low:.2f} to {first.interval.high:.2f}), baseline {study.baseline:.2f}"
        figure.suptitle(f"{study.dataset}, {study.target}: {verdict}\n{score}", fontsize=10)


def comparison_chart(result: Evaluated, path: Path) -> None:
    """A bar a view with its 95 % interval, grouped by data set and protocol; a line where chance is."""
    groups = result.datasets
    several = len({each.protocol for each in groups}) > 1
    heads = len({each.head for each in groups}) > 1
    views = list(dict.fromkeys(view.view for each in groups for view in each.views))
    colour = {view: COLOURS[number % len(COLOURS)] for number, view in enumerate(views)}
    rows = sum(len(each.views) + 1 for each in groups)
    with _figure(path, width=10.0, height=1.0 + 0.34 * rows) as (_, axes):
        axis, row, ticks, names = axes[0], 0.0, [], []
        for each in groups:
            words = [
                each.dataset,
                each.target,
                *([each.protocol] if several else []),
                *([each.head] if heads else []),
            ]
            axis.text(
                0.005,
                row,
                " · ".join(words),
                transform=axis.get_yaxis_transform(),
                fontweight="bold",
                va="center",
                fontsize=9,
            )
            top = row + 0.5
            for view in each.views:
                row += 1
                score = view.assessment.first
                axis.barh(row, score.value, height=0.75, color=colour[view.view])
                axis.hlines(row, score.interval.low, score.interval.high, color="black", linewidth=1.2)
                axis.text(
                    max(score.interval.high, 0.0) + 0.012, row, f"{score.value:.3f}", va="center", fontsize=8
                )
                ticks.append(row)
                names.append(_short(view.view))
            if each.task != "regression":
                axis.vlines(
                    each.views[0].assessment.baselines["chance"],
                    top,
                    row + 0.45,
                    color="black",
                    linestyles="dotted",
                    linewidth=1,
                )
            row += 1
        axis.set_yticks(ticks, names, fontsize=9)
        axis.set_ylim(row - 0.4, -0.6)
        lowest = min(view.assessment.first.interval.low for each in groups for view in each.views)
        axis.set_xlim(min(0.0, lowest), 1.12)
        axis.set_xlabel(
            " / ".join(dict.fromkeys(metric_words(each.views[0].assessment.main) for each in groups))
            + ", 95 % interval; dotted: chance"
        )
        axis.grid(axis="x", alpha=FAINT)
        axis.set_axisbelow(True)


def lengths_chart(found: Lengths, path: Path) -> None:
    """The main score of every view against the seconds of the clips, with 95 % intervals."""
    with _figure(path, width=7.0, height=4.6) as (figure, axes):
        axis = axes[0]
        for number, view in enumerate(found.views):
            scores = [(each.seconds, each.score(view)) for each in found.rows]
            there = [(seconds, score) for seconds, score in scores if score is not None]
            x = np.array([seconds for seconds, _ in there]) * (
                1 + 0.012 * (number - (len(found.views) - 1) / 2)
            )
            y = np.array([score.value for _, score in there])
            low, high = (
                np.array([getattr(score.interval, side) for _, score in there]) for side in ("low", "high")
            )
            error = [y - low, high - y]
            colour = COLOURS[number % len(COLOURS)]
            axis.errorbar(x, y, yerr=np.maximum(error, 0), marker="o", capsize=3, color=colour, label=view)
        axis.axhline(found.chance, color="black", linestyle="dotted", linewidth=1)
        axis.set_xscale("log")
        axis.set_xticks([each.seconds for each in found.rows], [f"{each.seconds:g}" for each in found.rows])
        axis.minorticks_off()
        axis.set_xlabel("seconds of each clip")
        axis.set_ylabel(f"{metric_words(found.main)}, 95 % interval; dotted: chance")
        axis.grid(alpha=FAINT)
        axis.legend(fontsize=8)
        figure.suptitle(f"{found.dataset}, {found.target}: {found.head}", fontsize=10)


@contextmanager
def _figure(
    path: Path, *, width: float, height: float, columns: int = 1
) -> Iterator[tuple[Figure, Sequence[Axes]]]:
    """A figure of inches with axes side by side, written to `path` in the end; nothing global is changed."""
    from matplotlib.figure import Figure

    check_picture(path)
    figure = Figure(figsize=(width, height), dpi=DOTS_PER_INCH, layout="constrained")
    grid: Any = figure.subplots(1, columns, squeeze=False)
    yield figure, list(grid[0])
    with translate_os_errors("writing", path), atomic_write(path) as file:
        figure.savefig(file, format=path.suffix.lower().lstrip("."))


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"
