"""What an audit complains of, one calm line each."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from mxt.core.errors import listed
from mxt.evaluation.metrics import metric_words
from mxt.results.audit_records import Audit, Columns, Grouping, MetadataScore, NearCopy

SHOWN = 3
SUSPICIOUS, SURE = 0.05, 0.9  # probabilities of a given and of a suggested label that are told of
MOST_WRONG = 0.05  # share of the clips beyond which it is the classifier that is wrong
NOTICEABLE = 0.05  # share of the way from the baseline to 1 that metadata must go to be told of


def complaints(audit: Audit) -> list[str]:
    """What makes the score of a result doubtful, and what to do about it; empty where nothing does."""
    return [
        *_groupings(audit),
        *_copies(audit),
        *_wrong_labels(audit),
        *_metadata(audit),
        *_steps(audit),
        *_columns(audit.columns),
    ]


def split_copies(audit: Audit) -> tuple[NearCopy, ...]:
    """Copies of which one is learnt from while the other is tested."""
    return tuple(copy for copy in audit.copies if copy.split)


def leaks(score: MetadataScore) -> bool:
    """Whether metadata tells classes apart well enough to be told of."""
    return score.clear and score.score.value - score.baseline >= NOTICEABLE * (1 - score.baseline)


def _groupings(audit: Audit) -> Iterator[str]:
    for grouping in audit.groupings:
        if grouping.clear:
            yield _grouping(grouping)


def _grouping(grouping: Grouping) -> str:
    likeness, examples = grouping.likeness, listed(grouping.examples)
    what = {"folder": "folder", "column": grouping.name, "name": "a part of the file name"}[grouping.origin]
    all_ = "all" if grouping.split == grouping.groups else f"{grouping.split:,} of"
    return (
        f"learning and testing share {all_} {grouping.groups:,} groups by {what} ({examples}); for "
        f"{100 * likeness.share:.0f} % of the clips the most similar one is of the same group (by chance "
        f"{100 * likeness.chance:.0f} %); keep them together: --group-by {shlex.quote(grouping.name)}"
    )


def _copies(audit: Audit) -> Iterator[str]:
    for by, verb in (("fingerprint", "sound"), ("features", "look")):
        copies = [copy for copy in split_copies(audit) if copy.by == by]
        if not copies:
            continue
        names = [f"{copy.first} = {copy.second}" for copy in copies]
        count = f"1 pair of clips {verb}s" if len(copies) == 1 else f"{len(copies):,} pairs of clips {verb}"
        where = "" if by == "fingerprint" else " in the features"
        yield f"{count} like one recording{where}, split between learning and testing: {listed(names, SHOWN)}"
        clash = [name for name, copy in zip(names, copies, strict=True) if copy.labels[0] != copy.labels[1]]
        if clash:
            yield f"{len(clash):,} of them with different labels: {listed(clash, SHOWN)}"


def _wrong_labels(audit: Audit) -> Iterator[str]:
    wrong = [
        one for one in audit.wrong_labels if one.quality < SUSPICIOUS and one.suggested_probability >= SURE
    ]
    if 0 < len(wrong) <= MOST_WRONG * audit.clips:
        names = [f"{one.clip} ({one.suggested}?)" for one in wrong]
        count = "1 label is" if len(wrong) == 1 else f"{len(wrong):,} labels are"
        them = "it" if len(wrong) == 1 else "them"
        yield f"{count} probably wrong, or untypical; listen to {them}: {listed(names, SHOWN)}"


def _metadata(audit: Audit) -> Iterator[str]:
    told = [score for score in audit.metadata if leaks(score)]
    if told:
        first = told[0]
        scores = ", ".join(f"{one.what} {one.score.value:.3f}" for one in told)
        yield (
            f"classes can be told apart without listening: {metric_words(first.score.name)} by {scores} "
            f"(baseline {first.baseline:.3f})"
        )


def _steps(audit: Audit) -> Iterator[str]:
    steps = audit.steps
    if steps is not None and steps.clear:
        rows = listed(map(str, steps.rows), SHOWN)
        yield (
            f"features change abruptly every {steps.every:,} clips of the catalogue (rows {rows}; p = "
            f"{steps.p:.2g}): they may remember the batch they were computed in"
        )


def _columns(columns: Columns) -> Iterator[str]:
    if columns.constant or columns.equal:
        kinds = {"constant": columns.constant, "copies of another column": columns.equal}
        yield f"columns that say nothing: {', '.join(f'{n:,} {kind}' for kind, n in kinds.items() if n)}"
    if columns.outliers:
        yield f"clips unlike all others: {listed(columns.outliers, SHOWN)}"
    if columns.silent:
        yield f"silent clips: {listed(columns.silent, SHOWN)}"
