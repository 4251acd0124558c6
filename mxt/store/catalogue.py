"""What was ingested: data sets, files, clips, targets and columns, in SQLite.

Every transaction is short; the journal is a rollback journal (a write-ahead log fails on network file systems
and on read-only media), so that any number of readers work beside one writer, and a killed writer leaves the
last commit.
"""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any

from mxt.core.errors import StoreError, UnknownName
from mxt.core.records import ClipRecord, DatasetRecord, FileRecord, Remark
from mxt.store.catalogue_changes import ClipChanges
from mxt.store.catalogue_figures import Count, write_figures
from mxt.store.catalogue_hashes import seal
from mxt.store.catalogue_labels import clips_hash, known_hash, labels_hash, remember_hash, remembered
from mxt.store.catalogue_reading import CatalogueReader
from mxt.store.catalogue_rows import (
    TABLES,
    insert_clips,
    insert_files,
    insert_remarks,
    now,
    stored,
    text_of,
    update_dataset,
)

BATCH = 1000  # clips that are written at a time


class Catalogue(CatalogueReader):
    """The catalogue of one store.

    Parameters
    ----------
    path : Path
        ``catalogue.sqlite``; created at the first use unless `read_only`.
    read_only : bool
        Writing raises `StoreReadOnly`; works on read-only media. A catalogue that is not there is empty.
    """

    def begin(self, name: str, root: str) -> None:
        """Begin the data set `name` before its clips are known; it is not listed until `replace_clips`.

        Files of an ingest of another root that was cut short are dropped.
        """
        with self._file.writing() as db:
            row = db.execute("SELECT id, root, ready FROM datasets WHERE name = ?", (name,)).fetchone()
            if row is None:
                db.execute(
                    "INSERT INTO datasets (name, root, created) VALUES (?, ?, ?)", (name, stored(root), now())
                )
            elif not row[2] and text_of(row[1]) != root:
                db.execute("DELETE FROM files WHERE dataset = ?", (row[0],))
                db.execute("UPDATE datasets SET root = ? WHERE id = ?", (stored(root), row[0]))

    def save_files(self, name: str, files: Iterable[FileRecord]) -> None:
        """Add or renew file records in one transaction, after `begin`; `replace_clips` hashes them."""
        with self._file.writing() as db:
            number = self._id(db, name)
            db.execute("DELETE FROM hashes WHERE dataset = ? AND part = 'files'", (number,))
            insert_files(db, number, files)

    def replace_clips(
        self,
        record: DatasetRecord,
        clips: Iterable[ClipRecord],
        *,
        remarks: Iterable[Remark] = (),
        about: Callable[[], Mapping[str, Any]] | Mapping[str, Any] | None = None,
        changes: ClipChanges | None = None,
        make_last: bool = True,
    ) -> DatasetRecord:
        """Publish a data set: its fields, files and clips replace the earlier ones in one transaction.

        Parameters
        ----------
        record : DatasetRecord
            `created` and `updated` are set here where empty.
        clips : iterable of ClipRecord
            In catalogue order; they are written as they come.
        remarks : iterable of Remark
            What `remarks` gives back.
        about : mapping, optional
            What `figures` gives back: plain values; or a function that gives them once all clips were taken.
        changes : ClipChanges, optional
            Where what differs from the clips before is written to.
        make_last : bool
            Whether it becomes the data set last ingested, the default of commands.

        Returns
        -------
        DatasetRecord
            As it was written.
        """
        with self._file.writing() as db:
            db.execute(
                "INSERT OR IGNORE INTO datasets (name, created) VALUES (?, ?)",
                (record.name, record.created or now()),
            )
            number = self._id(db, record.name)
            update_dataset(db, number, record, make_last=make_last)
            if changes is not None:
                changes.remember(db, number)
            for table in ("files", "clips", "remarks"):
                db.execute(f"DELETE FROM {table} WHERE dataset = ?", (number,))
            count = Count()
            counted_clips = count.passing(clips)
            for first in itertools.count(0, BATCH):
                if not (batch := list(itertools.islice(counted_clips, BATCH))):
                    break
                insert_files(db, number, {clip.file.path: clip.file for clip in batch}.values())
                insert_clips(db, number, batch, first)
            insert_remarks(db, number, remarks)
            write_figures(db, number, count.figures(about() if callable(about) else about or {}))
            seal(db, number)
            if changes is not None:
                changes.compare(db, number)
            kept = remembered(db, record.name)
        for target in kept:
            self.targets_hash(record.name, target)
        return self.dataset(record.name)

    def touch(self, name: str) -> None:
        """Make `name`, which was ingested again and is as it was, the data set last ingested."""
        if self.last() == name:
            return
        with self._file.writing() as db:
            self._check(db, name, ("data set",))
            number = self._id(db, name)
            turn = "(SELECT 1 + MAX(turn) FROM datasets)"
            db.execute(f"UPDATE datasets SET turn = {turn} WHERE id = ?", (number,))
            seal(db, number, ("data set",))

    def add_view(self, name: str, view: str) -> None:
        """Note that `view` was extracted for `name`; noting it again changes nothing."""
        with self._file.writing() as db:
            self._check(db, name, ("views",))
            number = self._id(db, name)
            db.execute(
                "INSERT OR IGNORE INTO views (dataset, view, position) "
                "SELECT ?, ?, 1 + COALESCE(MAX(position), 0) FROM views WHERE dataset = ?",
                (number, view, number),
            )
            seal(db, number, ("views",))

    def remove_view(self, name: str, view: str) -> None:
        """Forget that `view` was extracted for `name`."""
        with self._file.writing() as db:
            number = self._id(db, name)
            db.execute("DELETE FROM views WHERE dataset = ? AND view = ?", (number, view))
            seal(db, number, ("views",))

    def remove(self, name: str) -> None:
        """Forget the data set `name`; its features stay in their tables."""
        with self._file.writing() as db:
            number = self._id(db, name)
            for table in TABLES:
                db.execute(f"DELETE FROM {table} WHERE dataset = ?", (number,))
            db.execute("DELETE FROM datasets WHERE id = ?", (number,))

    def migrate(self, step: Callable[[sqlite3.Connection], None]) -> None:
        """Bring a catalogue of an older store up to date by one of `mxt.store.layout.MIGRATIONS`."""
        with self._file.connected("writing") as db:
            step(db)

    def targets_hash(self, name: str, target: str | None = None) -> str:
        """Hash of the usable clips with their values of `target` (``None``: of all targets).

        A column that is no target is looked up among the fields, so that results on either are marked when
        labels change. It is kept until the clips change, where the catalogue can be written.
        """
        with self._file.reading() as db:
            self._check(db, name, ("labels",))
            if known := known_hash(db, name, target):
                return known
        self.dataset(name)
        with self._file.reading() as db:
            self._check(db, name, ("clips",))
            clips, sha256 = clips_hash(db, name), labels_hash(db, name, target)
        if not self.read_only:
            with suppress(StoreError), self._file.writing() as db:
                remember_hash(db, name, target, sha256, clips)
        return sha256

    def _id(self, db: sqlite3.Connection, name: str) -> int:
        row = db.execute("SELECT id FROM datasets WHERE name = ?", (stored(name),)).fetchone()
        if row is None:
            raise UnknownName("data set", name, [d.name for d in self.datasets()])
        return int(row[0])
