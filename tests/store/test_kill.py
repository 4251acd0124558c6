"""Killed anywhere: the next run computes what is open and leaves the bytes of an uninterrupted run."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mxt.store.layout import Store

CLIPS = 200


def contents(folder: Path) -> dict[str, bytes]:
    """All files below a folder but the lock."""
    return {
        str(p.relative_to(folder)): p.read_bytes()
        for p in sorted(folder.rglob("*"))
        if p.is_file() and not p.name.startswith("lock")
    }


@pytest.fixture(scope="module")
def whole(child, tmp_path_factory):
    """The bytes an uninterrupted run leaves."""
    table = child.make_table(Store.open(tmp_path_factory.mktemp("whole") / "store", create=True))
    child.run(table, CLIPS)
    return contents(table.path)


@pytest.mark.parametrize(
    ("point", "nth"),
    [
        ("assigned", 1),
        ("before layers", 1),
        ("after layers", 2),
        ("before state", 1),
        ("before state", 3),
        ("committed", 2),
    ],
)
def test_a_killed_run_is_continued_to_the_same_bytes(point, nth, run_child, child, whole, tmp_path):
    killed = run_child(tmp_path / "store", CLIPS, point, nth)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    table = Store.open(tmp_path / "store").features.find("synthetic")
    settled = {row for row, state in enumerate(table.states()) if state}

    computed = child.run(table, CLIPS)

    assert not settled & set(computed)
    assert len(settled) + len(computed) == CLIPS
    assert contents(table.path) == whole


MANY = 2500  # rows of three of the larger chunks


@pytest.fixture(scope="module")
def large(child, tmp_path_factory):
    """The bytes an uninterrupted run leaves in a table of larger chunks."""
    table = child.make_table(Store.open(tmp_path_factory.mktemp("large") / "store", create=True), MANY)
    child.run(table, MANY)
    assert table.rows_per_chunk == 1024
    return contents(table.path)


@pytest.mark.parametrize(
    ("point", "nth"), [("assigned", 1), ("after layers", 2), ("before state", 1), ("committed", 2)]
)
def test_a_killed_run_of_larger_chunks_is_continued_to_the_same_bytes(
    point, nth, run_child, child, large, tmp_path
):
    killed = run_child(tmp_path / "store", MANY, point, nth)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    table = Store.open(tmp_path / "store").features.find("synthetic")
    settled = {row for row, state in enumerate(table.states()) if state}
    computed = child.run(table, MANY)
    assert not settled & set(computed)
    assert len(settled) + len(computed) == MANY
    assert contents(table.path) == large


def test_runs_killed_at_random_moments_are_continued_to_the_same_bytes(child, whole, tmp_path):
    root, moments = tmp_path / "store", random.Random(7)
    child.make_table(Store.open(root, create=True))
    for _ in range(5):
        (root / "features" / child.FINGERPRINT / "lock.holder").unlink(missing_ok=True)
        process = subprocess.Popen(
            [sys.executable, child.__file__, str(root), str(CLIPS)], stdout=subprocess.DEVNULL
        )
        lock = root / "features" / child.FINGERPRINT / "lock.holder"
        deadline = time.monotonic() + 20
        while process.poll() is None and not lock.exists() and time.monotonic() < deadline:
            time.sleep(0.001)
        time.sleep(moments.uniform(0, 0.04))  # a run takes about 0.04 s
        process.kill()
        process.wait()
    table = Store.open(root).features.find("synthetic")
    child.run(table, CLIPS)
    assert contents(table.path) == whole


def test_rows_assigned_by_a_killed_run_keep_their_places_when_others_come_first(run_child, child, tmp_path):
    run_child(tmp_path / "store", 100, "assigned", 1)
    table = Store.open(tmp_path / "store").features.find("synthetic")
    with table.writer() as writer:
        rows = writer.assign([child.key_of(clip) for clip in (150, 99, 0)])
    assert rows.tolist() == [100, 99, 0]


def test_half_written_files_of_a_killed_run_are_removed_by_the_next(filled, child):
    stray = [filled.path / "state" / "c.0123.partial", filled.path / "zarr.0123.partial"]
    for path in stray:
        path.write_bytes(b"half")
    child.run(filled, 160)
    assert not any(path.exists() for path in stray)


@pytest.mark.parametrize("cut", ["copy longer", "keys missing", "others shorter"])
def test_an_assignment_cut_short_is_finished_or_undone(cut, filled, child, whole):
    from mxt.store.table_arrays import open_array
    from mxt.store.table_schema import AUDIO, COPY

    copy, audio = (open_array(filled.path, name, write=True) for name in (COPY, AUDIO))
    copy.resize((CLIPS, 32))
    if cut == "copy longer":
        copy[150:170] = 255
    else:
        copy[150:] = [list(child.key_of(clip)) for clip in range(150, CLIPS)]
        audio.resize((CLIPS, 32))
        if cut == "others shorter":
            audio[150:] = [list(child.key_of(clip)) for clip in range(150, CLIPS)]
    assert filled.counts()[1:] == (filled.states().tolist().count(1), filled.states().tolist().count(2))
    child.run(filled, CLIPS)
    assert contents(filled.path) == whole
