"""An audit of a result: what in the data, or in how it was divided, may explain its score."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from mxt.core.progress import SILENT, Progress
from mxt.core.text import written
from mxt.registry import Registry
from mxt.results.audit_records import (
    Audit,
    Columns,
    Grouping,
    MetadataScore,
    NearCopy,
    OrderSteps,
    WrongLabel,
)
from mxt.results.audit_study import audit_study
from mxt.results.records import DatasetResult
from mxt.results.study import Catalogued, Study, begin
from mxt.results.views import load_view
from mxt.store.layout import Store

__all__ = [
    "Audit",
    "Columns",
    "Grouping",
    "MetadataScore",
    "NearCopy",
    "OrderSteps",
    "WrongLabel",
    "audit",
    "by_clip",
]


def audit(store: Store, result: DatasetResult, *, registry: Registry, progress: Progress = SILENT) -> Audit:
    """Look for what may explain the score of a saved result.

    Parameters
    ----------
    store : Store
        Where it was saved.
    result : DatasetResult
        Of one view; of several, the best one is looked at.
    registry : Registry
        Where heads and protocols are found.
    progress : Progress

    Returns
    -------
    Audit

    Raises
    ------
    UnknownName, EvaluationError
        Its data set, or features, are not there any more.
    """
    dataset = Catalogued.read(store, result.dataset)
    matrix = load_view(store, result.dataset, result.view, clips=dataset.clips)
    request = result.request.each_head()[0]
    study = begin(store, registry, request, dataset, (matrix,), result.protocol)
    probabilities = _saved_probabilities(store, study, result.views[result.best].result_id)
    return audit_study(study, [probabilities], thorough=True, progress=progress)[0]


def by_clip(
    rows: npt.NDArray[np.int64], probabilities: npt.NDArray[Any], n_clips: int
) -> npt.NDArray[np.float64]:
    """Probabilities of each clip, the mean of its predictions; NaN where it was not tested."""
    total, count = np.zeros((n_clips, probabilities.shape[1])), np.bincount(rows, minlength=n_clips)
    np.add.at(total, rows, probabilities)
    return np.where(count[:, None] > 0, total / np.maximum(count, 1)[:, None], np.nan)


def _saved_probabilities(store: Store, study: Study, result_id: str) -> npt.NDArray[Any] | None:
    """Probabilities of the clips of a study, as a result keeps them; ``None`` where it has none."""
    saved = store.results.predictions(result_id)
    targets = study.selection.sample.targets
    if "probabilities" not in saved or tuple(map(str, saved["classes"])) != targets.classes:
        return None
    row_of = {written(name): row for row, name in enumerate(study.selection.clips.ids)}
    there = np.array([name in row_of for name in saved["clip"].tolist()], dtype=bool)
    rows = np.array([row_of[name] for name in saved["clip"][there].tolist()], dtype=np.int64)
    return by_clip(rows, saved["probabilities"][there], len(study.selection.clips))
