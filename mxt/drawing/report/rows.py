"""Rows of a report's tables: leaderboards, comparisons, classes, confusions and searches."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mxt.drawing.depth import Point as DepthPoint
from mxt.drawing.depth import points_of
from mxt.drawing.panels import Panel
from mxt.drawing.report.axis import Axis
from mxt.evaluation.assess import Score
from mxt.evaluation.calibration import Bin
from mxt.evaluation.comparison import Difference
from mxt.evaluation.interval import Interval
from mxt.evaluation.metrics import metric_words
from mxt.results.records import DatasetResult
from mxt.results.report import Chapter, Comparison, Reported, Searched
from mxt.results.search_record import StrategyResult

MOST_CLASSES = 40  # of a confusion matrix
MOST_ROWS = 100  # of a table of classes or combinations
CONFUSED = 3  # classes that are named beside each class
SHADES = 10
UNBOUNDED = ("mae",)  # metrics that may be larger than 1
SMALLEST_DOT, LARGEST_DOT = 2.0, 9.0  # radii in a square of 200


@dataclass(frozen=True, slots=True)
class BoardRow:
    """One line of a leaderboard."""

    name: str
    interval: Interval
    clips: int
    stale: str


@dataclass(frozen=True, slots=True)
class Board:
    """One metric of all results, the best first; `chance` of the main metric."""

    words: str
    axis: Axis
    chance: float | None
    rows: tuple[BoardRow, ...]


@dataclass(frozen=True, slots=True)
class Gaps:
    """Results against the best of them: their differences by name, the smallest first.

    `detectable` is the difference from which they could be told apart, NaN where that is not known.
    """

    best: str
    axis: Axis
    rows: tuple[tuple[str, Difference], ...]
    detectable: float
    of: Comparison


@dataclass(frozen=True, slots=True)
class ClassRow:
    """One class: its scores, the most telling first, and (number, name, count) of what it was taken for."""

    number: int
    name: str
    clips: int
    first: Score
    others: tuple[Score, ...]
    confused: tuple[tuple[int, str, int], ...]


@dataclass(frozen=True, slots=True)
class ClassTable:
    """The classes of a result, the lowest score first; `more` are left out."""

    words: str
    others: tuple[str, ...]
    axis: Axis
    rows: tuple[ClassRow, ...]
    more: int


@dataclass(frozen=True, slots=True)
class Cell:
    """Clips of one class that were taken for another, and the style of the cell."""

    number: int
    name: str
    count: int
    shade: str


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """One true class of a confusion matrix."""

    number: int
    name: str
    total: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Point:
    """Predictions that were about equally sure: what was said, what was right, and the size of the dot."""

    said: float
    right: Interval
    clips: int
    radius: float


@dataclass(frozen=True, slots=True)
class Curve:
    """A reliability curve.

    Parameters
    ----------
    points : tuple of Point
    brier, baseline : float
        The Brier score, and that of the classes' shares, which need no listening.
    gap : float
        Mean distance between what was said and what was right.
    """

    points: tuple[Point, ...]
    brier: float
    baseline: float
    gap: float


@dataclass(frozen=True, slots=True)
class SearchTable:
    """The candidates of a search, the best first, of which `more` are left out; and scores over depth."""

    name: str
    searched: Searched
    axis: Axis
    rows: tuple[StrategyResult, ...]
    more: int
    depth: tuple[DepthPoint, ...]


def chance_of(result: DatasetResult) -> float | None:
    """The main score of a guess; ``None`` where there is no such thing."""
    baselines = result.views[result.best].assessment.baselines
    return None if result.task == "regression" else baselines.get("chance")


def boards(results: Sequence[Reported], names: Sequence[str]) -> Iterator[Board]:
    """A leaderboard for each metric that tells something about these classes."""
    assessed = [one.result.views[one.result.best].assessment for one in results]
    for metric in dict.fromkeys(score.name for one in assessed for score in one.telling):
        rows = [
            BoardRow(name, score.interval, one.result.clips, one.stale)
            for name, one, assessment in zip(names, results, assessed, strict=True)
            for score in assessment.scores
            if score.name == metric
        ]
        ends = (0.0,) if metric in UNBOUNDED else (0.0, 1.0)
        yield Board(
            words=metric_words(metric),
            axis=Axis.of((row.interval for row in rows), *ends),
            chance=chance_of(results[0].result) if metric == assessed[0].main else None,
            rows=tuple(sorted(rows, key=lambda row: -row.interval.value)),
        )


def gaps(chapter: Chapter, names: Sequence[str]) -> Gaps | None:
    """The results of a chapter against the best of them; ``None`` where there is nothing to compare."""
    if chapter.comparison is None:
        return None
    by_name = {
        name: chapter.comparison.differences[one.id] for name, one in zip(names, chapter.results, strict=True)
    }
    rows = [(name, gap) for name, gap in by_name.items() if gap is not None]
    return Gaps(
        best=next((name for name, gap in by_name.items() if gap is None), ""),
        axis=Axis.of((gap.interval for _, gap in rows), 0.0),
        rows=tuple(sorted(rows, key=lambda row: -row[1].value)),
        detectable=chapter.results[0].result.detectable if chapter.comparison.together else math.nan,
        of=chapter.comparison,
    )


def class_table(result: DatasetResult) -> ClassTable | None:
    """The classes of a result; ``None`` of a regression."""
    classes = result.views[result.best].assessment.classes
    if not classes:
        return None
    number_of = {one.name: i for i, one in enumerate(classes)}
    rows = [
        ClassRow(
            number=i,
            name=one.name,
            clips=one.clips,
            first=one.first,
            others=one.scores[1:],
            confused=tuple((number_of[name], name, count) for name, count in one.confused_with[:CONFUSED]),
        )
        for i, one in enumerate(classes)
    ]
    rows.sort(key=lambda row: row.first.value)
    return ClassTable(
        words=metric_words(rows[0].first.name),
        others=tuple(metric_words(score.name) for score in rows[0].others),
        axis=Axis.of((row.first.interval for row in rows), 0.0, 1.0),
        rows=tuple(rows[:MOST_ROWS]),
        more=max(0, len(rows) - MOST_ROWS),
    )


def confusion(result: DatasetResult) -> tuple[MatrixRow, ...]:
    """The confusion matrix; empty where there is none, or more than `MOST_CLASSES`."""
    assessment = result.views[result.best].assessment
    if assessment.confusion is None or len(assessment.classes) > MOST_CLASSES:
        return ()
    names = [one.name for one in assessment.classes]
    return tuple(
        MatrixRow(
            number=true,
            name=names[true],
            total=sum(counts),
            cells=tuple(
                Cell(i, names[i], count, _shade(count, sum(counts), right=i == true))
                for i, count in enumerate(counts)
            ),
        )
        for true, counts in enumerate(assessment.confusion)
    )


def reliability(reported: Reported) -> Curve | None:
    """How far the probabilities of a result can be trusted; ``None`` where it has none."""
    calibration, result = reported.calibration, reported.result
    if calibration is None:
        return None
    sizes = [one.clips for one in result.views[result.best].assessment.classes]
    return Curve(
        points=tuple(map(_point, calibration.bins)),
        brier=calibration.brier,
        baseline=1 - sum((size / sum(sizes)) ** 2 for size in sizes),
        gap=sum(one.clips * abs(one.probability - one.right) for one in calibration.bins)
        / sum(one.clips for one in calibration.bins),
    )


def _point(one: Bin) -> Point:
    from scipy.stats import binomtest

    test = binomtest(round(one.right * one.clips), one.clips)
    low, high = test.proportion_ci(method="wilson")
    radius = min(LARGEST_DOT, SMALLEST_DOT + math.sqrt(one.clips) / 3)
    return Point(one.probability, Interval(one.right, float(low), float(high)), one.clips, round(radius, 1))


def search_table(searched: Searched) -> SearchTable:
    """The candidates of a search."""
    result = searched.result
    rows = sorted(result.rows, key=lambda row: -row.score.value)
    return SearchTable(
        name=f"{result.view} · {result.head} · {result.folds}",
        searched=searched,
        axis=Axis.of((row.score for row in rows[:MOST_ROWS]), 0.0),
        rows=tuple(rows[:MOST_ROWS]),
        more=max(0, len(rows) - MOST_ROWS),
        depth=tuple(points_of(Panel(result, is_random=False))),
    )


def _shade(count: int, total: int, *, right: bool) -> str:
    """Style of a cell: the larger its share of the row, the darker; on the diagonal in another colour."""
    if not count:
        return ""
    return f"{'right' if right else 'wrong'} s{max(1, round(SHADES * count / total))}"
