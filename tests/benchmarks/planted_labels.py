"""Labels changed at random, and how many of them different measures list first.

Five percent of the labels of a data set are changed; a head predicts every clip out of fold; clips are listed
by how badly their labels fit: by the probability of the label (what mxt does), by its margin to the likeliest
other class, and, where cleanlab is installed, by what cleanlab makes of the same probabilities. Printed is
the share of the changed labels among the first 5 % and 10 % listed.

    python tests/benchmarks/planted_labels.py mxt-store DATASET VIEW [--repeats 10] [--head svm]
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mxt.evaluation.crossval import cross_validate
from mxt.evaluation.tasks import Targets
from mxt.evaluation.wrong_labels import ranked
from mxt.registry import build_registry
from mxt.results.request import EvaluateRequest
from mxt.results.saving import out_of_fold_probabilities
from mxt.results.study import Catalogued, begin
from mxt.results.views import load_view
from mxt.store.layout import Store

CHANGED, LISTED = 0.05, (0.05, 0.10)
ONE_FIT = {"svm": ("kernel=rbf", "svm.C=8", "gamma=1")}
Scores = dict[str, npt.NDArray[np.float64]]


def measures(probabilities: npt.NDArray[Any], y: npt.NDArray[Any]) -> Scores:
    """How well labels fit by each measure, the worst lowest."""
    rows = np.arange(len(y))
    others = probabilities.astype(float)
    others[rows, y] = -1
    own = ranked(probabilities, y)
    scores = {"probability of the label": own, "margin": own - others.max(axis=1)}
    try:
        from cleanlab.filter import find_label_issues
        from cleanlab.rank import get_label_quality_scores
    except ImportError:
        return scores
    probabilities = probabilities.astype(float)
    for method in ("self_confidence", "normalized_margin", "confidence_weighted_entropy"):
        scores[f"cleanlab {method}"] = get_label_quality_scores(y, probabilities, method=method)
    issues = find_label_issues(y, probabilities, return_indices_ranked_by="self_confidence", n_jobs=1)
    scores["cleanlab find_label_issues"] = own + 1
    scores["cleanlab find_label_issues"][issues] = np.arange(len(issues)) / len(y)
    return scores


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("store", type=Path)
    parser.add_argument("dataset")
    parser.add_argument("view")
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--head", default="svm")
    asked = parser.parse_args()
    store, registry = Store.open(asked.store, read_only=True), build_registry()
    dataset = Catalogued.read(store, asked.dataset)
    matrix = load_view(store, asked.dataset, asked.view, clips=dataset.clips)
    found: dict[str, list[list[float]]] = {}
    for seed in range(asked.repeats):
        request = EvaluateRequest(
            head=asked.head, seed=seed, settings=("C=8",) if asked.head == "svm" else ()
        )
        study = begin(store, registry, request, dataset, (matrix,), "nested")
        selection, X = study.selection, study.prepared.rows(matrix)
        targets = selection.sample.targets
        rng, n = np.random.default_rng(seed), len(targets)
        changed = rng.choice(n, round(CHANGED * n), replace=False)
        y = targets.y.copy()
        y[changed] = (y[changed] + rng.integers(1, len(targets.classes), len(changed))) % len(targets.classes)
        planted = Targets(targets.column, targets.task, y, targets.classes)
        selection = replace(selection, sample=replace(selection.sample, targets=planted))
        predicted = cross_validate(study.prepared.learner(X.shape[1]), X, y, selection.plan, jobs=2)
        probabilities = out_of_fold_probabilities(selection, predicted)
        for name, scores in measures(probabilities, y[predicted.rows]).items():
            order = predicted.rows[np.argsort(scores, kind="stable")]
            shares = [float(np.isin(changed, order[: round(share * n)]).mean()) for share in LISTED]
            found.setdefault(name, []).append(shares)
    sys.stdout.write(f"{asked.dataset} · {asked.view} · {asked.head} · {asked.repeats} repetitions\n")
    for name, rows in found.items():
        means = np.mean(rows, axis=0)
        sys.stdout.write(f"  {name}: {means[0]:.3f} among the first 5 %, {means[1]:.3f} among 10 %\n")


if __name__ == "__main__":
    main()
