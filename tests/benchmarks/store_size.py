"""Time, CPU and peak memory of commands, and files of the store, against the number of clips.

    python tests/benchmarks/store_size.py [10³ 10⁴ …] [--files 10³ …] [--most eval=100000]
        [--rows FILE.jsonl] [--figure FILE.png] [--table FILE.md]

Features without audio (160 columns, ten classes, the published form of Choi et al. 2017) go through every
command that reads them; an extraction with nothing to do is asked for on a catalogue of as many clips whose
features are there. `--files`: short WAVs are ingested twice, beside a plain walk with ``os.scandir`` and
``stat``. `--most` leaves a command out for more clips than it names.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
import wave
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from mxt.core.records import ClipRecord, DatasetRecord, FileRecord, Measurement
from mxt.extraction.plan import make_plan
from mxt.extraction.request import ExtractRequest
from mxt.registry import build_registry
from mxt.store.layout import Store

TASK, LAYERS, BLOCK, CLASSES = "jamendo_vd", 5, 10_000, 10
APART = 0.2  # deviation of the means of classes, in deviations of the noise
HEADINGS = ("clips", "command", "wall_s", "cpu_s", "peak_mib", "files", "mib")
Row = dict[str, float | str]


def write_features(root: Path, clips: int) -> None:
    """A table and five layers of 32 columns: a mean for each class, and noise."""
    (root / "csv").mkdir(parents=True)
    (root / "features").mkdir()
    with (root / "csv" / f"{TASK}.csv").open("w") as file:
        file.write("id,filepath,label\n")
        for i in range(clips):
            path = f"tracks/{i % 997:03d}/track_{i // 8:07d}_{i % 8}.ogg"
            file.write(f"{i},{path},{i * 7 % CLASSES}\n")
    rng = np.random.default_rng(0)
    label = np.arange(clips) * 7 % CLASSES
    for k in range(LAYERS):
        means = APART * rng.standard_normal((CLASSES, 32), np.float32)
        path = root / "features" / f"{TASK}_layer_{k}.npy"
        X = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=(clips, 32))
        for first in range(0, clips, BLOCK):
            of_block = means[label[first : first + BLOCK]]
            X[first : first + BLOCK] = of_block + rng.standard_normal(of_block.shape, np.float32)
        X.flush()


def write_catalogue(root: Path, clips: int) -> None:
    """A store of clips that were measured, with features of each of them."""
    store = Store.open(root, create=True)
    record = DatasetRecord("sounds", "/nowhere", "folder", {}, ("label",), "", "")
    store.catalogue.replace_clips(record, _clips(clips))
    plan = make_plan(root, ExtractRequest("mfcc"), build_registry())
    table, rng = plan.create_table(), np.random.default_rng(0)
    with table.writer() as writer:
        rows = writer.assign(list(plan.contents)).tolist()
        for first in range(0, clips, BLOCK):
            X = rng.standard_normal((BLOCK, table.layers[0].dimension), np.float32)
            for row, x in zip(rows[first : first + BLOCK], X, strict=False):
                writer.put(row, {table.layers[0].name: x})


def _clips(number: int) -> Iterator[ClipRecord]:
    for i in range(number):
        sha256 = hashlib.sha256(str(i).encode()).hexdigest()
        measured = Measurement(sha256, 1.0, 8000, 1, 8000, 0.5, 0.5, 0.1, decoder="libsndfile 1.2")
        file = FileRecord(f"{i % 1000:03d}/{i:07d}.wav", 16_044, 10**18 + i, i + 1, measured)
        targets, fields = {"label": str(i % 10)}, {"take": str(i)}
        yield ClipRecord(file.path, file, bytes.fromhex(sha256), targets=targets, fields=fields)


def write_sounds(root: Path, files: int) -> None:
    """WAVs of a fifth of a second, a hundred to a folder."""
    noise = np.random.default_rng(0).integers(-(2**15), 2**15, 1600, dtype=np.int16).tobytes()
    for i in range(files):
        path = root / f"class{i % 10}" / f"{i // 1000:03d}" / f"{i:06d}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(8000)
            file.writeframes(i.to_bytes(4, "little") + noise[4:])


# the peak memory of a process begins with that of the one that started it: a small one
LAUNCHER = """
import json, os, subprocess, sys, tempfile
with tempfile.TemporaryFile() as said:
    process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=said)
    _, status, usage = os.wait4(process.pid, 0)
    said.seek(0)
    if status:
        sys.exit(said.read().decode(errors="replace"))
