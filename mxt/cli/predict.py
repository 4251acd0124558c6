"""`mxt predict`."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mxt.cli import console
from mxt.cli.option_groups import RunOptions
from mxt.cli.options import DatasetOption, DeviceOption, JobsOption, YesOption, seconds_option
from mxt.core.text import plural

if TYPE_CHECKING:
    from mxt.models.timeline import Prediction
    from mxt.workflows.predict import Predicted
    from mxt.workflows.predict_request import PredictRequest

SHOWN = 20  # rows on a terminal
NAMED = 5  # recordings of one reason that are named


@dataclass(frozen=True, slots=True)
class RulesOptions:
    """What decides about a label."""

    top: Annotated[int, typer.Option("--top", metavar="N", min=1, max=1000, help="Classes to name.")] = 1
    precision: Annotated[
        float | None,
        typer.Option(
            "--precision",
            metavar="P",
            min=0.0,
            max=1.0,
            help="Only label what is sure enough: this share was right on clips not learnt from.",
        ),
    ] = None
    threshold: Annotated[
        float | None,
        typer.Option(
            "--threshold",
            metavar="P",
            min=0.0,
            max=1.0,
            help="Only label what is at least this probable (default: the likeliest class; of labels, 0.5).",
        ),
    ] = None
    reject: Annotated[
        float,
        typer.Option(
            "--reject",
            metavar="SHARE",
            min=0.0,
            max=1.0,
            help="None of these: sounds as unusual as at most this share of the learning clips; 0: never.",
        ),
    ] = 0.01


@dataclass(frozen=True, slots=True)
class OutputOptions:
    """Where and how predictions are written."""

    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="FILE|FOLDER",
            help="A .csv, .jsonl or .parquet file; or a folder, with --format.",
        ),
    ] = None
    format: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help="raven or audacity: one file per recording, into a folder (default: by the suffix).",
        ),
    ] = None


def predict(
    *,
    paths: Annotated[
        list[Path],
        typer.Argument(metavar="BUNDLE.mxt|PATH", help="Bundles, then files and folders to label."),
    ],
    dataset: DatasetOption = None,
    unlabelled: Annotated[
        bool, typer.Option("--unlabelled", help="Label the clips of the data set that have no label.")
    ] = False,
    window: Annotated[
        float | None,
        seconds_option("--window", help="Label windows of this length, as a timeline.", least=0.05),
    ] = None,
    hop: Annotated[
        float | None,
        seconds_option(
            "--hop", help="From one window to the next (default: as long as a window).", least=0.01
        ),
    ] = None,
    output: OutputOptions,
    rules: RulesOptions,
    weights_file: Annotated[
        list[Path] | None,
        typer.Option(
            "--weights-file", metavar="FILE", help="Weights of your own that a bundle needs; repeatable."
        ),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Score the bundles on the labelled data set that --dataset names.")
    ] = False,
    onnx: Annotated[
        Path | None,
        typer.Option("--onnx", metavar="FILE.onnx", help="Write the head of the bundle as an ONNX graph."),
    ] = None,
    device: DeviceOption = "auto",
    jobs: JobsOption = None,
    yes: YesOption = False,
    run: RunOptions,
) -> None:
    """Label recordings with bundles that mxt fit made: clip by clip, or long ones as a timeline.

    Consecutive windows of one class are joined. Sounds unlike everything that was learnt from are labelled
    "none of these". With --out, a run that was stopped continues with the same command.
    """
    from mxt.models.bundle import is_bundle
    from mxt.workflows.predict import predict as work
    from mxt.workflows.predict_request import PredictRequest

    request = PredictRequest(
        bundles=tuple(path for path in paths if is_bundle(path)),
        paths=tuple(path for path in paths if not is_bundle(path)),
        dataset=dataset,
        unlabelled=unlabelled,
        out=output.out,
        format=output.format,
        window=window,
        hop=hop,
        top=rules.top,
        precision=rules.precision,
        threshold=rules.threshold,
        reject=rules.reject,
        weights_files=tuple(weights_file or ()),
        device=device,
        jobs=jobs,
        yes=yes,
        plugins=tuple(run.plugin or ()),
    )
    if onnx is not None:
        _export(request, onnx, run)
        if not request.paths and not request.from_dataset:
            return
    if check:
        _check(request, run)
        return
    with run.progress() as progress:
        predicted = work(run.store, request, run.registry(), progress=progress)
    run.answer(predicted, lambda result: render(result, request), plain=predicted_plain)


def _export(request: PredictRequest, path: Path, run: RunOptions) -> None:
    from mxt.workflows.export_onnx import export_onnx

    exported = export_onnx(request.bundles, path, yes=request.yes)
    if not run.as_json:
        size = console.size_text(exported.nbytes)
        console.say(f"{exported.view} · {exported.columns:,} columns to {exported.output} · {path} ({size})")


def _check(request: PredictRequest, run: RunOptions) -> None:
    from mxt.cli.checks import checked_plain, render_checks
    from mxt.workflows.check import check

    with run.progress() as progress:
        checked = check(run.store, request, run.registry(), progress=progress)
    run.answer(checked, render_checks, plain=checked_plain)


def render(predicted: Predicted, request: PredictRequest) -> None:
    """Print what was said: a line for each model, the first rows, and what could not be used."""
    from mxt.cli.fit import expected_text

    for model, threshold in zip(predicted.models, predicted.thresholds, strict=True):
        console.say(f"{model.name} · {model.view} · target {model.target} · expect {expected_text(model)}")
        if threshold is not None:
            kept = "of the true labels" if model.task == "multilabel" else "of the clips"
            console.say(
                f"labelled from a probability of {threshold.value:.3f}: precision {threshold.precision}, "
                f"{100 * threshold.kept:.0f} % {kept}, on clips not learnt from"
            )
    if not predicted.written:
        _table(predicted)
    for line in _summary(predicted, request):
        console.say(line)


def _summary(predicted: Predicted, request: PredictRequest) -> Iterator[str]:
    what = "recordings" if predicted.recordings != 1 else "recording"
    rate = ""
    if predicted.seconds and predicted.wall_seconds:
        rate = f" · {predicted.seconds / predicted.wall_seconds:,.0f} times real time"
    yield (
        f"{predicted.recordings:,} {what}, {console.seconds_text(predicted.seconds)} · "
        f"{console.seconds_text(predicted.wall_seconds)}{rate}"
    )
    for model in predicted.models:
        rows = [row for row in predicted.rows if row.model == model.name]
        several = f"{model.name}: " if len(predicted.models) > 1 else ""
        if counted := _counted(rows, timeline=request.cut is not None):
            yield several + counted
    if predicted.resumed:
        yield f"continued: {predicted.resumed:,} were known from the run before"
    if predicted.from_store:
        yield f"features of {predicted.from_store:,} were in the store"
    yield from _unusable(predicted)
    if predicted.long:
        yield (
            f"careful: {plural(predicted.long, 'recording')} much longer than what was learnt from; "
            "for a timeline of labels: --window SECONDS"
        )
    if predicted.written:
        more = f" and {len(predicted.written) - 1:,} more" if len(predicted.written) > 1 else ""
        yield f"written: {predicted.written[0]}{more}"


def _counted(rows: list[Prediction], *, timeline: bool) -> str:
    """How often each label was given; of a timeline, for how long."""
    from mxt.models.timeline import NONE_OF_THESE

    count: Counter[str] = Counter()
    for row in rows:
        if math.isnan(row.value):
            label = f"{NONE_OF_THESE} ({row.why})" if row.why else row.label
            count[label] += (row.end - row.start) if timeline else 1  # type: ignore[assignment]
    words = [
        f"{label} {console.seconds_text(number) if timeline else f'{number:,}'}"
        for label, number in count.most_common()
    ]
    return " · ".join(words)


def _unusable(predicted: Predicted) -> Iterator[str]:
    for reason, number in Counter(failure.reason for failure in predicted.failures).most_common():
        failures = [failure for failure in predicted.failures if failure.reason is reason][:NAMED]
        names = ", ".join(f"{f.clip} ({f.detail})" if f.detail else f.clip for f in failures)
        yield f"cannot be used, {reason.words} {number:,}: {names}{', …' if number > NAMED else ''}"
    if predicted.others:
        yield f"not opened: {predicted.others:,} other files"


def _table(predicted: Predicted) -> None:
    several = len(predicted.models) > 1
    rows = [_cells(row, several=several) for row in predicted.rows[:SHOWN]]
    columns = ["file", "start", "end", "label", "confidence", "further", "model" if several else ""]
    console.table("", columns, rows)
    if len(predicted.rows) > SHOWN:
        console.say(f"… {len(predicted.rows):,} rows in all: --out FILE.csv writes them")


def _cells(row: Prediction, *, several: bool) -> list[object]:
    label = f"{row.label} ({row.why})" if row.why else row.label
    if not math.isnan(row.value):
        label = f"{row.value:.3f} ({row.low:.3f} to {row.high:.3f}) {label}".rstrip()
    further = ", ".join(f"{name} {probability:.2f}" for name, probability in row.others)
    start, end = (f"{seconds:.2f}" for seconds in (row.start, row.end))
    return [row.file, start, end, label, row.confidence, further, row.model if several else ""]


def predicted_plain(predicted: Predicted) -> dict[str, Any]:
    """What was said, as JSON."""
    from mxt.cli.fit import model_plain
    from mxt.workflows.predict_files import plain_row

    return {
        "models": [
            {"name": model.name, "view": model.view, **model_plain(model), "threshold": threshold}
            for model, threshold in zip(predicted.models, predicted.thresholds, strict=True)
        ],
        "predictions": [plain_row(row) for row in predicted.rows],
        "recordings": predicted.recordings,
        "seconds": predicted.seconds,
        "failures": [
            {"file": failure.clip, "reason": failure.reason.words, "detail": failure.detail}
            for failure in predicted.failures
        ],
        "other_files": predicted.others,
        "resumed": predicted.resumed,
        "from_store": predicted.from_store,
        "wall_seconds": predicted.wall_seconds,
        "cpu_seconds": predicted.cpu_seconds,
        "written": predicted.written,
    }
