"""Which clips one wants to hear most."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mxt.results.report import Chapter, Report, Reported

Key = tuple[str, str]  # data set and clip id


def by_need(report: Report) -> Iterator[Key]:
    """Clips in the order in which they should be given previews; some come more than once.

    Of each chapter those that were mistaken, those whose label is probably wrong and those that are near
    copies, in turn; then the others, in turn from each class.
    """
    for wanted in (_suspicious, _others):
        for chapter in report.chapters:
            yield from ((chapter.card.name, clip) for clip in _in_turn(wanted(chapter)))


def _suspicious(chapter: Chapter) -> list[list[str]]:
    lists = [_mistaken(one) for one in chapter.results]
    if chapter.audit is not None:
        lists.append([label.clip for label in chapter.audit.wrong_labels])
        lists.append([clip for copy in chapter.audit.copies for clip in (copy.first, copy.second)])
    return lists


def _others(chapter: Chapter) -> list[list[str]]:
    classes: dict[object, list[str]] = {}
    for one in chapter.results:
        if one.answers is not None:
            for clip, true in zip(one.answers.clips, one.answers.true, strict=True):
                classes.setdefault(None if chapter.task == "regression" else true, []).append(clip)
    return list(classes.values())


def _mistaken(one: Reported) -> list[str]:
    """The clips of a result that were taken for another class, the worst first."""
    answers = one.answers
    if answers is None or one.result.task != "classification":
        return []
    rows = zip(answers.clips, answers.true, answers.predicted, strict=True)
    return [clip for clip, true, predicted in rows if predicted[0][0] != true[0]]


def _in_turn(lists: Sequence[Sequence[str]]) -> Iterator[str]:
    """The first of each list, then the second of each, and so on."""
    for i in range(max(map(len, lists), default=0)):
        yield from (one[i] for one in lists if i < len(one))
