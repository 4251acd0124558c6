"""What computes the features that models were fitted to: pipelines and weights that are the same here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from mxt.core.errors import InputError, PluginError, UnknownName, WeightsError
from mxt.core.pipeline import Pipeline
from mxt.core.progress import Progress
from mxt.core.specs import WeightsFile
from mxt.core.weights_file import of_ones_own
from mxt.extraction.recipe import Recipe, make_recipe
from mxt.extraction.request import ExtractRequest
from mxt.models.model import Model, Part
from mxt.models.pipelines import check_pipeline
from mxt.registry import Registry
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
        return [
            make_recipe(pipeline, device, registry, progress, plugins=request.plugins)
            for pipeline, _ in pipelines.values()
        ]

    return recipes


def _pipeline(model: Model, part: Part, request: PredictRequest, registry: Registry) -> Pipeline:
    """The pipeline of a part as it is here, if it is the same."""
    try:
        wanted = ExtractRequest.from_pipeline(part.pipeline, part.label, registry)
        if wanted.weights_sha256:
            usual = registry.find("backbone", wanted.backbone).spec.weight_set(wanted.weights)
            wanted = replace(wanted, weights_file=_own_file(model, part, usual, wanted, request))
        pipeline = wanted.pipeline(registry)
    except UnknownName as error:
        backbone = part.pipeline["backbone"]
        raise PluginError(
            f"{model.name} was fitted to features of {backbone['name']} ({backbone['distribution']}), which "
            f"cannot be computed here: {error}"
        ) from error
    check_pipeline(part, pipeline.identity(), model=model.name)
    return pipeline


def _own_file(
    model: Model, part: Part, usual: WeightsFile | None, wanted: ExtractRequest, request: PredictRequest
) -> Path:
    for path in request.weights_files:
        if not path.exists():
            raise InputError(f"--weights-file {path}: no such file")
        with suppress(
            FileNotFoundError, NotADirectoryError, IsADirectoryError
        ):  # a file for a set, or the reverse
            if usual and of_ones_own("", usual, path.resolve()).digest == wanted.weights_sha256:
                return path
    given = "none of the files given has" if request.weights_files else "give the file with"
    raise WeightsError(
        f"{model.name} was fitted to {part.label} with weights of your own, sha256 {wanted.weights_sha256}: "
        f"{given} it (--weights-file FILE)"
    )
