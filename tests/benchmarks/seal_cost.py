"""What seals and hashes cost: this code and another checkout extract, evaluate and verify in turn.

    python tests/benchmarks/seal_cost.py OTHER_CHECKOUT FOLDER [ROUNDS]

FOLDER holds recordings in class folders.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

STEPS = {
    "extract mfcc": ("extract", "--backbone", "mfcc"),
    "extract again": ("extract", "--backbone", "mfcc"),
    "eval": ("eval", "--features", "mfcc", "--head", "linear"),
    "verify": ("verify",),
    "ls": ("ls",),
}


def run(checkout: Path, store: Path, *words: object) -> tuple[float, float]:
    """Seconds and CPU seconds of one command."""
    before, begun = os.times(), time.monotonic()
    environment = {**os.environ, "PYTHONPATH": str(checkout), "MXT_STORE": str(store)}
    quiet = () if words[0] == "ls" else ("--quiet",)
    subprocess.run(
        [sys.executable, "-m", "mxt", *map(str, words), *quiet],
        env=environment,
        cwd=store.parent,
        check=True,
        capture_output=True,
    )
    now = os.times()
    spent = now.children_user + now.children_system - before.children_user - before.children_system
    return time.monotonic() - begun, spent


def main() -> None:
    """Print seconds, CPU seconds and their ratio, and bytes per row."""
    other, folder = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
    checkouts = {"now": Path(__file__).resolve().parents[2], "other": other}
    spent: dict[tuple[str, str], list[tuple[float, float]]] = {}
    nbytes = {}
    for _ in range(int(sys.argv[3]) if len(sys.argv) > 3 else 3):
        with tempfile.TemporaryDirectory() as scratch:
            for name, checkout in checkouts.items():
                run(checkout, Path(scratch, name), "ingest", folder)
            for step, words in STEPS.items():
                for name, checkout in checkouts.items():
                    spent.setdefault((step, name), []).append(run(checkout, Path(scratch, name), *words))
            for name in checkouts:
                (table,) = (path for path in Path(scratch, name, "features").iterdir() if path.is_dir())
                nbytes[name] = sum(file.stat().st_size for file in table.rglob("c.*"))
    for step in STEPS:
        wall, cpu = (
            {name: statistics.median(run[at] for run in spent[step, name]) for name in checkouts}
            for at in (0, 1)
        )
        print(
            f"{step:<14} {wall['other']:6.2f} s -> {wall['now']:6.2f} s   "
            f"CPU {cpu['other']:6.2f} -> {cpu['now']:6.2f} s   ratio {cpu['now'] / cpu['other']:.3f}"
        )
    files = sum(len(names) for _, _, names in os.walk(folder))
    print(f"bytes per row: {nbytes['other'] / files:.1f} -> {nbytes['now'] / files:.1f}")


if __name__ == "__main__":
    main()
