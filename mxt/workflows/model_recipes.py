"""What computes the features that models were fitted to: pipelines and weights that are the same here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from mxt.core.errors import InputError, PluginError, UnknownName, WeightsError
from mxt.core.identity import sha256_file
from mxt.core.pipeline import Pipeline
from mxt.core.progress import Progress
from mxt.core.weights import ensure, with_options
from mxt.extraction.recipe import Recipe
from mxt.extraction.request import ExtractRequest
from mxt.models.model import Model, Part
from mxt.models.pipelines import check_pipeline
from mxt.registry import Registry, plugin_files
from mxt.workflows.predict_request import PredictRequest


def open_recipes(
    models: Sequence[Model], request: PredictRequest, registry: Registry, progress: Progress
) -> Callable[[str], list[Recipe]]:
    """What computes the features of models, one recipe for each pipeline, given the device.

    Raises
    ------
    PluginError, WeightsError
        A stage is not installed, or it or its weights are not those that a bundle was fitted to.
    """
    pipelines: dict[str, tuple[Pipeline, Part]] = {}
    for model in models:
        for part in model.parts:
            pipelines.setdefault(part.fingerprint, (_pipeline(model, part, request, registry), part))

    def recipes(device: str) -> list[Recipe]:
        return [_recipe(pipeline, device, request, registry, progress) for pipeline, _ in pipelines.values()]

    return recipes


def _pipeline(model: Model, part: Part, request: PredictRequest, registry: Registry) -> Pipeline:
    """The pipeline of a part as it is here, if it is the same."""
    try:
        wanted = ExtractRequest.from_pipeline(part.pipeline, part.label, registry)
        if wanted.weights_sha256:
            wanted = replace(wanted, weights_file=_own_file(model, part, wanted.weights_sha256, request))
        pipeline = wanted.pipeline(registry)
    except UnknownName as error:
        backbone = part.pipeline["backbone"]
        raise PluginError(
            f"{model.name} was fitted to features of {backbone['name']} ({backbone['distribution']}), which "
            f"cannot be computed here: {error}"
        ) from error
    check_pipeline(part, pipeline.identity(), model=model.name)
    return pipeline


def _own_file(model: Model, part: Part, sha256: str, request: PredictRequest) -> Path:
    for path in request.weights_files:
        if not path.is_file():
            raise InputError(f"--weights-file {path}: no such file")
        if sha256_file(path) == sha256:
            return path
    given = "none of the files given has" if request.weights_files else "give the file with"
    raise WeightsError(
        f"{model.name} was fitted to {part.label} with weights of your own, sha256 {sha256}: "
        f"{given} it (--weights-file FILE)"
    )


def _recipe(
    pipeline: Pipeline, device: str, request: PredictRequest, registry: Registry, progress: Progress
) -> Recipe:
    weights, name = None, pipeline.backbone.spec.name
    if pipeline.weights is not None:
        with with_options(registry.find("backbone", name).options):
            weights = ensure(pipeline.weights, progress=progress, called=f"{name}:{pipeline.weights.name}")
    stages = [(stage.spec.kind, stage.spec.name) for stage in pipeline.stages]
    plugins = dict.fromkeys([*request.plugins, *plugin_files(registry, *stages)])
    return Recipe(pipeline, device, weights, tuple(plugins))
