"""`mxt lengths`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from mxt.cli import console
from mxt.cli.option_groups import ChartOptions
from mxt.cli.options import (
    MOST_SECONDS,
    DatasetOption,
    DeviceOption,
    FeaturesOption,
    GroupByOption,
    HeadOption,
    JobsOption,
    ProtocolOption,
    SeedOption,
    SetOption,
    TargetOption,
    seconds_option,
)
from mxt.core.errors import UsageError

if TYPE_CHECKING:
    from mxt.results.lengths import Lengths


def lengths(
    *,
    seconds: Annotated[
        str, typer.Option("--seconds", metavar="1,3,10,30", help="Lengths of the excerpts, in seconds.")
    ],
    start: Annotated[
        float, seconds_option("--start", least=0.0, help="Where excerpts begin, in seconds.")
    ] = 0.0,
    dataset: DatasetOption = None,
    features: FeaturesOption = None,
    target: TargetOption = None,
    group_by: GroupByOption = None,
    head: HeadOption = None,
    protocol: ProtocolOption = "nested",
    setting: SetOption = None,
    seed: SeedOption = 0,
    device: DeviceOption = "auto",
    jobs: JobsOption = None,
    run: ChartOptions,
) -> None:
    """Score excerpts of several lengths, to see how much of each clip a representation needs.

    Derives the excerpts, extracts their features and evaluates them.
    """
    from mxt.drawing.charts import lengths_chart
    from mxt.results.lengths import LengthsRequest
    from mxt.results.request import EvaluateRequest
    from mxt.workflows.lengths import lengths as work

    study = EvaluateRequest(
        datasets=(dataset,) if dataset else (),
        features=tuple(features or ()),
        target=target,
        group_by=group_by,
        head=head,
        protocols=(protocol,),
        settings=tuple(setting or ()),
        seed=seed,
    )
    request = LengthsRequest(_lengths(seconds), study, start, device)
    with run.progress() as progress:
        result = work(run.store, request, run.registry(), jobs=jobs, progress=progress)
    run.answer_drawn(result, render, lengths_chart, plain=to_json)


def to_json(result: Lengths) -> dict[str, Any]:
    """Scores by length as plain values."""
    from mxt.results.plain import evaluated_plain
    from mxt.results.records import Evaluated

    return {
        "seconds": [row.seconds for row in result.rows],
        "changes": {view: change.to_plain() for view, change in result.changes.items()},
        **evaluated_plain(Evaluated(tuple(row.result for row in result.rows))),
    }


def render(result: Lengths) -> None:
    """Print scores by length, and how much better the longest excerpts are than the shortest."""
    from mxt.evaluation.metrics import metric_words

    first = result.first
    about = (
        result.dataset,
        first.target,
        first.head,
        first.folds,
        f"{metric_words(result.main)} by clip length",
    )
    console.say(" · ".join(about))
    rows: list[list[object]] = []
    for row in result.rows:
        scores = (row.score(view) for view in result.views)
        cells = (None if score is None else str(score.interval) for score in scores)
        rows.append([f"{row.seconds:g}", row.result.clips, *cells])
    console.table("", ["seconds", "clips", *result.views], rows)
    if first.task != "regression":
        console.say(f"chance {result.chance:.3f}")
    shortest, longest = result.rows[0].seconds, result.rows[-1].seconds
    for view, change in result.changes.items():
        unclear = "" if change.clear else ", no clear change"
        console.say(
            f"{view}: {change.value:+.3f} from {shortest:g} to {longest:g} s (95 %: {change.bounds}{unclear})"
        )
    names = ", ".join(row.dataset for row in result.rows)
    console.say(f"{result.computed:,} features computed; data sets: {names}")


def _lengths(text: str) -> tuple[float, ...]:
    try:
        lengths = tuple(float(word) for word in text.split(",") if word.strip())
    except ValueError:
        lengths = ()
    if not lengths or not all(0.01 <= length <= MOST_SECONDS for length in lengths):
        raise UsageError(
            f"--seconds is a list of lengths from 0.01 to {MOST_SECONDS:,.0f} s such as 1,3,10, not {text!r}"
        )
    return lengths
