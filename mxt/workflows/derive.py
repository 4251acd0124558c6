"""`mxt derive`: data sets made of others, in the catalogue alone."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mxt.core.errors import InputError, Refused, UnknownName, UsageError
from mxt.core.identity import canonical_json, sha256_text
from mxt.core.progress import SILENT, Progress
from mxt.core.provenance import versions
from mxt.core.records import DatasetRecord
from mxt.ingestion.changes import Changes, find_changes
from mxt.ingestion.derivations import CUTTING, DERIVATIONS, Made, Parent
from mxt.ingestion.derived import DERIVED, is_derived, options_of, words_of
from mxt.ingestion.plan import checked_name, safe_name
from mxt.ingestion.summary import Summary, summarise
from mxt.store.catalogue import Catalogue
from mxt.store.layout import Store


@dataclass(frozen=True, slots=True)
class Derivation:
    """What is wanted: a kind of `DERIVATIONS`, its options as plain values, the parent and the name, where they were given."""

    kind: str
    options: Mapping[str, Any]
    parent: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Derived:
    """What was derived.

    Parameters
    ----------
    name, parent, how : str
        The data set, the one it comes from, and the derivation as it is typed.
    summary : Summary
        In figures.
    changes : Changes
        What differs from the time before.
    views : tuple of str
        Features that are there already; empty where they are to be computed.
    """

    name: str
    parent: str
    how: str
    summary: Summary
    changes: Changes
    views: tuple[str, ...]


def derive(
    store: Path,
    wanted: Derivation,
    *,
    yes: bool = False,
    make_last: bool = True,
    jobs: int | None = None,
    progress: Progress = SILENT,
) -> Derived:
    """Make a data set out of another.

    Parameters
    ----------
    store : Path
        The store's folder.
    wanted : Derivation
        Its parent is by default the data set last ingested; its name says what was done.
    yes : bool
        Whether a data set of the name, made otherwise, is replaced.
    make_last : bool
        Whether it becomes the data set that is meant where none is named.
    jobs : int, optional
        Clips read at a time, where levels are measured.

    Raises
    ------
    InputError, UsageError
        There is no such parent, class or file; nothing is left.
    Refused
        Another data set has the name.
    """
    opened = Store.open(store)
    opened.check_writable()
    catalogue = opened.catalogue
    parent = catalogue.dataset(wanted.parent) if wanted.parent is not None else last_ingested(catalogue)
    name = (
        checked_name(wanted.name)
        if wanted.name is not None
        else safe_name(f"{parent.name}-{suffix_of(wanted)}")
    )
    _refuse_another(catalogue, name, parent, wanted, yes=yes)
    clips = catalogue.clips(parent.name)
    made = DERIVATIONS[wanted.kind](Parent.of(parent, clips, jobs=jobs, progress=progress), wanted.options)
    if not any(clip.usable for clip in made.clips):
        raise InputError(
            f"nothing usable is left of {parent.name} after: {' '.join(words_of(wanted.kind, wanted.options))}"
        )
    result = _publish(catalogue, name, parent, wanted, made, make_last=make_last)
    opened.log_run(
        {
            "command": "derive",
            "dataset": name,
            "parent": parent.name,
            "how": result.how,
            "clips": result.summary.clips,
            "used": result.summary.used,
            "versions": versions(),
        }
    )
    return result


def derive_again(
    store: Path, names: Sequence[str] = (), *, jobs: int | None = None, progress: Progress = SILENT
) -> tuple[Derived, ...]:
    """Make derived data sets again from what their parents are now, parents first.

    Parameters
    ----------
    names : sequence of str
        Which; all of them where none is given.

    Raises
    ------
    UnknownName, UsageError
        No such data set, or one that was ingested.
    InputError
        There is none, or a parent is gone.
    """
    catalogue = Store.open(store).catalogue
    records = {record.name: record for record in catalogue.datasets()}
    for name in names:
        if name not in records:
            raise UnknownName("data set", name, records)
        if not is_derived(records[name]):
            raise UsageError(f"{name} is not derived; mxt ingest {records[name].root} reads it again")
    wanted = [name for name, record in records.items() if is_derived(record) and (not names or name in names)]
    if not wanted:
        raise InputError("no data set here is derived; mxt derive --help lists the ways")
    done = []
    for name in sorted(wanted, key=lambda name: len(ancestors(catalogue, records[name]))):
        params = records[name].params
        again = Derivation(str(params["kind"]), options_of(params), str(params["parent"]), name)
        done.append(derive(store, again, yes=True, make_last=False, jobs=jobs, progress=progress))
    return tuple(done)


def last_ingested(catalogue: Catalogue) -> DatasetRecord:
    """The data set last ingested; where one was derived after that, the ingested one it goes back to."""
    record = catalogue.dataset()
    return ([record, *ancestors(catalogue, record)])[-1]


def ancestors(catalogue: Catalogue, record: DatasetRecord) -> list[DatasetRecord]:
    """What a data set was derived from, its parent first, as far as it is there."""
    records = {each.name: each for each in catalogue.datasets()}
    found: list[DatasetRecord] = []
    while is_derived(record) and (name := str(record.params["parent"])) in records:
        record = records[name]
        found.append(record)
    return found


def suffix_of(wanted: Derivation) -> str:
    """What a derived data set is called behind its parent's name."""
    options = wanted.options
    if wanted.kind == "excerpt":
        return f"excerpt{options['start']:g}-{options['start'] + options['length']:g}"
    if wanted.kind == "windows":
        return f"windows{options['length']:g}" + (
            f"-hop{options['hop']:g}" if options["hop"] != options["length"] else ""
        )
    if wanted.kind == "min-class-size":
        return f"min{options['size']}"
    if wanted.kind == "classes":
        return "_".join(options["names"])
    if wanted.kind == "nsynth":
        return "_".join([options["subset"], *(options.get("families") or ())])
    if wanted.kind == "without":
        return f"without-{Path(options['file']).stem}"
    measure = "" if options["measure"] == "rms" else f"-{options['measure']}"
    return "-".join(
        [
            f"loudness{options['parts']}{measure}",
            *(["_".join(options["only"])] if options.get("only") else []),
        ]
    )


