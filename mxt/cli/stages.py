"""`mxt stages`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mxt.cli import completion, console
from mxt.cli.option_groups import StageOptions

if TYPE_CHECKING:
    from mxt.core.params import Param
    from mxt.core.specs import Card, Window
    from mxt.workflows.stages import StageDetails, StageLine, WeightsLine

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


def stages(kind: KindArgument = None, name: NameArgument = None, *, options: StageOptions) -> None:
    """List all stages, those of one kind, or everything about one.

    For example: mxt stages, mxt stages backbones, mxt stages backbones convnet.
    """
    from mxt.registry import kind_named
    from mxt.workflows.stages import describe_stage, list_stages

    registry = options.registry()
    chosen = kind_named(kind) if kind else None
    if chosen and name:
        options.answer(describe_stage(registry, chosen, name), render_stage)
        return
    options.answer(list_stages(registry, chosen), render_list)
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
        facts = {
            "file": f"{line.filename}, sha256 {line.sha256[:12] or 'not known'}",
            "from": line.source,
            "licence": line.licence,
            "cite": line.citation,
            "note": line.note,
        }
        for word, text in facts.items():
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
    if stage.card:
        return facts + card_facts(stage.card, stage.licence)
    return facts + [
        (word, text) for word, text in (("licence", stage.licence), ("cite", stage.citation)) if text
    ]


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
