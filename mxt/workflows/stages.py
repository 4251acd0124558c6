"""What stages there are, and everything about one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mxt.core.params import Param
from mxt.core.specs import Card, Kind, Layer, Window
from mxt.core.weights import Status, place_of, status
from mxt.registry import Origin, Registered, Registry


@dataclass(frozen=True, slots=True)
class StageLine:
    """A stage in a listing."""

    kind: Kind
    name: str
    summary: str
    distribution: str
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WeightsLine:
    """A weight set of a stage and whether its file is there.

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


def list_stages(registry: Registry, kind: Kind | None = None) -> list[StageLine]:
    """All stages, or those of one kind, in the registry's order."""
    return [
        StageLine(entry.spec.kind, entry.spec.name, entry.spec.summary, entry.distribution, entry.options)
        for entry in registry.stages
        if kind in (None, entry.spec.kind)
    ]


def describe_stage(registry: Registry, kind: Kind, name: str) -> StageDetails:
    """Everything about one stage.

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
    )


def weights_of(entry: Registered) -> tuple[WeightsLine, ...]:
    """The weight sets of a stage; the first is its default."""
    return tuple(
        WeightsLine(
            name=f"{entry.spec.name}:{file.name}",
            filename=file.filename,
            status=status(file),
            size=file.size,
            sha256=file.sha256,
            source=file.source,
            licence=file.licence,
            citation=file.citation,
            note=file.note,
            place=str(place_of(file)),
            default=position == 0,
            options=entry.options,
        )
        for position, file in enumerate(entry.spec.weights)
    )
