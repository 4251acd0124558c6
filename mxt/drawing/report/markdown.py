"""A report as Markdown: the same numbers, without sounds and pictures."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from mxt.core.text import written
from mxt.drawing.report.contents import ShownChapter, ShownResult, shown_chapters
from mxt.drawing.report.words import search_words
from mxt.evaluation.metrics import metric_words
from mxt.results.report import Report

MOST = 20  # wrong labels, copies and failures that are named


def markdown(report: Report) -> str:
    """The text of a report."""
    lines = [f"# mxt report: {', '.join(dict.fromkeys(_safe(one.card.name) for one in report.chapters))}"]
    for chapter in shown_chapters(report.chapters):
        lines += ["", *_chapter(chapter)]
    lines += ["", *(f"- {_safe(remark)}" for remark in report.remarks)]
    lines += ["", f"Written by mxt {report.version}, {report.created}: {_code(report.command)}"]
    return written(re.sub("\n{3,}", "\n\n", "\n".join(lines)).strip()) + "\n"


def _chapter(chapter: ShownChapter) -> Iterator[str]:
    yield f"## {_safe(chapter.of.card.name)}: {_safe(chapter.of.target)}"
    for board in chapter.boards:
        yield from ("", f"### {board.words}" + (f" (chance {board.chance:.3f})" if board.chance else ""), "")
        yield from _table(
            ("result", f"{board.words} (95 %)", "clips"),
            ([row.name, str(row.interval), f"{row.clips:,}"] for row in board.rows),
        )
    if chapter.gaps:
        yield from (
            "",
            f"### Compared with {_safe(chapter.gaps.best)} on {chapter.gaps.of.clips:,} clips",
            "",
        )
        yield from _table(
            ("view", "difference (95 %)", "p", ""),
            (
                [
                    name,
                    gap.interval.signed,
                    f"{gap.p:.4f}",
                    "clearly below" if gap.clear else "not clearly different",
                ]
                for name, gap in chapter.gaps.rows
            ),
        )
    if chapter.audit.metadata:
        yield from ("", "### Told by metadata alone", "")
        yield from _table(
            ("told by", "score (95 %)", "baseline"),
            ([one.what, str(one.score.interval), f"{one.baseline:.3f}"] for one in chapter.audit.metadata),
        )
    yield from ("", "### What may be wrong", "")
    for line, views in chapter.cautions:
        yield f"- {_safe(', '.join(views)) + ': ' if views else ''}{_safe(line)}"
    yield from (f"- {words}" for words in chapter.unseen)
    for left in chapter.left_out:
        yield f"- left out{f' {left.count:,}' if left.count else ''}: {_safe(left.words)}"
    for one in chapter.results:
        yield from ("", *_result(one))
    yield from ("", *_audit(chapter))
    yield from ("", *_searches(chapter))
    yield from ("", "### Data and method", "")
    card = chapter.of.card
    yield f"- {card.clips:,} clips in {card.files:,} files, {card.used:,} usable, {card.seconds:.0f} s"
    for clip, reason, _ in card.failures[:MOST]:
        yield f"- cannot be used: {_safe(clip)} ({reason})"
    for table in chapter.tables:
        facts = "; ".join(f"{name}: {value}" for name, value in table.facts.items())
        yield f"- {_safe(table.label)} ({table.fingerprint[:12]}): {_safe(facts)}"


def _result(one: ShownResult) -> Iterator[str]:
    yield f"### {_safe(one.name)}"
    yield ""
    if one.classes:
        yield from _table(
            ("class", "clips", f"{one.classes.words} (95 %)", *one.classes.others, "taken for"),
            (
                [
                    row.name,
                    f"{row.clips:,}",
                    str(row.first.interval),
                    *(f"{score.value:.3f}" for score in row.others),
                    ", ".join(f"{name} {count}" for _, name, count in row.confused),
                ]
                for row in one.classes.rows
            ),
        )
    if curve := one.curve:
        yield from (
            "",
            f"Brier score {curve.brier:.3f} (without listening {curve.baseline:.3f}), "
            f"mean gap {curve.gap:.3f}.",
        )
    if one.confusion:
        yield from ("", "Confusion (rows: true, columns: predicted):", "")
        yield from _table(
            ("", *(row.name for row in one.confusion)),
            ([row.name, *(str(cell.count or "") for cell in row.cells)] for row in one.confusion),
        )
    yield ""
    for name, value in one.facts:
        yield f"- {name}: {_safe(value)}"
    yield from ("", "```console", *(written(command) for command in one.of.commands), "```")


def _audit(chapter: ShownChapter) -> Iterator[str]:
    audit = chapter.audit
    if audit.wrong_labels:
        yield from ("### Labels that are probably wrong", "")
        yield from _table(
            ("clip", "label", "probability", "suggested", "probability"),
            (
                [
                    one.clip,
                    one.label,
                    f"{one.probability:.3f}",
                    one.suggested,
                    f"{one.suggested_probability:.3f}",
                ]
                for one in audit.wrong_labels[:MOST]
            ),
        )
    if audit.copies:
        yield from ("", "### Clips that sound like one recording", "", chapter.copies, "")
        yield from _table(
            ("clip", "clip", "labels", "folds", "similarity"),
            (
                [
                    one.first,
                    one.second,
                    " / ".join(one.labels),
                    " / ".join(one.folds),
                    f"{one.similarity:.3f}",
                ]
                for one in audit.copies[:MOST]
            ),
        )


def _searches(chapter: ShownChapter) -> Iterator[str]:
    for one in chapter.searches:
        result = one.searched.result
        yield from (f"### Search of layers: {_safe(one.name)}", "", _safe(search_words(result)), "")
        yield from _table(
            ("layers", f"{metric_words(result.first.name)} (95 %)", "to the best", "chosen in folds"),
            ([row.name, str(row.score), row.behind.signed, str(row.chosen or "")] for row in one.rows),
        )
        yield from ("", "```console", *(written(command) for command in one.searched.commands), "```", "")


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(map(_safe, columns))} |"
    yield f"|{'---|' * len(columns)}"
    for row in rows:
        yield f"| {' | '.join(map(_safe, row))} |"


def _safe(text: str) -> str:
    r"""Text that means nothing in Markdown: on one line, its special characters written out.

    Examples
    --------
    >>> print(_safe("a|b <c>"))
    a\|b \<c\>
    """
    return re.sub(r"([\\`*_\[\]<>|#&])", r"\\\1", " ".join(text.split()))


def _code(text: str) -> str:
    """Text as code: in more backticks than it holds."""
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    return f"{fence} {text} {fence}" if longest else f"`{text}`"
