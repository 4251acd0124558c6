"""The layer search beside scikit-learn's GridSearchCV(n_jobs=2), on GTZAN genre's published features, in one run.

    python tests/benchmarks/layer_search_speed.py DATA [COMBINATION …]

The slow side is run on a sample of combinations (both scalings, 32 grid points, 10 folds); the fast side on the same
sample, so that the two do the same work.
"""

from __future__ import annotations

import csv
import sys
import time
from pathlib import Path

import numpy as np
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from mxt.evaluation.layer_search import Search, search_layers
from mxt.evaluation.layers import Strategy
from mxt.evaluation.search import Learner, expand
from mxt.evaluation.splits import Sample, cut_folds
from mxt.evaluation.tasks import Targets
from mxt.stages.heads.svm_choi2017 import SvmChoi2017


def main(folder: Path, names: list[str]) -> None:
    blocks = [np.load(folder / "features" / f"gtzan_genre_layer_{i}.npy").astype(np.float32) for i in range(5)]
    with (folder / "csv" / "gtzan_genre.csv").open() as file:
        y = np.array([int(row["label"]) for row in csv.DictReader(file)])
    targets = Targets("label", "classification", y, tuple("0123456789"))
    plan = cut_folds(Sample(targets, np.arange(len(y))), 10, inner=0, seed=0)
    head = SvmChoi2017()
    tried = [Strategy(name, tuple(int(digit) - 1 for digit in name)) for name in names]
    grids = [head.grid("classification", n_features=32 * len(each.blocks)) for each in tried]
    learners = [
        Learner(lambda: head.estimator("classification", seed=0), expand(grid), "classification", 10, None, "fold_mean") for grid in grids
    ]
    begun = time.perf_counter()
    found = search_layers(Search(blocks, tried, learners, y, plan), nested=False, jobs=2)
    fast = time.perf_counter() - begun
    slow, worst = 0.0, 0.0
    folds = [(fold.learn, fold.test) for fold in plan.folds]
    for each, grid, score in zip(tried, grids, found.scores, strict=True):
        X = np.hstack([blocks[i] for i in each.blocks])
        begun = time.perf_counter()
        best = []
        for steps in ((), (StandardScaler(),)):
            named = [{f"svc__{key}": value for key, value in part.items()} for part in grid]
            best.append(GridSearchCV(make_pipeline(*steps, SVC()), named, cv=folds, n_jobs=2, refit=False).fit(X, y).best_score_)
        slow += time.perf_counter() - begun
        worst = max(worst, abs(max(best) - score))
        print(f"{each.name}: GridSearchCV {max(best):.6f}, search {score:.6f}")
    print(f"{len(tried)} combinations x 2 scalings x 32 x 10 folds: GridSearchCV {slow:.1f} s, search {fast:.1f} s ({slow / fast:.2f}x)")
    print(f"largest difference of best scores {worst:.1e}; {found.fits} fits, {found.spared} spared")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:] or ["1", "35", "135", "12345"])
