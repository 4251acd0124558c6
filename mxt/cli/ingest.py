"""`mxt ingest`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mxt.cli import completion
from mxt.cli.options import (
    DEFAULT_STORE,
    DryRunOption,
    JobsOption,
    JsonOption,
    PluginOption,
    QuietOption,
    SetOption,
    StoreOption,
    StrictOption,
    YesOption,
)
from mxt.core.errors import listed

if TYPE_CHECKING:
    from mxt.ingestion.summary import Duplicates, Summary, TargetSummary
    from mxt.workflows.ingest import Ingested

SHOWN = 3
LONGEST_NAME = 60


def ingest(
    path: Annotated[
        Path, typer.Argument(metavar="PATH", help="A folder of audio, or a table (.csv, .tsv, .jsonl).")
    ],
    store: StoreOption = DEFAULT_STORE,
    loader: Annotated[
        str | None,
        typer.Option(
            "--loader", metavar="NAME", help="The layout; else recognised.", autocompletion=completion.loaders
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", metavar="NAME", help="The data set's name; else the folder's.")
    ] = None,
    pattern: Annotated[
        str | None,
        typer.Option("--pattern", metavar="PATTERN", help='Fields in names: "{digit}_{speaker}_{take}.wav".'),
    ] = None,
    label_level: Annotated[
        int | None,
        typer.Option(
            "--label-level",
            metavar="N",
            help="Folder that is the class: 1 the first below PATH, -1 the file's own.",
        ),
    ] = None,
    file_column: Annotated[
        str | None, typer.Option("--file-column", metavar="COLUMN", help="Column of file names.")
    ] = None,
    target: Annotated[
        list[str] | None,
        typer.Option("--target", metavar="COLUMN", help="Column or field to be predicted (repeatable)."),
    ] = None,
    group_column: Annotated[
        str | None,
        typer.Option(
            "--group-column",
            metavar="COLUMN",
            help="Column or field of what belongs together, e.g. the artist.",
        ),
    ] = None,
    split_column: Annotated[
        str | None, typer.Option("--split-column", metavar="COLUMN", help="Column of train, valid, test.")
    ] = None,
    fold_column: Annotated[
        str | None, typer.Option("--fold-column", metavar="COLUMN", help="Column of given folds.")
    ] = None,
    setting: SetOption = None,
    rehash: Annotated[
        bool, typer.Option("--rehash", help="Read every file again, also those that look unchanged.")
    ] = False,
    dry_run: DryRunOption = False,
    yes: YesOption = False,
    strict: StrictOption = False,
    jobs: JobsOption = None,
    plugin: PluginOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Catalogue a folder or table of labelled audio: what is there, what is broken.

    The layout is recognised. Every file is opened and measured once; ingesting again reads only what is new
    or changed.
    """
    from mxt.cli import console
    from mxt.cli.progress import shown_progress
    from mxt.ingestion.feature_sets import ingest_all
    from mxt.registry import build_registry
    from mxt.workflows.commands import first_extraction

    given = {
        "pattern": pattern,
        "label_level": label_level,
        "file_column": file_column,
        "target": tuple(target or ()) or None,
        "group_column": group_column,
        "split_column": split_column,
        "fold_column": fold_column,
    }
    params: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
    registry = build_registry(plugin or ())
    with shown_progress(quiet or as_json) as progress:
        results = ingest_all(
            store,
            path,
            registry,
            loader=loader,
            name=name,
            params=params,
            settings=setting or (),
            rehash=rehash,
            dry_run=dry_run,
            yes=yes,
            jobs=jobs,
            progress=progress,
        )
    if as_json:
        console.emit_json(results[0] if len(results) == 1 else results)
    else:
        for result in results:
            render(result)
        if any(result.summary.used for result in results) and not dry_run:
            console.next_line(_evaluation(results) if results[0].views else first_extraction(registry))
    if not all(result.summary.used for result in results) or (
        strict and any(result.summary.left_out for result in results)
    ):
        raise typer.Exit(1)


def _evaluation(results: Sequence[Ingested]) -> str:
    return "mxt eval" if len(results) == 1 else f"mxt eval --dataset {results[0].name}"


def render(result: Ingested) -> None:
    """Print what an ingest found, in a few lines."""
    from mxt.cli import console

    found = result.summary
    console.say(" · ".join(_first_line(result)))
    for line in (
        *_used(result),
        *([f"no audio; features: {' '.join(result.views)}"] if result.views else []),
        *_duplicates(found),
        *_names(found),
        *_labels(found),
        *_changes(result),
        *_noticed(found),
        *_groups(result),
        *_window(found),
    ):
        console.say(f"  {line}")
    if result.dry_run:
        console.say("nothing was opened or written (--dry-run)")
    elif not found.used:
        console.say(f"nothing usable; see: mxt info {result.name} --failures")


def _first_line(result: Ingested) -> list[str]:
    from mxt.cli import console

    found = result.summary
    words = [
        result.name,
        f"{found.files:,} files"
        if found.files == found.clips
        else f"{found.clips:,} clips in {found.files:,} files",
    ]
    words += [target_text(target, several=len(found.targets) > 1) for target in found.targets] or [
        "no labels"
    ]
    if found.splits:
        words.append(listed(f"{name} {number:,}" for name, number in found.splits.items()))
    if found.folds:
        words.append(f"{len(found.folds)} folds")
    if found.seconds is not None and not result.views:
        words.append(console.seconds_text(found.seconds))
    return [*words, f"{result.loader} ({result.why})"]


