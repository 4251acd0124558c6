"""What is saved of an evaluation: everything that is needed to read it, to doubt it, and to compute it again."""

from __future__ import annotations

import sys
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from mxt.core.errors import StoreReadOnly
from mxt.core.identity import canonical_json, sha256_text
from mxt.core.provenance import versions
from mxt.core.text import written

if TYPE_CHECKING:
    from mxt.core.pipeline import Chosen
    from mxt.evaluation.assess import Difference
    from mxt.evaluation.crossval import OutOfFold
    from mxt.evaluation.selection import Selection
    from mxt.results.records import DatasetResult, Request
    from mxt.results.views import Matrix
    from mxt.store.layout import Store


def result_record(
    result: DatasetResult, place: int, matrix: Matrix, selection: Selection, head: Chosen, request: Request
) -> dict[str, Any]:
    """One view's result as plain values.

    Parameters
    ----------
    result : DatasetResult
    place : int
        Of the view in `result`.
    matrix : Matrix
        Its features.
    selection, head, request
        What was evaluated, by which head, and how it was asked for.
    """
    view = result.views[place]
    found = view.assessment
    return {
        "kind": "evaluation",
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": request.command(result.dataset, tuple(each.view for each in result.views), result.head),
        "argv": sys.argv[1:],
        "dataset": result.dataset,
        "target": result.target,
        "task": result.task,
        "view": view.view,
        "columns": view.columns,
        "fingerprints": dict(matrix.fingerprints),
        "head": head.identity(),
        "protocol": result.protocol,
        "folds_words": result.folds,
        "seed": request.seed,
        "main": found.main,
        "scores": {score.name: score.interval.to_plain() for score in found.scores},
        "interval": "95 %, percentile bootstrap over clips and their copies, or groups",
        "baselines": dict(found.baselines),
        "classes": [asdict(each) for each in found.classes],
        "confusion": found.confusion,
        "clips": found.clips,
        "units": found.units,
        "folds": _folds(result, place, selection),
        "runs": result.runs,
        "noise": result.noise,
        "left_out": [asdict(each) for each in result.left_out],
        "cautions": [*result.cautions, *view.cautions],
        "compared": _comparison(result),
        "seconds": round(view.seconds, 3),
        "versions": versions(),
        "sample_sha256": sample_hash(selection),
    }


def sample_hash(selection: Selection) -> str:
    """Hash of the clips that took part, their audio, targets and units."""
    targets = selection.sample.targets
    rows = zip(selection.clips, targets.y.tolist(), selection.sample.unit_of.tolist(), strict=True)
    return sha256_text(
        canonical_json([[clip.id, clip.key.hex() if clip.key else "", y, unit] for clip, y, unit in rows])
    )


def save(store: Store, record: dict[str, Any], selection: Selection, found: OutOfFold, **more: Any) -> str:
    """Publish a result with its predictions and `more` arrays; returns its id, empty where the store cannot be written."""
    targets = selection.sample.targets
    predictions: dict[str, Any] = {
        "clip": np.array([written(selection.clips[row].id) for row in found.rows]),
        "y_true": targets.y[found.rows],
        "y_predicted": found.predicted,
        "fold": np.array([written(fold.name) for fold in selection.plan.folds])[found.fold],
        "unit": selection.sample.unit_of[found.rows],
        "classes": np.array([written(name) for name in targets.classes], dtype=str),
    }
    if found.scores is not None:
        predictions["scores"] = found.scores
    try:
        return store.results.publish(record, {**predictions, **more})
    except StoreReadOnly:
        return ""


def difference_plain(difference: Difference) -> dict[str, Any]:
    """A difference as JSON keeps it."""
    return {**difference.interval.to_plain(), "p": difference.p, "clear": difference.clear}


def _folds(result: DatasetResult, place: int, selection: Selection) -> list[dict[str, Any]]:
    view = result.views[place]
    return [
        {
            "name": fold.name,
            "learn": len(fold.learn),
            "test": len(fold.test),
            view.assessment.main: score,
            "params": dict(params),
        }
        for fold, score, params in zip(
            selection.plan.folds, view.assessment.per_fold, view.params, strict=True
        )
    ]


def _comparison(result: DatasetResult) -> list[dict[str, Any]]:
    """All views of the evaluation, with their differences to the best one."""
    if len(result.views) < 2:
        return []
    return [
        {
            "view": each.view,
            "value": each.assessment.first.value,
            "difference_to_best": None if each.difference is None else difference_plain(each.difference),
        }
        for each in result.views
    ]
