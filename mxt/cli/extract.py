"""`mxt extract`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mxt.cli import console
from mxt.cli.extract_words import render
from mxt.cli.option_groups import EngineOptions, RunOptions
from mxt.cli.options import (
    MOST_CLIPS,
    BackboneOption,
    DatasetOption,
    DeviceOption,
    DryRunOption,
    LayersOption,
    NormalizerOption,
    SetOption,
    StrictOption,
)

if TYPE_CHECKING:
    from mxt.extraction.records import Extraction


@dataclass(frozen=True, slots=True)
class PipelineOptions:
    """What decides a feature, and the label of the table it goes to."""

    backbone: BackboneOption = None
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            metavar="MODEL",
            help="The network, for a backbone that takes one: a file, a folder, or a name.",
        ),
    ] = None
    layers: LayersOption = None
    setting: SetOption = None
    weights: Annotated[
        str | None,
        typer.Option("--weights", metavar="NAME", help="Weight set (default: the first the backbone has)."),
    ] = None
    weights_file: Annotated[
        Path | None, typer.Option("--weights-file", metavar="FILE", help="A weights file of your own.")
    ] = None
    normalizer: NormalizerOption = "none"
    resampler: Annotated[
        str, typer.Option("--resampler", metavar="soxr|kaiser_best", help="How audio is resampled.")
    ] = "soxr"
    label: Annotated[
        str | None,
        typer.Option(
            "--as", metavar="LABEL", help="Label of the feature table (default: made from the pipeline)."
        ),
    ] = None


@dataclass(frozen=True, slots=True)
class WorkloadOptions(EngineOptions):
    """How much is computed, and by what."""

    device: DeviceOption = "auto"
    part: Annotated[
        str | None,
        typer.Option(
            "--part",
            metavar="K/N",
            help="Only the K-th of N shares of the clips; the same command without --part joins them.",
        ),
    ] = None
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit",
            metavar="N",
            min=1,
            max=MOST_CLIPS,
            help="Only compute N clips, taken from all classes; a later run continues.",
        ),
    ] = None
    dry_run: DryRunOption = False
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Also compute the clips that failed before.")
    ] = False


def extract(
    *,
    dataset: DatasetOption = None,
    pipeline: PipelineOptions,
    workload: WorkloadOptions,
    strict: StrictOption = False,
    run: RunOptions,
) -> None:
    """Compute the features of every clip of a data set, once; all layers are kept.

    Only what is missing is computed. Without --backbone, the backbones are listed.
    """
    chosen = asdict(pipeline)
    if chosen["backbone"] is None:
        _list_backbones(run, dataset)
        return
    from mxt.extraction.request import ExtractRequest
    from mxt.workflows.extract import extract as work

    settings, plugins = tuple(chosen.pop("setting") or ()), tuple(run.plugin or ())
    request = ExtractRequest(
        **chosen, **asdict(workload), settings=settings, dataset=dataset, plugins=plugins
    )
    with run.progress() as progress:
        result = work(run.store, request, run.registry(), progress=progress)
    following = "the same without --part" if result.share else "mxt eval"
    if workload.dry_run and result.left_open:
        following = "the same without --dry-run"
    run.answer(result, render, plain=to_json, next=following)
    if strict and (result.failed or result.left_open):
        raise typer.Exit(1)


def _list_backbones(run: RunOptions, dataset: str | None) -> None:
    from mxt.workflows.commands import first_extraction
    from mxt.workflows.stages import list_stages

    registry = run.registry()
    if run.as_json:
        console.emit_json(list_stages(registry, "backbone", run.store))
        return
    specs = [registry.find("backbone", name).spec for name in registry.names("backbone")]
    width = max((len(spec.name) for spec in specs), default=0)
    console.say("backbones (choose one):")
    for spec in specs:
        console.say(f"  {spec.name:<{width}}  {spec.summary}")
    if specs:
        console.next_line(first_extraction(registry, dataset=dataset))


def to_json(result: Extraction) -> dict[str, object]:
    """An extraction as plain values."""
    own_form = ("pipeline", "failures", "estimate", "namesake", "trial")
    values = {name: getattr(result, name) for name in result.__dataclass_fields__ if name not in own_form}
    weights, failures = result.pipeline.weights, result.failures
    return values | {
        "estimate": asdict(result.estimate) if result.estimate else None,
        "trial": asdict(result.trial) if result.trial else None,
        "namesake": result.namesake.command() if result.namesake else None,
        "pipeline": result.pipeline.identity(),
        "weights": asdict(weights) if weights else None,
        "failures": [{"clip": f.clip, "reason": f.reason.words, "detail": f.detail} for f in failures],
    }
