"""`mxt extract`."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mxt.cli import completion
from mxt.cli.options import (
    DEFAULT_STORE,
    MOST_CLIPS,
    BackboneOption,
    DatasetOption,
    DeviceOption,
    DryRunOption,
    JobsOption,
    JsonOption,
    LayersOption,
    PluginOption,
    QuietOption,
    SetOption,
    StoreOption,
    StrictOption,
)

if TYPE_CHECKING:
    from mxt.core.specs import Layer
    from mxt.extraction.records import Extraction
    from mxt.registry import Registry

SHOWN = 5


def extract(
    store: StoreOption = DEFAULT_STORE,
    dataset: DatasetOption = None,
    backbone: BackboneOption = None,
    layers: LayersOption = None,
    setting: SetOption = None,
    weights: Annotated[
        str | None, typer.Option("--weights", metavar="NAME", help="A weight set other than the default.")
    ] = None,
    weights_file: Annotated[
        Path | None, typer.Option("--weights-file", metavar="FILE", help="Weights of your own.")
    ] = None,
    normalizer: Annotated[
        str,
        typer.Option(
            "--normalizer",
            metavar="NAME",
            help="What is done to the level first.",
            autocompletion=completion.normalizers,
        ),
    ] = "none",
    resampler: Annotated[
        str, typer.Option("--resampler", metavar="soxr|kaiser_best", help="How audio is resampled.")
    ] = "soxr",
    name: Annotated[
        str | None, typer.Option("--as", metavar="LABEL", help="A label of your own for the table.")
    ] = None,
    device: DeviceOption = "auto",
    jobs: JobsOption = None,
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit",
            metavar="N",
            min=1,
            max=MOST_CLIPS,
            help="A trial of so many clips of all classes; later runs go on.",
        ),
    ] = None,
    dry_run: DryRunOption = False,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Try clips again that failed before.")
    ] = False,
    strict: StrictOption = False,
    plugin: PluginOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Compute the features of every clip of a data set, once; all layers are kept.

    What is there already is not computed again. Without --backbone, lists the backbones there are.
    """
    from mxt.cli import console
    from mxt.cli.progress import shown_progress
    from mxt.registry import build_registry

    registry = build_registry(plugin or ())
    if backbone is None:
        _list_backbones(registry, as_json=as_json)
        return
    from mxt.extraction.request import ExtractRequest
    from mxt.workflows.extract import extract as run

    request = ExtractRequest(
        backbone=backbone,
        layers=layers,
        settings=tuple(setting or ()),
        normalizer=normalizer,
        resampler=resampler,
        weights=weights,
        weights_file=weights_file,
        label=name,
        dataset=dataset,
        device=device,
        jobs=jobs,
        limit=limit,
        dry_run=dry_run,
        retry_failed=retry_failed,
        plugins=tuple(plugin or ()),
    )
    with shown_progress(quiet or as_json) as progress:
        result = run(store, request, registry, progress=progress)
    if as_json:
        console.emit_json(to_json(result))
    else:
        render(result)
        console.next_line("the same without --dry-run" if dry_run and result.left_open else "mxt eval")
    if strict and (result.failed or result.left_open):
        raise typer.Exit(1)


def _list_backbones(registry: Registry, *, as_json: bool) -> None:
    from mxt.cli import console
    from mxt.workflows.stages import list_stages

    if as_json:
        console.emit_json(list_stages(registry, "backbone"))
        return
    specs = [registry.find("backbone", name).spec for name in registry.names("backbone")]
    width = max((len(spec.name) for spec in specs), default=0)
    console.say("backbones (choose one):")
    for spec in specs:
        console.say(f"  {spec.name:<{width}}  {spec.summary}")
    if specs:
        first = next((spec.name for spec in specs if not spec.weights), specs[0].name)
        console.next_command("mxt", "extract", "--backbone", first, *registry.find("backbone", first).options)


def to_json(result: Extraction) -> dict[str, object]:
    """An extraction as plain values."""
    found = {
        name: getattr(result, name)
        for name in result.__dataclass_fields__
        if name not in ("pipeline", "failures", "estimate")
    }
    found["estimate"] = asdict(result.estimate) if result.estimate else None
    failures = [{"clip": f.clip, "reason": f.reason.words, "detail": f.detail} for f in result.failures]
    weights = asdict(result.pipeline.weights) if result.pipeline.weights else None
    return found | {"pipeline": result.pipeline.identity(), "weights": weights, "failures": failures}


