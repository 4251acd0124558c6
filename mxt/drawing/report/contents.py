"""What the page and the Markdown of a report show, in their order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mxt.drawing.report.rows import (
    MOST_CLASSES,
    Board,
    ClassTable,
    Curve,
    Gaps,
    MatrixRow,
    SearchTable,
    boards,
    chance_of,
    class_table,
    confusion,
    gaps,
    reliability,
    search_table,
)
from mxt.drawing.report.words import copies_words, mapped_words, sampled_words, unseen_words, wrong_words
from mxt.evaluation.left_out import LeftOut
from mxt.results.audit_records import Audit
from mxt.results.audit_words import complaints
from mxt.results.records import DatasetResult
from mxt.results.report import Chapter, Reported, Table

MOST_PARAMS = 8  # sets of parameters that are named


@dataclass(frozen=True, slots=True)
class ShownResult:
    """One evaluation.

    Parameters
    ----------
    number : int
        Among all of the report.
    name : str
        That tells it apart from others of its chapter.
    of : Reported
    classes : ClassTable, optional
    confusion : tuple of MatrixRow
        Empty where there is none, or where it would be too large.
    curve : Curve, optional
        How far its probabilities can be trusted.
    facts : tuple of (str, str)
        What was done, and with what.
    notes : tuple of str
        What is not shown.
    """

    number: int
    name: str
    of: Reported
    classes: ClassTable | None
    confusion: tuple[MatrixRow, ...]
    curve: Curve | None
    facts: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]

    @property
    def result(self) -> DatasetResult:
        """The evaluation itself."""
        return self.of.result


@dataclass(frozen=True, slots=True)
class ShownChapter:
    """One target of one data set.

    Parameters
    ----------
    number : int
        Among all of the report.
    name : str
        The data set, and the target where a report has several of it.
    of : Chapter
    audit : Audit
        Of the best result; empty where there is none.
    results : tuple of ShownResult
        The best first.
    chance : float, optional
        Of the main score.
    boards, gaps, searches
        Tables: leaderboards, the results against the best one, combinations of layers.
    cautions : tuple of (str, tuple of str)
        What may be wrong, and with which results where not with all.
    left_out : tuple of LeftOut
    unseen : tuple of str
        What was not looked for.
    wrong, copies, sampled, mapped : str
        Notes on near copies, and on what is not listed or mapped; empty where there are none.
    tables : tuple of Table
        Feature tables that the results rest on.
    """

    number: int
    name: str
    of: Chapter
    audit: Audit
    results: tuple[ShownResult, ...]
    chance: float | None
    boards: tuple[Board, ...]
    gaps: Gaps | None
    searches: tuple[SearchTable, ...]
    cautions: tuple[tuple[str, tuple[str, ...]], ...]
    left_out: tuple[LeftOut, ...]
    unseen: tuple[str, ...]
    wrong: str
    copies: str
    sampled: str
    mapped: str
    tables: tuple[Table, ...]

    @property
    def has_map(self) -> bool:
        """Whether any result's clips can be mapped."""
        return any(one.of.map for one in self.results)

    @property
    def sections(self) -> list[tuple[str, str]]:
        """Anchors of what there is, and what they are called."""
        there = {
            ("scores", "Scores"): True,
            ("cautions", "Cautions"): True,
            ("errors", "Errors"): self.results,
            ("labels", "Labels"): self.audit.wrong_labels,
            ("copies", "Copies"): self.audit.copies,
            ("map", "Map"): self.has_map,
            ("search", "Layers"): self.searches,
            ("data", "Data"): True,
            ("method", "Method"): True,
        }
        return [words for words, shown in there.items() if shown]


def shown_chapters(chapters: Sequence[Chapter]) -> tuple[ShownChapter, ...]:
    """The chapters of a report, their results numbered through."""
    shown: list[ShownChapter] = []
    datasets = Counter(chapter.card.name for chapter in chapters)
    for chapter in chapters:
        before = sum(len(one.results) for one in shown)
        several = datasets[chapter.card.name] > 1
        name = f"{chapter.card.name} · {chapter.target}" if several else chapter.card.name
        shown.append(_chapter(len(shown), name, chapter, before))
    return tuple(shown)


