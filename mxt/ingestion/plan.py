"""What an ingest will do, decided before audio is opened or anything is written: a plan for each data set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from mxt.core.errors import InputError, listed
from mxt.core.progress import Progress
from mxt.core.records import Remark
from mxt.ingestion.detection import detect
from mxt.ingestion.earlier import Earlier
from mxt.ingestion.names import checked_name, default_name
from mxt.ingestion.records import Ingested
from mxt.ingestion.requests import IngestRequest
from mxt.ingestion.unchanged import unchanged_plans
from mxt.ingestion.walk import walk
from mxt.registry import Registry
from mxt.store.layout import Store


class IngestPlan(Protocol):
    """What an ingest will do with one data set."""

    def dry_run(self) -> Ingested:
        """What is known before anything is opened."""

    def carry_out(self, store: Store, progress: Progress) -> Ingested:
        """Open what is not known, and replace the data set in the catalogue."""


def make_plans(
    store: Store | None, request: IngestRequest, registry: Registry, *, remarks: Sequence[Remark] = ()
) -> Sequence[IngestPlan]:
    """Look at what lies in a folder or table once, choose the loader, and plan each data set it holds.

    Parameters
    ----------
    store : Store, optional
        As it is before.
    request : IngestRequest
    registry : Registry
    remarks : sequence of Remark
        Where the folder was made by unpacking, what that left out.

    Returns
    -------
    sequence of IngestPlan
        Several only where a folder holds features of several data sets.

    Raises
    ------
    InputError, UsageError
        The path, the loader or its parameters cannot be used.
    Refused
        A step that needs ``--yes``: another data set has the name, or many files are gone.
    """
    path = request.path.expanduser()
    name = default_name(path) if request.name is None else checked_name(request.name)
    walked = walk(path)
    if unchanged := unchanged_plans(store, name, walked, request, registry):
        return unchanged
    from mxt.ingestion.clip_plan import plan_clips
    from mxt.ingestion.feature_plan import FeaturePlan, feature_sets

    earlier = Earlier.find(store, name)
    another = earlier.differs_from(walked) if earlier else ""
    same = None if another else earlier
    detected = detect(walked.listing, request, registry, last=same.record if same else None)
    detected = replace(detected, remarks=(*remarks, *detected.remarks))
    if not detected.brings_features:
        if earlier and another:
            earlier.refuse(another, request)
        return [plan_clips(walked, detected, name, request, same)]
    sets = feature_sets(detected, walked.listing)
    if request.name is not None:
        if len(sets) > 1:
            there = listed(features.name for features in sets)
            raise InputError(f"{walked.listing.root} holds {len(sets)} data sets ({there}): leave out --name")
        sets = (replace(sets[0], name=name),)
    plans = [
        FeaturePlan(detected, walked.listing, features, Earlier.find(store, features.name))
        for features in sets
    ]
    for plan in plans:
        plan.check_name(request)
    return plans
