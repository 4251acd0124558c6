"""The options that are the same everywhere, as annotations: ``def ls(store: StoreOption = DEFAULT_STORE) -> None``."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from mxt.cli import completion
from mxt.core.errors import UsageError

DEFAULT_STORE = Path("mxt-store")
MOST_SECONDS = 10_000_000.0
MOST_CLIPS = 1_000_000_000
DEVICES = ("auto", "cpu", "cuda")


@dataclass(frozen=True, slots=True)
class Settings:
    """What was said before the command: ``mxt --plugin FILE.py COMMAND``."""

    plugins: tuple[Path, ...] = ()


def _with_those_before(ctx: typer.Context, value: list[Path] | None) -> list[Path]:
    """The plugins named before the command, then those named after it."""
    before = ctx.obj.plugins if isinstance(ctx.obj, Settings) else ()
    return list(dict.fromkeys([*before, *(value or ())]))


def _known_device(value: str) -> str:
    if value not in DEVICES:
        raise UsageError(f"--device is one of {', '.join(DEVICES)}, not {value!r}")
    return value


def _a_number(value: float | None) -> float | None:
    """`value`, which a range alone would let be "nan"."""
    if value is not None and math.isnan(value):
        raise typer.BadParameter("nan is not a number.")
    return value


def seconds_option(name: str, *, help: str, least: float) -> Any:
    """An option of a duration or a place in a clip, in seconds."""
    return typer.Option(name, min=least, max=MOST_SECONDS, metavar="SECONDS", help=help, callback=_a_number)


_PLUGIN_HELP = "A plugin in one file, or its package's folder (repeatable; also MXT_PLUGIN)."

GlobalPluginOption = Annotated[
    list[Path] | None, typer.Option("--plugin", metavar="FILE.py", help=_PLUGIN_HELP)
]
PluginOption = Annotated[
    list[Path] | None,
    typer.Option("--plugin", metavar="FILE.py", help=_PLUGIN_HELP, callback=_with_those_before),
]
StoreOption = Annotated[
    Path, typer.Option("--store", envvar="MXT_STORE", metavar="FOLDER", help="The feature store.")
]
DatasetOption = Annotated[
    str | None,
    typer.Option(
        "--dataset",
        metavar="NAME",
        help="The data set; else the one last ingested.",
        autocompletion=completion.datasets,
    ),
]
DatasetsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--dataset",
        metavar="NAME",
        help="A data set (repeatable); else the last one.",
        autocompletion=completion.datasets,
    ),
]
FeaturesOption = Annotated[
    list[str] | None,
    typer.Option(
        "--features",
        metavar="VIEW",
        help="A view such as convnet:135 (repeatable); else every one extracted.",
        autocompletion=completion.views,
    ),
]
BackboneOption = Annotated[
    str | None,
    typer.Option(
        "--backbone",
        metavar="NAME",
        help="The backbone; else lists them.",
        autocompletion=completion.backbones,
    ),
]
LayersOption = Annotated[
    str | None,
    typer.Option(
        "--layers", metavar="LAYERS", help="135, 1,3,5, names, or all.", autocompletion=completion.layers
    ),
]
ProtocolsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--protocol",
        metavar="NAME",
        help="How it is evaluated (repeatable: side by side); else nested.",
        autocompletion=completion.protocols,
    ),
]
TargetOption = Annotated[
    str | None,
    typer.Option(
        "--target",
        metavar="COLUMN",
        help="What is learnt; else the first target.",
        autocompletion=completion.targets,
    ),
]
GroupByOption = Annotated[
    str | None,
    typer.Option(
        "--group-by",
        metavar="COLUMN|folder|file|REGEX",
        help="What belongs together and is never split.",
        autocompletion=completion.groupings,
    ),
]
SetOption = Annotated[
    list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="A stage's parameter (repeatable).")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")]
DeviceOption = Annotated[
    str,
    typer.Option(
        "--device",
        metavar="auto|cpu|cuda",
        help="What computes.",
        callback=_known_device,
        autocompletion=completion.devices,
    ),
]
JobsOption = Annotated[
    int | None, typer.Option("--jobs", "-j", metavar="N", min=1, max=4096, help="Workers; else one a core.")
]
SeedOption = Annotated[
    int, typer.Option("--seed", metavar="N", min=0, max=2**32 - 1, help="Seed of everything drawn.")
]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do it without asking.")]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Show what would be done, and stop.")]
StrictOption = Annotated[bool, typer.Option("--strict", help="Exit with 1 where any clip failed.")]