def _chapter(number: int, name: str, chapter: Chapter, before: int) -> ShownChapter:
    names = _names(chapter.results)
    results = [
        _result(before + i, of_result, one)
        for i, (of_result, one) in enumerate(zip(names, chapter.results, strict=True))
    ]
    audit = chapter.audit or Audit()
    answers = next((one.answers for one in chapter.results if one.answers), None)
    return ShownChapter(
        number=number,
        name=name,
        of=chapter,
        audit=audit,
        results=tuple(results),
        chance=chance_of(results[0].result) if results else None,
        boards=tuple(boards(chapter.results, names)),
        gaps=gaps(chapter, names),
        searches=tuple(map(search_table, chapter.searches)),
        cautions=_cautions(results, audit),
        left_out=tuple(dict.fromkeys(left for one in results for left in one.result.left_out)),
        unseen=unseen_words(audit),
        wrong=wrong_words(audit),
        copies=copies_words(audit),
        sampled=sampled_words(answers),
        mapped=mapped_words(chapter.results, answers),
        tables=tuple({table.fingerprint: table for one in results for table in one.of.tables}.values()),
    )


def _result(number: int, name: str, reported: Reported) -> ShownResult:
    result = reported.result
    classes = class_table(result)
    notes = []
    if result.task == "classification" and result.classes > MOST_CLASSES:
        notes.append(
            f"A confusion matrix of {result.classes:,} classes would be too large; the table names what each "
            "class was taken for."
        )
    if classes and classes.more:
        notes.append(f"{classes.more:,} classes with higher scores are left out of the table.")
    return ShownResult(
        number=number,
        name=name,
        of=reported,
        classes=classes,
        confusion=confusion(result),
        curve=reliability(reported),
        facts=tuple(_facts(reported)),
        notes=tuple(notes),
    )


def _names(results: Sequence[Reported]) -> list[str]:
    """What tells results apart: the view, and what else differs."""
    aspects: tuple[Callable[[Reported], str], ...] = (
        lambda one: one.result.head,
        lambda one: one.result.folds,
        lambda one: _settings(one.result),
        lambda one: f"seed {one.result.request.seed}",
        lambda one: one.id,
    )
    names = [one.result.view for one in results]
    for aspect in aspects:
        words = [aspect(one) for one in results]
        if len(set(names)) < len(names) and len(set(words)) > 1:
            names = [f"{name} · {word}" if word else name for name, word in zip(names, words, strict=True)]
    return names


def _settings(result: DatasetResult) -> str:
    return ", ".join(f"{name} {value}" for name, value in (result.stage.get("params") or {}).items())


def _facts(reported: Reported) -> list[tuple[str, str]]:
    """What was done, and with what."""
    result = reported.result
    view, request, rests_on = result.views[result.best], result.request, result.provenance
    method, sizes = view.assessment.method, [fold.test for fold in result.fold_sizes]
    drawn = f" over {method.unit}s" if method.unit else ""
    tested = " to ".join(dict.fromkeys((f"{min(sizes):,}", f"{max(sizes):,}"))) if sizes else ""
    facts = {
        "result": reported.id,
        "evaluated": rests_on.created,
        "columns": f"{view.columns:,}",
        "head": f"{result.head} ({_settings(result) or 'no settings'})",
        "protocol": result.folds,
        "folds": f"{len(sizes)}, each tested on {tested} clips" if sizes else "",
        "groups": request.group_by or result.grouping,
        "clips": f"{result.clips:,}, of which {view.assessment.units:,} can be drawn independently",
        "intervals": f"{100 * method.level:g} %, {method.name}{drawn}",
        "runs": f"{result.runs:,}" if result.runs > 1 else "",
        "seed": str(request.seed),
        "parameters chosen": _chosen(reported),
        "versions": ", ".join(f"{name} {value}" for name, value in rests_on.versions.items()),
        "clips and targets": f"SHA-256 {rests_on.targets_hash}" if rests_on.targets_hash else "",
    }
    return [(name, value) for name, value in facts.items() if value]


def _chosen(reported: Reported) -> str:
    """Which parameters were chosen in how many folds, the most frequent first."""
    counts = Counter(
        " ".join(
            f"{name}={value:g}" if isinstance(value, float) else f"{name}={value}"
            for name, value in params.items()
        )
        for view in reported.result.views
        for params in view.params
    )
    return "; ".join(f"{words} in {count} folds" for words, count in counts.most_common(MOST_PARAMS) if words)


def _cautions(results: Sequence[ShownResult], audit: Audit) -> tuple[tuple[str, tuple[str, ...]], ...]:
    names: dict[str, list[str]] = {}
    for one in results:
        for line in one.result.all_cautions:
            names.setdefault(line, []).append(one.name)
    for line in complaints(audit):
        names.setdefault(line, [results[0].name])
    return tuple((line, () if len(of) == len(results) else tuple(of)) for line, of in names.items())
