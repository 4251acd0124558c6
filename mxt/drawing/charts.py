"""Charts of the answers of commands: loudness of classes, scores by clip length."""

from __future__ import annotations

from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mxt.drawing.page import BLUE, CHANCE, PALE_LINE, SERIES, legend, page, short, shown
from mxt.evaluation.metrics import metric_words
from mxt.results.loudness import MEASURES

if TYPE_CHECKING:
    from mxt.results.lengths import Lengths
    from mxt.results.loudness import LoudnessStudy


def loudness_chart(study: LoudnessStudy, path: Path) -> None:
    """Draw RMS, peak and loudness of every clip by class, with means and deviations, the quietest lowest."""
    names = [of_class.name for of_class in study.classes]
    row_of = {name: row for row, name in enumerate(names)}
    points = [(clip, row_of[name]) for clip, of_clip in enumerate(study.labels) for name in of_clip]
    clips, rows = np.array(points, int).reshape(-1, 2).T
    y = rows + np.random.default_rng(0).uniform(-0.25, 0.25, len(rows))
    levels = np.where(np.isfinite(study.values), study.values, np.nan)[clips]
    labels, height = [shown(short(name)) for name in names], 1.6 + 0.36 * len(names)
    with page(path, width=10.0, height=height, columns=len(MEASURES)) as (figure, axes):
        for axis, x, (measure, words) in zip(axes, levels.T, MEASURES.items(), strict=True):
            axis.scatter(x, y, s=7, color=BLUE, alpha=0.6, linewidths=0)
            spreads = [getattr(of_class, measure) for of_class in study.classes]
            axis.errorbar(
                [spread.mean for spread in spreads],
                range(len(names)),
                xerr=[spread.deviation for spread in spreads],
                fmt="o",
                color="black",
                capsize=3,
                markersize=5,
                zorder=3,
            )
            axis.set_xlabel(words)
            axis.locator_params(axis="x", nbins=6)
            axis.set_yticks(range(len(names)), labels if axis is axes[0] else [])
            axis.set_ylim(-0.6, len(names) - 0.4)
            axis.grid(axis="x", color=PALE_LINE, linewidth=0.6)
        alone = study.alone.first
        verdict = "tells classes apart" if study.leaks else "does not tell classes apart"
        score = f"{metric_words(alone.name)} {alone.value:.3f} (95 %: {alone.interval.bounds})"
        title = f"{study.dataset}, {study.target}: loudness alone {verdict}"
        figure.suptitle(shown(f"{title}\n{score}, baseline {study.baseline:.3f}"), fontsize=10)


def lengths_chart(lengths: Lengths, path: Path) -> None:
    """Draw the main score of every view against the length of the clips in seconds, with 95 % intervals."""
    seconds = [row.seconds for row in lengths.rows]
    colours = dict(zip(lengths.views, cycle(SERIES), strict=False))
    with page(path, width=7.0, height=4.6) as (figure, (axis,)):
        for number, view in enumerate(lengths.views):
            aside = 1 + 0.012 * (number - (len(lengths.views) - 1) / 2)
            scores = [(row.seconds * aside, row.score(view)) for row in lengths.rows]
            known = [(x, score.interval) for x, score in scores if score is not None]
            x, values = [x for x, _ in known], [score for _, score in known]
            colour = colours[view]
            axis.plot(x, [score.value for score in values], "o-", color=colour)
            axis.vlines(x, [score.low for score in values], [score.high for score in values], color=colour)
        axis.axhline(lengths.chance, color="black", linestyle=CHANCE, linewidth=1.2)
        axis.set_xscale("log")
        axis.set_xticks(seconds, [f"{length:g}" for length in seconds])
        axis.minorticks_off()
        axis.set_xlabel("seconds of each clip")
        axis.set_ylabel(f"{metric_words(lengths.main)} with 95 % interval")
        axis.grid(color=PALE_LINE, linewidth=0.6)
        legend(figure, {short(view): colour for view, colour in colours.items()}, chance="chance")
        title = f"{lengths.dataset}, {lengths.first.target}: {lengths.first.head}"
        figure.suptitle(shown(title), fontsize=10)
