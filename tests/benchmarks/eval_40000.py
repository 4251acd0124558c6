"""40,000 clips x 160 columns in 10 classes, plain ``mxt eval``: killed once, run again, and timed.

    python tests/benchmarks/eval_40000.py [--rows 40000] [--no-kill] [--folder FOLDER]

The store is made through the store's own interface, without audio. The killed run is ended with SIGKILL as
soon as two folds are kept; the second run must continue from them, and its scores must equal those of an
uninterrupted run.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from mxt.core.records import ClipRecord, DatasetRecord, FileRecord, Measurement
from mxt.core.specs import Layer
from mxt.store.layout import Store

CLASSES, COLUMNS = 10, 160
COMMAND = [sys.executable, "-m", "mxt", "eval", "--json"]


def make_store(root: Path, rows: int) -> None:
    """Write the catalogue and feature table of clips that do not exist."""
    rng = np.random.default_rng(0)
    classes = rng.integers(CLASSES, size=rows)
    # columns are correlated, as real ones are
    mixing = rng.normal(size=(COLUMNS, COLUMNS)) / np.sqrt(COLUMNS)
    X = (rng.normal(size=(rows, COLUMNS)) + 0.25 * rng.normal(size=(CLASSES, COLUMNS))[classes]) @ (
        mixing + 0.3 * np.eye(COLUMNS)
    )
    keys = [hashlib.sha256(str(row).encode()).digest() for row in range(rows)]
    files = [
        FileRecord(f"{c}/{row:05}.wav", 1, 1, 1, Measurement(key.hex(), 1.0, 22050, 1, 22050, 0.5, 0.5, 0.1))
        for row, (c, key) in enumerate(zip(classes, keys, strict=True))
    ]
    store = Store.open(root, create=True)
    clips = [
        ClipRecord(file.path, file, key, targets={"class": f"class {c}"})
        for file, key, c in zip(files, keys, classes, strict=True)
    ]
    store.catalogue.replace_clips(
        DatasetRecord("synthetic", str(root), "folder", {}, ("class",), "", ""), clips
    )
    table = store.features.create(
        hashlib.sha256(b"synthetic").hexdigest(),
        "synthetic",
        {"kind": "extracted"},
        [Layer(1, "all", COLUMNS)],
    )
    with table.writer() as writer:
        for row, values in zip(writer.assign(keys), X.astype(np.float32), strict=True):
            writer.put(int(row), {"all": values})
    store.catalogue.add_view("synthetic", "synthetic")


def run(root: Path, *, kill_after_folds: int | None = None) -> tuple[float, dict[str, Any] | None]:
    """Seconds of one ``mxt eval``, and the view it printed.

    With `kill_after_folds` it is killed once that many folds are kept, and has printed nothing.
    """
    begun = time.monotonic()
    process = subprocess.Popen(
        COMMAND, env={**os.environ, "MXT_STORE": str(root)}, stdout=subprocess.PIPE, text=True
    )
    if kill_after_folds is not None:
        while len(list((root / "results").glob(".partial-*/*.npz"))) < kill_after_folds:
            assert process.poll() is None, "it ended before it could be killed"
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        return time.monotonic() - begun, None
    out, _ = process.communicate()
    assert process.returncode == 0
    return time.monotonic() - begun, json.loads(out)["datasets"][0]["views"][0]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=40_000)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--no-kill", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        root = (options.folder or Path(temporary)) / "store"
        begun = time.monotonic()
        make_store(root, options.rows)
        print(f"store of {options.rows:,} x {COLUMNS} made in {time.monotonic() - begun:.1f} s")
        whole, reference = run(root)
        assert reference is not None
        score = reference["scores"][reference["main"]]["value"]
        print(f"uninterrupted: {whole:.1f} s, {reference['main']} {score:.4f}")
        if options.no_kill:
            return
        killed, _ = run(root, kill_after_folds=2)
        print(f"killed after {killed:.1f} s with two folds kept")
        rest, again = run(root)
        assert again is not None
        print(
            f"resumed: {rest:.1f} s, {again['resumed_folds']} folds kept from before; "
            f"killed + resumed {killed + rest:.1f} s"
        )
        assert again["resumed_folds"] >= 2
        assert again["scores"] == reference["scores"], (
            "a resumed evaluation differs from an uninterrupted one"
        )
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"peak memory {peak:.0f} MB, {len(os.sched_getaffinity(0))} cores")


if __name__ == "__main__":
    main()
