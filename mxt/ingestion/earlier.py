"""A data set as an earlier ingest left it: whether it is the one ingested now, and how it is replaced."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mxt.core.errors import Reason, Refused
from mxt.core.identity import sha256_file
from mxt.core.records import ClipRecord, DatasetRecord, FileRecord, Remark
from mxt.ingestion.changes import Changes, found_changes
from mxt.ingestion.lineage import is_derived, parent_of
from mxt.ingestion.requests import IngestRequest
from mxt.ingestion.summary import SUMMARY, Summary, summary_of
from mxt.ingestion.walk import Walk
from mxt.store.catalogue import Catalogue
from mxt.store.catalogue_changes import ClipChanges
from mxt.store.layout import Store

MANY_GONE, SHARE_GONE = 5, 0.10
MOST_HASHED = 16


@dataclass(frozen=True)
class Earlier:
    """The data set that has the name already, as the catalogue holds it.

    Parameters
    ----------
    record : DatasetRecord
    about : mapping
        What was noted of it (`mxt.ingestion.unchanged`).
    catalogue : Catalogue
    """

    record: DatasetRecord
    about: Mapping[str, Any]
    catalogue: Catalogue

    @property
    def files(self) -> Mapping[str, FileRecord]:
        """Path to record, of all files looked at, read from the catalogue each time."""
        return self.catalogue.files(self.record.name)

    @classmethod
    def find(cls, store: Store | None, name: str) -> Earlier | None:
        """The data set of this name; ``None`` where there is none, or it is damaged and will be replaced."""
        record = None if store is None else named(store.catalogue, name)
        if store is None or record is None or (name not in store.intact and store.catalogue.changed(name)):
            return None
        return cls(record, store.catalogue.figures(name).about, store.catalogue)

    @property
    def used(self) -> dict[str, FileRecord]:
        """The files that were measured."""
        return {path: file for path, file in self.files.items() if file.measurement is not None}

    def differs_from(self, walked: Walk) -> str:
        """What this data set is, if it is another one than lies in the folder; empty if it is the same."""
        if is_derived(self.record):
            return f"derived from {parent_of(self.record)}"
        root = walked.listing.root
        if self.record.root != root and (self._came_as_features() or not self._moved_to(walked)):
            return f"the data set of {self.record.root}, and {root} holds other files"
        return ""

    def refuse(self, what: str, request: IngestRequest) -> None:
        """Stop because the name is taken by `what`, unless the user confirmed that or writes nothing.

        Raises
        ------
        Refused
            It needs ``--yes``.
        """
        if not (request.yes or request.dry_run):
            name = self.record.name
            raise Refused(f"{name} is {what}: choose another --name, or replace it with --yes")

    def refuse_if_many_are_gone(self, now: Mapping[str, FileRecord], root: str) -> None:
        """Stop where many of the files that were measured are no longer there.

        Raises
        ------
        Refused
            It needs ``--yes``.
        """
        used, absent = 0, dict[str, FileRecord]()
        for path, file in self.files.items():
            if file.measurement is not None:
                used += 1
                if path not in now or now[path].reason is Reason.MISSING:
                    absent[path] = file
        there = {(file.size, file.mtime_ns) for file in now.values() if not file.reason} if absent else ()
        gone = [path for path, file in absent.items() if (file.size, file.mtime_ns) not in there]
        if len(gone) > MANY_GONE and len(gone) > SHARE_GONE * used:
            raise Refused(
                f"{len(gone):,} of the {used:,} files of {self.record.name} are no longer in "
                f"{root} (the first: {gone[0]}): is the collection complete? "
                "If they are meant to be gone, add --yes"
            )

    def _came_as_features(self) -> bool:
        return any(file.measurement is None and not file.reason for file in self.files.values())

    def _moved_to(self, walked: Walk) -> bool:
        """Whether half of the files are the earlier ones: by path and size, or by the content of a few."""
        old, now = self.used, walked.files
        if not old:
            return True
        fewer = min(len(old), len(now))
        if 2 * sum(path in now and now[path].size == file.size for path, file in old.items()) >= fewer:
            return True
        sizes = {file.size for file in old.values()}
        content = {file.measurement.sha256 for file in old.values() if file.measurement is not None}
        alike = [path for path, file in now.items() if file.size in sizes and not file.reason]
        looked_at = alike[:: -(-len(alike) // MOST_HASHED) or 1]
        same = sum(_hash(Path(walked.listing.root, path)) in content for path in looked_at)
        return len(alike) * 2 >= fewer and same * 2 >= len(looked_at)


def _hash(path: Path) -> str:
    try:
        return sha256_file(path)
    except OSError:
        return ""


@dataclass(frozen=True)
class Replaced:
    """What is replaced in the catalogue: the data set as it was; empty if there was none."""

    record: DatasetRecord | None = None

    @classmethod
    def of(cls, catalogue: Catalogue, name: str, *, same: bool) -> Replaced:
        """The data set `name`; where what is there is not the `same`, it is removed with its views."""
        record = named(catalogue, name)
        if record is None:
            return cls()
        if not same:
            catalogue.remove(name)
            return cls()
        return cls(record)

    def by(
        self,
        catalogue: Catalogue,
        record: DatasetRecord,
        clips: Iterable[ClipRecord],
        remarks: Sequence[Remark],
        *,
        noted: Mapping[str, Any] | None = None,
        make_last: bool = True,
    ) -> tuple[Summary, Changes]:
        """Publish a data set in its place, with what is `noted`: its figures, and what has changed.

        The clips are iterated over as they are written, and again where some have the same content.
        """
        from mxt.ingestion.tally import Tally

        tally, summaries = Tally(record.targets), list[Summary]()

        def about() -> dict[str, Any]:
            summaries.append(summary_of(tally, clips, remarks))
            return {SUMMARY: summaries[0].to_plain(), **(noted or {})}

        changes = None if self.record is None else ClipChanges()
        catalogue.replace_clips(
            record,
            tally.passing(clips),
            remarks=remarks,
            about=about,
            changes=changes,
            make_last=make_last,
        )
        return summaries[0], found_changes(changes, self.record, record.root)


def named(catalogue: Catalogue, name: str) -> DatasetRecord | None:
    """The data set of this name, if there is one."""
    return next((record for record in catalogue.datasets() if record.name == name), None)
