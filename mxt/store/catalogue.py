"""What was ingested: data sets, files, clips, targets and columns, in SQLite.

Every transaction is short; the journal is a rollback journal (a write-ahead log fails on network file systems
and on read-only media), so that any number of readers work beside one writer, and a killed writer leaves the
last commit.
"""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mxt.core.errors import InputError, StoreDamaged, StoreError, UnknownName
from mxt.core.records import ClipRecord, DatasetRecord, FileRecord, Remark
from mxt.store.catalogue_connection import CatalogueFile, damaged, is_false_alarm
from mxt.store.catalogue_figures import Count, Figures, counted, read_figures, write_figures
from mxt.store.catalogue_hashes import (
    KEYS,
    PARTS,
    changed_datasets,
    changed_parts,
    damage,
    keys_of,
    lost_datasets,
    seal,
)
from mxt.store.catalogue_labels import clips_hash, known_hash, labels_hash, remember_hash, remembered
from mxt.store.catalogue_rows import (
    DATASET,
    FILES,
    REMARKS,
    TABLES,
    VIEWS,
    Unusable,
    clip_records,
    clips_called,
    clips_where,
    dataset_record,
    file_record,
    ids_of,
    insert_clips,
    insert_files,
    insert_remarks,
    now,
    stored,
    text_of,
    unusable_clips,
    update_dataset,
)
from mxt.store.table_schema import KEY_BYTES

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

BATCH = 1000  # clips that are written at a time
AGAIN = "ingest it again, or derive it again: no feature is computed again"


