"""What a worker of a Dask cluster computes of an extraction: bundles of tasks."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, replace

from mxt.core.cluster_worker import Unfit, seen_here
from mxt.core.weights import place_of
from mxt.extraction.compute import Computed, compute
from mxt.extraction.recipe import Recipe, prepared_here
from mxt.extraction.tasks import Task


@dataclass(frozen=True, slots=True)
class Bundle:
    """Tasks that are sent together, with what a worker needs to know.

    Parameters
    ----------
    tasks : tuple of Task
    recipe : Recipe
    folder : str
        That the clips lie in, if the command sees it: then a worker has to see it as well.
    """

    tasks: tuple[Task, ...]
    recipe: Recipe
    folder: str


@dataclass(frozen=True, slots=True)
class Returned:
    """What became of the tasks of a bundle, and the seconds it took, without loading the network."""

    computed: tuple[Computed, ...]
    seconds: float


def compute_bundle(bundle: Bundle) -> Returned:
    """Compute a bundle; a worker runs this.

    Raises
    ------
    Unfit
        It does not see the clips, or a file of the network.
    """
    files = [place_of(file) for file in bundle.recipe.pipeline.backbone.spec.files if file.source]
    for path in (bundle.folder, *map(str, files)):
        if path and not os.access(path, os.R_OK):
            raise Unfit(f"it does not see {path}")
    recipe = bundle.recipe
    weights = None if recipe.weights is None else seen_here(recipe.weights)
    recipe = replace(recipe, weights=weights, plugins=tuple(map(seen_here, recipe.plugins)))
    prepared_here(recipe)
    began = time.monotonic()
    computed = tuple(compute(task, recipe) for task in bundle.tasks)
    return Returned(computed, time.monotonic() - began)
