"""The tables of the catalogue: records as rows, and rows as records."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

from mxt.core.errors import Reason
from mxt.core.records import ClipRecord, DatasetRecord, FileKind, FileRecord, Measurement, Remark, Target
from mxt.core.text import written, written_all

INDEX_LEFT_OUT = "CREATE INDEX IF NOT EXISTS clips_left_out ON clips (dataset, position) WHERE key IS NULL;"
SCHEMA = f"""
CREATE TABLE IF NOT EXISTS datasets (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, root, loader TEXT, params TEXT, targets TEXT,
    created TEXT, updated TEXT, ready INTEGER NOT NULL DEFAULT 0, turn INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS files (
    dataset INTEGER NOT NULL, path NOT NULL, size INTEGER, mtime_ns INTEGER, inode INTEGER,
    reason INTEGER, detail, sha256 TEXT, duration REAL, sample_rate INTEGER, channels INTEGER, frames INTEGER,
    peak REAL, mono_peak REAL, rms REAL, sampled INTEGER, notes TEXT, decoder TEXT,
    kind TEXT NOT NULL DEFAULT 'clip',
    PRIMARY KEY (dataset, path)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS clips (
    dataset INTEGER NOT NULL, position INTEGER NOT NULL, id NOT NULL, path NOT NULL, key BLOB,
    reason INTEGER, detail, start_us INTEGER, end_us INTEGER, targets TEXT, split TEXT, fold TEXT,
    "group" TEXT, fields TEXT,
    PRIMARY KEY (dataset, position)) WITHOUT ROWID;
{INDEX_LEFT_OUT}
CREATE TABLE IF NOT EXISTS remarks (dataset INTEGER NOT NULL, position INTEGER NOT NULL, kind TEXT, text,
    PRIMARY KEY (dataset, position)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS views (dataset INTEGER NOT NULL, view TEXT NOT NULL, position INTEGER NOT NULL,
    PRIMARY KEY (dataset, view)) WITHOUT ROWID;
"""
HASHES = """
CREATE TABLE IF NOT EXISTS hashes (dataset INTEGER NOT NULL, part TEXT NOT NULL, sha256 TEXT NOT NULL,
    PRIMARY KEY (dataset, part)) WITHOUT ROWID;
"""
FIGURES = """
CREATE TABLE IF NOT EXISTS figures (dataset INTEGER PRIMARY KEY, clips INTEGER NOT NULL,
    used INTEGER NOT NULL, audio INTEGER NOT NULL, seconds REAL NOT NULL, about TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS labels (dataset INTEGER NOT NULL, target TEXT NOT NULL, sha256 TEXT NOT NULL,
    clips TEXT NOT NULL, PRIMARY KEY (dataset, target)) WITHOUT ROWID;
"""
SCHEMA += HASHES + FIGURES
TABLES = ("files", "clips", "remarks", "views", "figures", "labels", "hashes")

# the columns that records are made from
DATASET = "name, root, loader, params, targets, created, updated"
OF_DATASET = "WHERE dataset = (SELECT id FROM datasets WHERE name = ?)"
_FILE = (
    "path, size, mtime_ns, inode, reason, detail, sha256, duration, sample_rate, channels, frames, peak, "
    "mono_peak, rms, sampled, notes, decoder, kind"
)
_CLIP = "id, path, key, reason, detail, start_us, end_us, targets, split, fold, group, fields"
CLIP_COLUMNS, FILE_COLUMNS = _CLIP.split(", "), _FILE.split(", ")
FILES = f"SELECT {_FILE} FROM files {OF_DATASET}"


def _of(table: str, columns: str) -> str:
    return ", ".join(f'{table}."{column}"' for column in columns.split(", "))


def clips_where(condition: str = "TRUE") -> str:
    """The clips of the data set called ``?`` in catalogue order: `CLIP_COLUMNS`, then `FILE_COLUMNS`."""
    return (
        f"SELECT {_of('clips', _CLIP)}, {_of('files', _FILE)} FROM clips LEFT JOIN files "
        "ON files.dataset = clips.dataset AND files.path = clips.path "
        f"WHERE clips.dataset = (SELECT id FROM datasets WHERE name = ?) AND {condition} ORDER BY position"
    )


# asked for every row
_reason, _kind = cache(Reason), cache(FileKind)

VIEWS = f"SELECT view FROM views {OF_DATASET} ORDER BY position"
# the plus lets SQLite take the index of the clips left out instead of the primary key
LEFT_OUT = (
    "SELECT id, reason, detail FROM clips WHERE +dataset = (SELECT id FROM datasets WHERE name = ?) "
    "AND key IS NULL ORDER BY position"
)
REMARKS = f"SELECT kind, text FROM remarks {OF_DATASET} ORDER BY position"


def now() -> str:
    """The current time, UTC, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def stored(text: str) -> str | bytes:
    """Text as SQLite takes it: names that are not UTF-8 become bytes, what no file name can be is escaped."""
    plain = written(text)
    if plain == text:
        return text
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return plain


def text_of(value: str | bytes | None) -> str:
    """What `stored` was given."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    return value or ""


def dataset_record(row: Sequence[Any]) -> DatasetRecord:
    """A data set from its row."""
    name, root, loader, params, targets, created, updated = row
    return DatasetRecord(
        name, text_of(root), loader, json.loads(params), tuple(json.loads(targets)), created, updated
    )


def insert_files(db: sqlite3.Connection, number: int, files: Iterable[FileRecord]) -> None:
    """Add or renew the files of data set `number`."""
    db.executemany(
        "INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        ((number, *file_row(file)) for file in files),
    )


def file_row(file: FileRecord) -> tuple[object, ...]:
    """The row of a file, without the number of its data set: what `file_record` makes it from."""
    seen = (
        stored(file.path),
        file.size,
        file.mtime_ns,
        _signed(file.inode),
        int(file.reason),
        stored(file.detail),
    )
    m = file.measurement
    if m is None:
        return (*seen, *(None,) * 11, file.kind)
    return (
        *seen,
        m.sha256,
        m.duration,
        m.sample_rate,
        m.channels,
        m.frames,
        m.peak,
        m.mono_peak,
        m.rms,
        int(m.sampled),
        json.dumps(m.notes) if m.notes else None,
        m.decoder,
        file.kind,
    )


def _signed(number: int) -> int:
    """An unsigned 64-bit inode as the signed number SQLite holds."""
    return number - (1 << 64) if number >= 1 << 63 else number


def file_record(row: Sequence[Any]) -> FileRecord:
    """A file from its row."""
    (
        path,
        size,
        mtime_ns,
        inode,
        reason,
        detail,
        sha256,
        duration,
        rate,
        channels,
        frames,
        peak,
        mono,
        rms,
        sampled,
        notes,
        decoder,
        kind,
    ) = row
    measured = None
    if sha256 is not None:
        noted = tuple(json.loads(notes)) if notes else ()
        measured = Measurement(
            sha256, duration, rate, channels, frames, peak, mono, rms, bool(sampled), noted, decoder
        )
    unsigned = inode + (1 << 64) if inode < 0 else inode
    return FileRecord(
        text_of(path), size, mtime_ns, unsigned, measured, _reason(reason), text_of(detail), _kind(kind)
    )


def insert_clips(db: sqlite3.Connection, number: int, clips: Iterable[ClipRecord], first: int = 0) -> None:
    """Add clips of data set `number` in catalogue order; the first of them has the position `first`."""
    db.executemany(
        "INSERT INTO clips VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (_clip_row(number, position, clip) for position, clip in enumerate(clips, first)),
    )


def insert_remarks(db: sqlite3.Connection, number: int, remarks: Iterable[Remark]) -> None:
    """Add the remarks of data set `number`."""
    db.executemany(
        "INSERT INTO remarks VALUES (?, ?, ?, ?)",
        ((number, position, one.kind, stored(one.text)) for position, one in enumerate(remarks)),
    )


def update_dataset(db: sqlite3.Connection, number: int, record: DatasetRecord, *, make_last: bool) -> None:
    """Write the fields of data set `number`, which is ready then."""
    db.execute(
        "UPDATE datasets SET root = ?, loader = ?, params = ?, targets = ?, updated = ?, ready = 1, "
        "turn = CASE WHEN ? THEN (SELECT 1 + MAX(turn) FROM datasets) ELSE turn END WHERE id = ?",
        (
            stored(record.root),
            record.loader,
            json.dumps(dict(record.params)),
            json.dumps(list(record.targets)),
            record.updated or now(),
            make_last,
            number,
        ),
    )


def _clip_row(number: int, position: int, clip: ClipRecord) -> tuple[object, ...]:
    return (
        number,
        position,
        stored(clip.id),
        stored(clip.file.path),
        clip.key,
        int(clip.reason),
        stored(clip.detail),
        clip.start_us,
        clip.end_us,
        _targets_json(clip.targets),
        *map(written_all, (clip.split, clip.fold, clip.group)),
        json.dumps(dict(clip.fields)) if clip.fields else "",
    )


def _targets_json(targets: Mapping[str, Target]) -> str:
    return json.dumps(dict(targets)) if targets else ""


def clip_records(rows: Iterable[Sequence[Any]]) -> Iterator[ClipRecord]:
    """Clips from the rows of `clips_where`; segments in a row share the record of their file."""
    before: object = None
    n = len(CLIP_COLUMNS)
    for row in rows:
        if before is None or row[n] != before:
            before, file = row[n], file_record(row[n:])
        yield _clip_record(row[:n], file)


def _clip_record(row: Sequence[Any], file: FileRecord) -> ClipRecord:
    id_, _, key, reason, detail, start_us, end_us, targets, split, fold, group, fields = row
    return ClipRecord(
        text_of(id_),
        file,
        key,
        _reason(reason),
        text_of(detail),
        start_us,
        end_us,
        targets_of(targets),
        split,
        fold,
        group,
        fields_of(fields),
    )


def targets_of(text: str | None) -> dict[str, Target]:
    """Targets from their JSON."""
    loaded = json.loads(text) if text else {}
    return {name: tuple(value) if isinstance(value, list) else value for name, value in loaded.items()}


def fields_of(text: str | None) -> dict[str, str]:
    """Fields from their JSON."""
    return json.loads(text) if text else {}
