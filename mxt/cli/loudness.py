"""`mxt loudness`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mxt.cli import completion
from mxt.cli.options import (
    DEFAULT_STORE,
    DatasetOption,
    GroupByOption,
    JobsOption,
    JsonOption,
    PluginOption,
    QuietOption,
    SeedOption,
    StoreOption,
)

if TYPE_CHECKING:
    from mxt.workflows.loudness import LoudnessStudy, Spread

SHOWN = 3


def loudness(
    store: StoreOption = DEFAULT_STORE,
    dataset: DatasetOption = None,
    target: Annotated[
        str | None,
        typer.Option(
            "--target",
            metavar="COLUMN",
            help="Whose classes; else the first target.",
            autocompletion=completion.targets,
        ),
    ] = None,
    group_by: GroupByOption = None,
    folds: Annotated[
        Path | None, typer.Option("--folds", metavar="FILE", help="Folds to use: a table with clip and fold.")
    ] = None,
    chart: Annotated[Path | None, typer.Option("--chart", metavar="FILE.png", help="Also draw it.")] = None,
    seed: SeedOption = 0,
    jobs: JobsOption = None,
    plugin: PluginOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """How loud the classes are, and whether loudness alone tells them apart: if so, normalise, or know what you measure."""
    from mxt.cli import console
    from mxt.cli.progress import shown_progress
    from mxt.drawing.charts import check_picture, loudness_chart
    from mxt.registry import build_registry
    from mxt.results.request import EvaluateRequest
    from mxt.workflows.loudness import as_plain
    from mxt.workflows.loudness import loudness as run

    if chart is not None:
        check_picture(chart)
    request = EvaluateRequest(
        datasets=(dataset,) if dataset else (), target=target, group_by=group_by, folds=folds, seed=seed
    )
    with shown_progress(quiet or as_json) as progress:
        study = run(store, build_registry(plugin or ()), request, jobs=jobs, progress=progress)
    if chart is not None:
        loudness_chart(study, chart)
    if as_json:
        console.emit_json(as_plain(study))
        return
    render(study)
    if chart is not None:
        console.say(f"drawn: {chart}")
    if study.leaks:
        console.next_line(
            "mxt extract --backbone … --normalizer peak   (then mxt eval compares it with the unprocessed one)"
        )


def render(study: LoudnessStudy) -> None:
    """Print a study: a table of classes, and what loudness alone can tell."""
    from mxt.cli import console
    from mxt.evaluation.metrics import METRICS, metric_words

    console.say(
        f"{study.dataset} · {study.target} · {len(study.clips):,} clips, of the mean of their channels"
    )
    rows = [
        [
            each.name,
            each.clips,
            _linear(each.rms_linear),
            *map(_spread, (each.rms, each.peak, each.lufs)),
            each.silent or None,
        ]
        for each in study.classes
    ]
    columns = ["class", "clips", "RMS", "RMS, dBFS", "peak, dBFS", "LUFS", "silent"]
    shown = columns if any(each.silent for each in study.classes) else columns[:-1]
    console.table(
        "mean and deviation of each class, the quietest first", shown, [row[: len(shown)] for row in rows]
    )
    alone = study.alone
    first = alone.first
    console.say(f"loudness alone (RMS, peak, LUFS) · {study.head} · {study.folds}")
    words = {"chance": "chance", "majority": "always the largest class"}
    bases = ", ".join(
        f"{word} {alone.baselines[name]:.3f}" for name, word in words.items() if name in alone.baselines
    )
    console.say(f"{metric_words(first.name)} {first.value:.3f}  (95 %: {first.interval.bounds})   {bases}")
    if study.leaks:
        what = "numbers follow" if METRICS[alone.main].task == "regression" else "classes can be told by"
        console.say(
            f"careful: {what} loudness alone, clearly better than the baseline ({study.baseline:.3f}): a score may come from levels; "
            "compare with a normalised view"
        )
    else:
        console.say("loudness alone is not clearly better than the baseline")
    for clip, why in study.unread[:SHOWN]:
        console.say(f"left out: {clip}: {why}")
    if len(study.unread) > SHOWN:
        console.say(f"left out: {len(study.unread) - SHOWN:,} more that cannot be read")


def _spread(spread: Spread) -> str:
    return "" if spread.mean != spread.mean else f"{spread.mean:.1f} ± {spread.deviation:.1f}"


def _linear(spread: Spread) -> str:
    return "" if spread.mean != spread.mean else f"{spread.mean:.3f} ± {spread.deviation:.3f}"
