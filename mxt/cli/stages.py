"""`mxt stages`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mxt.cli import completion
from mxt.cli.options import JsonOption, PluginOption

if TYPE_CHECKING:
    from mxt.core.params import Param
    from mxt.core.specs import Card, Window
    from mxt.workflows.stages import StageDetails, StageLine, WeightsLine

KindArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="KIND", help="backbones, heads, …", autocompletion=completion.kinds, show_default=False
    ),
]
NameArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="NAME", help="A stage of that kind.", autocompletion=completion.stages, show_default=False
    ),
]


def stages(
    kind: KindArgument = None,
    name: NameArgument = None,
    plugin: PluginOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the stages there are, those of one kind, or everything about one.

    For example: mxt stages, mxt stages backbones, mxt stages backbones convnet.
    """
    from mxt.cli import console
    from mxt.registry import build_registry, kind_named
    from mxt.workflows.stages import describe_stage, list_stages

    registry = build_registry(plugin or ())
    chosen = kind_named(kind) if kind else None
    if chosen and name:
        found = describe_stage(registry, chosen, name)
        console.emit_json(found) if as_json else render_stage(found)
        return
    lines = list_stages(registry, chosen)
    console.emit_json(lines) if as_json else render_list(lines)
    if registry.problems and not as_json:
        count = len(registry.problems)
        console.warn(f"{count} plugin{'s have a problem' if count > 1 else ' has a problem'}: mxt plugins")


def render_list(lines: list[StageLine]) -> None:
    """Print stages as a table."""
    from mxt.cli import console

    if not lines:
        console.say("there are none")
        return
    console.table(
        "",
        ("kind", "name", "what it is", "from"),
        [(line.kind, line.name, line.summary, line.distribution) for line in lines],
    )
    example = next((line for line in lines if line.kind == "backbone"), lines[0])
    console.next_command("mxt", "stages", f"{example.kind}s", example.name, *example.options)


def render_stage(found: StageDetails) -> None:
    """Print all a stage says of itself."""
    from mxt.cli import console

    console.say(f"{found.kind} {found.name} · {found.summary}")
    for word, text in _facts(found):
        console.say(f"  {word + ':':<13}{text}")
    if found.layers:
        rows = [(layer.number, layer.name, layer.dimension) for layer in found.layers]
        console.say()
        console.table("layers", ("number", "name", "dimension"), rows)
    if found.params:
        console.say()
        cells = [(param.name, _default_text(param), _range_text(param), param.help) for param in found.params]
        console.table("parameters (--set NAME=VALUE)", ("name", "default", "values", "what it is"), cells)
    if found.weights:
        console.say()
        render_weights(found.weights)
    if found.kind == "backbone":
        console.next_command("mxt", "extract", "--backbone", found.name, *found.options)
    if found.kind == "dataset":
        console.next_command("mxt", "ingest", "FOLDER", "--loader", found.name, *found.options)


def render_weights(lines: tuple[WeightsLine, ...]) -> None:
    """Print weight sets, a few lines each: whether they are there, where they come from, and what they ask of their users."""
    from mxt.cli import console

    for line in lines:
        words = [f"weights {line.name}" + (" (default)" if line.default else ""), line.status]
        console.say(" · ".join([*words, *([console.size_text(line.size)] if line.size else [])]))
        file = f"{line.filename}, sha256 {line.sha256[:12] or 'not known'}"
        for word, text in (
            ("file", file),
            ("from", line.source),
            ("licence", line.licence),
            ("cite", line.citation),
            ("note", line.note),
        ):
            if text:
                console.say(f"  {word:<8}{text}")


def _facts(found: StageDetails) -> list[tuple[str, str]]:
    facts = [("from", f"{found.distribution} ({found.origin}), version {found.version} of the stage")]
    if found.sample_rate:
        params = ", ".join(f"{name}={value}" for name, value in found.input_params.items())
        facts += [
            ("rate", f"{found.sample_rate:,} Hz"),
            ("input", f"{found.input}({params})" if params else found.input),
        ]
    if found.window is not None:
        facts.append(("window", window_text(found.window)))
    if found.rows_together:
        facts.append(
            (
                "batch",
                f"{found.rows_together} consecutive clips are computed together and depend on each other",
            )
        )
    if found.layers:
        number = f"{len(found.layers)} layer{'s' if len(found.layers) > 1 else ''}"
        facts.append(("columns", f"{sum(layer.dimension for layer in found.layers):,} in {number}"))
    facts += [
        (word, text)
        for word, text in (("licence", found.licence), ("citation", found.citation))
        if text and not found.card
    ]
    return facts + (card_facts(found.card, found.licence) if found.card else [])


def card_facts(card: Card, licence: str) -> list[tuple[str, str]]:
    """What a person should know of a data set, a line each."""
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
    return f"{window.seconds:g} s every {window.hop_seconds:g} s, averaged; a shorter clip is {fill}, a last partial window is {tail}"


def _default_text(param: Param) -> str:
    if param.default is None:
        return "-"
    if isinstance(param.default, bool):
        return "true" if param.default else "false"
    return (
        ",".join(str(item) for item in param.default)
        if isinstance(param.default, tuple)
        else str(param.default)
    )


def _range_text(param: Param) -> str:
    if param.choices:
        return " | ".join(map(str, param.choices))
    low = "" if param.minimum is None else f"{param.minimum:g}"
    high = "" if param.maximum is None else f"{param.maximum:g}"
    if low or high:
        return f"{param.type} {low}..{high}"
    return param.type
