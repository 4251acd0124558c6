"""`mxt ingest`: from a folder or table to a catalogued data set."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mxt.core.cores import cores
from mxt.core.errors import Refused
from mxt.core.progress import SILENT, Progress
from mxt.core.provenance import versions
from mxt.core.records import DatasetRecord, FileRecord, Measurement
from mxt.ingestion import published
from mxt.ingestion.changes import (
    Changes,
    find_changes,
    holds_other_files,
    known_files,
    refuse_if_many_are_gone,
)
from mxt.ingestion.clips import records
from mxt.ingestion.derived import is_derived
from mxt.ingestion.plan import Plan, checked_name, default_name, make_plan
from mxt.ingestion.pool import MEASURE, SECONDS_A_FILE, Job, Pool
from mxt.ingestion.summary import Summary, summarise
from mxt.ingestion.walk import Walk, walk
from mxt.registry import Registry
from mxt.store.catalogue import Catalogue
from mxt.store.layout import Store

COMMIT_FILES, COMMIT_SECONDS = 200, 2.0


@dataclass(frozen=True, slots=True)
class Ingested:
    """What an ingest did.

    Parameters
    ----------
    name, root, loader, why : str
        The data set, its folder, the loader, and why this one.
    params : mapping
        The loader's parameters.
    summary : Summary
        The data set in figures.
    changes : Changes
        What differs from the ingest before.
    read : int
        Files opened now; the others were known.
    seconds : float
        Time it took.
    dry_run : bool
        True: nothing was opened or written.
    views : tuple of str
        Features that came with it; empty where they are to be computed from audio.
    """

    name: str
    root: str
    loader: str
    why: str
    params: Mapping[str, Any]
    summary: Summary
    changes: Changes
    read: int
    seconds: float
    dry_run: bool = False
    views: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """How files are opened.

    Parameters
    ----------
    jobs : int, optional
        Processes; one a core where not given.
    seconds_a_file : float
        Time limit of one file, to which its size adds.
    work : str
        ``"package.module:function"`` from a path to a `Measurement`.
    """

    jobs: int | None = None
    seconds_a_file: float = SECONDS_A_FILE
    work: str = MEASURE


def ingest(
    store: Path,
    path: Path,
    registry: Registry,
    *,
    loader: str | None = None,
    name: str | None = None,
    params: Mapping[str, Any] | None = None,
    settings: Sequence[str] = (),
    rehash: bool = False,
    dry_run: bool = False,
    yes: bool = False,
    jobs: int | None = None,
    reading: Reading = Reading(),
    progress: Progress = SILENT,
) -> Ingested:
    """Catalogue the clips of `path`; what is known already is not read again.

    Parameters
    ----------
    store : Path
        Folder of the store; made where there is none.
    path : Path
        A folder, or a table.
    loader, name : str, optional
        The loader (else that of last time, else recognised) and the data set's name (else the folder's).
    params : mapping, optional
        Parameters of the loader.
    settings : sequence of str
        Further ones as ``NAME=VALUE``.
    rehash : bool
        Read every file, also those that look as before.
    dry_run : bool
        Say what was recognised; open no audio, write nothing.
    yes : bool
        Go on where many files are gone, or another folder takes a name.
    jobs, reading : optional
        How files are opened.

    Raises
    ------
    InputError, UsageError
        The path, the loader or its parameters cannot be used.
    Refused
        A step that needs `yes`.
    """
    begun, given = time.monotonic(), dict(params or {})
    path = Path(os.path.expanduser(path))
    name = default_name(path) if name is None else checked_name(name)
    walked = walk(path)
    before, old = _before(store, name)
    if before is not None and (other := _is_another(before, old, walked)):
        if not (yes or dry_run):
            raise Refused(f"{name} is {other}: choose another --name, or replace it with --yes")
        before, old = None, {}
    why = ""
    if (
        before is not None
        and loader is None
        and not given
        and not settings
        and (before.loader == "table" or not walked.listing.table)
    ):
        loader, given, why = before.loader, dict(before.params), "as last time; --loader chooses anew"
    plan = make_plan(walked, registry, loader=loader, params=given, settings=settings, why=why)
    if dry_run:
        return _dry_run(name, plan, begun)
    if before is not None and not yes:
        refuse_if_many_are_gone(before, old, plan.files, walked.listing.root)
    opened = Store.open(store, create=True)
    opened.check_writable()
    reading = reading if jobs is None else replace(reading, jobs=jobs)
    result = _carry_out(
        opened.catalogue, before, name, plan, begun, rehash=rehash, reading=reading, progress=progress
    )
    opened.log_run(
        {
            "command": "ingest",
            "dataset": name,
            "root": result.root,
            "loader": result.loader,
            "clips": result.summary.clips,
            "used": result.summary.used,
            "read": result.read,
            "seconds": round(result.seconds, 3),
            "versions": versions(),
        }
    )
    return result


def _is_another(before: DatasetRecord, old: Mapping[str, FileRecord], walked: Walk) -> str:
    """What the data set of this name is, where it is not the one that is ingested; empty where it is."""
    if is_derived(before):
        return f"derived from {before.params['parent']}"
    if holds_other_files(before, old, walked.files, walked.listing.root):
        return f"the data set of {before.root}, and {walked.listing.root} holds other files"
    return ""


def _carry_out(
    catalogue: Catalogue,
    before: DatasetRecord | None,
    name: str,
    plan: Plan,
    begun: float,
    *,
    rehash: bool,
    reading: Reading,
    progress: Progress,
) -> Ingested:
    root = plan.walk.listing.root
    if before is None and any(record.name == name for record in catalogue.datasets()):
        catalogue.remove(name)  # replaced with --yes: its views are of other clips
    old_clips = catalogue.clips(name) if before else []
    catalogue.begin(name, root)
    old = catalogue.files(name)  # of the last ingest, or of one that was cut short
    known = {} if rehash else known_files(old, plan.files)
    if known and before is None:
        progress.say(f"going on with an ingest that was cut short: {len(known):,} files are known")
    files, read = _read(catalogue, name, plan, known, reading, progress)
    clips, said = records(plan, files)
    remarks = [*plan.remarks, *said, *published.remarks(files, plan.published)]
    record = DatasetRecord(name, root, plan.chosen.spec.name, plan.chosen.params, _targets(plan), "", "")
    catalogue.replace_clips(record, clips, remarks=remarks)
    differs = find_changes(before, old_clips, clips, root)
    return _result(name, plan, summarise(clips, record.targets, remarks), differs, read, begun)


def _dry_run(name: str, plan: Plan, begun: float) -> Ingested:
    clips, remarks = records(plan, plan.files)
    summary = summarise(clips, _targets(plan), [*plan.remarks, *remarks], opened=False)
    return replace(_result(name, plan, summary, Changes(), 0, begun), dry_run=True)


def _result(name: str, plan: Plan, summary: Summary, differs: Changes, read: int, begun: float) -> Ingested:
    return Ingested(
        name,
        plan.walk.listing.root,
        plan.chosen.spec.name,
        plan.why,
        plan.chosen.params,
        summary,
        differs,
        read,
        time.monotonic() - begun,
    )


def _read(
    catalogue: Catalogue,
    name: str,
    plan: Plan,
    known: Mapping[str, FileRecord],
    reading: Reading,
    progress: Progress,
) -> tuple[dict[str, FileRecord], int]:
    """Open what is not known, and commit in batches: killed, the next ingest goes on from the last one."""
    files = plan.files | dict(known)
    waiting = [file for path, file in files.items() if path not in known and not file.reason]
    jobs = [Job(os.path.join(plan.walk.listing.root, file.path), file.size) for file in waiting]
    pool = Pool(jobs, workers=reading.jobs or cores(), seconds=reading.seconds_a_file, work=reading.work)
    batch: list[FileRecord] = []
    last = time.monotonic()
    with progress.step("reading", len(waiting), unit="files") as step, closing(pool.results()) as results:
        try:
            for number, found in results:
                file = waiting[number]
                if isinstance(found, Measurement):
                    place = Path(plan.walk.listing.root, file.path)
                    file = replace(
                        file, measurement=published.noted(found, place, plan.published.get(file.path))
                    )
                else:
                    file = replace(file, reason=found[0], detail=found[1])
                files[file.path] = file
                batch.append(file)
                step.advance()
                if len(batch) >= COMMIT_FILES or time.monotonic() - last > COMMIT_SECONDS:
                    catalogue.save_files(name, batch)
                    batch, last = [], time.monotonic()
        finally:
            if batch:
                catalogue.save_files(name, batch)
    return files, len(waiting)


def _targets(plan: Plan) -> tuple[str, ...]:
    return tuple(dict.fromkeys(column for clip in plan.clips for column in clip.targets))


def _before(store: Path, name: str) -> tuple[DatasetRecord | None, dict[str, FileRecord]]:
    """The data set of this name as it was and its files, where there is a store that has it."""
    if not (store / "catalogue.sqlite").exists():
        return None, {}
    catalogue = Store.open(store, read_only=True).catalogue
    found = next((record for record in catalogue.datasets() if record.name == name), None)
    if found and catalogue.changed(name):
        return None, {}  # damaged: nothing of it is trusted, and it is replaced
    return found, catalogue.files(name) if found else {}
