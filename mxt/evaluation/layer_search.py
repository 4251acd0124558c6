"""Which layers to join: chosen inside the learning parts or, as papers do, on the reported folds."""

from __future__ import annotations

from mxt.core.progress import SILENT, Progress
from mxt.evaluation.crossval import calm
from mxt.evaluation.engine import Engine, Threads
from mxt.evaluation.layer_choice import Found, Nested, Reported
from mxt.evaluation.layer_parts import Kept, Search

__all__ = ["Found", "Kept", "Search", "search_layers"]


def search_layers(
    search: Search,
    *,
    nested: bool,
    jobs: int = 1,
    engine: Engine | None = None,
    scratch: Kept | None = None,
    progress: Progress = SILENT,
    what: str = "searching",
) -> Found:
    """Evaluate every strategy, and the choice among them.

    Parameters
    ----------
    search : Search
    nested : bool
        True: parameters and strategy are chosen inside each learning part. False: on the reported folds.
    jobs : int
        Fits at a time, on shared kernels. Results do not depend on it.
    engine : Engine, optional
        Where they are computed (default: `jobs` threads).
    scratch : Kept, optional
        Keeps finished parts.
    progress : Progress
        Told fit by fit.
    """
    run = Nested if nested else Reported
    if nested:
        total = sum(
            1 + len(fold.inner) * len(learner.grid)
            for fold in search.plan.folds
            for learner in search.learners
        )
    else:
        total = len(search.strategies) * len(search.plan.folds) * search.n_candidates
    with progress.step(what, total, unit="fits") as step, calm():
        return run(search, engine or Threads(jobs), scratch, step).run()
