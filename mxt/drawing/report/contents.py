"""The numbers of a report as its page shows them: rows, axes and shades."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from mxt.drawing.report.axis import Axis
from mxt.evaluation.assess import ClassResult, Difference, Score
from mxt.evaluation.interval import Interval
from mxt.evaluation.left_out import LeftOut
from mxt.evaluation.metrics import METRICS, metric_words
from mxt.evaluation.reliability import Reliability
from mxt.results.audit import Grouping, MetadataScore
from mxt.results.report import Answers, Card, Chapter, Reported, Searched, Table

MOST_CLASSES = 40  # of a confusion matrix
MOST_ROWS = 100  # of a table of classes or combinations
SHADES = 10


@dataclass(frozen=True, slots=True)
class Cell:
    """Clips of one class that were taken for another, and how dark the cell is."""

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
class Matrix:
    """A confusion matrix."""

    names: tuple[str, ...]
    rows: tuple[MatrixRow, ...]


@dataclass(frozen=True, slots=True)
class ClassRow:
    """One class: its scores, and what its clips were taken for."""

    number: int
    name: str
    clips: int
    scores: tuple[Score, ...]
    confused: tuple[tuple[int, str, int], ...]

    @property
    def first(self) -> Score:
        """The most telling score."""
        return self.scores[0]

    @property
    def others(self) -> tuple[Score, ...]:
        """The other scores."""
        return self.scores[1:]


@dataclass(frozen=True)
class ShownResult:
    """One evaluation as the page shows it: `number` counts those of the page, `name` tells them apart."""

    number: int
    name: str
    reported: Reported

    @property
    def result(self) -> Any:
        return self.reported.result

    @property
    def view(self) -> str:
        return self.result.view

    @property
    def first(self) -> Score:
        return self.result.first

    @property
    def main(self) -> str:
        return metric_words(self.first.name)

    @property
    def chance(self) -> float | None:
        baselines = self.result.views[0].assessment.baselines
        return None if self.result.task == "regression" else baselines.get("chance")

    @property
    def answers(self) -> Answers | None:
        return self.reported.answers

    @property
    def reliability(self) -> Reliability | None:
        return self.reported.reliability

    @property
    def commands(self) -> tuple[str, ...]:
        return self.reported.commands

    @cached_property
    def classes(self) -> tuple[ClassRow, ...]:
        """The classes, the lowest score first."""
        classes: Sequence[ClassResult] = self.result.views[0].assessment.classes
        number_of = {one.name: i for i, one in enumerate(classes)}
        rows = [
            ClassRow(
                i,
                one.name,
                one.clips,
                one.scores,
                tuple((number_of[name], name, count) for name, count in one.confused_with[:3]),
            )
            for i, one in enumerate(classes)
        ]
        return tuple(sorted(rows, key=lambda row: row.first.value)[:MOST_ROWS])

    @property
    def class_metric(self) -> str:
        return metric_words(self.classes[0].first.name)

    @property
    def class_others(self) -> tuple[str, ...]:
        return tuple(metric_words(score.name) for score in self.classes[0].others)

    @property
    def class_axis(self) -> Axis:
        return Axis.of((row.first.interval for row in self.classes), 0.0, 1.0)

    @property
    def many_classes(self) -> str:
        """What is said in place of a confusion matrix that would be too large."""
        classes = self.result.views[0].assessment.classes
        if self.result.task != "classification" or len(classes) <= MOST_CLASSES:
            return ""
        return (
            f"A confusion matrix of {len(classes):,} classes would be too large for a page; the table names what "
            "each class was taken for."
            + (f" It holds the {MOST_ROWS} classes with the lowest scores." if len(classes) > MOST_ROWS else "")
        )

    @cached_property
    def confusion(self) -> Matrix | None:
        """``None`` where there is none, or where it would be too large."""
        assessment = self.result.views[0].assessment
        if assessment.confusion is None or self.many_classes:
            return None
        names = tuple(one.name for one in assessment.classes)
        rows = []
        for true, counts in enumerate(assessment.confusion):
            total = sum(counts)
            cells = [
                Cell(i, names[i], count, _shade(count, total, right=i == true)) for i, count in enumerate(counts)
            ]
            rows.append(MatrixRow(true, names[true], total, tuple(cells)))
        return Matrix(names, tuple(rows))

    @property
    def facts(self) -> list[tuple[str, str]]:
        """What was done, and with what."""
        result, assessment = self.result, self.result.views[0].assessment
        settings = ", ".join(f"{name} {value}" for name, value in (result.stage.get("params") or {}).items())
        method, request, rests_on = assessment.method, result.request, result.provenance
        unit = f" over {method.unit}s" if method.unit else ""
        versions = ", ".join(f"{name} {value}" for name, value in rests_on.versions.items())
        sizes = sorted({fold.test for fold in result.fold_sizes})
        tested = " to ".join(f"{size:,}" for size in dict.fromkeys((sizes[0], sizes[-1]))) if sizes else ""
        facts = [
            ("result", self.reported.id),
            ("evaluated", rests_on.created),
            ("classifier" if result.task != "regression" else "regressor", f"{result.head} ({settings or 'defaults'})"),
            ("protocol", result.folds),
            ("folds", f"{len(result.fold_sizes)}, of {tested} clips tested"),
            ("groups", request.group_by or "those of the catalogue, where it has any"),
            ("clips", f"{result.clips:,}, of which {assessment.units:,} can be drawn independently"),
            ("intervals", f"{100 * method.level:g} %, {method.name}{unit}"),
            ("runs", f"{result.runs}" if result.runs > 1 else ""),
            ("seed", str(request.seed)),
            ("parameters chosen", _chosen(result.views[0].params)),
            ("versions", versions),
            ("clips and targets", f"SHA-256 {rests_on.targets_hash}" if rests_on.targets_hash else ""),
        ]
        return [(name, value) for name, value in facts if value]


@dataclass(frozen=True, slots=True)
class BoardRow:
    """One line of a leaderboard."""

    name: str
    interval: Interval
    clips: int
    stale: str


@dataclass(frozen=True, slots=True)
class Board:
    """One metric of all results."""

    words: str
    axis: Axis
    chance: float | None
    rows: tuple[BoardRow, ...]


@dataclass(frozen=True, slots=True)
class ComparedRow:
    """A view against the best of its evaluation."""

    view: str
    difference: Difference


@dataclass(frozen=True, slots=True)
class Comparison:
    """The views of one evaluation."""

    words: str
    best: str
    axis: Axis
    rows: tuple[ComparedRow, ...]


@dataclass(frozen=True)
class ShownSearch:
    """One search of layers as the page shows it."""

    name: str
    searched: Searched

    @property
    def first(self) -> Score:
        return self.searched.result.first

    @property
    def main(self) -> str:
        return metric_words(self.first.name)

    @property
    def chance(self) -> float:
        return self.searched.result.chance

    @property
    def commands(self) -> tuple[str, ...]:
        return self.searched.commands

    @property
    def words(self) -> str:
        """What was found, in two sentences."""
        result = self.searched.result
        best = result.rows[result.best]
        how = "With the combination chosen inside each fold" if result.nested else "With the best combination"
        return (
            f"{how}, {self.main} is {self.first.interval}. The best in hindsight is {best.name} with {best.score}; "
            f"against the score above that is {result.cost.signed}, which is what choosing costs."
        )

    @cached_property
    def rows(self) -> tuple[Any, ...]:
        rows = sorted(self.searched.result.rows, key=lambda row: -row.score.value)
        return tuple(rows[:MOST_ROWS])

    @property
    def more(self) -> int:
        return len(self.searched.result.rows) - len(self.rows)

    @property
    def axis(self) -> Axis:
        return Axis.of((row.score for row in self.rows), 0.0)


@dataclass(frozen=True)
class ShownChapter:
    """A chapter as the page shows it."""

    number: int
    chapter: Chapter
    results: tuple[ShownResult, ...]
    several_targets: bool

    @property
    def name(self) -> str:
        name = self.card.name
        return f"{name} · {self.target}" if self.several_targets else name

    @property
    def card(self) -> Card:
        return self.chapter.card

    @property
    def target(self) -> str:
        return self.chapter.target

    @property
    def task(self) -> str:
        return self.chapter.task

    @property
    def best(self) -> ShownResult | None:
        return self.results[0] if self.results else None

    @property
    def sections(self) -> list[tuple[str, str]]:
        """Anchors, and what they are called."""
        there = [
            ("scores", "Scores", True),
            ("cautions", "Cautions", True),
            ("errors", "Errors", True),
            ("labels", "Labels", self.wrong_labels),
            ("copies", "Copies", self.copies),
            ("map", "Map", self.maps),
            ("search", "Layers", self.searches),
            ("data", "Data", True),
            ("method", "Method", True),
        ]
        return [(id, words) for id, words, shown in there if shown]

    @property
    def boards(self) -> Iterator[Board]:
        """A leaderboard for each metric that tells something about these classes."""
        metrics = dict.fromkeys(
            score.name for one in self.results for score in one.result.views[0].assessment.telling
        )
        for name in metrics:
            rows = [
                BoardRow(one.name, score.interval, one.result.clips, one.reported.stale)
                for one in self.results
                for score in one.result.views[0].assessment.scores
                if score.name == name
            ]
            chance = self.results[0].chance if name == self.results[0].first.name else None
            ends = (0.0, 1.0) if name in METRICS and METRICS[name].least is not None else (0.0,)
            axis = Axis.of((row.interval for row in rows), *ends)
            yield Board(metric_words(name), axis, chance, tuple(sorted(rows, key=lambda row: -row.interval.value)))

    @property
    def comparisons(self) -> Iterator[Comparison]:
        """Each evaluation of several views, once."""
        known = set()
        for one in self.results:
            compared = one.result.compared
            best = next((other.view for other in compared if other.difference is None), "")
            rows = tuple(ComparedRow(other.view, other.difference) for other in compared if other.difference)
            if not rows or (best, repr(rows)) in known:
                continue
            known.add((best, repr(rows)))
            axis = Axis.of((row.difference.interval for row in rows), 0.0)
            yield Comparison(one.main, best, axis, tuple(sorted(rows, key=lambda row: -row.difference.value)))

    @property
    def cautions(self) -> list[tuple[str, list[str]]]:
        """What was noticed, and of which results where not of all."""
        names: dict[str, list[str]] = {}
        for one in self.results:
            for line in one.result.all_cautions:
                names.setdefault(line, []).append(one.name)
        return [(line, [] if len(of) == len(self.results) else of) for line, of in names.items()]

    @property
    def left_out(self) -> list[LeftOut]:
        return list(dict.fromkeys(left for one in self.results for left in one.result.left_out))

    @property
    def baselines(self) -> tuple[MetadataScore, ...]:
        return self.chapter.audit.metadata if self.chapter.audit else ()

    @property
    def baseline_axis(self) -> Axis:
        return Axis.of((one.score.interval for one in self.baselines), 0.0, 1.0)

    @property
    def groupings(self) -> tuple[Grouping, ...]:
        return self.chapter.audit.groupings if self.chapter.audit else ()

    @property
    def columns(self) -> list[str]:
        """What is odd about the features, in lines."""
        if self.chapter.audit is None:
            return []
        odd, steps = self.chapter.audit.columns, self.chapter.audit.steps
        lines = [f"{odd.constant:,} columns never change"] if odd.constant else []
        lines += [f"{odd.equal:,} columns repeat an earlier one"] if odd.equal else []
        for clips, words in ((odd.outliers, "far from all others"), (odd.silent, "without sound")):
            lines += [f"{len(clips):,} clips {words}: {', '.join(clips[:8])}{' …' if len(clips) > 8 else ''}"] if clips else []
        if steps is not None and steps.rows:
            lines.append(
                f"steps in the features along the catalogue at {', '.join(map(str, steps.rows))} "
                f"(p = {steps.p:.2g}): were they computed in batches?"
            )
        return lines

    @property
    def wrong_labels(self) -> bool:
        return bool(self.chapter.audit and self.chapter.audit.wrong_labels)

    @property
    def copies(self) -> bool:
        return bool(self.chapter.audit and self.chapter.audit.copies)

    @property
    def split_copies(self) -> str:
        copies = self.chapter.audit.copies if self.chapter.audit else ()
        split = sum(copy.split for copy in copies)
        return (
            f"{len(copies):,} pairs, of which {split:,} lie in different folds: one is learnt from while the other "
            "is tested, which makes a score optimistic."
        )

    @property
    def maps(self) -> bool:
        return any(one.reported.map for one in self.results)

    @property
    def mapped(self) -> str:
        """How many clips are mapped, where not all are."""
        for one in self.results:
            if one.reported.map and one.answers and len(one.reported.map.clips) < one.answers.tested:
                return f"{len(one.reported.map.clips):,} of {one.answers.tested:,} clips, drawn at random, are on it."
        return ""

    @property
    def sampled(self) -> str:
        """How many clips are listed, where not all are."""
        for one in self.results:
            if one.answers and len(one.answers.clips) < one.answers.tested:
                return (
                    f"Of {one.answers.tested:,} clips {len(one.answers.clips):,} can be listed here: the worst of each "
                    "result, and some drawn at random. Counts and scores are of all."
                )
        return ""

    @cached_property
    def searches(self) -> tuple[ShownSearch, ...]:
        return tuple(
            ShownSearch(f"{one.result.view} · {one.result.head} · {one.result.folds}", one)
            for one in self.chapter.searches
        )

    @property
    def tables(self) -> list[Table]:
        return list({table.fingerprint: table for one in self.results for table in one.reported.tables}.values())


def shown_chapters(chapters: Sequence[Chapter]) -> tuple[ShownChapter, ...]:
    """The chapters of a report, their results numbered through."""
    shown, number = [], 0
    datasets = [chapter.card.name for chapter in chapters]
    for i, chapter in enumerate(chapters):
        names = _names(chapter.results)
        results = tuple(
            ShownResult(number + j, name, one)
            for j, (name, one) in enumerate(zip(names, chapter.results, strict=True))
        )
        number += len(results)
        shown.append(ShownChapter(i, chapter, results, datasets.count(chapter.card.name) > 1))
    return tuple(shown)


def _names(results: Sequence[Reported]) -> list[str]:
    """What tells results apart: the view, and what else differs."""
    aspects = [
        lambda one: one.result.view,
        lambda one: one.result.head,
        lambda one: one.result.folds,
        lambda one: " ".join(f"{name}={value}" for name, value in (one.result.stage.get("params") or {}).items()),
        lambda one: f"seed {one.result.request.seed}",
        lambda one: one.id,
    ]
    names = [aspects[0](one) for one in results]
    for aspect in aspects[1:]:
        if len(set(names)) == len(names):
            break
        if len({aspect(one) for one in results}) > 1:
            names = [f"{name} · {aspect(one)}" for name, one in zip(names, results, strict=True)]
    return names


def _chosen(params: Sequence[Mapping[str, Any]]) -> str:
    """How often which parameters were chosen."""
    counts: dict[str, int] = {}
    for one in params:
        words = " ".join(f"{name}={value:g}" if isinstance(value, float) else f"{name}={value}" for name, value in one.items())
        counts[words] = counts.get(words, 0) + 1
    ranked = sorted(counts.items(), key=lambda item: -item[1])
    return "; ".join(f"{words} ({count} folds)" if count > 1 else words for words, count in ranked[:8] if words)


def _shade(count: int, total: int, *, right: bool) -> str:
    if not count:
        return ""
    level = max(1, round(SHADES * count / total))
    return f"{'right' if right else 'wrong'} s{level}"
