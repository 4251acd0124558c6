"""The saved evaluations to draw: the newest of each view, those of one task and way beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mxt.results.paired import pair
from mxt.results.records import DatasetResult, stale
from mxt.results.saving import saved_evaluations
from mxt.store.layout import Store

Way = tuple[object, ...]


def read_evaluations(
    store: Store, *, datasets: Sequence[str], protocols: Sequence[str]
) -> tuple[list[DatasetResult], list[str]]:
    """The evaluations to draw, in the order of data sets, and remarks about those that are not drawn.

    Views that were evaluated in one way on the same clips are one evaluation, also where that was done on
    different days; the best comes first.

    Parameters
    ----------
    store : Store
    datasets, protocols : sequence of str
        Names; empty for all.
    """
    newest: dict[Way, dict[str, DatasetResult]] = {}
    remarks: list[str] = []
    for result in saved_evaluations(store, remarks):
        if (datasets and result.dataset not in datasets) or (protocols and result.protocol not in protocols):
            continue
        if (way := _way(result)) not in newest:
            newest[way] = {}
            if why := stale(result.dataset, result.target, result.provenance.targets_hash, store.catalogue):
                remarks.append(f"not drawn: {_id(result)}, {why}")
                continue
            newest[way][result.view] = result
        elif _same_clips(result, next(iter(newest[way].values()), None)):
            newest[way].setdefault(result.view, result)
    order = {record.name: number for number, record in enumerate(store.catalogue.datasets())}
    evaluations = [_together(store, list(views.values())) for views in newest.values() if views]
    return sorted(evaluations, key=lambda one: (order[one.dataset], one.target, one.protocol)), remarks


def _way(result: DatasetResult) -> Way:
    """What is the same for views that stand in one figure."""
    request = result.request
    what = (result.dataset, result.target, result.task, result.protocol, result.head)
    return (*what, result.folds, result.grouping, request.folds, request.seed, request.settings)


def _same_clips(result: DatasetResult, newer: DatasetResult | None) -> bool:
    return newer is not None and result.provenance.sample_sha256 == newer.provenance.sample_sha256


def _id(result: DatasetResult) -> str:
    return result.views[result.best].result_id


def _together(store: Store, results: Sequence[DatasetResult]) -> DatasetResult:
    """One evaluation of all views, the best first, each with its difference to the best."""
    results = sorted(results, key=lambda one: (-one.first.value, one.view))
    views = [one.views[one.best] for one in results]
    if len(views) > 1:
        paired = pair(store, [(_id(one), one) for one in results])
        views = [replace(view, difference=gap) for view, gap in zip(views, paired.differences, strict=True)]
    return replace(results[0], views=tuple(views), best=0, compared=())