class Catalogue:
    """The catalogue of one store.

    Parameters
    ----------
    path : Path
        ``catalogue.sqlite``; created at the first use unless `read_only`.
    read_only : bool
        Writing raises `StoreReadOnly`; works on read-only media. A catalogue that is not there is empty.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self.path, self.read_only = Path(path), read_only
        self._file = CatalogueFile(self.path, read_only=read_only)

    # reading

    def datasets(self) -> list[DatasetRecord]:
        """All data sets, by name, not checked against their hashes."""
        rows = self._file.rows(f"SELECT {DATASET} FROM datasets WHERE ready ORDER BY name")
        return list(self._file.records(map(dataset_record, rows)))

    def last(self) -> str:
        """Name of the data set last ingested, the default of commands; empty where there is none."""
        rows = self._file.rows("SELECT name FROM datasets WHERE ready ORDER BY turn DESC LIMIT 1")
        return str(rows[0][0]) if rows else ""

    def dataset(self, name: str | None = None) -> DatasetRecord:
        """The data set called `name`; ``None``: the one last ingested.

        Raises
        ------
        UnknownName
            There is no data set of this name.
        InputError
            Nothing was ingested yet.
        StoreDamaged
            What is catalogued is not what was written.
        """
        self._check_datasets()
        if name is None:
            rows = self._file.rows(f"SELECT {DATASET} FROM datasets WHERE ready ORDER BY turn DESC LIMIT 1")
            if not rows:
                raise InputError(f"no data set in {self.path.parent} yet; begin with: mxt ingest FOLDER")
        else:
            rows = self._file.rows(
                f"SELECT {DATASET} FROM datasets WHERE ready AND name = ?", (stored(name),)
            )
            if not rows:
                raise UnknownName("data set", name, [d.name for d in self.datasets()])
        return next(self._file.records(map(dataset_record, rows)))

    def files(self, name: str) -> dict[str, FileRecord]:
        """Files of `name` by path, also those of an ingest that was cut short; empty if there are none."""
        return self._files(self._file.rows(FILES, (name,)))

    def clips(self, name: str) -> list[ClipRecord]:
        """The clips of `name` in catalogue order: those a loader named, then other files that were left out.

        Raises
        ------
        UnknownName, StoreDamaged
            No such data set; what is catalogued is not what was written.
        """
        return list(self.each_clip(name))

    def each_clip(self, name: str, *, id_: str | None = None) -> Iterator[ClipRecord]:
        """The same as `clips`, one at a time, or only those called `id_`; nothing is written meanwhile."""
        self.dataset(name)
        condition, values = ("TRUE", ()) if id_ is None else ("clips.id = ?", (stored(id_),))
        with self._file.reading() as db:
            self._check(db, name, ("clips", "files"))
            yield from self._file.records(clip_records(db.execute(clips_where(condition), (name, *values))))

    def clips_called(self, name: str, text: str, *, also_files: bool) -> list[tuple[str, str]]:
        """Id and path of clips of `name` that may be called `text`: by id or, if asked for, by their file."""
        with self._file.reading() as db:
            return clips_called(db, name, text, also_files=also_files)

    def ids(self, name: str, *, usable: bool = False) -> Iterator[str]:
        """Ids of the clips of `name`, or of those that can be used, in catalogue order, as they are there."""
        with self._file.reading() as db:
            yield from ids_of(db, name, "AND key IS NOT NULL" if usable else "")

    def keys(self, name: str) -> npt.NDArray[np.uint8]:
        """Audio keys of the clips of `name` that can be used, in catalogue order: uint8 [used, 32].

        Raises
        ------
        StoreDamaged
            They are not what was written.
        """
        import numpy as np

        with self._file.reading() as db:
            keys, as_written = keys_of(db, name)
        if not as_written:
            raise self._changed(name, KEYS)
        return np.frombuffer(keys, np.uint8).reshape(-1, KEY_BYTES)

    def unusable(self, name: str) -> list[Unusable]:
        """The clips of `name` that cannot be used, in catalogue order, and why.

        Raises
        ------
        StoreDamaged
            They are not what was written.
        """
        with self._file.reading() as db:
            self._check(db, name, ("clips left out",))
            return list(self._file.records(unusable_clips(db, name)))

    def figures(self, name: str) -> Figures:
        """How many clips `name` has, their seconds, and what was noted when it was written.

        Raises
        ------
        StoreDamaged
            They are not what was written.
        """
        with self._file.reading() as db:
            self._check(db, name, ("figures",))
            figures = read_figures(db, name)
        return counted(self.each_clip(name)) if figures is None else figures

    def remarks(self, name: str) -> list[Remark]:
        """What the loader of `name` and its ingest noticed."""
        return [Remark(kind, text_of(text)) for kind, text in self._file.rows(REMARKS, (name,))]

    def views(self, name: str) -> list[str]:
        """The views extracted for `name`, in the order they were added.

        Raises
        ------
        StoreDamaged
            They are not what was written.
        """
        with self._file.reading() as db:
            self._check(db, name, ("views",))
            return [view for (view,) in db.execute(VIEWS, (name,))]

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

    # writing

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
        about: Mapping[str, Any] | None = None,
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
            What `figures` gives back: plain values.
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
            write_figures(db, number, count.figures(about or {}))
            seal(db, number)
            kept = remembered(db, record.name)
        for target in kept:
            self.targets_hash(record.name, target)
        return self.dataset(record.name)

    def touch(self, name: str) -> None:
        """Note that `name` was ingested again and is as it was: it becomes the data set last ingested."""
        with self._file.writing() as db:
            self._check(db, name, ("data set",))
            number = self._id(db, name)
            turn = "(SELECT 1 + MAX(turn) FROM datasets)"
            db.execute(f"UPDATE datasets SET updated = ?, turn = {turn} WHERE id = ?", (now(), number))
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

    # checks

    def damage(self) -> dict[str, list[str]]:
        """Data sets that are not what was written, and which parts of them."""
        with self._file.reading() as db:
            return damage(db)

    def gone(self) -> int:
        """Number of data sets that were written and are not listed any more."""
        with self._file.reading() as db:
            return lost_datasets(db)

    def structure(self) -> list[str]:
        """What SQLite finds wrong with its file; empty where nothing is."""
        with self._file.reading() as db:
            lines = [line for (line,) in db.execute("PRAGMA integrity_check(20)")]
            return [line for line in lines if line != "ok" and not is_false_alarm(db, line)]

    def changed(self, name: str, parts: Iterable[str] = tuple(PARTS)) -> list[str]:
        """Parts of data set `name` that are not what was written; none if the data set is unknown."""
        with self._file.reading() as db:
            return changed_parts(db, name, parts)

    def _check(self, db: sqlite3.Connection, name: str, parts: Iterable[str]) -> None:
        if changed := changed_parts(db, name, parts):
            raise self._changed(name, *changed)

    def _changed(self, name: str, *parts: str) -> StoreDamaged:
        return StoreDamaged(
            f"{self.path}: {' and '.join(parts)} of data set {name} are not what was written; {AGAIN}"
        )

    def _check_datasets(self) -> None:
        with self._file.reading() as db:
            changed, gone = changed_datasets(db), lost_datasets(db)
        if changed:
            raise StoreDamaged(
                f"{self.path}: data set {changed[0]} is not what was written; "
                f"mxt rm {changed[0]}, then {AGAIN}"
            )
        if gone:
            raise damaged(self.path, f"{gone} data sets are gone")

    def _files(self, rows: Iterable[Any]) -> dict[str, FileRecord]:
        return {record.path: record for record in self._file.records(map(file_record, rows))}

    def _id(self, db: sqlite3.Connection, name: str) -> int:
        row = db.execute("SELECT id FROM datasets WHERE name = ?", (stored(name),)).fetchone()
        if row is None:
            raise UnknownName("data set", name, [d.name for d in self.datasets()])
        return int(row[0])
