"""A derivation: parent and name are settled, then the data set is made and catalogued."""

from __future__ import annotations

from mxt.core.errors import InputError, Refused, UsageError
from mxt.core.progress import Progress
from mxt.core.records import DatasetRecord
from mxt.ingestion.earlier import Replaced, named
from mxt.ingestion.lineage import DERIVED, ancestors, is_derived, last_ingested, lineage, parent_of
from mxt.ingestion.names import checked_name, safe_name
from mxt.ingestion.parents import Parent
from mxt.ingestion.records import Derived
from mxt.ingestion.requests import DeriveRequest
from mxt.store.catalogue import Catalogue


def derive_dataset(catalogue: Catalogue, request: DeriveRequest, *, progress: Progress) -> Derived:
    """Derive a data set, and replace it in the catalogue.

    Raises
    ------
    InputError, UsageError
        No such parent; the name is that of an ancestor; no usable clip is left.
    Refused
        Another data set has the name, which needs ``--yes``.
    """
    parent = last_ingested(catalogue) if request.parent is None else catalogue.dataset(request.parent)
    name = _free_name(catalogue, request, parent)
    clips = catalogue.columns(parent.name)
    clips = clips[clips.is_clip]
    made = request.derivation.make(Parent(parent, clips, request.jobs, progress), request.options)
    if not any(clip.usable for clip in made.clips):
        raise InputError(f"nothing usable is left of {parent.name} after: {request.how}")
    earlier = named(catalogue, name)
    same = earlier is not None and request.matches(earlier, parent.name) and not catalogue.changed(name)
    replaced = Replaced.of(catalogue, name, same=same)
    params = {
        "parent": parent.name,
        "kind": request.kind,
        "options": dict(request.options),
        "lineage": lineage(catalogue, parent),
    }
    record = DatasetRecord(name, parent.root, DERIVED, params, made.targets, "", "")
    summary, changes = replaced.by(catalogue, record, made.clips, made.remarks, make_last=False)
    for view in () if request.derivation.cuts else catalogue.views(parent.name):
        catalogue.add_view(name, view)
    return Derived(name, parent.name, request.how, summary, changes, tuple(catalogue.views(name)))


def _free_name(catalogue: Catalogue, request: DeriveRequest, parent: DatasetRecord) -> str:
    """The name of the new data set, which no other data set has."""
    if request.name is not None:
        name = checked_name(request.name)
    else:
        name = safe_name(f"{parent.name}-{request.derivation.suffix(request.options)}")
    if name in {record.name for record in (parent, *ancestors(catalogue, parent))}:
        raise UsageError(f"{name} cannot be derived from itself; choose another --name")
    earlier = named(catalogue, name)
    if earlier is not None and not (request.yes or request.matches(earlier, parent.name)):
        origin = f"a data set that was ingested from {earlier.root}"
        if is_derived(earlier):
            origin = f"derived from {parent_of(earlier)} by {DeriveRequest.from_dataset(earlier).how}"
        raise Refused(f"{name} is {origin}: choose another --name, or replace it with --yes")
    return name
