"""`mxt stages`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mxt.cli import completion, console
from mxt.cli.option_groups import StoredStageOptions
from mxt.cli.terminal import wrapped
from mxt.core.specs import FIELDS
from mxt.core.text import plural

if TYPE_CHECKING:
    from mxt.core.params import Param
    from mxt.core.specs import Card, Window
    from mxt.workflows.stages import Needs, StageDetails, StageLine, WeightsLine

KindArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="KIND",
        help="Kind of stage: backbones, heads, …",
        autocompletion=completion.kinds,
        show_default=False,
    ),
]
NameArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="NAME",
        help="Name of a stage of that kind.",
        autocompletion=completion.stages,
        show_default=False,
    ),
]


def stages(kind: KindArgument = None, name: NameArgument = None, *, options: StoredStageOptions) -> None:
    """List all stages, those of one kind, or everything about one.

    For example: mxt stages, mxt stages backbones, mxt stages backbones convnet.
    """
    from mxt.registry import kind_named
    from mxt.workflows.stages import describe_stage, list_stages

    registry = options.registry()
    chosen = kind_named(kind) if kind else None
    if chosen and name:
        options.answer(describe_stage(registry, chosen, name, options.store), render_stage)
        return
    lines = list_stages(registry, chosen, options.store)
    options.answer(lines, render_backbones if chosen == "backbone" else render_list)
    if (count := len(registry.problems)) and not options.as_json:
        console.warn(f"{count} plugin{'s have' if count > 1 else ' has'} a problem: mxt plugins")


def render_list(lines: list[StageLine]) -> None:
    """Print stages as a table."""
    if not lines:
        console.say("there are none")
        return
    rows = [(line.kind, line.name, line.summary, line.distribution) for line in lines]
    console.table("", ("kind", "name", "what it does", "from"), rows)
    example = next((line for line in lines if line.kind == "backbone"), lines[0])
    console.next_command("mxt", "stages", f"{example.kind}s", example.name, *example.options)


def render_backbones(lines: list[StageLine]) -> None:
    """Print backbones by field: what each needs, what it weighs and how fast it was, and what it does."""
    longest = max(len(line.name) for line in lines)
    console.say(_columns("name", longest, "installed", "commercial use", "weights", "clips/s"))
    for field in (*FIELDS, ""):
        members = [line for line in lines if line.needs.field == field]
        if members:
            console.say(field or "other")
        for line in members:
            needs = line.needs
            size = console.size_text(needs.weights_bytes) if needs.weights_bytes else ""
            rate = f"{needs.rate.clips_per_second:.1f}" if needs.rate else ""
            here = "no" if needs.missing else "yes"
            console.say(_columns(f"  {line.name}", longest, here, needs.commercial, size, rate))
            texts = [line.summary, *(f"needs: {command}" for command in _to_install(needs))]
            for text in texts:
                for part in wrapped(f"    {text}", console.width()):
                    console.say(part)
    if any(line.needs.rate for line in lines):
        console.say("clips/s: of the largest run of mxt extract in this store, decoding included")
    usable = next((line for line in lines if not line.needs.missing), lines[0])
    console.next_command("mxt", "stages", "backbones", usable.name, *usable.options)


def _columns(name: str, longest: int, here: str, commercial: str, size: str, rate: str) -> str:
    return f"{name:<{longest + 2}}  {here:<9}  {commercial:<14}  {size:>8}  {rate:>7}".rstrip()


def _to_install(needs: Needs) -> list[str]:
    return list(dict.fromkeys(needs.missing.values()))


def render_stage(stage: StageDetails) -> None:
    """Print all a stage says of itself."""
    console.say(f"{stage.kind} {stage.name} · {stage.summary}")
    for word, text in _facts(stage):
        console.say(f"  {word + ':':<13}{text}")
    if stage.layers:
        rows = [(layer.number, layer.name, layer.dimension) for layer in stage.layers]
        console.say()
        console.table("layers", ("number", "name", "dimension"), rows)
    if stage.params:
        console.say()
        cells = [(param.name, _default_text(param), _range_text(param), param.help) for param in stage.params]
        console.table("parameters (--set NAME=VALUE)", ("name", "default", "values", "meaning"), cells)
    if stage.weights:
        console.say()
        render_weights(stage.weights)
    if stage.kind == "backbone":
        model = ("--model", "MODEL") if any(param.type == "model" for param in stage.params) else ()
        console.next_command("mxt", "extract", "--backbone", stage.name, *model, *stage.options)
    if stage.kind == "dataset":
        console.next_command("mxt", "ingest", "FOLDER", "--loader", stage.name, *stage.options)


def render_weights(lines: tuple[WeightsLine, ...]) -> None:
    """Print weight sets, a few lines each: their status, where they come from, and their licence."""
    for line in lines:
        size = [console.size_text(line.size)] if line.size else []
        default = " (default)" if line.default else ""
        console.say(" · ".join([f"weights {line.name}{default}", line.status, *size]))
        files = [(part, f", {part.status}") for part in line.parts] or [(line, "")]
        for file, state in files:
            facts = [("file", f"{file.filename}, sha256 {file.sha256[:12] or 'not known'}{state}")]
            _say_facts([*facts, ("from", file.source)])
        _say_facts([("licence", line.licence), ("cite", line.citation), ("note", line.note)])


def _say_facts(facts: list[tuple[str, str]]) -> None:
    for word, text in facts:
        if text:
            console.say(f"  {word:<8}{text}")


def _facts(stage: StageDetails) -> list[tuple[str, str]]:
    source = f"{stage.distribution} ({stage.origin.where}), version {stage.version} of the stage"
    facts = [("from", source)]
    if stage.sample_rate:
        params = ", ".join(f"{name}={value}" for name, value in stage.input_params.items())
        facts += [
            ("rate", f"{stage.sample_rate:,} Hz"),
            ("input", f"{stage.input}({params})" if params else stage.input),
        ]
    if stage.window is not None:
        facts.append(("window", window_text(stage.window)))
    if stage.rows_together:
        together = f"{stage.rows_together} consecutive clips are computed together and depend on each other"
        facts.append(("batch", together))
    if stage.layers:
        number = f"{len(stage.layers)} layer{'s' if len(stage.layers) > 1 else ''}"
        facts.append(("columns", f"{sum(layer.dimension for layer in stage.layers):,} in {number}"))
    if stage.kind == "backbone":
        facts += _needs_facts(stage.needs)
    if stage.card:
        return facts + card_facts(stage.card, stage.licence)
    return facts + [
        (word, text) for word, text in (("licence", stage.licence), ("cite", stage.citation)) if text
    ]


_COMMERCIAL = {"yes": "allowed", "no": "not allowed", "unknown": "unknown: read the licences"}


def _needs_facts(needs: Needs) -> list[tuple[str, str]]:
    facts = [("field", needs.field)] if needs.field else []
    if needs.requires:
        installed = f"{', '.join(needs.requires)} (installed)"
        facts.append(("needs", ", then ".join(_to_install(needs)) or installed))
    facts.append(("commercial", f"use {_COMMERCIAL[needs.commercial]}"))
    if needs.rate:
        rate, run = needs.rate, plural(needs.rate.workers, "worker")
        speed = f"{rate.clips_per_second:.1f} clips/s, {plural(rate.clips, 'clip')} on {rate.device}, {run}"
        facts.append(("speed", speed))
    return facts


def card_facts(card: Card, licence: str) -> list[tuple[str, str]]:
    """What one should know about a data set, as heading and text."""
    facts = [
        ("origin", card.origin),
        ("size", card.size),
        ("licence", licence),
        ("homepage", card.homepage),
        ("get it", card.get),
        ("layout", card.layout),
        ("careful", card.faults),
        *(("cite", paper) for paper in card.papers),
    ]
    return [(word, text) for word, text in facts if text]


def window_text(window: Window) -> str:
    """Which part of a clip is used, in words."""
    fill = "repeated until it is full" if window.pad == "repeat" else "filled with zeros"
    if window.kind == "whole":
        return "the whole clip" if window.seconds is None else f"the whole clip, up to {window.seconds:g} s"
    if window.kind == "fixed":
        return f"the first {window.seconds:g} s; a shorter clip is {fill}"
    tail = "dropped" if window.tail == "drop" else "filled"
    every = f"{window.seconds:g} s every {window.hop_seconds:g} s, averaged"
    return f"{every}; a shorter clip is {fill}, a last partial window is {tail}"


def _default_text(param: Param) -> str:
    if param.default is None:
        return "-"
    if isinstance(param.default, bool):
        return "true" if param.default else "false"
    if isinstance(param.default, tuple):
        return ",".join(map(str, param.default))
    return str(param.default)


def _range_text(param: Param) -> str:
    if param.choices:
        return " | ".join(map(str, param.choices))
    low = "" if param.minimum is None else f"{param.minimum:g}"
    high = "" if param.maximum is None else f"{param.maximum:g}"
    if low or high:
        return f"{param.type} {low}..{high}"
    return param.type