print(json.dumps([usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024]))
"""

# modules that are compiled once, as those of an installed package are
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def measured(command: Sequence[str], store: Path) -> Row:
    """What one command takes, in a process of its own, and what the store holds afterwards."""
    begun = time.monotonic()
    launcher = [sys.executable, "-c", LAUNCHER, *command]
    launched = subprocess.run(launcher, stdout=subprocess.PIPE, check=True, env=ENVIRONMENT)
    seconds = time.monotonic() - begun
    cpu, peak = json.loads(launched.stdout)
    there = [path.stat().st_size for path in store.rglob("*") if path.is_file()]
    return {
        "wall_s": round(seconds, 2),
        "cpu_s": round(cpu, 2),
        "peak_mib": round(peak),
        "files": len(there),
        "mib": round(sum(there) / 2**20, 1),
    }


def mxt(*words: object, store: Path) -> Row:
    """Measure ``mxt WORDS --store STORE``."""
    return measured([sys.executable, "-m", "mxt", *map(str, words), "--store", str(store)], store)


def measure_features(folder: Path, clips: int, most: Mapping[str, int]) -> Iterator[Row]:
    """The commands on features without audio, and an extraction with nothing to do."""
    features, store, other = folder / "features", folder / "store", folder / "other"
    write_features(features, clips)
    for name, words in {
        "ingest": ("ingest", features),
        "second ingest": ("ingest", features),
        "ls": ("ls",),
        "ls --clips": ("ls", "--clips", "--json"),
        "info": ("info", TASK),
        "verify": ("verify",),
        "prune --dry-run": ("prune", "--dry-run"),
        "similar": ("similar", "tracks/001/track_0000000_1.ogg"),
        "export": ("export", "choi2017_convnet", folder / "features.parquet"),
        "eval": ("eval", "--head", "linear"),
        "report": ("report", "--out", folder / "report.html"),
    }.items():
        if clips <= most.get(name, clips) and (name != "report" or any((store / "results").glob("*"))):
            yield {"clips": clips, "command": name, **mxt(*words, store=store)}
    write_catalogue(other, clips)
    nothing = mxt("extract", "--backbone", "mfcc", store=other)
    yield {"clips": clips, "command": "extract, nothing to do", **nothing}


def measure_files(folder: Path, files: int) -> Iterator[Row]:
    """Ingest of real files, and a plain walk over them."""
    sounds, store = folder / "sounds", folder / "store"
    write_sounds(sounds, files)
    for name in ("ingest of files", "second ingest of files"):
        yield {"clips": files, "command": name, **mxt("ingest", sounds, store=store)}
    walk = (
        "import os, sys\ndef walk(path):\n for entry in os.scandir(path):\n  entry.stat()\n"
        "  entry.is_dir() and walk(entry.path)\nwalk(sys.argv[1])"
    )
    yield {
        "clips": files,
        "command": "plain walk",
        **measured([sys.executable, "-c", walk, str(sounds)], store),
    }
    write_sounds(folder / "one", 1)
    _, again = (mxt("ingest", folder / "one", store=folder / "other") for _ in range(2))
    yield {"clips": files, "command": "second ingest of one file", **again}


def draw(rows: Sequence[Row], path: Path) -> None:
    """Time, CPU time, peak memory and files against the number of clips, all logarithmic."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(2, 2, figsize=(11, 8), layout="constrained", sharex=True)
    words = {
        "wall_s": "time (s)",
        "cpu_s": "CPU time (s)",
        "peak_mib": "peak memory (MiB)",
        "files": "files in the store",
    }
    commands = list(dict.fromkeys(str(row["command"]) for row in rows))
    for axis, (what, label) in zip(axes.flat, words.items(), strict=True):
        for number, command in enumerate(commands):
            if what == "files" and not command.startswith("ingest"):  # the others hardly add any
                continue
            own = sorted((row["clips"], row[what]) for row in rows if row["command"] == command)
            style = {"color": f"C{number % 10}", "marker": "os^"[number // 10], "markersize": 4}
            axis.loglog(*zip(*own, strict=True), label=command, **style)
        axis.set_ylabel(label)
        axis.grid(which="both", alpha=0.2)
    for axis in axes[1]:
        axis.set_xlabel("clips")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside right center", fontsize=9)
    figure.savefig(path, dpi=120)
    plt.close(figure)


def markdown(rows: Sequence[Row]) -> str:
    """One line per command, one column per number of clips: time, CPU time, peak memory, the store."""
    numbers = sorted({int(row["clips"]) for row in rows})
    cells = {
        (row["command"], row["clips"]): "{wall_s} s ({cpu_s} s of CPU), {peak_mib} MiB".format(**row)
        for row in rows
    }
    cells |= {
        ("store", row["clips"]): "{files} files, {mib} MiB".format(**row)
        for row in rows
        if row["command"] == "ingest"
    }
    lines = [
        f"| {' | '.join(('', *(f'{number:,} clips' for number in numbers)))} |",
        "|---" * (1 + len(numbers)) + "|",
    ]
    for command in dict.fromkeys(name for name, _ in cells):
        lines.append(f"| {' | '.join((command, *(cells.get((command, n), '') for n in numbers)))} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure, print one line per command, draw, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clips", nargs="*", type=int, default=[1_000, 10_000])
    parser.add_argument("--files", nargs="*", type=int, default=[])
    parser.add_argument("--most", nargs="*", default=[], metavar="COMMAND=CLIPS")
    parser.add_argument("--figure", type=Path)
    parser.add_argument("--table", type=Path)
    parser.add_argument("--rows", type=Path, help="JSON lines that are added to, and drawn together")
    options = parser.parse_args()
    most = {name: int(number) for name, number in (text.split("=") for text in options.most)}
    rows: list[Row] = []
    if options.rows and options.rows.exists():
        rows = [json.loads(line) for line in options.rows.read_text().splitlines()]
    print(*HEADINGS, sep="\t")
    for measure, numbers in (
        (partial(measure_features, most=most), options.clips),
        (measure_files, options.files),
    ):
        for number in filter(None, numbers):  # 0: draw what was measured before
            with tempfile.TemporaryDirectory() as folder:
                for row in measure(Path(folder), number):
                    rows.append(row)
                    print(*(row[name] for name in HEADINGS), sep="\t", flush=True)
                    if options.rows:
                        with options.rows.open("a") as file:
                            file.write(json.dumps(row) + "\n")
    if options.figure:
        draw(rows, options.figure)
    if options.table:
        options.table.write_text(markdown(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
