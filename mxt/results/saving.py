"""Saving results in a store, and reading them back."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from mxt.core.errors import StoreDamaged, StoreError, StoreReadOnly
from mxt.core.identity import canonical_json
from mxt.core.provenance import versions
from mxt.core.text import written
from mxt.results.index import outlines
from mxt.results.plain import Result, from_plain, to_plain
from mxt.results.records import DatasetResult, Provenance, stale
from mxt.results.search_record import SearchResult

if TYPE_CHECKING:
    from mxt.evaluation.crossval import OutOfFold
    from mxt.evaluation.selection import Selection
    from mxt.store.layout import Store


def save(store: Store, result: Result, selection: Selection, found: OutOfFold, **arrays: Any) -> str:
    """Publish a result with its predictions, one row for each clip and repetition.

    Parameters
    ----------
    store : Store
    result : DatasetResult (of one view) or SearchResult
    selection : Selection
        The clips that took part.
    found : OutOfFold
        What was predicted.
    **arrays : array
        What else is kept beside the predictions.

    Returns
    -------
    str
        The id; empty where the store cannot be written.
    """
    targets = selection.sample.targets
    predictions: dict[str, Any] = {
        "clip": selection.clips.ids[found.rows].array(written, str),
        "y_true": targets.y[found.rows],
        "y_predicted": found.predicted,
        "fold": np.array([written(fold.name) for fold in selection.plan.folds])[found.fold],
        "unit": selection.sample.unit_of[found.rows],
        "classes": np.array([written(name) for name in targets.classes], dtype=str),
    }
    if selection.plan.runs > 1:
        predictions["run"] = _run_of(selection, found) + 1
    if found.scores is not None:
        predictions["scores"] = found.scores
        if targets.task == "classification":
            predictions["probabilities"] = out_of_fold_probabilities(selection, found)
    try:
        result_id = store.results.publish(to_plain(result), {**predictions, **arrays})
    except StoreReadOnly:
        return ""
    outlines(store)
    return result_id


def load_result(store: Store, result_id: str) -> Result:
    """Read a result back.

    Parameters
    ----------
    store : Store
    result_id : str
        The id, a part of it that is its own, or ``"last"``.

    Raises
    ------
    UnknownName, StoreDamaged, StoreReadOnly
        No such result; its ``result.json`` is not what was written; no permission.
    """
    result_id = store.results.find(result_id)
    plain = store.results.load(result_id)
    try:
        result = from_plain(plain)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        path = store.results.path / result_id
        raise StoreDamaged(f"{path} is not a result that mxt can read ({error!r})") from error
    if isinstance(result, SearchResult):
        return replace(result, result_id=result_id, from_store=True)
    return replace(result, views=tuple(replace(view, result_id=result_id) for view in result.views))


def saved_searches(store: Store, remarks: list[str]) -> Iterator[SearchResult]:
    """All searches of a store, the newest first; results that cannot be read are told in `remarks`."""
    for result in _saved(store, SearchResult.kind, remarks):
        if isinstance(result, SearchResult):
            yield result


def saved_evaluations(store: Store, remarks: list[str]) -> Iterator[DatasetResult]:
    """All evaluations of a store, each of one view, the newest first; what cannot be read is in `remarks`."""
    for result in _saved(store, DatasetResult.kind, remarks):
        if isinstance(result, DatasetResult):
            yield result


def _saved(store: Store, kind: str, remarks: list[str]) -> Iterator[Result]:
    for result_id, outline in reversed(outlines(store).items()):
        try:
            if isinstance(outline, StoreError):
                raise outline
            if outline.kind == kind:
                yield load_result(store, result_id)
        except StoreDamaged as error:
            remarks.append(str(error))


def saved_search(store: Store, key: str) -> SearchResult | None:
    """The newest result of exactly this search, if there is one."""
    results = (result for result in _with_key(store, key) if isinstance(result, SearchResult))
    return next(results, None)


def saved_evaluation(store: Store, key: str, dataset: str, view: str) -> DatasetResult | None:
    """The newest result of exactly this evaluation of a view, if there is one."""
    for result in _with_key(store, key):
        if not isinstance(result, DatasetResult) or (result.dataset, result.view) != (dataset, view):
            continue
        if not stale(dataset, result.target, result.provenance.targets_hash, store.catalogue):
            return result
    return None


def _with_key(store: Store, key: str) -> Iterator[Result]:
    """The results of a key that can be read, the newest first."""
    for result_id, outline in reversed(outlines(store).items()):
        if isinstance(outline, StoreError) or outline.key != key:
            continue
        with suppress(StoreDamaged):
            result = load_result(store, result_id)
            if result.provenance.key == key:
                yield result


def provenance(
    store: Store, selection: Selection, dataset: str, fingerprints: Mapping[str, str], *, key: str = ""
) -> Provenance:
    """What a result of these clips and features rests on, now."""
    return Provenance(
        created=datetime.now(UTC).isoformat(timespec="milliseconds"),
        argv=tuple(sys.argv[1:]),
        versions=versions(),
        fingerprints=dict(fingerprints),
        targets_hash=store.catalogue.targets_hash(dataset, selection.sample.targets.column),
        sample_sha256=_sample_hash(selection),
        key=key,
    )


def out_of_fold_probabilities(selection: Selection, found: OutOfFold) -> Any:
    """Calibrated probabilities, float32 [rows, classes], of each repetition by itself."""
    from mxt.evaluation.calibration import calibrated

    targets = selection.sample.targets
    assert found.scores is not None
    probabilities = np.empty(found.scores.shape, dtype=np.float32)
    run_of = _run_of(selection, found)
    for run in range(selection.plan.runs):
        rows = run_of == run
        probabilities[rows] = calibrated(
            found.scores[rows], targets.y[found.rows[rows]], found.fold[rows], n_classes=len(targets.classes)
        )
    return probabilities


def _run_of(selection: Selection, found: OutOfFold) -> Any:
    """The repetition of each prediction, int64 [rows], from 0."""
    return np.array([fold.run for fold in selection.plan.folds])[found.fold]


def _sample_hash(selection: Selection) -> str:
    """Hash of the clips that took part, their audio, targets and units."""
    clips, targets, unit_of = selection.clips, selection.sample.targets, selection.sample.unit_of
    digest = hashlib.sha256(b"[")
    for row, (name, key) in enumerate(zip(clips.ids, clips.hashes(), strict=True)):
        one = canonical_json([name, key, targets.y[row].tolist(), int(unit_of[row])])
        digest.update(f"{',' if row else ''}{one}".encode("utf-8", "surrogatepass"))
    digest.update(b"]")
    return digest.hexdigest()
