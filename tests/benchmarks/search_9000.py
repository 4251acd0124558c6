"""Time and peak memory of a layer search over 9,000 clips x 160 columns, the size of UrbanSound8K.

    python tests/benchmarks/search_9000.py [--rows 9000] [--protocol nested] [--layers 12345] [--jobs 2]
    [--engine threads|dask] [--folder FOLDER] [--save FILE.json]

The clips come in ten given folds. By default the search is what ``mxt search`` does with all data sets above
5,000 clips: nested, with the linear head. With ``--protocol choi2017`` it fits the paper's 32 support vector
machines per combination: kernels of 525 MB and about a second per fit; where classes overlap, the linear
kernel with large C takes many seconds, because its iterations grow with C: hours for all 31 combinations.

The store is made through the store's own interface, without audio. ``mxt search`` runs in a process of its
own, whose peak memory is that of all its workers (they are threads; with ``--engine dask``, that of the
largest process). Exits with 1 where that exceeds 4 GiB. With ``--folder`` the store is kept, and a stopped
run continues, whatever the engine; the seconds are then those of the last run. With ``--save`` what was found
is kept, without times: both engines have to save the same.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
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

CLASSES, LAYERS, WIDTH, FOLDS = 10, 5, 32, 10
# standard deviations of the published features by layer: on raw columns, what C means depends on them
SPREAD = (0.2, 0.2, 0.4, 0.6, 0.3)
MOST_MIB = 4096


def make_store(root: Path, rows: int) -> None:
    """Write catalogue and features of clips that do not exist; deeper layers separate the classes better."""
    rng = np.random.default_rng(0)
    classes, columns = rng.integers(CLASSES, size=rows), LAYERS * WIDTH
    strength = np.repeat(np.linspace(0.3, 0.5, LAYERS), WIDTH)
    # columns are correlated, as real ones are
    mixing = rng.normal(size=(columns, columns)) / np.sqrt(columns)
    X = (rng.normal(size=(rows, columns)) + strength * rng.normal(size=(CLASSES, columns))[classes]) @ (
        mixing + 0.3 * np.eye(columns)
    )
    X *= np.repeat(SPREAD, WIDTH) / X.std(axis=0)
    keys = [hashlib.sha256(str(row).encode()).digest() for row in range(rows)]
    store = Store.open(root, create=True)
    clips = []
    for row, (c, key) in enumerate(zip(classes, keys, strict=True)):
        file = FileRecord(
            f"fold{row % FOLDS + 1}/{row:05}.wav",
            1,
            1,
            1,
            Measurement(key.hex(), 1.0, 22050, 1, 22050, 0.5, 0.5, 0.1),
        )
        clips.append(
            ClipRecord(file.path, file, key, targets={"class": f"class {c}"}, fold=str(row % FOLDS + 1))
        )
    store.catalogue.replace_clips(
        DatasetRecord("synthetic", str(root), "folder", {}, ("class",), "", ""), clips
    )
    layers = [Layer(i + 1, f"block{i + 1}", WIDTH) for i in range(LAYERS)]
    table = store.features.create(
        hashlib.sha256(b"synthetic").hexdigest(), "synthetic", {"kind": "extracted"}, layers
    )
    with table.writer() as writer:
        for row, values in zip(writer.assign(keys), X.astype(np.float32), strict=True):
            writer.put(
                int(row),
                {layer.name: part for layer, part in zip(layers, np.split(values, LAYERS), strict=True)},
            )
    store.catalogue.add_view("synthetic", "synthetic")


def save(search: dict[str, Any], store: Store, path: Path) -> None:
    """Keep rows, scores, winners, and a hash of all predictions; not how long it took."""
    predictions = store.results.predictions(search["result"])
    digest = hashlib.sha256()
    for name in sorted(predictions):
        digest.update(name.encode() + predictions[name].tobytes())
    names = ("rows", "scores", "chosen", "fits", "spared")
    kept = {name: search[name] for name in names} | {"predictions": digest.hexdigest()}
    path.write_text(json.dumps(kept, indent=1, sort_keys=True))


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=9000)
    parser.add_argument("--protocol", default="nested")
    parser.add_argument("--layers", default="12345")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--engine", default="threads")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--save", type=Path)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        root = (chosen.folder or Path(temporary)) / "store"
        if not root.exists():
            make_store(root, chosen.rows)
        words = [
            "--features",
            f"synthetic:{chosen.layers}",
            "--protocol",
            chosen.protocol,
            "--jobs",
            str(chosen.jobs),
            "--engine",
            chosen.engine,
            "--json",
        ]
        begun = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "mxt", "search", *words],
            env={**os.environ, "MXT_STORE": str(root)},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        seconds = time.monotonic() - begun
        (search,) = json.loads(done.stdout)["searches"]
        if chosen.save:
            save(search, Store.open(root, read_only=True), chosen.save)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    best, score = search["rows"][search["best"]], search["scores"][search["main"]]
    peak = used.ru_maxrss / 1024
    print(
        f"{chosen.rows:,} x {LAYERS * WIDTH}, layers {chosen.layers}: {len(search['rows'])} combinations, "
        f"{search['head']['name']}, {search['folds']}"
    )
    print(
        f"{search['fits']:,} fits, {search['spared']:,} spared; {seconds:.0f} s on "
        f"{len(os.sched_getaffinity(0))} cores with {chosen.jobs} workers ({chosen.engine}), "
        f"processor {used.ru_utime + used.ru_stime:.0f} s"
    )
    print(
        f"best in hindsight {best['name']} {best['score']['value']:.4f}, "
        f"as a whole {score['value']:.4f}; peak memory {peak:,.0f} MiB"
    )
    return int(peak > MOST_MIB)


if __name__ == "__main__":
    raise SystemExit(main())