def render(result: Extraction) -> None:
    """Print what an extraction did, in a few lines."""
    from mxt.cli import console
    from mxt.core.errors import Reason

    spec = result.pipeline.backbone.spec
    copies = f" (and {result.clips - result.contents:,} copies)" if result.clips > result.contents else ""
    settled = f"{result.done:,} of {result.contents:,} clips{copies}, {result.failed} failed"
    words = [result.label, *_input_words(result), layers_text(spec.layers, result.layers)]
    if (found := result.estimate) is not None:
        console.say(" · ".join([*words, result.device, _workers(result.workers)]))
        missing = f"missing {result.left_open:,} of {result.contents:,} clips"
        disk = f"{console.size_text(found.disk_bytes)} on disk of {console.size_text(found.disk_free)} free"
        console.say(
            f"{missing} · about {_duration(found.seconds)} · {disk}"
            if result.left_open
            else "nothing is missing"
        )
        return
    if result.computed:
        words += [result.device, _workers(result.workers)]
    words.append(settled)
    words.append(f"{_duration(result.seconds)}{_shares(result)}" if result.computed else "nothing to do")
    console.say(" · ".join(words))
    gone = sum(failure.reason in (Reason.CHANGED, Reason.MISSING) for failure in result.failures)
    if result.left_open > gone:
        console.say(f"{result.left_open - gone:,} not computed yet; the same command goes on")
    if gone:
        again = shlex.join(["mxt", "ingest", result.root, "--name", result.dataset])
        console.say(f"{gone:,} not as they were at ingest: {again}, then the same command")
    for reason, count in Counter(failure.reason for failure in result.failures).most_common():
        clips = [failure for failure in result.failures if failure.reason is reason][:SHOWN]
        console.say(
            f"{reason.words} {count}: "
            + ", ".join(f"{f.clip} ({f.detail})" if f.detail else f.clip for f in clips)
        )
    if result.failed:
        console.say("failed clips are tried again with --retry-failed")
    if result.earlier:
        console.say(
            f"the table {result.earlier} holds features of another version of these stages; mxt rm {result.earlier} removes it"
        )
    if spec.rows_together:
        console.say(
            f"careful: every feature depends on the {spec.rows_together} clips computed with it, as in the paper"
        )
    console.say(f"view {result.view}, {result.columns} columns")


def _input_words(result: Extraction) -> list[str]:
    spec, words = result.pipeline.backbone.spec, []
    if result.pipeline.weights_name:
        words.append(result.pipeline.weights_name)
    words += [
        str(result.pipeline.backbone.params[p.name])
        for p in spec.params
        if p.type == "choice" and p.name in result.pipeline.backbone.params
    ]
    rate = f"{(spec.sample_rate or 0) / 1000:g} kHz"
    return [*words, f"{rate}, {spec.window.seconds:.3g} s" if spec.window.seconds else rate]


def layers_text(layers: Sequence[Layer], chosen: Collection[str]) -> str:
    """Which layers make the view: by their numbers where these are part of the names, else by name.

    Examples
    --------
    >>> layers_text([Layer(1, "block1", 32), Layer(2, "block2", 32), Layer(3, "block3", 32)], ["block1", "block3"])
    'layers 1 3 of 3'
    >>> layers_text([Layer(1, "penultimate", 200), Layer(2, "tags", 50)], ["penultimate"])
    'layer penultimate of 2'
    """
    if len(layers) == 1:
        return "1 layer"
    numbered = all(layer.name.endswith(str(layer.number)) for layer in layers)
    if len(chosen) == len(layers) and not numbered:
        return f"all {len(layers)} layers"
    words = [str(layer.number) if numbered else layer.name for layer in layers if layer.name in chosen]
    return f"layer{'s' if len(words) > 1 else ''} {' '.join(words)} of {len(layers)}"


def _shares(result: Extraction) -> str:
    order = ("decode", "front end", "network")
    shares = result.shares
    inside = ", ".join(f"{step} {shares[step]:.0%}".replace("%", " %") for step in order if step in shares)
    return f" · {result.computed / result.seconds:.1f} clips/s ({inside})" if result.seconds else ""


def _workers(number: int) -> str:
    return f"{number} worker{'s' if number != 1 else ''}"


def _duration(seconds: float) -> str:
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"
