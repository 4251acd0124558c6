"""The whole layer search beside scikit-learn's GridSearchCV(n_jobs=2), on GTZAN genre's published features, in one run.

    python tests/benchmarks/layer_search_speed.py DATA [COMBINATION …]

Both sides try 32 grid points on raw and on standardised columns in 10 folds. The search runs all 31
combinations; GridSearchCV runs a sample of them (two, three layers wide on average, as all 31 are: 2.6), and
the search runs that sample once more by itself, before and after, so that both sides do the same work under
the same load. Winners and their fold scores are compared. Exits with 1 where the search is less than 2.5
times as fast, or a winner or a fold score differs. Pages of memory, threads and other programs disturb
wall-clock time: processor time stands beside it.
"""

from __future__ import annotations

import csv
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from joblib.externals.loky import get_reusable_executor
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from mxt.evaluation.layer_search import Found, Search, search_layers
from mxt.evaluation.layers import Strategy, strategies
from mxt.evaluation.search import Learner, expand
from mxt.evaluation.splits import Sample, cut_folds
from mxt.evaluation.tasks import Targets
from mxt.stages.heads.svm_choi2017 import SvmChoi2017

JOBS, FASTER, CLOSE = 2, 2.5, 1e-6
SAMPLE = ("5", "24", "135", "2345")
Array = np.ndarray[Any, Any]
Blocks = list[Array]


def load(folder: Path) -> tuple[Blocks, Array]:
    blocks = [
        np.load(folder / "features" / f"gtzan_genre_layer_{i}.npy").astype(np.float32) for i in range(5)
    ]
    with (folder / "csv" / "gtzan_genre.csv").open() as file:
        return blocks, np.array([int(row["label"]) for row in csv.DictReader(file)])


def grid_of(strategy: Strategy) -> list[dict[str, list[Any]]]:
    return list(SvmChoi2017().grid("classification", n_features=32 * len(strategy.blocks)))


def searched(blocks: Blocks, y: Array, tried: tuple[Strategy, ...]) -> Search:
    targets = Targets("label", "classification", y, tuple("0123456789"))
    plan = cut_folds(Sample(targets, np.arange(len(y))), 10, inner=0, seed=0)
    head = SvmChoi2017()
    learners = [
        Learner(
            lambda: head.estimator("classification", seed=0),
            expand(grid_of(each)),
            "classification",
            10,
            None,
            "fold_mean",
        )
        for each in tried
    ]
    return Search(blocks, tried, learners, y, plan)


def timed(work: Callable[[], Any]) -> tuple[Any, float, float]:
    """What it gave, seconds on the wall, and seconds of the processors, worker processes included."""

    def spent() -> float:
        return sum(
            resource.getrusage(who).ru_utime + resource.getrusage(who).ru_stime
            for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        )

    begun, before = time.perf_counter(), spent()
    found = work()
    wall = time.perf_counter() - begun
    get_reusable_executor().shutdown(wait=True)  # a worker's time is counted when it has ended
    return found, wall, spent() - before


def grid_search(search: Search, strategy: Strategy) -> tuple[float, list[dict[str, Any]], Array]:
    """Best mean fold score, all parameters that reach it, and the fold scores of the first of them."""
    X = np.hstack([search.blocks[i] for i in strategy.blocks])
    folds = [(fold.learn, fold.test) for fold in search.plan.folds]
    means, scores, params = [], [], []
    for standardise in (False, True):
        named = [{f"svc__{key}": value for key, value in part.items()} for part in grid_of(strategy)]
        pipe = make_pipeline(StandardScaler(), SVC()) if standardise else make_pipeline(SVC())
        theirs = GridSearchCV(pipe, named, cv=folds, n_jobs=JOBS, refit=False).fit(X, search.y).cv_results_
        each = np.stack([theirs[f"split{i}_test_score"] for i in range(len(folds))], axis=1)
        scores.append(each)
        means.append(np.average(each, axis=1, weights=[len(test) for _, test in folds]))
        params += [
            {name.removeprefix("svc__"): value for name, value in one.items()} | {"standardise": standardise}
            for one in theirs["params"]
        ]
    mean, fold = np.concatenate(means), np.concatenate(scores)
    best = np.flatnonzero(mean > mean.max() - 1e-12)
    return float(mean.max()), [params[i] for i in best], fold[best]


def fold_scores(search: Search, found: Found, place: int) -> Array:
    out = found.found[place]
    right = search.y[out.rows] == out.predicted
    return np.array([right[out.fold == number].mean() for number in range(len(search.plan.folds))])


def compare(
    search: Search, found: Found, place: int, theirs: tuple[float, list[dict[str, Any]], Array]
) -> tuple[bool, float]:
    """Whether the winner is one of theirs, and by how much its fold scores differ from those of the same winner."""
    best, winners, folds = theirs
    ours = dict(found.found[place].params[0])
    same = ours in winners
    gap = np.abs(folds[winners.index(ours)] - fold_scores(search, found, place)).max() if same else np.inf
    name = search.strategies[place].name
    print(
        f"  {name}: GridSearchCV {best:.6f}, search {found.scores[place]:.6f}, {ours}; {len(winners)} level; "
        f"{'same winner' if same else 'OTHER WINNER'}, fold scores differ by at most {gap:.1e}"
    )
    return same, max(float(gap), abs(best - float(found.scores[place])))


def main(folder: Path, names: list[str]) -> int:
    blocks, y = load(folder)
    every = strategies(list("12345"))
    sample = tuple(each for each in every if each.name in names)
    part, whole = searched(blocks, y, sample), searched(blocks, y, every)
    print(
        f"{len(y):,} clips, {len(os.sched_getaffinity(0))} cores; {len(part.learner.candidates())} candidates x 10 folds a combination"
    )
    first, *before = timed(lambda: search_layers(part, nested=False, jobs=JOBS))
    slow, wall, processor = timed(lambda: [grid_search(part, each) for each in sample])
    _, *after = timed(lambda: search_layers(part, nested=False, jobs=JOBS))
    fast_wall, fast_processor = ((a + b) / 2 for a, b in zip(before, after, strict=True))
    fits = len(sample) * len(part.learner.candidates()) * 10
    print(
        f"sample {' '.join(names)}, {fits:,} fits: GridSearchCV(n_jobs={JOBS}) {wall:.1f} s (processor {processor:.1f} s), "
        f"search {before[0]:.1f} s before and {after[0]:.1f} s after (processor {fast_processor:.1f} s), "
        f"{first.fits:,} fits and {first.spared:,} spared: {wall / fast_wall:.2f} times as fast "
        f"(by processor time {processor / fast_processor:.2f})"
    )
    found, whole_wall, whole_processor = timed(lambda: search_layers(whole, nested=False, jobs=JOBS))
    print(
        f"all {len(every)} combinations: search {whole_wall:.1f} s (processor {whole_processor:.1f} s), {found.fits:,} fits and "
        f"{found.spared:,} spared; GridSearchCV would take some {wall / len(sample) * len(every):.0f} s by its sample"
    )
    results = [
        compare(whole, found, every.index(each), theirs) for each, theirs in zip(sample, slow, strict=True)
    ]
    worst = max(gap for _, gap in results)
    print(
        f"best of all: {found.chosen_names[0]} {found.scores.max():.6f}; largest difference of fold scores {worst:.1e}"
    )
    return int(wall / fast_wall < FASTER or worst > CLOSE or not all(same for same, _ in results))


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1]), sys.argv[2:] or list(SAMPLE)))
