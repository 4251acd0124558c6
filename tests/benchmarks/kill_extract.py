"""Kill an extraction (and an ingest) at random moments, restart it with the same command, compare every byte.

    MXT_WEIGHTS_DIR=FOLDER python tests/benchmarks/kill_extract.py RECORDINGS [--kills 10] [--copies 4]

RECORDINGS is a folder of class folders; `copies` of each file are made distinct by a gain. Prints after each
kill how many rows were committed; asserts that no later run computes a committed row again, and that tables,
states and catalogue equal those of an uninterrupted run.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import soundfile

from mxt.store.catalogue import Catalogue
from mxt.store.layout import Store

MXT = [sys.executable, "-m", "mxt"]


def write_copies(source: Path, folder: Path, copies: int) -> None:
    for path in sorted(source.rglob("*.*")):
        y, sample_rate = soundfile.read(path, dtype="float32")
        for copy in range(copies):
            target = folder / path.parent.name / f"{path.stem}.{copy}.wav"
            target.parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(target, y * (1 - 0.1 * copy), sample_rate)


def run_killed(command: list[str], folder: Path, after: float, number: int) -> bool:
    """Run a command and send it a signal after some seconds; True where it was still running."""
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        process.wait(after)
    except subprocess.TimeoutExpired:
        process.send_signal(number)
        code = process.wait()
        assert code == (130 if number == signal.SIGINT else -number), code
        return True
    assert process.returncode == 0
    return False


def files(store: Path) -> dict[str, bytes]:
    root = store / "features"
    return {
        str(p.relative_to(root)): p.read_bytes()
        for p in root.rglob("*")
        if p.is_file() and "lock" not in p.name
    }


def clips(store: Path) -> list[object]:
    catalogue = Catalogue(store / "catalogue.sqlite", read_only=True)
    return [(clip.id, clip.key, clip.targets, clip.file.measurement) for clip in catalogue.clips("audio")]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("recordings", type=Path)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--copies", type=int, default=4)
    options = parser.parse_args()
    random.seed(0)
    # a shell's background job ignores Ctrl-C, and so would its children
    signal.signal(signal.SIGINT, signal.default_int_handler)
    ingest, extract = [*MXT, "ingest", "../audio"], [*MXT, "extract", "--backbone", "convnet"]
    with tempfile.TemporaryDirectory() as temporary:
        base = Path(temporary)
        write_copies(options.recordings, base / "audio", options.copies)
        whole, killed = base / "whole", base / "killed"
        whole.mkdir()
        killed.mkdir()
        seconds = {}
        for name, command in (("ingest", ingest), ("again", ingest), ("extract", extract)):
            begun = time.monotonic()
            extraction = json.loads(
                subprocess.run(
                    [*command, "--json"], cwd=whole, check=True, stdout=subprocess.PIPE, text=True
                ).stdout
            )
            seconds[name] = time.monotonic() - begun
        work = {"ingest": seconds["ingest"] - seconds["again"], "extract": extraction["seconds"]}

        def moment(name: str) -> float:
            """Somewhere in the work, after start-up, so early that the next kill still finds work to do."""
            return seconds[name] - work[name] + random.uniform(0, 1.2) * work[name] / options.kills

        interrupted = 0
        for _ in range(options.kills):
            interrupted += run_killed(ingest, killed, moment("ingest"), signal.SIGKILL)
        subprocess.run(ingest, cwd=killed, check=True, stdout=subprocess.DEVNULL)
        assert clips(killed / "mxt-store") == clips(whole / "mxt-store")
        print(
            f"ingest: {interrupted} of {options.kills} runs killed; the catalogue equals an uninterrupted one"
        )
        done = 0
        for kill in range(options.kills):
            number = signal.SIGINT if kill % 3 == 2 else signal.SIGKILL
            still_running = run_killed(extract, killed, moment("extract"), number)
            tables = Store.open(killed / "mxt-store", read_only=True).features.tables()
            now = tables[0].counts()[1] if tables else 0
            assert now >= done
            done = now
            print(
                f"extract, {signal.Signals(number).name}: {'killed' if still_running else 'finished'}, "
                f"{done} rows committed"
            )
        extraction = json.loads(
            subprocess.run(
                [*extract, "--json"], cwd=killed, check=True, capture_output=True, text=True
            ).stdout
        )
        assert extraction["computed"] == extraction["done"] - done, extraction
        assert files(killed / "mxt-store") == files(whole / "mxt-store")
        print(
            f"last run computed the {extraction['computed']} open rows of {extraction['done']}; "
            "every byte equals that of an uninterrupted run"
        )


if __name__ == "__main__":
    main()
