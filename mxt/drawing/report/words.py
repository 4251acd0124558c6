"""Sentences of a report: what an audit and a search found, and what is left out."""

from __future__ import annotations

from collections.abc import Sequence

from mxt.core.text import plural
from mxt.evaluation.duplicates import LARGEST
from mxt.evaluation.metrics import metric_words
from mxt.results.audit_records import Audit
from mxt.results.report import Answers, Reported
from mxt.results.search_record import SearchResult

MOST_LISTED = 1000  # wrong labels and copies that a page carries


def wrong_words(audit: Audit) -> str:
    """What is said where not all labels that are probably wrong are listed."""
    if len(audit.wrong_labels) <= MOST_LISTED:
        return ""
    return f"{MOST_LISTED:,} of {len(audit.wrong_labels):,} are listed."


def copies_words(audit: Audit) -> str:
    """How many pairs of near copies there are; empty where there are none."""
    if not audit.copies:
        return ""
    pairs, split = plural(len(audit.copies), "pair"), sum(copy.split for copy in audit.copies)
    if len(audit.copies) > MOST_LISTED:
        pairs += f", of which {MOST_LISTED:,} are listed"
    if not split:
        return f"{pairs}, none of them split between folds."
    return (
        f"{pairs}, {split:,} split between folds: there one is learnt from while the other is tested, which "
        "makes a score optimistic."
    )


def duration_words(seconds: float) -> str:
    """A duration for people."""
    minutes = round(seconds / 60)
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60:,} h {minutes % 60} min"


def unseen_words(audit: Audit) -> tuple[str, ...]:
    """What was not looked for, because there are too many clips."""
    words = []
    if audit.clips > LARGEST:
        words.append(
            f"Of more than {LARGEST:,} clips mxt does not look for labels that are probably wrong, clips "
            "with equal features, outliers, or groups that are split between folds."
        )
    if audit.unheard:
        words.append(
            f"Recordings were not compared by their sound: {duration_words(audit.unheard)} of audio would "
            "have to be read, which mxt eval --strict does."
        )
    return tuple(words)


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
