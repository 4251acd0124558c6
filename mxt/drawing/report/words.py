"""Sentences of a report: what an audit and a search found, and what is left out."""

from __future__ import annotations

from collections.abc import Sequence

from mxt.core.text import plural
from mxt.evaluation.metrics import metric_words
from mxt.results.audit_records import Audit
from mxt.results.report import Answers, Reported
from mxt.results.search_record import SearchResult


def copies_words(audit: Audit) -> str:
    """How many pairs of near copies there are; empty where there are none."""
    if not audit.copies:
        return ""
    split = sum(copy.split for copy in audit.copies)
    if not split:
        return f"{plural(len(audit.copies), 'pair')}, none of them split between folds."
    return (
        f"{plural(len(audit.copies), 'pair')}, {split:,} split between folds: there one is learnt from while "
        "the other is tested, which makes a score optimistic."
    )


def sampled_words(answers: Answers | None) -> str:
    """What is said where not all clips can be listed."""
    if answers is None or len(answers.clips) == answers.tested:
        return ""
    return (
        f"Of {answers.tested:,} clips {len(answers.clips):,} can be listed here: the worst of each result, "
        "and some drawn at random. Counts and scores are of all."
    )


def mapped_words(results: Sequence[Reported], answers: Answers | None) -> str:
    """What is said where not all clips are mapped."""
    for one in results:
        if one.map and answers and len(one.map.clips) < answers.tested:
            return f"It holds {len(one.map.clips):,} of {answers.tested:,} clips, drawn at random."
    return ""


def search_words(result: SearchResult) -> str:
    """What a search found, in two sentences."""
    best, metric = result.rows[result.best], metric_words(result.first.name)
    how = "With the combination chosen inside each fold" if result.nested else "With the best combination"
    return (
        f"{how}, {metric} is {result.first.interval}. The best in hindsight is {best.name} with "
        f"{best.score}; compared with the former that is {result.cost.signed}, which is what choosing costs."
    )
