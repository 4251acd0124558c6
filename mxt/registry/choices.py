"""From what was typed to a pipeline: settings of each stage, weights, renderer."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mxt.core.errors import InputError, UnknownName, UsageError
from mxt.core.pipeline import Chosen, Pipeline
from mxt.core.specs import StageSpec, WeightsFile
from mxt.core.weights_file import of_ones_own
from mxt.registry.registry import Registry

OWN_FILE = "file"


@dataclass(frozen=True, slots=True)
class PipelineRequest:
    """Everything that is chosen of a pipeline; what is not given has its default.

    Parameters
    ----------
    backbone, normalizer, resampler : str
        Their names.
    params, normalizer_params : mapping
        Their parameters as given; text is parsed.
    renderer_params : mapping
        Parameters of the renderer in place of those the backbone brings.
    weights : str, optional
        Weight set (``None``: the default one).
    weights_file : Path, optional
        A file of the user's own in place of that of the set.
    """

    backbone: str
    params: Mapping[str, Any] = field(default_factory=dict)
    normalizer: str = "none"
    normalizer_params: Mapping[str, Any] = field(default_factory=dict)
    renderer_params: Mapping[str, Any] = field(default_factory=dict)
    resampler: str = "soxr"
    weights: str | None = None
    weights_file: Path | None = None


def make_pipeline(registry: Registry, request: PipelineRequest) -> Pipeline:
    """Everything that decides a feature, checked.

    For a file of the user's own, the `weights` of the pipeline have its hash, the name ``"file"``, and its
    path as a ``file:`` address in `source`. A batch mode (``rows_together``) belongs to one data set, which
    is not known here: `batch_of` and `dataset` are empty.

    Raises
    ------
    UsageError
        Names, parameters or weights that do not exist, or do not go together.
    """
    from mxt.audio.resample import RESAMPLERS

    if request.resampler not in RESAMPLERS:
        raise UnknownName("resampler", request.resampler, RESAMPLERS)
    chosen = registry.choose("backbone", request.backbone, request.params, request.weights)
    spec, own = chosen.spec, request.renderer_params
    if own and not spec.input.renderer:
        raise UsageError(f"backbone {spec.name} reads the waveform, so {', '.join(own)} does not apply")
    renderer = (
        registry.choose("renderer", spec.input.renderer, {**spec.input.params, **own})
        if spec.input.renderer
        else None
    )
    file, weights_name = _weights(spec, request.weights, request.weights_file)
    return Pipeline(
        backbone=chosen,
        normalizer=registry.choose("normalizer", request.normalizer, request.normalizer_params),
        renderer=renderer,
        resampler=request.resampler,
        weights=file,
        weights_name=weights_name,
    )


def _weights(spec: StageSpec, name: str | None, path: Path | None) -> tuple[WeightsFile | None, str]:
    """The weights, and their name in the label (empty for the default set)."""
    weights = spec.weight_set(name)
    if path is None:
        default = spec.weights[0].name if spec.weights else ""
        return weights, "" if weights is None or weights.name == default else weights.name
    if weights is None:
        raise UsageError(f"backbone {spec.name} has no weights, so --weights-file does not apply")
    path = Path(os.path.realpath(path.expanduser()))  # unlike resolve, it accepts circular links
    for part in weights.parts:
        if not os.path.isfile(path / part.filename):
            raise InputError(f"--weights-file {path} is not a folder that has {part.filename}")
    if not (weights.parts or os.path.isfile(path)):
        raise InputError(f"--weights-file {path}: no such file")
    called = OWN_FILE if name is None else f"{name}-{OWN_FILE}"
    return of_ones_own(called, weights, path), called


def stages_taking_part(
    registry: Registry, *, backbone: str, normalizer: str, settings: Sequence[str], weights: str | None = None
) -> list[StageSpec]:
    """The stages that ``--set`` may configure: backbone, normalizer, and the renderer that they choose.

    Parameters
    ----------
    registry : Registry
        All stages.
    backbone, normalizer, weights : str
        Their names.
    settings : sequence of str
        As typed after ``--set``; only those of the backbone matter here.
    """
    spec = registry.find("backbone", backbone).spec
    stages = [spec, registry.find("normalizer", normalizer).spec]
    typed = [(left.removeprefix(f"{backbone}."), value) for left, value in map(_name_and_value, settings)]
    own = {param.name for param in spec.params}
    renderer = registry.choose(
        "backbone", backbone, {name: value for name, value in typed if name in own}, weights
    ).spec.input.renderer
    return [*stages, registry.find("renderer", renderer).spec] if renderer else stages


def split_settings(
    settings: Sequence[str], stages: Sequence[StageSpec | Chosen]
) -> dict[str, dict[str, str]]:
    """Assign each ``NAME=VALUE`` and ``STAGE.NAME=VALUE`` to the stage it belongs to.

    Parameters
    ----------
    settings : sequence of str
        As typed after ``--set``.
    stages : sequence of StageSpec or Chosen
        Those that can be configured.

    Returns
    -------
    dict
        Name of a stage to its parameters, as text; every stage is there.

    Raises
    ------
    UnknownName, UsageError
        No such parameter or stage, a name that several stages share, no ``=``, or one that is given twice.
    """
    specs = [stage.spec if isinstance(stage, Chosen) else stage for stage in stages]
    shared: dict[str, dict[str, str]] = {spec.name: {} for spec in specs}
    for setting in settings:
        left, value = _name_and_value(setting)
        spec, name = _owner(left, specs)
        if name in shared[spec.name]:
            raise UsageError(f"--set gives {spec.name}.{name} twice")
        shared[spec.name][name] = value
    return shared


def _name_and_value(setting: str) -> tuple[str, str]:
    left, equals, value = setting.partition("=")
    if not equals or not left.strip():
        raise UsageError(f"--set takes NAME=VALUE or STAGE.NAME=VALUE, not {setting!r}")
    return left.strip(), value.strip()


def _owner(left: str, specs: Sequence[StageSpec]) -> tuple[StageSpec, str]:
    stage, dot, name = left.rpartition(".")
    if dot:
        named = [spec for spec in specs if spec.name == stage]
        if not named:
            raise UnknownName("stage taking part here", stage, [spec.name for spec in specs])
        if name not in {param.name for param in named[0].params}:
            raise UnknownName(
                f"parameter of {named[0].kind} {stage}", name, [param.name for param in named[0].params]
            )
        return named[0], name
    owners = [spec for spec in specs if name in {param.name for param in spec.params}]
    if not owners:
        raise UnknownName("parameter", name, {param.name for spec in specs for param in spec.params})
    if len(owners) > 1:
        stages = " and ".join(spec.name for spec in owners)
        raise UsageError(f"{name} is a parameter of {stages}; write {owners[0].name}.{name}=…")
    return owners[0], name
