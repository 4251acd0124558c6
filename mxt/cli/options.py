"""The options that commands share, one annotation each; `mxt.cli.option_groups` joins them to records."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mxt.cli import completion
from mxt.core.engines import ENGINES
from mxt.core.errors import UsageError

if TYPE_CHECKING:
    from mxt.core.records import Task

DEFAULT_STORE = Path("mxt-store")
MOST_SECONDS = 10_000_000.0
MOST_CLIPS = 1_000_000_000
DEVICES = ("auto", "cpu", "cuda")
TASKS: dict[str, Task] = {
    "classification": "classification",
    "multilabel": "multilabel",
    "regression": "regression",
}


@dataclass(frozen=True, slots=True)
class Settings:
    """What was given before the command: ``mxt --plugin FILE.py COMMAND``."""

    plugins: tuple[Path, ...] = ()


def _with_those_before(ctx: typer.Context, value: list[Path] | None) -> list[Path]:
    """The plugins named before the command, then those named after it."""
    before = ctx.obj.plugins if isinstance(ctx.obj, Settings) else ()
    return list(dict.fromkeys([*before, *(value or ())]))


def known_device(value: str) -> str:
    """`value`, where it names a device.

    Raises
    ------
    UsageError
        It does not.
    """
    if value not in DEVICES:
        raise UsageError(f"--device is one of {', '.join(DEVICES)}, not {value!r}")
    return value


def known_task(value: str | None) -> Task | None:
    """`value`, where it names a task.

    Raises
    ------
    UsageError
        It does not.
    """
    if value is not None and value not in TASKS:
        raise UsageError(f"--task is one of {', '.join(TASKS)}, not {value!r}")
    return TASKS[value] if value else None


def _a_number(value: float | None) -> float | None:
    """`value`, unless it is "nan", which every range lets pass."""
    if value is not None and math.isnan(value):
        raise typer.BadParameter("nan is not a number.")
    return value


def seconds_option(name: str, *, help: str, least: float) -> Any:
    """An option for a duration or a position in a clip, in seconds."""
    return typer.Option(name, min=least, max=MOST_SECONDS, metavar="SECONDS", help=help, callback=_a_number)


_PLUGIN_HELP = "Plugin in a single file, or the folder of its package; repeatable (also MXT_PLUGIN)."

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
        help="The data set (default: the one last ingested).",
        autocompletion=completion.datasets,
    ),
]
DatasetsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--dataset",
        metavar="NAME",
        help="A data set; repeatable (default: the one last ingested).",
        autocompletion=completion.datasets,
    ),
]
FeaturesOption = Annotated[
    list[str] | None,
    typer.Option(
        "--features",
        metavar="VIEW",
        help="A view such as convnet:135; repeatable (default: every view extracted).",
        autocompletion=completion.views,
    ),
]
BackboneOption = Annotated[
    str | None,
    typer.Option(
        "--backbone",
        metavar="NAME",
        help="The backbone (default: list them all).",
        autocompletion=completion.backbones,
    ),
]
LayersOption = Annotated[
    str | None,
    typer.Option(
        "--layers",
        metavar="LAYERS",
        help="135, or 1,3,5, or 1-6, or layer names, or all.",
        autocompletion=completion.layers,
    ),
]
NormalizerOption = Annotated[
    str,
    typer.Option(
        "--normalizer",
        metavar="NAME",
        help="What is done to the level of a clip first.",
        autocompletion=completion.normalizers,
    ),
]
ProtocolsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--protocol",
        metavar="NAME",
        help="Evaluation protocol; repeatable to compare several (default: nested).",
        autocompletion=completion.protocols,
    ),
]
TargetOption = Annotated[
    str | None,
    typer.Option(
        "--target",
        metavar="COLUMN",
        help="Target to predict (default: the first).",
        autocompletion=completion.targets,
    ),
]
GroupByOption = Annotated[
    str | None,
    typer.Option(
        "--group-by",
        metavar="COLUMN|folder|file|none|REGEX",
        help="Clips that must stay in one fold: recordings of one artist, one tape, one speaker.",
        autocompletion=completion.groupings,
    ),
]
SetOption = Annotated[
    list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Parameter of a stage; repeatable.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")]
DeviceOption = Annotated[
    str,
    typer.Option(
        "--device",
        metavar="auto|cpu|cuda",
        help="Device to compute on.",
        callback=known_device,
        autocompletion=completion.devices,
    ),
]
JobsOption = Annotated[
    int | None,
    typer.Option(
        "--jobs", "-j", metavar="N", min=1, max=4096, help="Parallel workers (default: one per core)."
    ),
]
EngineOption = Annotated[
    str,
    typer.Option(
        "--engine",
        metavar="|".join(ENGINES),
        help="What computes: threads of this process, or the processes of a Dask cluster (default: threads; "
        "mxt extract goes on with processes where it measures that they are faster).",
        show_default=False,
    ),
]
SchedulerOption = Annotated[
    str | None,
    typer.Option(
        "--scheduler",
        metavar="ADDRESS",
        help="Scheduler of a Dask cluster that is there (default with --engine dask: start one here).",
    ),
]
SeedOption = Annotated[
    int, typer.Option("--seed", metavar="N", min=0, max=2**32 - 1, help="Seed of all random draws.")
]
RepeatsOption = Annotated[
    int,
    typer.Option(
        "--repeats",
        metavar="N",
        min=1,
        max=1000,
        help="Cross-validate N times with fresh folds; intervals then hold their variance, too (default: 1).",
    ),
]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Show what would be done, then stop.")]
StrictOption = Annotated[bool, typer.Option("--strict", help="Exit with code 1 if any clip failed.")]
FoldsOption = Annotated[
    Path | None,
    typer.Option(
        "--folds",
        metavar="FILE|leave-one-group-out",
        help="Table of folds to use, with columns clip and fold; or one fold for each group.",
    ),
]
TaskOption = Annotated[
    str | None,
    typer.Option(
        "--task",
        metavar="TASK",
        help="classification, multilabel or regression (default: from the target's values).",
    ),
]
HeadOption = Annotated[
    str | None,
    typer.Option(
        "--head",
        metavar="NAME",
        help="Classifier or regressor (default: the protocol's, else svm or linear by size).",
        autocompletion=completion.heads,
    ),
]
HeadsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--head",
        metavar="NAME",
        help="Classifier or regressor; repeatable to compare several (default: svm or linear, by size).",
        autocompletion=completion.heads,
    ),
]
ProtocolOption = Annotated[
    str,
    typer.Option(
        "--protocol", metavar="NAME", help="Evaluation protocol.", autocompletion=completion.protocols
    ),
]
ChartOption = Annotated[
    Path | None, typer.Option("--chart", metavar="FILE.png|svg|pdf", help="Also draw the answer as a chart.")
]
