"""Views of evaluations beside each other: dots with intervals, coloured where they differ from the best."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from mxt.drawing.numbers import NOTHING, write_numbers
from mxt.drawing.page import BLUE, VERMILION, headline, legend, page
from mxt.drawing.rows import Group, Row, draw_rows, height_of
from mxt.evaluation.metrics import metric_words
from mxt.results.records import DatasetResult, Evaluated, ViewResult

WIDTH, MORE_WIDTH, ROW, MARGINS = 8.0, 2.4, 0.26, 1.6  # inches
LINE = 110  # characters
LEVEL, BELOW = "the best, or not clearly below it", "clearly below the best"
COLUMNS = (
    *("data_set", "target", "head", "protocol", "grouping", "clips", "view", "metric"),
    *("score", "low", "high", "chance"),
    *("to_best", "to_best_low", "to_best_high", "p"),
)


def comparison_chart(result: Evaluated, *paths: Path) -> None:
    """Draw the scores of every view with their 95 % intervals, grouped by data set, protocol and head.

    Where classes differ in size, the metrics that tell more than the main score stand beside it.
    """
    metrics = _metrics(result)
    groups = [_groups(result, names) for names in metrics]
    width, height = WIDTH + MORE_WIDTH * (len(metrics) - 1), MARGINS + ROW * height_of(groups[0])
    with page(*paths, width=width, height=height, columns=len(metrics)) as (figure, axes):
        for axis, names, of_metric in zip(axes, metrics, groups, strict=True):
            draw_rows(axis, of_metric)
            lows = [dot.low for group in of_metric for row in group.rows for dot, _ in row.dots]
            axis.set_xlim(min(0.0, *lows, 0.0) - 0.02, 1.02)
            axis.set_xlabel(f"{' / '.join(map(metric_words, names))} with 95 % interval")
            if names is not metrics[0]:
                axis.tick_params(axis="y", labelleft=False)
        differs = any(_colour(view) != BLUE for one in result.datasets for view in one.views)
        chance = any(group.chance is not None for group in groups[0])
        legend(figure, {LEVEL: BLUE, BELOW: VERMILION} if differs else {}, chance="chance" if chance else "")
        headline(axes[0], *_title(result), characters=LINE)


def draw_comparison(result: Evaluated, files: Sequence[Path]) -> None:
    """Draw a comparison as `files`, and write its numbers to the last of them."""
    *pictures, table = files
    comparison_chart(result, *pictures)
    write_numbers(table, COLUMNS, _numbers(result))


def about(of_dataset: DatasetResult) -> str:
    """How an evaluation was done: head, folds, clips, groups and chance."""
    words = [of_dataset.head, of_dataset.folds, f"{of_dataset.clips:,} clips"]
    words.append(f"kept together {of_dataset.grouping}" if of_dataset.grouping else "no groups known")
    chance = _chance(of_dataset)
    return " · ".join([*words, *([] if chance is None else [f"chance {chance:.3f}"])])


def _title(result: Evaluated) -> tuple[str, str]:
    """What is compared, and, of one evaluation, how it was done."""
    names = dict.fromkeys(f"{one.dataset} · {one.target}" for one in result.datasets)
    if len(result.datasets) == 1:
        return next(iter(names)), about(result.datasets[0])
    views = dict.fromkeys(view.view for one in result.datasets for view in one.views)
    count = f"{len(views)} views" if len(views) > 1 else next(iter(views))
    return f"{count} on {len(names)} tasks" if len(names) > 1 else f"{next(iter(names))} · {count}", ""


def _metrics(result: Evaluated) -> list[tuple[str, ...]]:
    """The metrics of each column: the main ones of the data sets, then those that tell more."""
    assessed = [of_dataset.views[0].assessment for of_dataset in result.datasets]
    more = dict.fromkeys(score.name for one in assessed if one.unequal for score in one.telling[1:])
    return [tuple(dict.fromkeys(one.main for one in assessed)), *((name,) for name in more)]


def _groups(result: Evaluated, names: tuple[str, ...]) -> list[Group]:
    """One group per data set, protocol and head; without rows' dots where it has none of these scores."""
    groups = []
    several = len(result.datasets) > 1
    for of_dataset in result.datasets:
        rows = []
        for view in of_dataset.views:
            scores = [score for score in view.assessment.scores if score.name in names][:1]
            dots = tuple((score.interval, _colour(view)) for score in scores)
            rows.append(Row(view.view, dots, tuple(f"{score.value:.3f}" for score in scores)))
        main = of_dataset.views[0].assessment.main in names
        title = f"{of_dataset.dataset} · {of_dataset.target} · {about(of_dataset)}" if main else " "
        groups.append(Group(rows, title if several else "", _chance(of_dataset) if main else None))
    return groups


def _colour(view: ViewResult) -> str:
    return VERMILION if view.difference is not None and view.difference.clear else BLUE


def _chance(of_dataset: DatasetResult) -> float | None:
    """The score of guessing; ``None`` for regression, where it is zero by definition."""
    regression = of_dataset.task == "regression"
    return None if regression else of_dataset.views[0].assessment.baselines["chance"]


def _numbers(result: Evaluated) -> Iterator[list[object]]:
    for one in result.datasets:
        what: list[object] = [one.dataset, one.target, one.head, one.protocol, one.grouping, one.clips]
        for view in one.views:
            for score in view.assessment.telling:
                is_main = score.name == view.assessment.main
                gap = view.difference if is_main else None
                to_best: list[object] = [NOTHING, None] if gap is None else [gap.interval, gap.p]
                chance = _chance(one) if is_main else None
                yield [*what, view.view, metric_words(score.name), score.interval, chance, *to_best]
