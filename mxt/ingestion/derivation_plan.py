"""A derivation of one data set: its parent and its name are settled, then it is made and catalogued."""

from __future__ import annotations

from dataclasses import dataclass

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


@dataclass(frozen=True)
class DerivationPlan:
    """What is derived.

    Parameters
    ----------
    request : DeriveRequest
        How.
    parent : DatasetRecord
        From what.
    name : str
        Of the new data set.
    earlier : DatasetRecord, optional
        The data set that has the name already.
    """

    request: DeriveRequest
    parent: DatasetRecord
    name: str
    earlier: DatasetRecord | None

    def carry_out(self, catalogue: Catalogue, *, make_last: bool, progress: Progress) -> Derived:
        """Make the data set, and replace it in the catalogue.

        Raises
        ------
        InputError
            No usable clip is left.
        """
        request, parent = self.request, self.parent
        clips = tuple(clip for clip in catalogue.clips(parent.name) if clip.is_clip)
        made = request.derivation.make(Parent(parent, clips, request.jobs, progress), request.options)
        if not any(clip.usable for clip in made.clips):
            raise InputError(f"nothing usable is left of {parent.name} after: {request.how}")
        same = self.earlier is not None and request.matches(self.earlier, parent.name)
        replaced = Replaced.of(catalogue, self.name, same=same and not catalogue.changed(self.name))
        params = {
            "parent": parent.name,
            "kind": request.kind,
            "options": dict(request.options),
            "lineage": lineage(catalogue, parent),
        }
        record = DatasetRecord(self.name, parent.root, DERIVED, params, made.targets, "", "")
        summary, changes = replaced.by(catalogue, record, made.clips, made.remarks, make_last=make_last)
        if not request.derivation.cuts:
            for view in catalogue.views(parent.name):
                catalogue.add_view(self.name, view)
        views = tuple(catalogue.views(self.name))
        return Derived(self.name, parent.name, request.how, summary, changes, views)


def plan_derivation(catalogue: Catalogue, request: DeriveRequest) -> DerivationPlan:
    """Settle parent and name.

    Raises
    ------
    UsageError
        There is no such parent, or the name is that of the parent or of one of its ancestors.
    Refused
        Another data set has the name, which needs ``--yes``.
    """
    parent = last_ingested(catalogue) if request.parent is None else catalogue.dataset(request.parent)
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
    return DerivationPlan(request, parent, name, earlier)
