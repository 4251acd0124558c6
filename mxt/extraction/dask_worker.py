"""What a worker of a Dask cluster runs: it computes bundles of tasks, if it can."""

from __future__ import annotations

import os
import pickle
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from mxt.core.provenance import versions
from mxt.core.weights import place_of
from mxt.extraction.compute import Computed, compute
from mxt.extraction.recipe import Recipe, prepared_here
from mxt.extraction.tasks import Task

EQUAL = ("mxt", "torch")  # versions that features depend on most


@dataclass(frozen=True, slots=True)
class Returned:
    """What a worker gives back for a bundle of tasks.

    Parameters
    ----------
    worker : str
        Its address.
    computed : tuple of Computed
        What became of the tasks; empty where there is a `problem`.
    seconds : float
        That it took, without loading the network.
    problem : str
        Why this worker cannot be used.
    """

    worker: str
    computed: tuple[Computed, ...] = ()
    seconds: float = 0.0
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Bundle:
    """Tasks that are sent together, with what a worker needs to know.

    Parameters
    ----------
    tasks : tuple of Task
    recipe : Recipe
    folder : str
        That the clips lie in, if the command sees it: then a worker has to see it as well.
    versions : mapping
        Of the software of the command.
    """

    tasks: tuple[Task, ...]
    recipe: Recipe
    folder: str
    versions: Mapping[str, str]


def compute_bundle(pickled: bytes) -> Returned:
    """Compute a bundle; a worker runs this."""
    from distributed import get_worker

    bundle: Bundle = pickle.loads(pickled)
    worker = get_worker()
    if problem := _problem(bundle):
        return Returned(worker.address, problem=problem)
    recipe = _with_files_here(bundle.recipe, Path(worker.local_directory))
    prepared_here(recipe)
    began = time.monotonic()
    computed = tuple(replace(compute(task, recipe), worker=worker.address) for task in bundle.tasks)
    return Returned(worker.address, computed, time.monotonic() - began)


def _problem(bundle: Bundle) -> str:
    """Why this process cannot compute it; empty where it can."""
    for name in EQUAL:
        if (own := _versions().get(name)) != (wanted := bundle.versions.get(name)):
            return f"it has {name} {own}, and the command {wanted}"
    paths = [
        bundle.folder,
        *(str(place_of(file)) for file in bundle.recipe.pipeline.backbone.spec.files if file.source),
    ]
    unseen = next((path for path in paths if path and not os.access(path, os.R_OK)), None)
    return "" if unseen is None else f"it does not see {unseen}"


_versions = lru_cache(maxsize=1)(versions)


def _with_files_here(recipe: Recipe, folder: Path) -> Recipe:
    """The recipe with files that were sent here in place of those that are not seen here."""

    def here(path: Path) -> Path:
        sent = folder / path.name
        return sent if sent.exists() and not os.access(path, os.R_OK) else path

    weights = None if recipe.weights is None else here(recipe.weights)
    return replace(recipe, weights=weights, plugins=tuple(map(here, recipe.plugins)))
