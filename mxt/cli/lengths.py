"""`mxt lengths`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mxt.cli import completion
from mxt.cli.options import (
    DEFAULT_STORE,
    MOST_SECONDS,
    DatasetOption,
    DeviceOption,
    FeaturesOption,
    GroupByOption,
    JobsOption,
    JsonOption,
    PluginOption,
    QuietOption,
    SeedOption,
    SetOption,
    StoreOption,
    TargetOption,
    seconds_option,
)
from mxt.core.errors import UsageError

if TYPE_CHECKING:
    from mxt.workflows.lengths import Lengths


def lengths(
    seconds: Annotated[str, typer.Option("--seconds", metavar="1,3,10,30", help="Lengths of the clips.")],
    start: Annotated[float, seconds_option("--start", least=0.0, help="Where they begin.")] = 0.0,
    store: StoreOption = DEFAULT_STORE,
    dataset: DatasetOption = None,
    features: FeaturesOption = None,
    target: TargetOption = None,
    group_by: GroupByOption = None,
    head: Annotated[
        str | None,
        typer.Option(
            "--head",
            metavar="NAME",
            help="The learner; else svm or linear, by size.",
            autocompletion=completion.heads,
        ),
    ] = None,
    protocol: Annotated[
        str,
        typer.Option(
            "--protocol", metavar="NAME", help="How it is evaluated.", autocompletion=completion.protocols
        ),
    ] = "nested",
    setting: SetOption = None,
    chart: Annotated[Path | None, typer.Option("--chart", metavar="FILE.png", help="Also draw it.")] = None,
    seed: SeedOption = 0,
    device: DeviceOption = "auto",
    jobs: JobsOption = None,
    plugin: PluginOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Score excerpts of several lengths: how much of each clip a representation needs. Derives, extracts and evaluates in one."""
    from mxt.cli import console
    from mxt.cli.progress import shown_progress
    from mxt.drawing.charts import check_picture, lengths_chart
    from mxt.registry import build_registry
    from mxt.results.plain import evaluated_plain
    from mxt.results.records import Evaluated
    from mxt.results.request import EvaluateRequest
    from mxt.workflows.lengths import lengths as run

    if chart is not None:
        check_picture(chart)
    request = EvaluateRequest(
        datasets=(dataset,) if dataset else (),
        features=tuple(features or ()),
        target=target,
        group_by=group_by,
        head=head,
        protocols=(protocol,),
        settings=tuple(setting or ()),
        seed=seed,
    )
    with shown_progress(quiet or as_json) as progress:
        registry = build_registry(plugin or ())
        found = run(
            store,
            registry,
            _numbers(seconds),
            request,
            start=start,
            device=device,
            jobs=jobs,
            progress=progress,
        )
    if chart is not None:
        lengths_chart(found, chart)
    if as_json:
        evaluated = evaluated_plain(Evaluated(tuple(row.result for row in found.rows)))
        console.emit_json(
            {
                "seconds": [row.seconds for row in found.rows],
                "changes": {view: change.to_plain() for view, change in found.changes.items()},
                **evaluated,
            }
        )
        return
    render(found)
    if chart is not None:
        console.say(f"drawn: {chart}")


def render(found: Lengths) -> None:
    """Print scores by length, and what the longest clips have over the shortest."""
    from mxt.cli import console
    from mxt.evaluation.metrics import metric_words

    first = found.rows[0].result
    console.say(
        f"{found.dataset} · {found.target} · {found.head} · {first.folds} · {metric_words(found.main)} by clip length"
    )
    rows: list[list[object]] = []
    for row in found.rows:
        scores = [row.score(view) for view in found.views]
        cells = [None if score is None else str(score.interval) for score in scores]
        rows.append([f"{row.seconds:g}", row.result.clips, *cells])
    console.table("", ["seconds", "clips", *found.views], rows)
    if first.task != "regression":
        console.say(f"chance {found.chance:.3f}")
    shortest, longest = found.rows[0].seconds, found.rows[-1].seconds
    for view, change in found.changes.items():
        doubt = "" if change.clear else ", not clearly a change"
        gain = f"{change.value:+.3f} from {shortest:g} to {longest:g} s"
        console.say(f"{view}: {gain} (95 %: {change.bounds}{doubt})")
    console.say(
        f"{found.computed:,} features computed; data sets: {', '.join(row.dataset for row in found.rows)}"
    )


def _numbers(text: str) -> list[float]:
    try:
        found = [float(word) for word in text.split(",") if word.strip()]
    except ValueError:
        found = []
    if not found or not all(0.01 <= number <= MOST_SECONDS for number in found):
        raise UsageError(
            f"--seconds is a list of lengths of 0.01 to {MOST_SECONDS:,.0f} s such as 1,3,10, not {text!r}"
        )
    return found
