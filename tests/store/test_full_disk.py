"""A file system that fills up: one clear line, finished chunks stay, the same command continues later."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from mxt.core.errors import StoreFull
from mxt.core.specs import Layer
from mxt.store.features import DONE, OPEN
from mxt.store.layout import Store
from mxt.store.verify import verify

WIDE, NARROW = (tuple(Layer(i, f"block{i}", dimension) for i in range(1, 4)) for dimension in (64, 8))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MiB."""
    folder = tmp_path / "small"
    folder.mkdir()
    made = shutil.which("mount") and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if not made or made.returncode:
        pytest.skip("no permission to mount a small file system")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=False)


def fill(folder: Path, leave: int) -> Path:
    """Leave so many bytes free."""
    ballast = folder / "ballast"
    with ballast.open("wb") as file:
        file.write(bytes(shutil.disk_usage(folder).free - leave))
    return ballast


def make_table(store: Store, layers=WIDE, rows: int = 0):
    return store.features.create("ab" * 32, "noise", {}, layers, rows=rows)


def compute(table, keys):
    """Settle what is open, with noise that does not compress."""
    computed = []
    with table.writer() as writer:
        rows = writer.assign(keys).tolist()
        still = set(writer.open_rows().tolist())
        for row in rows:
            if row in still:
                computed.append(row)
                rng = np.random.default_rng(row)
                writer.put(
                    row,
                    {
                        layer.name: rng.normal(size=layer.dimension).astype(np.float32)
                        for layer in table.layers
                    },
                )
    return computed


@pytest.mark.parametrize(
    ("clips", "layers", "planned", "rows"), [(400, WIDE, 0, 64), (2500, NARROW, 10_000, 1024)]
)
def test_a_full_disk_keeps_what_is_finished_and_the_same_command_goes_on(
    clips, layers, planned, rows, small_disk, keys, tmp_path
):
    store = Store.open(small_disk / "store", create=True)
    store.catalogue.datasets()
    table = make_table(store, layers, planned)
    assert table.rows_per_chunk == rows
    with table.writer() as writer:
        writer.assign(keys(clips))
    ballast = fill(small_disk, 170_000)

    with pytest.raises(
        StoreFull, match=r"no space left while writing .* free some space and run the same command again"
    ):
        compute(table, keys(clips))
    finished = np.flatnonzero(table.states() == DONE)
    assert 0 < len(finished) < clips
    assert len(finished) % rows == 0
    X, state = table.read(keys(clips), [layer.name for layer in layers])
    assert not np.isnan(X[state == DONE]).any()
    assert verify(store).sound
    assert not list(table.path.rglob("*.partial"))

    ballast.unlink()
    assert compute(table, keys(clips)) == np.setdiff1d(np.arange(clips), finished).tolist()
    whole = make_table(Store.open(tmp_path / "whole", create=True), layers, planned)
    compute(whole, keys(clips))
    for path in sorted(whole.path.rglob("*")):
        if path.is_file() and not path.name.startswith("lock"):
            assert (table.path / path.relative_to(whole.path)).read_bytes() == path.read_bytes(), path.name


def test_rows_that_could_not_be_assigned_are_assigned_later(small_disk, keys):
    store = Store.open(small_disk / "store", create=True)
    table = make_table(store)
    ballast = fill(small_disk, 8192)
    with pytest.raises(StoreFull, match="no space left"):
        compute(table, keys(400))
    ballast.unlink()
    assert table.counts()[1:] == (0, 0)
    assert compute(table, keys(400)) == list(range(400))
    assert (table.states() != OPEN).all()


@pytest.mark.parametrize("what", ["table", "result", "fold", "run", "store"])
def test_everything_that_is_written_says_that_the_disk_is_full(what, small_disk):
    store = Store.open(small_disk / "store", create=True)
    fill(small_disk, 0)
    attempts = {
        "table": lambda: make_table(store),
        "result": lambda: store.results.publish({}, {"x": np.arange(10_000)}),
        "fold": lambda: store.results.scratch("key").put(1, {"x": np.arange(10_000)}),
        "run": lambda: store.log_run({"text": "x" * 10_000}),
        "store": lambda: Store.open(small_disk / "other", create=True),
    }
    with pytest.raises(StoreFull, match="no space left"):
        attempts[what]()
