"""What is printed of a data set that was ingested or derived."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from mxt.cli import console
from mxt.core.errors import listed
from mxt.core.text import plural

if TYPE_CHECKING:
    from mxt.ingestion.changes import Changes
    from mxt.ingestion.records import Derived, Ingested
    from mxt.ingestion.summary import DuplicateSet, Summary, TargetSummary

SHOWN = 3
LONGEST_TEXT = 180


def render_ingested(result: Ingested) -> None:
    """Print what an ingest found, in a few lines."""
    summary = result.summary
    console.say(" · ".join(_first_words(result)))
    for line in (
        *_used(result),
        *([f"no audio; features: {' '.join(result.views)}"] if result.views else []),
        *_duplicates(summary),
        *_alike(summary),
        *_without_classes(summary),
        *_since_last_time(result),
        *_remarks(summary),
        *_notes(summary),
        *_groups(result),
        *_durations(summary),
    ):
        console.say(f"  {line}")
    if result.dry_run:
        console.say("nothing was opened or written (--dry-run)")
    elif not summary.used:
        console.say(f"nothing usable; see: mxt info {result.name} --failures")


def render_derived(result: Derived) -> None:
    """Print what was derived, in a few lines."""
    summary = result.summary
    words = [result.name, f"derived from {result.parent}: {result.how}", f"{summary.clips:,} clips"]
    words += _target_texts(summary)
    if summary.seconds:
        words.append(console.seconds_text(summary.seconds))
    console.say(" · ".join(words))
    if summary.left_out:
        console.say(f"  {_left_out(summary)} (mxt info {result.name} --failures)")
    for line in _remarks(summary):
        console.say(f"  {line}")
    if not result.changes.first:
        console.say(f"  since last time: {_changes(result.changes)}")
    if result.views:
        console.say(f"  features are there already: {' '.join(result.views)}")


def _first_words(result: Ingested) -> Iterator[str]:
    summary = result.summary
    files = "1 file" if summary.files == 1 else f"{summary.files:,} files"
    yield result.name
    yield files if summary.files == summary.clips else f"{summary.clips:,} clips in {files}"
    yield from _target_texts(summary) or ["no labels"]
    if summary.splits:
        yield listed(f"{name} {number:,}" for name, number in summary.splits.items())
    if summary.folds:
        yield f"{len(summary.folds)} folds"
    if summary.seconds is not None and not result.views:
        yield console.seconds_text(summary.seconds)
    yield f"{result.loader} ({result.why})"


def _target_texts(summary: Summary) -> list[str]:
    """Each target in a few words: classes and their sizes, or a range."""
    several = len(summary.targets) > 1
    return [_target_text(target, f"{_short(target.name)}: " if several else "") for target in summary.targets]


def _target_text(target: TargetSummary, name: str) -> str:
    unlabelled = f", {target.unlabelled:,} unlabelled" if target.unlabelled else ""
    if target.kind == "numbers":
        return f"{name or target.name + ' '}{target.low:g} to {target.high:g}{unlabelled}"
    if not target.classes:
        return f"{name}no labels"
    fewest, most = min(target.classes.values()), max(target.classes.values())
    noun = "labels" if target.kind == "several labels" else "classes" if len(target.classes) > 1 else "class"
    span = f"{fewest:,}" if fewest == most else f"{fewest:,} to {most:,}"
    return f"{name}{len(target.classes)} {noun} of {span}{unlabelled}"


def _used(result: Ingested) -> Iterator[str]:
    summary = result.summary
    counts = {"hidden": summary.hidden, "of another kind": summary.others}
    others = ", ".join(f"{number:,} {what}" for what, number in counts.items() if number)
    also = f"; also there: {others}" if others else ""
    if summary.left_out:
        more = "" if result.dry_run else f" (mxt info {result.name} --failures)"
        yield f"{_left_out(summary)}{more}{also}"
    else:
        yield f"used {'all that are there' if result.dry_run else 'all'} {summary.used:,}{also}"


def _left_out(summary: Summary) -> str:
    reasons = ", ".join(f"{reason} {number:,}" for reason, number in summary.left_out.items())
    return f"used {summary.used:,}, left out {sum(summary.left_out.values()):,}: {reasons}"


def _duplicates(summary: Summary) -> Iterator[str]:
    number = len(summary.duplicates)
    if not number:
        return
    differ = [copies for copies in summary.duplicates if copies.labels]
    pairs = all(len(copies.clips) == 2 for copies in summary.duplicates)
    line = f"duplicates: {plural(number, 'pair' if pairs else 'set')}"
    if differ:
        named = "; ".join(map(_copies, differ[:SHOWN])) + (" …" if len(differ) > SHOWN else "")
        line += f", {len(differ):,} WITH DIFFERENT LABELS: {named}"
    yield line


def _copies(copies: DuplicateSet) -> str:
    pairs = zip(copies.clips, copies.labels, strict=True)
    return " = ".join(f"{_short(clip)} ({_short(label) or 'no label'})" for clip, label in pairs)


def _alike(summary: Summary) -> Iterator[str]:
    for names in summary.alike[:SHOWN]:
        yield f"class names that differ only in case or spacing: {' = '.join(map(repr, names))}"


def _without_classes(summary: Summary) -> Iterator[str]:
    """What it means for an evaluation where there are no classes to tell apart."""
    targets = summary.targets
    if not summary.used or any(target.kind == "numbers" or len(target.classes) > 1 for target in targets):
        return
    only = next((name for target in targets for name in target.classes), None)
    what = "no clip has a label" if only is None else f"all labelled clips are of one class ({_short(only)})"
    yield f"{what}: features can be extracted, but mxt eval needs at least two classes;"
    yield (
        "labels come from one folder per class, a column of a table (--target), or parts of file names "
        "(--pattern)"
    )


def _since_last_time(result: Ingested) -> Iterator[str]:
    changes = result.changes
    if not (result.dry_run or changes.first):
        moved = f"; moved here from {changes.moved_from}" if changes.moved_from else ""
        files = "1 file" if result.read == 1 else f"{result.read:,} files"
        yield f"since last time: {_changes(changes)}; {files} read{moved}"


def _changes(changes: Changes) -> str:
    kinds = {
        "new": changes.new,
        "changed": changes.changed,
        "gone": changes.gone,
        "relabelled": changes.relabelled,
    }
    return ", ".join(f"{len(clips):,} {what}" for what, clips in kinds.items() if clips) or "nothing changed"


def _remarks(summary: Summary) -> Iterator[str]:
    """One line for each kind of remark: how many, and the first."""
    for kind, texts in summary.remarks.items():
        yield f"{kind}: {_counted(texts)}"


def _counted(texts: Sequence[str]) -> str:
    return _short(texts[0]) if len(texts) == 1 else f"{len(texts):,}, the first: {_short(texts[0])}"


def _notes(summary: Summary) -> Iterator[str]:
    if summary.notes:
        yield "noted: " + ", ".join(f"{note} {number:,}" for note, number in summary.notes.items())


def _groups(result: Ingested) -> Iterator[str]:
    summary = result.summary
    if summary.groups:
        yield f"groups: {len(summary.groups):,}; a group is never split between learning and testing"
    elif summary.used and summary.clips > summary.files:
        yield (
            "groups: segments of one file are never split between learning and testing "
            "(other groups: --group-by at mxt eval)"
        )
    elif summary.used and not summary.folds and not summary.splits:
        choice = ", ".join(f"{_short(name)} ({number:,})" for name, number in summary.candidates.items())
        permanent = choice and "group_column" in result.params
        for_good = " (or for good, with --group-column here)" if permanent else ""
        yield (
            "no groups known: recordings that belong together (one artist, one tape) may be split between "
            "learning and testing;"
        )
        yield f"name them at mxt eval with --group-by{for_good}: {choice or 'a column, or part of the name'}"


def _durations(summary: Summary) -> Iterator[str]:
    from mxt.ingestion.summary import WINDOW_SECONDS

    shortest, median, longest = summary.shortest, summary.median, summary.longest
    if shortest is None or median is None or longest is None or summary.window_share is None:
        return
    span = " to ".join(dict.fromkeys(map(_seconds, (shortest, longest))))
    middle = f", median {_seconds(median)}" if shortest != longest else ""
    percent = round(100 * summary.window_share)
    within = f"the first {WINDOW_SECONDS:g} s, which is what the convnet uses"
    yield f"clips of {span}{middle}" + (
        f"; {percent} % of the audio lies in {within}" if percent < 100 else ""
    )


def _seconds(seconds: float) -> str:
    return f"{seconds:.2g} s" if seconds < 10 else console.seconds_text(seconds)


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else text[:LONGEST_TEXT] + "…"
