"""What was ingested: data sets, files, clips, targets and columns, in SQLite.

Every transaction is short; the journal is a rollback journal (a write-ahead log fails on network file systems
and on read-only media), so that any number of readers work beside one writer, and a killed writer leaves the
last commit.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeVar

from mxt.core.errors import InputError, StoreDamaged, StoreReadOnly, UnknownName
from mxt.core.identity import canonical_json, sha256_text
from mxt.core.records import ClipRecord, DatasetRecord, FileRecord, Remark
from mxt.store.catalogue_connection import (
    connect_to_read,
    connect_to_write,
    damaged,
    is_false_alarm,
    translate,
)
from mxt.store.catalogue_hashes import (
    PARTS,
    add_hashes,
    changed_datasets,
    changed_parts,
    damage,
    lost_datasets,
    seal,
)
from mxt.store.catalogue_kinds import add_kinds
from mxt.store.catalogue_rows import (
    CLIPS,
    DATASET,
    FILES,
    REMARKS,
    TABLES,
    VIEWS,
    clip_record,
    clip_row,
    dataset_record,
    file_record,
    insert_files,
    now,
    stored,
    target_value,
    text_of,
)

Made = TypeVar("Made")
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

    # reading

    def datasets(self) -> list[DatasetRecord]:
        """All data sets, by name; whether they are what was written is not looked at."""
        return self._records(
            dataset_record, self._rows(f"SELECT {DATASET} FROM datasets WHERE ready ORDER BY name")
        )

    def last(self) -> str:
        """Name of the data set last ingested, which is meant where none is named; empty where there is none."""
        rows = self._rows("SELECT name FROM datasets WHERE ready ORDER BY turn DESC LIMIT 1")
        return str(rows[0][0]) if rows else ""

    def dataset(self, name: str | None = None) -> DatasetRecord:
        """The data set called `name`; ``None``: the one last ingested.

        Raises
        ------
        UnknownName
            There is none of this name.
        InputError
            Nothing was ingested yet.
        StoreDamaged
            What is catalogued is not what was written.
        """
        self._check_datasets()
        if name is None:
            rows = self._rows(f"SELECT {DATASET} FROM datasets WHERE ready ORDER BY turn DESC LIMIT 1")
            if not rows:
                raise InputError(f"no data set in {self.path.parent} yet; begin with: mxt ingest FOLDER")
        else:
            rows = self._rows(f"SELECT {DATASET} FROM datasets WHERE ready AND name = ?", (stored(name),))
            if not rows:
                raise UnknownName("data set", name, [d.name for d in self.datasets()])
        return self._records(dataset_record, rows)[0]

    def files(self, name: str) -> dict[str, FileRecord]:
        """Files looked at for `name` by their path, also those of an ingest that was cut short; empty where there are none."""
        return self._files(self._rows(FILES, (name,)))

    def clips(self, name: str) -> list[ClipRecord]:
        """The clips of `name` in catalogue order: first those a loader named, then other files that were left out.

        Raises
        ------
        UnknownName, StoreDamaged
            There is no such data set; what is catalogued is not what was written.
        """
        self.dataset(name)
        with self._read() as db:
            self._check(db, name, ("clips", "files"))
            files, rows = self._files(db.execute(FILES, (name,))), db.execute(CLIPS, (name,)).fetchall()
        return self._records(lambda row: clip_record(row, files), rows)

    def remarks(self, name: str) -> list[Remark]:
        """What the loader of `name` and its ingest noticed."""
        return [Remark(kind, text_of(text)) for kind, text in self._rows(REMARKS, (name,))]

    def views(self, name: str) -> list[str]:
        """The views extracted for `name`, in the order they were added. Raises `StoreDamaged` where they are not those."""
        with self._read() as db:
            self._check(db, name, ("views",))
            return [view for (view,) in db.execute(VIEWS, (name,))]

    def targets_hash(self, name: str, target: str | None = None) -> str:
        """Hash of the usable clips with their values of `target` (``None``: of all targets).

        A column that is no target is looked up among the fields, so that results on either are marked when
        labels change.
        """
        pairs = [
            (clip.id, clip.key.hex() if clip.key else "", target_value(clip, target))
            for clip in self.clips(name)
            if clip.usable
        ]
        return sha256_text(canonical_json(sorted(pairs, key=lambda pair: pair[0])))

    # writing

    def begin(self, name: str, root: str) -> None:
        """Make room for the files of `name` before its clips are known; it is not listed until `replace_clips`.

        Files left by a cut-short ingest of another root are dropped.
        """
        with self._write() as db:
            row = db.execute("SELECT id, root, ready FROM datasets WHERE name = ?", (name,)).fetchone()
            if row is None:
                db.execute(
                    "INSERT INTO datasets (name, root, created) VALUES (?, ?, ?)", (name, stored(root), now())
                )
            elif not row[2] and text_of(row[1]) != root:
                db.execute("DELETE FROM files WHERE dataset = ?", (row[0],))
                db.execute("UPDATE datasets SET root = ? WHERE id = ?", (stored(root), row[0]))

    def save_files(self, name: str, files: Iterable[FileRecord]) -> None:
        """Add or renew file records in one transaction (`begin` first); their hash waits for `replace_clips`."""
        with self._write() as db:
            number = self._id(db, name)
            db.execute("DELETE FROM hashes WHERE dataset = ? AND part = 'files'", (number,))
            insert_files(db, number, files)

    def replace_clips(
        self,
        record: DatasetRecord,
        clips: Sequence[ClipRecord],
        *,
        remarks: Iterable[Remark] = (),
        make_last: bool = True,
    ) -> DatasetRecord:
        """Publish a data set: its fields, files and clips replace those of before in one transaction.

        Parameters
        ----------
        record : DatasetRecord
            `created` and `updated` are set here where empty.
        clips : sequence of ClipRecord
            In catalogue order.
        remarks : iterable of Remark
            What `remarks` gives back.
        make_last : bool
            Whether it becomes the data set that is meant where none is named.

        Returns
        -------
        DatasetRecord
            As it was written.
        """
        moment = now()
        with self._write() as db:
            db.execute(
                "INSERT OR IGNORE INTO datasets (name, created) VALUES (?, ?)",
                (record.name, record.created or moment),
            )
            number = self._id(db, record.name)
            db.execute(
                "UPDATE datasets SET root = ?, loader = ?, params = ?, targets = ?, updated = ?, ready = 1, "
                "turn = CASE WHEN ? THEN (SELECT 1 + MAX(turn) FROM datasets) ELSE turn END WHERE id = ?",
                (
                    stored(record.root),
                    record.loader,
                    json.dumps(dict(record.params)),
                    json.dumps(list(record.targets)),
                    record.updated or moment,
                    make_last,
                    number,
                ),
            )
            files = {clip.file.path: clip.file for clip in clips}
            db.execute("DELETE FROM files WHERE dataset = ?", (number,))
            insert_files(db, number, files.values())
            db.execute("DELETE FROM clips WHERE dataset = ?", (number,))
            db.executemany(
                "INSERT INTO clips VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (clip_row(number, position, clip) for position, clip in enumerate(clips)),
            )
            db.execute("DELETE FROM remarks WHERE dataset = ?", (number,))
            db.executemany(
                "INSERT INTO remarks VALUES (?, ?, ?, ?)",
                (
                    (number, position, remark.kind, stored(remark.text))
                    for position, remark in enumerate(remarks)
                ),
            )
            seal(db, number)
        return self.dataset(record.name)

    def add_view(self, name: str, view: str) -> None:
        """Note that `view` was extracted for `name`; noting it again changes nothing."""
        with self._write() as db:
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
        with self._write() as db:
            number = self._id(db, name)
            db.execute("DELETE FROM views WHERE dataset = ? AND view = ?", (number, view))
            seal(db, number, ("views",))

    def remove(self, name: str) -> None:
        """Forget the data set `name`; its features stay in their tables."""
        with self._write() as db:
            number = self._id(db, name)
            for table in TABLES:
                db.execute(f"DELETE FROM {table} WHERE dataset = ?", (number,))
            db.execute("DELETE FROM datasets WHERE id = ?", (number,))

    def add_hashes(self) -> None:
        """Bring a catalogue of a store of schema 1 up to date."""
        with self._connected("writing") as db:
            add_hashes(db)

    def add_kinds(self) -> None:
        """Bring a catalogue of a store of schema 2 up to date."""
        with self._connected("writing") as db:
            add_kinds(db)

    # checks

    def damage(self) -> dict[str, str]:
        """Data sets that are not what was written, and which parts; the empty name stands for data sets that are gone."""
        with self._read() as db:
            return damage(db)

    def structure(self) -> list[str]:
        """What SQLite finds wrong with its file; empty where nothing is."""
        with self._read() as db:
            told = [
                line for (line,) in db.execute("PRAGMA integrity_check(20)") if not is_false_alarm(db, line)
            ]
        return [] if told == ["ok"] else told

    def changed(self, name: str, parts: Iterable[str] = tuple(PARTS)) -> list[str]:
        """Parts of data set `name` that are not what was written; none where there is no such data set."""
        with self._read() as db:
            return changed_parts(db, name, parts)

    def _check(self, db: sqlite3.Connection, name: str, parts: Iterable[str]) -> None:
        if changed := changed_parts(db, name, parts):
            raise StoreDamaged(
                f"{self.path}: {' and '.join(changed)} of data set {name} are not what was written; {AGAIN}"
            )

    def _check_datasets(self) -> None:
        with self._read() as db:
            changed, gone = changed_datasets(db), lost_datasets(db)
        if changed:
            raise StoreDamaged(
                f"{self.path}: data set {changed[0]} is not what was written; mxt rm {changed[0]}, then {AGAIN}"
            )
        if gone:
            raise damaged(self.path, f"{gone} data sets are gone")

    def _files(self, rows: Iterable[Any]) -> dict[str, FileRecord]:
        return {record.path: record for record in self._records(file_record, rows)}

    def _records(self, make: Callable[[Any], Made], rows: Iterable[Any]) -> list[Made]:
        """Records of rows; a row that holds something else than mxt writes is damage."""
        try:
            return [make(row) for row in rows]
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
            raise damaged(self.path, f"{type(error).__name__}: {error}") from error

    # the connection

    def _id(self, db: sqlite3.Connection, name: str) -> int:
        row = db.execute("SELECT id FROM datasets WHERE name = ?", (stored(name),)).fetchone()
        if row is None:
            raise UnknownName("data set", name, [d.name for d in self.datasets()])
        return int(row[0])

    def _rows(self, query: str, values: Sequence[object] = ()) -> list[Any]:
        with self._read() as db:
            return db.execute(query, values).fetchall()

    @contextmanager
    def _read(self) -> Iterator[sqlite3.Connection]:
        with self._connected("reading") as db:
            db.execute("BEGIN")  # all that is read is of one moment
            yield db

    @contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        if self.read_only:
            raise StoreReadOnly(f"{self.path} is open for reading only")
        with self._connected("writing") as db:
            db.execute("BEGIN IMMEDIATE")
            yield db
            db.execute("COMMIT")

    @contextmanager
    def _connected(self, what: str) -> Iterator[sqlite3.Connection]:
        """A connection for one transaction; closed afterwards, which takes back what was not committed."""
        try:
            with closing(connect_to_read(self.path) if self.read_only else connect_to_write(self.path)) as db:
                yield db
        except sqlite3.Error as error:
            raise translate(error, what, self.path) from error
