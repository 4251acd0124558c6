"""``mxt eval`` (or ``search``) of a million clips x 160 columns in ten classes, killed once and run again.

    python tests/benchmarks/eval_million.py [--rows 1000000] [--jobs 2] [--folder FOLDER] [--search]
    [--compare]

The store is made through the store's own interface, without audio: five layers of 32 columns, correlated as
real ones are. The first run is ended with SIGKILL as soon as two folds (of a search: two parts) are kept; the
second one must continue from them. `--compare`: a third run, of a store without anything kept, must give
equal scores. With `--folder` the store is kept, and made only where it is not there. Exits with 1 where the
peak memory of a process exceeds 4 GiB.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from mxt.core.records import ClipRecord, DatasetRecord, FileRecord, Measurement
from mxt.core.specs import Layer
from mxt.store.layout import Store

CLASSES, LAYERS, WIDTH, BLOCK = 10, 5, 32, 10_000
MOST_MIB, KEPT = 4096, 2
# the peak memory of a process begins with that of the one that started it: a small one
LAUNCHER = """
import json, os, subprocess, sys
process = subprocess.Popen(sys.argv[2:], stdout=open(sys.argv[1], "wb"))
print(process.pid, flush=True)
_, status, usage = os.wait4(process.pid, 0)
print(json.dumps([status, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024]))
"""


def make_store(root: Path, rows: int) -> None:
    """Write the catalogue and feature table of clips that do not exist."""
    store = Store.open(root, create=True)
    classes = np.random.default_rng(0).integers(CLASSES, size=rows)
    record = DatasetRecord("synthetic", "/nowhere", "folder", {}, ("class",), "", "")
    store.catalogue.replace_clips(record, _clips(classes))
    layers = [Layer(i + 1, f"block{i + 1}", WIDTH) for i in range(LAYERS)]
    fingerprint = hashlib.sha256(b"synthetic").hexdigest()
    table = store.features.create(fingerprint, "synthetic", {"kind": "extracted"}, layers, rows=rows)
    rng, columns = np.random.default_rng(1), LAYERS * WIDTH
    means = 0.25 * rng.normal(size=(CLASSES, columns))
    mixing = rng.normal(size=(columns, columns)) / np.sqrt(columns) + 0.3 * np.eye(columns)
    with table.writer() as writer:
        numbers = writer.assign([_key(row) for row in range(rows)]).tolist()
        for first in range(0, rows, BLOCK):
            own = classes[first : first + BLOCK]
            X = ((rng.normal(size=(len(own), columns)) + means[own]) @ mixing).astype(np.float32)
            for row, values in zip(numbers[first : first + BLOCK], X, strict=True):
                parts = np.split(values, LAYERS)
                writer.put(row, {layer.name: part for layer, part in zip(layers, parts, strict=True)})
    store.catalogue.add_view("synthetic", "synthetic")


def _key(row: int) -> bytes:
    return hashlib.sha256(str(row).encode()).digest()


def _clips(classes: np.ndarray) -> Iterator[ClipRecord]:
    for row, number in enumerate(classes.tolist()):
        key = _key(row)
        measured = Measurement(key.hex(), 1.0, 22050, 1, 22050, 0.5, 0.5, 0.1)
        file = FileRecord(f"{number}/{row:07}.wav", 1, 1, 1, measured)
        yield ClipRecord(
            file.path, file, key, targets={"class": f"class {number}"}, fields={"take": str(row)}
        )


def run(root: Path, words: list[str], *, kill_after: int | None = None) -> dict[str, Any]:
    """Run one command, and measure it; with `kill_after` it is killed once that many parts are kept."""
    begun = time.monotonic()
    with tempfile.NamedTemporaryFile() as out:
        command = [sys.executable, "-m", "mxt", *words, "--json", "--store", str(root)]
        launcher = subprocess.Popen(
            [sys.executable, "-c", LAUNCHER, out.name, *command], stdout=subprocess.PIPE
        )
        assert launcher.stdout is not None
        pid = int(launcher.stdout.readline())
        while kill_after is not None and launcher.poll() is None:
            if len(list((root / "results").glob(".partial-*/*.npz"))) >= kill_after:
                os.kill(pid, signal.SIGKILL)
                break
            time.sleep(0.05)
        status, cpu, peak = json.loads(launcher.stdout.read())
        assert (status == 0) == (kill_after is None), f"it ended with {status}"
        printed = json.loads(Path(out.name).read_bytes()) if kill_after is None else None
    seconds = time.monotonic() - begun
    return {"wall": seconds, "cpu": cpu, "peak": peak, "printed": printed}


def scores_of(ran: dict[str, Any]) -> dict[str, Any]:
    """What a command found."""
    (found,) = ran["printed"].get("searches") or ran["printed"]["datasets"]
    return found["scores"] if "scores" in found else found["views"][0]["scores"]


def kept(root: Path) -> float:
    """MiB of what unfinished work keeps."""
    return sum(path.stat().st_size for path in (root / "results").glob(".partial-*/*")) / 2**20


def saved(root: Path) -> str:
    """Sizes of the files of the last result."""
    last = max(path for path in (root / "results").iterdir() if not path.name.startswith("."))
    return ", ".join(f"{path.name} {path.stat().st_size / 2**20:.1f} MiB" for path in sorted(last.iterdir()))


def main() -> int:
    """Make the store, run, kill, run again, and print what it took."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--search", action="store_true", help="search single layers rather than evaluate")
    parser.add_argument("--compare", action="store_true", help="also run uninterrupted")
    options = parser.parse_args()
    words = ["search", "--candidates", "single"] if options.search else ["eval"]
    words += ["--head", "linear", "--jobs", str(options.jobs)]
    with tempfile.TemporaryDirectory() as temporary:
        root = (options.folder or Path(temporary)) / "store"
        if not root.exists():
            begun = time.monotonic()
            make_store(root, options.rows)
            print(f"store of {options.rows:,} x {LAYERS * WIDTH} made in {time.monotonic() - begun:.0f} s")
        runs = {"killed": run(root, words, kill_after=KEPT)}
        print(f"killed with {kept(root):.1f} MiB kept")
        runs["run again"] = again = run(root, words)
        print(f"scores {json.dumps(scores_of(again))}; saved: {saved(root)}; {kept(root):.1f} MiB kept")
        if options.compare:
            shutil.rmtree(root / "results")
            runs["uninterrupted"] = run(root, words)
            assert scores_of(runs["uninterrupted"]) == scores_of(again), (
                "a run that was killed gives other scores"
            )
    for name, ran in runs.items():
        print(f"{name}: {ran['wall']:.0f} s, CPU {ran['cpu']:.0f} s, peak {ran['peak']:,.0f} MiB")
    return int(max(ran["peak"] for ran in runs.values()) > MOST_MIB)


if __name__ == "__main__":
    raise SystemExit(main())
