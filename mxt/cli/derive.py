"""`mxt derive`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mxt.cli import completion
from mxt.cli.help import Command, Group
from mxt.cli.options import (
    DEFAULT_STORE,
    MOST_CLIPS,
    JobsOption,
    JsonOption,
    QuietOption,
    StoreOption,
    YesOption,
    seconds_option,
)

if TYPE_CHECKING:
    from mxt.workflows.derive import Derived

app = typer.Typer(
    cls=Group,
    add_completion=False,
    no_args_is_help=True,
    help="Make a data set of another one, in the catalogue alone: other labels, fewer clips, or parts of them. No audio is copied.",
)

FromOption = Annotated[
    str | None,
    typer.Option(
        "--dataset",
        metavar="NAME",
        help="What is derived from; else the one last ingested.",
        autocompletion=completion.datasets,
    ),
]
NameOption = Annotated[
    str | None,
    typer.Option("--name", metavar="NAME", help="Of the new one; else the parent's and what was done."),
]
TargetOption = Annotated[
    str | None,
    typer.Option(
        "--target",
        metavar="COLUMN",
        help="Of the classes; else the first target.",
        autocompletion=completion.targets,
    ),
]


@app.command("excerpt", cls=Command)
def excerpt(
    length: Annotated[float, seconds_option("--length", least=0.01, help="Of the excerpt, at most.")],
    start: Annotated[float, seconds_option("--start", least=0.0, help="Where it begins in the clip.")] = 0.0,
    dataset: FromOption = None,
    name: NameOption = None,
    store: StoreOption = DEFAULT_STORE,
    yes: YesOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """A part of each clip, e.g. --start 30 --length 30."""
    _run(
        "excerpt",
        {"start": start, "length": length},
        dataset,
        name,
        store,
        yes=yes,
        as_json=as_json,
        quiet=quiet,
    )


@app.command("windows", cls=Command)
def windows(
    length: Annotated[float, seconds_option("--length", least=0.01, help="Of a window.")],
    hop: Annotated[
        float | None, seconds_option("--hop", least=0.01, help="From one to the next; else --length.")
    ] = None,
    dataset: FromOption = None,
    name: NameOption = None,
    store: StoreOption = DEFAULT_STORE,
    yes: YesOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Long recordings cut into clips; the recording is their group. What is left behind the last whole window is not used."""
    _run(
        "windows",
        {"length": length, "hop": hop or length},
        dataset,
        name,
        store,
        yes=yes,
        as_json=as_json,
        quiet=quiet,
    )