def target_text(target: TargetSummary, *, several: bool) -> str:
    """A target in a few words: classes and their sizes, or a range."""
    name = f"{_short(target.name)}: " if several else ""
    if target.kind == "numbers":
        text = f"{name or target.name + ' '}{target.low:g} to {target.high:g}"
    else:
        if not target.classes:
            return f"{name}no labels"
        sizes = sorted(target.classes.values())
        noun = "labels" if target.kind == "several labels" else "classes" if len(sizes) != 1 else "class"
        span = (
            f" of {sizes[0]:,}"
            if sizes and sizes[0] == sizes[-1]
            else f" of {sizes[0]:,} to {sizes[-1]:,}"
            if sizes
            else ""
        )
        text = f"{name}{len(sizes)} {noun}{span}"
    return text + (f", {target.unlabelled:,} unlabelled" if target.unlabelled else "")


def _used(result: Ingested) -> list[str]:
    found = result.summary
    beside = [
        f"{number:,} {what}"
        for number, what in ((found.hidden, "hidden"), (found.others, "of another kind"))
        if number
    ]
    also = f"; also there: {', '.join(beside)}" if beside else ""
    if not found.left_out:
        return [f"used {'all' if not result.dry_run else 'all that are there'} {found.used:,}{also}"]
    reasons = ", ".join(f"{reason} {number:,}" for reason, number in found.left_out.items())
    more = "" if result.dry_run else f" (mxt info {result.name} --failures)"
    return [f"used {found.used:,}, left out {sum(found.left_out.values()):,}: {reasons}{more}{also}"]


def _duplicates(found: Summary) -> list[str]:
    if not found.duplicates:
        return []
    differ = [copies for copies in found.duplicates if copies.labels]
    pairs = all(len(copies.clips) == 2 for copies in found.duplicates)
    noun = ("pair" if pairs else "set") + ("s" if len(found.duplicates) != 1 else "")
    line = f"duplicates: {len(found.duplicates):,} {noun}"
    if differ:
        line += (
            f", {len(differ):,} WITH DIFFERENT LABELS: "
            + "; ".join(map(_named, differ[:SHOWN]))
            + (" …" if len(differ) > SHOWN else "")
        )
    return [line]


def _named(copies: Duplicates) -> str:
    return " = ".join(
        f"{_short(clip)} ({_short(label) or 'no label'})"
        for clip, label in zip(copies.clips, copies.labels, strict=True)
    )


def _names(found: Summary) -> list[str]:
    return [
        f"class names that are nearly one: {' = '.join(map(repr, names))}" for names in found.alike[:SHOWN]
    ]


def _labels(found: Summary) -> list[str]:
    """What it means for an evaluation where nothing can be told apart."""
    if not found.used or any(target.kind == "numbers" or len(target.classes) > 1 for target in found.targets):
        return []
    only = next((name for target in found.targets for name in target.classes), None)
    what = "no clip has a label" if only is None else f"all labelled clips are of one class ({_short(only)})"
    return [
        f"{what}: features can be extracted, but there is nothing for mxt eval to tell apart;",
        "labels come from a folder per class, a column of a table (--target), or parts of the names (--pattern)",
    ]


def _changes(result: Ingested) -> list[str]:
    differs = result.changes
    if result.dry_run or differs.first:
        return []
    kinds = (
        ("new", differs.new),
        ("changed", differs.changed),
        ("gone", differs.gone),
        ("relabelled", differs.relabelled),
    )
    words = [f"{len(clips):,} {what}" for what, clips in kinds if clips]
    moved = f"; moved here from {differs.moved_from}" if differs.moved_from else ""
    return [f"since last time: {', '.join(words) or 'nothing changed'}; {result.read:,} files read{moved}"]


def _noticed(found: Summary) -> list[str]:
    """One line a kind of remark: how many, and the first."""
    lines = [
        f"{kind}: {_short(texts[0])}"
        if len(texts) == 1
        else f"{kind}: {len(texts):,}, the first: {_short(texts[0])}"
        for kind, texts in found.remarks.items()
    ]
    if found.notes:
        lines.append("noted: " + ", ".join(f"{note} {number:,}" for note, number in found.notes.items()))
    return lines


def _groups(result: Ingested) -> list[str]:
    found = result.summary
    if found.groups:
        return [f"groups: {len(found.groups):,}; a group is never split between learning and testing"]
    if found.used and found.clips > found.files:
        return [
            "groups: segments of one file are never split between learning and testing (other groups: --group-by at mxt eval)"
        ]
    if not found.used or found.folds or found.splits:
        return []
    choice = (
        ", ".join(f"{_short(name)} ({number:,})" for name, number in found.candidates.items())
        or "a column, or part of the name"
    )
    for_good = (
        " (or for good, with --group-column here)"
        if found.candidates and "group_column" in result.params
        else ""
    )
    return [
        "no groups known: recordings that belong together (one artist, one tape) may be split between learning and testing;",
        f"name them at mxt eval with --group-by{for_good}: {choice}",
    ]


def _window(found: Summary) -> list[str]:
    from mxt.ingestion.summary import WINDOW_SECONDS

    if found.shortest is None or found.median is None or found.longest is None or found.window_share is None:
        return []
    span = " to ".join(dict.fromkeys(map(_seconds, (found.shortest, found.longest))))
    middle = f", median {_seconds(found.median)}" if found.shortest != found.longest else ""
    percent = round(100 * found.window_share)
    share = (
        f"; {percent} % of the audio lies in the first {WINDOW_SECONDS:g} s, which is what the convnet uses"
        if percent < 100
        else ""
    )
    return [f"clips of {span}{middle}{share}"]


def _seconds(seconds: float) -> str:
    from mxt.cli import console

    return f"{seconds:.2g} s" if seconds < 10 else console.seconds_text(seconds)


def _short(text: str) -> str:
    return text if len(text) <= 3 * LONGEST_NAME else text[: 3 * LONGEST_NAME] + "…"
