"""The catalogue gives clips as columns, and they are the clips it gives as records."""

from __future__ import annotations

import os
import sqlite3
import tracemalloc
from contextlib import closing
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mxt.core.clips import Clips
from mxt.core.errors import Reason, StoreDamaged, UnknownName
from mxt.core.records import ClipRecord, DatasetRecord, FileKind, FileRecord, Measurement
from mxt.store.catalogue import Catalogue

RECORD = DatasetRecord("notes", "/music", "folder", {}, ("label",), "", "")
NAMES = st.one_of(
    st.binary(min_size=1, max_size=6).map(os.fsdecode),
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=6),
).filter(lambda name: "\0" not in name)
TEXTS = st.one_of(st.none(), st.sampled_from(["", "a", "ä", "1"]))
TARGETS = st.one_of(
    st.none(), st.sampled_from(["rock", "1", ""]), st.floats(allow_infinity=False, allow_nan=False),
    st.lists(st.sampled_from("xyz"), max_size=2).map(tuple),
)  # fmt: skip
MEASURED = st.builds(
    Measurement,
    sha256=st.sampled_from(["0" * 64, "ab" * 32]),
    duration=st.floats(0, 1e4),
    sample_rate=st.sampled_from([8000, 44100]),
    channels=st.just(1),
    frames=st.integers(0, 2**40),
    peak=st.floats(0, 1),
    mono_peak=st.floats(0, 1),
    rms=st.floats(0, 1),
    sampled=st.booleans(),
    notes=st.sampled_from([(), ("silent",), ("dc", "clipped")]),
    decoder=st.sampled_from(["", "libsndfile 1.2"]),
)
FILES = st.builds(
    FileRecord,
    path=NAMES,
    size=st.integers(0, 2**63 - 1),
    mtime_ns=st.integers(0, 2**62),
    inode=st.integers(0, 2**64 - 1),
    measurement=st.one_of(st.none(), MEASURED),
    reason=st.sampled_from([Reason.NONE, Reason.NOT_AUDIO]),
    detail=st.one_of(st.just(""), NAMES),
    kind=st.sampled_from(FileKind),
)


@st.composite
def clips(draw) -> list[ClipRecord]:
    """Clips of a few files, whole or segments, with whatever columns."""
    files = draw(st.lists(FILES, min_size=1, max_size=4, unique_by=lambda file: file.path))
    own = st.builds(
        ClipRecord,
        id=NAMES,
        file=st.sampled_from(files),
        key=st.one_of(st.none(), st.binary(min_size=32, max_size=32).filter(any)),
        reason=st.sampled_from([Reason.NONE, Reason.TOO_SHORT]),
        detail=st.one_of(st.just(""), NAMES),
        start_us=st.one_of(st.none(), st.integers(0, 10**9)),
        end_us=st.one_of(st.none(), st.integers(0, 10**9)),
        targets=st.dictionaries(st.sampled_from(["label", "other"]), TARGETS),
        split=TEXTS,
        fold=TEXTS,
        group=TEXTS,
        fields=st.dictionaries(st.sampled_from(["label", "artist"]), st.sampled_from(["", "Ann", "2"])),
    )
    return draw(st.lists(own, max_size=8))


@settings(max_examples=100, deadline=None)
@given(clips=clips())
def test_columns_say_what_the_records_say(tmp_path_factory, clips):
    catalogue = Catalogue(tmp_path_factory.mktemp("c") / "catalogue.sqlite")
    catalogue.replace_clips(RECORD, clips)
    records, columns = catalogue.clips("notes"), catalogue.columns("notes")
    assert list(columns) == records
    assert [columns[row] for row in range(len(records))] == records
    for column in fields(Clips):
        if column.name != "records":
            ours, theirs = getattr(columns, column.name), getattr(Clips.of(records), column.name)
            assert list(map(repr, ours)) == list(map(repr, theirs)), column.name
    assert columns.names() == Clips.of(records).names()
    for name in ("label", "artist", "nothing"):
        assert list(columns.values(name)) == list(Clips.of(records).values(name))


def many(n: int) -> list[ClipRecord]:
    measured = Measurement("0" * 64, 1.0, 8000, 1, 8000, 0.5, 0.5, 0.1)
    clip = ClipRecord("", FileRecord("", 1, 2, 3, measured), b"")
    return [
        replace(
            clip,
            id=f"{i % 100}/{i:07}.wav",
            file=replace(clip.file, path=f"{i % 100}/{i:07}.wav", inode=i),
            key=i.to_bytes(32, "big"),
            targets={"label": str(i % 10)},
            fields={"take": str(i)},
        )
        for i in range(1, n + 1)
    ]


def test_columns_take_few_bytes_for_each_clip(tmp_path):
    n, catalogue = 20_000, Catalogue(tmp_path / "catalogue.sqlite")
    catalogue.replace_clips(RECORD, many(n))
    catalogue.columns("notes")  # imports are not counted
    tracemalloc.start()
    columns = catalogue.columns("notes")
    columns.values("label"), columns[columns.durations > 2], columns.groups.distinct()
    kept, peak = tracemalloc.get_traced_memory()
    records = list(columns)
    as_records = tracemalloc.get_traced_memory()[0] - kept
    tracemalloc.stop()
    assert len(records) == n
    assert kept < 60 * n  # beside what Arrow holds
    assert as_records > 20 * kept
    assert peak < 800 * n


def test_changed_columns_are_told_rather_than_used(tmp_path):
    catalogue = Catalogue(tmp_path / "catalogue.sqlite")
    catalogue.replace_clips(RECORD, many(10))
    with closing(sqlite3.connect(catalogue.path)) as db, db:
        db.execute('UPDATE clips SET targets = \'{"label": "2"}\' WHERE position = 3')
    with pytest.raises(StoreDamaged, match="clips of data set notes are not what was written"):
        catalogue.columns("notes")


def test_values_that_were_never_written_are_damage(tmp_path):
    """Catalogues of schema 1 have no hashes."""
    catalogue = Catalogue(tmp_path / "catalogue.sqlite")
    catalogue.replace_clips(RECORD, many(10))
    with closing(sqlite3.connect(catalogue.path)) as db, db:
        db.execute("DELETE FROM hashes")
        db.execute("UPDATE clips SET targets = '{' WHERE position = 3")
    columns = catalogue.columns("notes")
    with pytest.raises(StoreDamaged, match="is damaged"):
        columns.values("label")
    with closing(sqlite3.connect(catalogue.path)) as db, db:
        db.execute("DELETE FROM files")
    with pytest.raises(StoreDamaged, match="a clip has no file"):
        catalogue.columns("notes")


def test_an_unknown_data_set_is_named(tmp_path):
    catalogue = Catalogue(tmp_path / "catalogue.sqlite")
    catalogue.replace_clips(RECORD, many(2))
    with pytest.raises(UnknownName, match="nots"):
        catalogue.columns("nots")
    assert np.array_equal(catalogue.columns("notes").rows, [0, 1])
