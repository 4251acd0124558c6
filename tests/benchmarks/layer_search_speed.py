"""The whole layer search against scikit-learn's GridSearchCV(n_jobs=2), in one run.

    python tests/benchmarks/layer_search_speed.py DATA [COMBINATION …]

Both sides use GTZAN genre's published features, and try 32 grid points on raw and on standardised columns
in 10 folds. The search runs all 31 combinations. GridSearchCV runs a sample of them (2.5 layers wide on
average, where all 31 are 2.6); the search runs that sample by itself before and after, so that both sides do
the same work under the same load. Winners and their fold scores are compared. Exits with 1 where the search
is less than 2.5 times as fast, or a winner or a fold score differs. Other programs disturb wall-clock time,
so processor time is printed beside it.
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

from mxt.evaluation.candidates import strategies
from mxt.evaluation.fitting import Learner
from mxt.evaluation.layer_search import Found, Search, search_layers
from mxt.evaluation.layers import Strategy
from mxt.evaluation.search import expand
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
    return list(map(dict, SvmChoi2017().grid("classification", n_features=32 * len(strategy.blocks))))


def searched(blocks: Blocks, y: Array, tried: tuple[Strategy, ...]) -> Search:
    targets = Targets("label", "classification", y, tuple("0123456789"))
    plan = cut_folds(Sample(targets, np.arange(len(y))), 10, inner=0, seed=0)
    head = SvmChoi2017()
    learners = [
        Learner(
            lambda: head.estimator("classification", seed=0),
            expand(grid_of(strategy)),
            "classification",
            10,
            None,
            "fold_mean",
        )
        for strategy in tried
    ]
    return Search(blocks, tried, learners, y, plan)


def timed(work: Callable[[], Any]) -> tuple[Any, float, float]:
    """The result of `work`, its wall-clock seconds, and its processor seconds including worker processes."""

    def spent() -> float:
        return sum(
            resource.getrusage(who).ru_utime + resource.getrusage(who).ru_stime
            for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        )

    begun, before = time.perf_counter(), spent()
    result = work()
    wall = time.perf_counter() - begun
    get_reusable_executor().shutdown(wait=True)  # a worker's time is counted when it has ended
    return result, wall, spent() - before


def grid_search(search: Search, strategy: Strategy) -> tuple[float, list[dict[str, Any]], Array]:
    """Best mean fold score, all parameters that reach it, and the fold scores of the first of them."""
    X = np.hstack([search.blocks[i] for i in strategy.blocks])
    folds = [(fold.learn, fold.test) for fold in search.plan.folds]
    means, scores, params = [], [], []
    for standardise in (False, True):
        named = [{f"svc__{key}": value for key, value in part.items()} for part in grid_of(strategy)]
        pipe = make_pipeline(StandardScaler(), SVC()) if standardise else make_pipeline(SVC())
        theirs = GridSearchCV(pipe, named, cv=folds, n_jobs=JOBS, refit=False).fit(X, search.y).cv_results_
        by_fold = np.stack([theirs[f"split{i}_test_score"] for i in range(len(folds))], axis=1)
        scores.append(by_fold)
        means.append(np.average(by_fold, axis=1, weights=[len(test) for _, test in folds]))
        params += [
            {name.removeprefix("svc__"): value for name, value in one.items()} | {"standardise": standardise}
            for one in theirs["params"]
        ]
    mean, fold = np.concatenate(means), np.concatenate(scores)
    best = np.flatnonzero(mean > mean.max() - 1e-12)
    return float(mean.max()), [params[i] for i in best], fold[best]


def fold_scores(search: Search, result: Found, index: int) -> Array:
    out = result.found[index]
    right = search.y[out.rows] == out.predicted
    return np.array([right[out.fold == number].mean() for number in range(len(search.plan.folds))])


def compare(
    search: Search, result: Found, index: int, theirs: tuple[float, list[dict[str, Any]], Array]
) -> tuple[bool, float]:
    """Whether the winner is one of theirs, and how much its scores differ from those of theirs."""
    best, winners, folds = theirs
    ours = dict(result.found[index].params[0])
    same = ours in winners
    gap = np.abs(folds[winners.index(ours)] - fold_scores(search, result, index)).max() if same else np.inf
    name, score = search.strategies[index].name, float(result.scores[index])
    print(
        f"  {name}: GridSearchCV {best:.6f}, search {score:.6f}, {ours}; {len(winners)} tied; "
        f"{'same winner' if same else 'OTHER WINNER'}, fold scores differ by at most {gap:.1e}"
    )
    return same, max(float(gap), abs(best - score))


def main(folder: Path, names: list[str]) -> int:
    blocks, y = load(folder)
    every = strategies(list("12345"))
    sample = tuple(strategy for strategy in every if strategy.name in names)
    part, whole = searched(blocks, y, sample), searched(blocks, y, every)
    print(
        f"{len(y):,} clips, {len(os.sched_getaffinity(0))} cores; "
        f"{len(part.learner.candidates())} candidates x 10 folds per combination"
    )
    first, *before = timed(lambda: search_layers(part, nested=False, jobs=JOBS))
    slow, wall, processor = timed(lambda: [grid_search(part, strategy) for strategy in sample])
    _, *after = timed(lambda: search_layers(part, nested=False, jobs=JOBS))
    fast_wall, fast_processor = ((a + b) / 2 for a, b in zip(before, after, strict=True))
    fits = len(sample) * len(part.learner.candidates()) * 10
    print(
        f"sample {' '.join(names)}, {fits:,} fits: "
        f"GridSearchCV(n_jobs={JOBS}) {wall:.1f} s (processor {processor:.1f} s), "
        f"search {before[0]:.1f} s before and {after[0]:.1f} s after (processor {fast_processor:.1f} s), "
        f"{first.fits:,} fits and {first.spared:,} spared: {wall / fast_wall:.2f} times as fast "
        f"(by processor time {processor / fast_processor:.2f})"
    )
    result, whole_wall, whole_processor = timed(lambda: search_layers(whole, nested=False, jobs=JOBS))
    print(
        f"all {len(every)} combinations: search {whole_wall:.1f} s (processor {whole_processor:.1f} s), "
        f"{result.fits:,} fits and {result.spared:,} spared; "
        f"GridSearchCV would take some {wall / len(sample) * len(every):.0f} s, judging by its sample"
    )
    comparisons = [
        compare(whole, result, every.index(strategy), theirs)
        for strategy, theirs in zip(sample, slow, strict=True)
    ]
    worst = max(gap for _, gap in comparisons)
    print(
        f"best of all: {result.chosen_names[0]} {result.scores.max():.6f}; "
        f"largest difference of fold scores {worst:.1e}"
    )
    return int(wall / fast_wall < FASTER or worst > CLOSE or not all(same for same, _ in comparisons))


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1]), sys.argv[2:] or list(SAMPLE)))
