"""What stages there are, and everything about one."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from mxt.core.errors import StoreError
from mxt.core.params import Param
from mxt.core.requirements import missing
from mxt.core.specs import Card, Kind, Layer, StageSpec, WeightsFile, Window
from mxt.core.weights import Status, place_of, status
from mxt.registry import Origin, Registered, Registry
from mxt.store.layout import Store


@dataclass(frozen=True, slots=True)
class Rate:
    """How fast a backbone was in a run of `mxt extract`.

    Parameters
    ----------
    clips_per_second : float
        Of the run as a whole: decoding, front end and network.
    clips : int
        Computed in that run.
    device : str
        ``"cpu"`` or ``"cuda"``.
    workers : int
        How many worked at once.
    """

    clips_per_second: float
    clips: int
    device: str
    workers: int


@dataclass(frozen=True, slots=True)
class Needs:
    """What a stage needs before it can be used, and what it then gives.

    Parameters
    ----------
    field : str
        What it was made for; empty where it does not say.
    requires, missing : mapping
        Libraries that mxt does not bring, and those of them that are not installed, with the lines that
        install them.
    commercial : {"yes", "no", "unknown"}
        Whether its licences allow commercial use.
    weights_bytes : int
        Size of its default weights; 0 where it has none, or where the size is not known.
    rate : Rate, optional
        As measured in the store's largest run; ``None`` before the first.
    """

    field: str = ""
    requires: Mapping[str, str] = dataclasses.field(default_factory=dict)
    missing: Mapping[str, str] = dataclasses.field(default_factory=dict)
    commercial: Literal["yes", "no", "unknown"] = "unknown"
    weights_bytes: int = 0
    rate: Rate | None = None


@dataclass(frozen=True, slots=True)
class StageLine:
    """A stage in a listing."""

    kind: Kind
    name: str
    summary: str
    distribution: str
    options: tuple[str, ...] = ()
    needs: Needs = Needs()


@dataclass(frozen=True, slots=True)
class WeightsLine:
    """A weight set of a stage and whether its file, or every file of it, is there.

    Parameters
    ----------
    name : str
        What ``mxt weights`` calls it: ``stage:set``.
    status : {"present", "missing", "damaged"}
        The file is read for this.
    default : bool
        Whether the stage takes it when none is named.
    options : tuple of str
        What commands about it need as well: ``--plugin`` and the file it comes from.
    parts : tuple of WeightsLine
        The files of a set that has several.
    """

    name: str
    filename: str
    status: Status
    size: int
    sha256: str
    source: str
    licence: str
    citation: str
    note: str
    place: str
    default: bool
    options: tuple[str, ...] = ()
    parts: tuple[WeightsLine, ...] = ()


@dataclass(frozen=True, slots=True)
class StageDetails:
    """All a stage says of itself; what only backbones have is empty for the others."""

    kind: Kind
    name: str
    summary: str
    distribution: str
    origin: Origin
    target: str
    version: int
    licence: str
    citation: str
    params: tuple[Param, ...]
    sample_rate: int | None
    input: str
    input_params: Mapping[str, Any]
    window: Window | None
    layers: tuple[Layer, ...]
    weights: tuple[WeightsLine, ...]
    rows_together: int
    card: Card | None = None
    options: tuple[str, ...] = ()
    needs: Needs = Needs()


def list_stages(registry: Registry, kind: Kind | None = None, store: Path | None = None) -> list[StageLine]:
    """All stages, or those of one kind, in the registry's order; `store` knows how fast backbones were."""
    rates = _rates(store)
    return [
        StageLine(
            entry.spec.kind,
            entry.spec.name,
            entry.spec.summary,
            entry.distribution,
            entry.options,
            _needs(entry.spec, rates),
        )
        for entry in registry.stages
        if kind in (None, entry.spec.kind)
    ]


def _needs(spec: StageSpec, rates: Mapping[str, Rate]) -> Needs:
    weights_bytes = spec.weights[0].total_bytes if spec.weights else 0
    rate = rates.get(spec.name) if spec.kind == "backbone" else None
    return Needs(spec.field, spec.requires, missing(spec), spec.commercial, weights_bytes, rate)


def _rates(path: Path | None) -> dict[str, Rate]:
    """How fast each backbone was in the largest run of a store; empty where there is none to be read."""
    if path is None or not (path / "mxt.json").is_file():
        return {}
    try:
        store = Store.open(path, read_only=True)
        pipelines = {table.fingerprint: table.attributes.get("pipeline") for table in store.features.tables()}
        runs = store.runs()
    except StoreError:  # what is wrong with a store is said by the commands that need it
        return {}
    rates: dict[str, Rate] = {}
    for run in runs:
        pipeline, clips, seconds = (
            pipelines.get(run.get("fingerprint", "")),
            run.get("computed"),
            run.get("seconds"),
        )
        if pipeline and clips and seconds:
            name = pipeline["backbone"]["name"]
            if name not in rates or clips >= rates[name].clips:
                rates[name] = Rate(clips / seconds, clips, run.get("device", ""), run.get("workers", 0))
    return rates


def describe_stage(registry: Registry, kind: Kind, name: str, store: Path | None = None) -> StageDetails:
    """Everything about one stage; `store` knows how fast a backbone was.

    Raises
    ------
    UnknownName, PluginError
        There is none of this name, or several.
    """
    entry = registry.find(kind, name)
    spec = entry.spec
    states_input = kind == "backbone" and not spec.model_param  # else they are those of the model
    return StageDetails(
        kind=spec.kind,
        name=spec.name,
        summary=spec.summary,
        distribution=entry.distribution,
        origin=entry.origin,
        target=spec.target,
        version=spec.version,
        licence=spec.licence,
        citation=spec.citation,
        params=spec.params,
        sample_rate=spec.sample_rate,
        input=(spec.input.renderer or "waveform") if states_input else "",
        input_params=dict(spec.input.params),
        window=spec.window if states_input else None,
        layers=spec.layers,
        weights=weights_of(entry),
        rows_together=spec.rows_together,
        card=spec.card,
        options=entry.options,
        needs=_needs(spec, _rates(store)),
    )


def weights_of(entry: Registered) -> tuple[WeightsLine, ...]:
    """The weight sets of a stage; the first is its default."""
    return tuple(
        _weights_line(entry, file, default=position == 0) for position, file in enumerate(entry.spec.weights)
    )


def _weights_line(entry: Registered, file: WeightsFile, *, default: bool) -> WeightsLine:
    parts = file.files if file.parts else ()
    return WeightsLine(
        name=f"{entry.spec.name}:{file.name}",
        filename=file.filename,
        status=status(file),
        size=file.total_bytes,
        sha256=file.digest,
        source=file.source,
        licence=file.licence,
        citation=file.citation,
        note=file.note,
        place=str(place_of(file)),
        default=default,
        options=entry.options,
        parts=tuple(_weights_line(entry, part, default=default) for part in parts),
    )