def lineage(catalogue: Catalogue, parent: DatasetRecord) -> str:
    """Hash of all that a derived data set has from its parent."""
    return sha256_text(
        canonical_json([parent.root, list(parent.targets), catalogue.targets_hash(parent.name)])
    )


def outdated(record: DatasetRecord, catalogue: Catalogue) -> str:
    """Why a derived data set is not what it would be if it were made now; empty where it is, or where it was ingested."""
    if not is_derived(record):
        return ""
    name = str(record.params["parent"])
    parent = next((each for each in catalogue.datasets() if each.name == name), None)
    if parent is None:
        return f"{name}, which it was derived from, is not in the catalogue any more"
    if lineage(catalogue, parent) == record.params.get("lineage"):
        return ""
    return f"{name}, which it was derived from, has changed since: mxt derive again {record.name}"


def _publish(
    catalogue: Catalogue, name: str, parent: DatasetRecord, wanted: Derivation, made: Made, *, make_last: bool
) -> Derived:
    before = next((record for record in catalogue.datasets() if record.name == name), None)
    changed = bool(catalogue.changed(name))
    old = catalogue.clips(name) if before and not changed else []
    if before is not None and (changed or not _same_way(before, parent, wanted)):
        catalogue.remove(name)  # its views are of other clips
        before, old = None, []
    params = {
        "parent": parent.name,
        "kind": wanted.kind,
        "options": dict(wanted.options),
        "lineage": lineage(catalogue, parent),
    }
    record = DatasetRecord(name, parent.root, DERIVED, params, made.targets, "", "")
    catalogue.replace_clips(record, made.clips, remarks=made.remarks, make_last=make_last)
    views = () if wanted.kind in CUTTING else tuple(catalogue.views(parent.name))
    for view in views:
        catalogue.add_view(name, view)
    how = shlex.join(words_of(wanted.kind, wanted.options))
    changes = find_changes(before, old, made.clips, parent.root)
    return Derived(
        name,
        parent.name,
        how,
        summarise(made.clips, made.targets, made.remarks),
        changes,
        tuple(catalogue.views(name)),
    )


def _refuse_another(
    catalogue: Catalogue, name: str, parent: DatasetRecord, wanted: Derivation, *, yes: bool
) -> None:
    before = next((record for record in catalogue.datasets() if record.name == name), None)
    if name in {each.name for each in (parent, *ancestors(catalogue, parent))}:
        raise UsageError(f"{name} cannot be derived from itself; choose another --name")
    if before is None or yes:
        return
    if not is_derived(before):
        raise Refused(
            f"{name} is a data set that was ingested from {before.root}: choose another --name, or replace it with --yes"
        )
    if not _same_way(before, parent, wanted):
        how = shlex.join(words_of(str(before.params["kind"]), options_of(before.params)))
        raise Refused(
            f"{name} is derived from {before.params['parent']} by {how}: choose another --name, or replace it with --yes"
        )


def _same_way(before: DatasetRecord, parent: DatasetRecord, wanted: Derivation) -> bool:
    """Whether a data set was made as is wanted now."""
    if not is_derived(before):
        return False
    then = before.params["parent"], before.params["kind"], options_of(before.params)
    return then == (parent.name, wanted.kind, options_of({"options": wanted.options}))
