"""Killed anywhere: the next run computes what is open and leaves the bytes of an uninterrupted run."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from mxt.store.layout import Store

CLIPS, MANY = 200, 2500  # rows of four chunks of 64 rows; of three of the larger ones


def contents(folder: Path) -> dict[str, bytes]:
    """All files below a folder but the lock."""
    return {
        str(p.relative_to(folder)): p.read_bytes()
        for p in sorted(folder.rglob("*"))
        if p.is_file() and not p.name.startswith("lock")
    }


@dataclass(frozen=True)
class Whole:
    """How many clips a run has, and the bytes that it leaves when nothing interrupts it."""

    clips: int
    left: dict[str, bytes]


@pytest.fixture(scope="module", params=[CLIPS, MANY])
def whole(request, child, tmp_path_factory):
    """A run that is not interrupted, with chunks of either size."""
    store = Store.open(tmp_path_factory.mktemp("whole") / "store", create=True)
    table = child.make_table(store, request.param)
    child.run(table, request.param)
    assert table.rows_per_chunk == {CLIPS: 64, MANY: 1024}[request.param]
    return Whole(request.param, contents(table.path))


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
    killed = run_child(tmp_path / "store", whole.clips, point, nth)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    table = Store.open(tmp_path / "store").features.find("synthetic")
    settled = {row for row, state in enumerate(table.states()) if state}

    computed = child.run(table, whole.clips)

    assert not settled & set(computed)
    assert len(settled) + len(computed) == whole.clips
    assert contents(table.path) == whole.left


def test_runs_killed_at_random_moments_are_continued_to_the_same_bytes(child, whole, tmp_path):
    root, moments = tmp_path / "store", random.Random(7)
    child.make_table(Store.open(root, create=True), whole.clips)
    for _ in range(5):
        (root / "features" / child.FINGERPRINT / "lock.holder").unlink(missing_ok=True)
        process = subprocess.Popen(
            [sys.executable, child.__file__, str(root), str(whole.clips)], stdout=subprocess.DEVNULL
        )
        lock = root / "features" / child.FINGERPRINT / "lock.holder"
        deadline = time.monotonic() + 20
        while process.poll() is None and not lock.exists() and time.monotonic() < deadline:
            time.sleep(0.001)
        time.sleep(moments.uniform(0, 0.0002 * whole.clips))  # about as long as a run takes
        process.kill()
        process.wait()
    table = Store.open(root).features.find("synthetic")
    child.run(table, whole.clips)
    assert contents(table.path) == whole.left


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
def test_an_assignment_cut_short_is_finished_or_undone(cut, store, child, whole):
    from mxt.store.table_arrays import open_array
    from mxt.store.table_schema import AUDIO, COPY

    clips, assigned = whole.clips, whole.clips - 50
    filled = child.make_table(store, clips)
    child.run(filled, assigned)
    copy, audio = (open_array(filled.path, name, write=True) for name in (COPY, AUDIO))
    copy.resize((clips, 32))
    if cut == "copy longer":
        copy[assigned : assigned + 20] = 255
    else:
        copy[assigned:] = [list(child.key_of(clip)) for clip in range(assigned, clips)]
        audio.resize((clips, 32))
        if cut == "others shorter":
            audio[assigned:] = [list(child.key_of(clip)) for clip in range(assigned, clips)]
    assert filled.counts()[1:] == (filled.states().tolist().count(1), filled.states().tolist().count(2))
    child.run(filled, clips)
    assert contents(filled.path) == whole.left