@app.command("loudness-classes", cls=Command)
def loudness_classes(
    parts: Annotated[
        int, typer.Option("--parts", min=2, max=1_000_000, metavar="N", help="Classes of equal size.")
    ] = 5,
    only: Annotated[
        str | None, typer.Option("--only", metavar="Loud1,Loud5", help="Classes to keep.")
    ] = None,
    measure: Annotated[str, typer.Option("--measure", metavar="rms|peak|lufs", help="What is loud.")] = "rms",
    dataset: FromOption = None,
    name: NameOption = None,
    store: StoreOption = DEFAULT_STORE,
    yes: YesOption = False,
    jobs: JobsOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Classes of equal size from the quietest clips, Loud1, to the loudest: what a representation can tell of loudness."""
    from mxt.core.errors import UsageError
    from mxt.ingestion.derivations import MEASURES

    if measure not in MEASURES:
        raise UsageError(f"--measure is one of {', '.join(MEASURES)}, not {measure!r}")
    options = {"parts": parts, "only": _names(only), "measure": measure}
    _run("loudness-classes", options, dataset, name, store, yes=yes, as_json=as_json, jobs=jobs, quiet=quiet)


@app.command("min-class-size", cls=Command)
def min_class_size(
    size: Annotated[
        int, typer.Argument(min=1, max=MOST_CLIPS, metavar="CLIPS", help="Usable clips a class has at least.")
    ],
    target: TargetOption = None,
    dataset: FromOption = None,
    name: NameOption = None,
    store: StoreOption = DEFAULT_STORE,
    yes: YesOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """The classes that are large enough."""
    _run(
        "min-class-size",
        {"size": size, "target": target},
        dataset,
        name,
        store,
        yes=yes,
        as_json=as_json,
        quiet=quiet,
    )


@app.command("classes", cls=Command)
def classes(
    names: Annotated[str, typer.Argument(metavar="A,B", help="Classes to keep.")],
    target: TargetOption = None,
    dataset: FromOption = None,
    name: NameOption = None,
    store: StoreOption = DEFAULT_STORE,
    yes: YesOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Some classes; their column becomes the first target."""
    _run(
        "classes",
        {"names": _names(names), "target": target},
        dataset,
        name,
        store,
        yes=yes,
        as_json=as_json,
        quiet=quiet,
    )


@app.command("without", cls=Command)
def without(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Names clips or files, one a line; or a .csv, .tsv.")
    ],
    dataset: FromOption = None,
    name: NameOption = None,
    store: StoreOption = DEFAULT_STORE,
    yes: YesOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """All clips but those a file names: known faults, repeated recordings."""
    _run(
        "without",
        {"file": str(file.expanduser().absolute())},
        dataset,
        name,
        store,
        yes=yes,
        as_json=as_json,
        quiet=quiet,
    )


@app.command("nsynth", cls=Command)
def nsynth(
    subset: Annotated[
        str, typer.Argument(metavar="family|instrument|organ", help="3 families, 8 families, or 2 organs.")
    ],
    families: Annotated[
        str | None, typer.Option("--families", metavar="A,B,C", help="Which; else the fullest.")
    ] = None,
    dataset: FromOption = None,
    name: NameOption = None,
    store: StoreOption = DEFAULT_STORE,
    yes: YesOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Subsets of NSynth as in Shtern et al. 2017: the two fullest instruments a family. The paper does not name its instruments."""
    from mxt.core.errors import UnknownName
    from mxt.ingestion.nsynth_subsets import SUBSETS

    if subset not in SUBSETS:
        raise UnknownName("subset of NSynth", subset, SUBSETS)
    _run(
        "nsynth",
        {"subset": subset, "families": _names(families)},
        dataset,
        name,
        store,
        yes=yes,
        as_json=as_json,
        quiet=quiet,
    )


@app.command("again", cls=Command)
def again(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME...]", help="Derived data sets; else all.", autocompletion=completion.datasets
        ),
    ] = None,
    store: StoreOption = DEFAULT_STORE,
    jobs: JobsOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Make derived data sets again, from what their parents are now."""
    from mxt.cli import console
    from mxt.cli.progress import shown_progress
    from mxt.workflows.derive import derive_again

    with shown_progress(quiet or as_json) as progress:
        found = derive_again(store, names or (), jobs=jobs, progress=progress)
    if as_json:
        console.emit_json(found)
        return
    for each in found:
        render(each)


def _names(text: str | None) -> tuple[str, ...]:
    return tuple(word.strip() for word in (text or "").split(",") if word.strip())


def _run(
    kind: str,
    options: Mapping[str, Any],
    dataset: str | None,
    name: str | None,
    store: Path,
    *,
    yes: bool,
    as_json: bool,
    quiet: bool,
    jobs: int | None = None,
) -> None:
    from mxt.cli import console
    from mxt.cli.progress import shown_progress
    from mxt.workflows.derive import Derivation, derive

    with shown_progress(quiet or as_json) as progress:
        found = derive(store, Derivation(kind, options, dataset, name), yes=yes, jobs=jobs, progress=progress)
    if as_json:
        console.emit_json(found)
        return
    render(found)
    console.next_line("mxt eval" if found.views else "mxt extract --backbone convnet")


def render(found: Derived) -> None:
    """Print what was derived, in a few lines."""
    from mxt.cli import console
    from mxt.cli.ingest import target_text

    summary = found.summary
    words = [found.name, f"derived from {found.parent}: {found.how}", f"{summary.clips:,} clips"]
    words += [target_text(target, several=len(summary.targets) > 1) for target in summary.targets]
    if summary.seconds:
        words.append(console.seconds_text(summary.seconds))
    console.say(" · ".join(words))
    reasons = ", ".join(f"{reason} {number:,}" for reason, number in summary.left_out.items())
    if reasons:
        console.say(
            f"  used {summary.used:,}, left out {sum(summary.left_out.values()):,}: {reasons} (mxt info {found.name} --failures)"
        )
    for kind, texts in summary.remarks.items():
        console.say(f"  {kind}: {_counted(texts)}")
    differs = found.changes
    if not differs.first:
        kinds = (
            ("new", differs.new),
            ("changed", differs.changed),
            ("gone", differs.gone),
            ("relabelled", differs.relabelled),
        )
        console.say(
            f"  since last time: {', '.join(f'{len(clips):,} {what}' for what, clips in kinds if clips) or 'nothing changed'}"
        )
    if found.views:
        console.say(f"  features are there already: {' '.join(found.views)}")


def _counted(texts: Sequence[str]) -> str:
    return texts[0] if len(texts) == 1 else f"{len(texts):,}, the first: {texts[0]}"
