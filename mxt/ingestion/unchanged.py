"""Data sets that are as they were ingested: what they were made of is hashed, so that nothing is read again.

A loader gives the same clips where everything it can look at is the same: the files (their sizes, times and
inodes, or the content of files of features), its parameters, its code, and the version of mxt.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mxt import __version__
from mxt.core.errors import MxtError
from mxt.core.identity import canonical_json, sha256_file, sha256_text
from mxt.core.progress import Progress
from mxt.core.records import DatasetRecord, FileRecord, Listing
from mxt.core.stages import NamesSources
from mxt.ingestion.changes import Changes
from mxt.ingestion.detection import AS_LAST_TIME, Detected, choose_loader
from mxt.ingestion.earlier import Earlier
from mxt.ingestion.lineage import is_derived
from mxt.ingestion.records import Ingested
from mxt.ingestion.requests import IngestRequest
from mxt.ingestion.summary import catalogued_summary
from mxt.ingestion.walk import Walk
from mxt.registry import Registry
from mxt.store.layout import Store
from mxt.store.table_schema import OPEN

if TYPE_CHECKING:
    from hashlib import _Hash

# what is noted in the catalogue: a hash; the loader's parameters; labels and fingerprints of tables
SOURCE, ASKED, TABLES = "source", "asked", "tables"


@dataclass(frozen=True)
class UnchangedPlan:
    """An ingest of what is catalogued already.

    Parameters
    ----------
    earlier : Earlier
        The data set as it was ingested before.
    detected : Detected
        The loader, and why this one.
    read : int
        Files whose content was looked at.
    views : tuple of str
        Features that came with it.
    """

    earlier: Earlier
    detected: Detected
    read: int = 0
    views: tuple[str, ...] = ()

    def dry_run(self) -> Ingested:
        """What is known of it."""
        return self._ingested(dry_run=True)

    def carry_out(self, store: Store, progress: Progress) -> Ingested:
        """Make it the data set last ingested, and nothing else."""
        store.catalogue.touch(self.earlier.record.name)
        return self._ingested(read=self.read)

    def _ingested(self, **more: Any) -> Ingested:
        record = self.earlier.record
        summary = catalogued_summary(self.earlier.catalogue, record)
        changes = Changes(first=False)
        return Ingested.of(record, self.detected.why, summary, changes, views=self.views, **more)


def unchanged_plans(
    store: Store | None, name: str, walked: Walk, request: IngestRequest, registry: Registry
) -> Sequence[UnchangedPlan]:
    """Plans of the data sets that lie in a folder or table, if all are as they were ingested; else none.

    Parameters
    ----------
    store : Store, optional
    name : str
        Of the data set, where its clips have audio.
    walked : Walk
    request : IngestRequest
    registry : Registry
    """
    if store is None or request.rehash:
        return ()
    for record in store.catalogue.datasets():
        if record.root != walked.listing.root or is_derived(record):
            continue
        with suppress(MxtError):  # a loader that is gone, what is damaged: it is ingested as if it were new
            asked = store.catalogue.figures(record.name).about.get(ASKED)
            detected = None if asked is None else _as_last_time(record, asked, walked, request, registry)
            if detected is None:
                continue
            if not detected.brings_features:
                plans = _unchanged_clips(store, walked, detected, name) if record.name == name else ()
            else:
                plans = _unchanged_features(store, walked.listing, detected, request.name)
            if plans:
                return plans
    return ()


def noted(source: str, detected: Detected, **more: Any) -> dict[str, Any]:
    """What is noted with a data set that was made from `source`, so that it is recognised."""
    return {SOURCE: source, ASKED: dict(detected.chosen.params), **more}


def _as_last_time(
    record: DatasetRecord,
    asked: Mapping[str, Any],
    walked: Walk,
    request: IngestRequest,
    registry: Registry,
) -> Detected | None:
    """The loader of a data set as it was asked then; ``None`` where the request wants another one."""
    chosen = choose_loader(registry, record.loader, walked.listing, asked)
    if request.parameter_names:
        wanted = choose_loader(
            registry, record.loader, walked.listing, request.params, request.settings
        ).identity()
        if canonical_json(wanted) != canonical_json(chosen.identity()):
            return None
    if request.loader not in (None, record.loader):
        return None
    return Detected(chosen, registry.build(chosen), AS_LAST_TIME)


def _unchanged_clips(store: Store, walked: Walk, detected: Detected, name: str) -> Sequence[UnchangedPlan]:
    earlier = Earlier.find(store, name)
    same = earlier is not None and earlier.about.get(SOURCE) == walk_source(walked, detected)
    return [UnchangedPlan(earlier, detected)] if earlier is not None and same else ()


def _unchanged_features(
    store: Store, listing: Listing, detected: Detected, name: str | None
) -> Sequence[UnchangedPlan]:
    if not isinstance(detected.loader, NamesSources):
        return ()
    sources, plans = detected.loader.sources(listing), []
    if name is not None and len(sources) > 1:
        return ()
    for usual, paths in sources.items():
        earlier = Earlier.find(store, name or usual)
        if earlier is None or SOURCE not in earlier.about:
            return ()
        hashes = file_hashes(listing.root, paths)
        if earlier.about[SOURCE] != files_source(listing.root, hashes, detected):
            return ()
        tables: Mapping[str, str] = earlier.about[TABLES]
        if not _all_there(store, earlier.record.name, tables):
            return ()
        plans.append(UnchangedPlan(earlier, detected, len(paths), tuple(tables)))
    return plans


def walk_source(walked: Walk, detected: Detected) -> str:
    """Hash of all that the loader of a folder or table can look at: no file is opened."""
    listing = walked.listing
    digest = _begun(detected, [listing.root, listing.table or "", *map(_line, walked.left_out)])
    walked.files.update(digest)
    return digest.hexdigest()


def file_hashes(root: str, paths: Sequence[str]) -> dict[str, str]:
    """Path to SHA-256 of the files of a data set of features."""
    return {path: sha256_file(Path(root, path)) for path in paths}


def files_source(root: str, hashes: Mapping[str, str], detected: Detected) -> str:
    """Hash of all that the loader of features can look at: of the content of its files, see `file_hashes`."""
    lines = [root, *(f"{path} {sha256}" for path, sha256 in hashes.items())]
    return _begun(detected, lines).hexdigest()


def _line(file: FileRecord) -> str:
    return f"{file.path}\0{file.size} {file.mtime_ns} {file.inode} {file.reason} {file.kind}"


def _begun(detected: Detected, lines: Iterable[str]) -> _Hash:
    """A hash of the loader, its parameters and versions, and some lines."""
    chosen = detected.chosen
    versions = [__version__, _version(chosen.distribution)]
    begun = sha256_text(canonical_json([chosen.identity(), versions]))
    digest = hashlib.sha256(begun.encode())
    for line in lines:
        digest.update(line.encode("utf-8", "surrogatepass") + b"\n")
    return digest


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except (PackageNotFoundError, ValueError):  # a plugin of one file
        return ""


def _all_there(store: Store, name: str, tables: Mapping[str, str]) -> bool:
    """Whether each of these tables, label to fingerprint, is there with a settled row for every clip."""
    return set(tables) <= set(store.catalogue.views(name)) and all(_settled(store, name, tables))


def _settled(store: Store, name: str, tables: Mapping[str, str]) -> Iterator[bool]:
    for label, fingerprint in tables.items():
        table = store.features.by_fingerprint(fingerprint)
        yield table is not None and table.label == label
        if table is not None:
            yield bool((table.states_of(table.keys_in(store.catalogue, name))[1] != OPEN).all())
