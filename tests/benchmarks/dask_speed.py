"""`mxt extract` with threads and with workers of Dask on this machine: clips per second, and equal bits.

    MXT_WEIGHTS_DIR=FOLDER python -P tests/benchmarks/dask_speed.py [RECORDINGS] [--rounds 3]
        [--backbones NAME …] [--workers 2 4] [--kill] [--overhead]

RECORDINGS is a folder of class folders. Schedulers and workers are started by hand; the first extraction, in
which each worker loads the network, is not counted, but its seconds are shown. With ``--kill``, workers are
killed three times, the scheduler once and the command once, and the table is compared with one that was made
undisturbed. With ``--overhead`` tasks that do nothing but compute for a known time are sent in bundles of
several sizes: what a bundle, and a task, costs beyond that time.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

MXT = [sys.executable, "-m", "mxt"]
QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


def extract(store: Path, backbone: str, *options: str) -> dict[str, float]:
    """What an extraction says of itself."""
    command = [*MXT, "extract", "--backbone", backbone, "--store", str(store), "--json", "--quiet", *options]
    result: dict[str, float] = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
    assert result["failed"] == result["left_open"] == 0
    return result


def tables(store: Path) -> dict[str, bytes]:
    root = store / "features"
    files = (path for path in root.rglob("*") if path.is_file() and "lock" not in path.name)
    return {str(path.relative_to(root)): path.read_bytes() for path in files}


def compare(ingested: Path, folder: Path, backbone: str, workers: list[int], rounds: int) -> None:
    """Print medians for threads and for each number of worker processes."""
    clusters = {f"dask {n}": Cluster(folder, n) for n in workers}
    ways = {"threads": ("--jobs", "2")}
    ways |= {way: ("--scheduler", cluster.address) for way, cluster in clusters.items()}
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    first: dict[str, bytes] = {}
    try:
        for _ in range(rounds + 1):
            for way, options in ways.items():
                store = folder / "store"
                shutil.rmtree(store, ignore_errors=True)
                shutil.copytree(ingested, store)
                result = extract(store, backbone, *options)
                seconds[way].append(result["seconds"])
                first = first or tables(store)
                assert tables(store) == first, f"{way}: other bytes"
    finally:
        for cluster in clusters.values():
            cluster.close()
    for way, (loading, *runs) in seconds.items():
        rate = result["computed"] / statistics.median(runs)
        print(
            f"{backbone:20} {way:8} {rate:7.1f} clips/s   first run {loading:5.1f} s, then {runs}", flush=True
        )


class Cluster:
    """A scheduler and workers started by hand, which can be killed and started again."""

    def __init__(self, folder: Path, workers: int) -> None:
        self.folder, self.port = folder, str(8790 + workers)
        self.address = f"tcp://127.0.0.1:{self.port}"
        self.scheduler, self.workers = self._scheduler(), [self._worker() for _ in range(workers)]

    def _scheduler(self) -> subprocess.Popen[bytes]:
        main = "from distributed.cli.dask_scheduler import main; main()"
        options = ["--host", "127.0.0.1", "--port", self.port, "--no-dashboard"]
        started = subprocess.Popen([sys.executable, "-c", main, *options], cwd=self.folder, **QUIET)
        time.sleep(5)
        return started

    def _worker(self) -> subprocess.Popen[bytes]:
        main = "from distributed.cli.dask_worker import main; main()"
        options = ["--nthreads", "1", "--no-nanny", "--no-dashboard", "--death-timeout", "120"]
        return subprocess.Popen(
            [sys.executable, "-c", main, self.address, *options], cwd=self.folder, **QUIET
        )

    def kill_worker(self) -> None:
        gone = self.workers.pop(0)
        gone.send_signal(signal.SIGKILL)
        gone.wait()
        self.workers.append(self._worker())

    def kill_scheduler(self) -> None:
        for process in (self.scheduler, *self.workers):
            process.send_signal(signal.SIGKILL)
            process.wait()
        self.scheduler = self._scheduler()
        self.workers = [self._worker(), self._worker()]

    def close(self) -> None:
        for process in (self.scheduler, *self.workers):
            process.kill()
            process.wait()


def settled(store: Path) -> int:
    """Rows that are committed."""
    from mxt.store.layout import Store

    listed = Store.open(store, read_only=True).features.tables()
    return sum(sum(table.counts()[1:]) for table in listed)


def kill(ingested: Path, folder: Path, backbone: str) -> None:
    """Disturb an extraction in every way; compare it with an undisturbed one."""
    calm, store = folder / "calm", folder / "disturbed"
    for copy in (calm, store):
        shutil.copytree(ingested, copy)
    clips = int(extract(calm, backbone)["computed"])
    cluster = Cluster(folder, 2)
    command = [*MXT, "extract", "--backbone", backbone, "--store", str(store), "--scheduler", cluster.address]
    computed, stages = 0, ["worker", "worker", "worker", "scheduler", "command", ""]
    try:
        while stages:
            before = settled(store)
            process = subprocess.Popen(
                [*command, "--json", "--quiet"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
            )
            steps = clips // 8
            while process.poll() is None:
                time.sleep(0.2)
                if stages[0] and settled(store) - before > steps * (6 - len(stages) + 1) // 2:
                    what = stages.pop(0)
                    print(f"{settled(store)} of {clips} rows are committed: the {what} is killed", flush=True)
                    if what == "command":
                        process.send_signal(signal.SIGKILL)
                    else:
                        cluster.kill_worker() if what == "worker" else cluster.kill_scheduler()
            out, err = process.communicate()
            computed += settled(store) - before
            print(
                f"the command ended with {process.returncode}: {(err or out).decode().strip()[-200:]}",
                flush=True,
            )
            if process.returncode == 0:
                break
    finally:
        cluster.close()
    print(f"{computed} rows were computed and committed for {clips} clips")
    print("same bytes" if tables(calm) == tables(store) else "OTHER BYTES")


@dataclass(frozen=True)
class Work:
    """Stands for tasks that keep a core busy for so many seconds each."""

    tasks: int
    seconds: float

    def __call__(self) -> float:
        """Compute; the seconds that took."""
        began = time.monotonic()
        for _ in range(self.tasks):
            end = time.thread_time() + self.seconds
            while time.thread_time() < end:
                pass
        return time.monotonic() - began


def overhead(tasks: int, seconds: float, workers: int) -> None:
    """Print what bundles of each size cost beyond the computing: in CPU time, and in time of the workers."""
    from mxt.core.cluster import open_cluster

    with open_cluster(None, workers, print, equal=()) as cluster:
        for size in (1, 1, 4, 16, 64):  # the first round starts what is started once
            bundles = tasks // size
            began, cpu = time.monotonic(), time.process_time()
            computed, sent = 0.0, 0
            for finished in range(bundles):
                while sent < min(bundles, finished + 2 * workers):
                    cluster.submit(Work(size, seconds), sent)
                    sent += 1
                _, answer = cluster.finished()
                assert answer is not None
                computed += answer.value
            idle = (time.monotonic() - began) * workers - computed
            cpu = time.process_time() - cpu
            print(
                f"{workers} workers, bundles of {size:2} tasks of {1000 * seconds:g} ms: a worker waits "
                f"{1000 * idle / bundles:6.1f} ms per bundle, {1000 * idle / tasks:6.2f} ms per task; "
                f"{1000 * cpu / bundles:5.1f} ms of CPU per bundle in the command",
                flush=True,
            )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("recordings", type=Path, nargs="?")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--backbones", nargs="*", default=["convnet", "musicnn", "efficientnet_lite0"])
    parser.add_argument("--workers", nargs="*", type=int, default=[2, 4])
    parser.add_argument("--kill", action="store_true")
    parser.add_argument("--overhead", action="store_true")
    options = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    if options.overhead:
        for workers in options.workers:
            overhead(tasks=256, seconds=0.01, workers=workers)
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        ingested = folder / "ingested"
        ingest = ["ingest", str(options.recordings.resolve()), "--store", str(ingested), "--quiet"]
        subprocess.run([*MXT, *ingest], check=True, stdout=subprocess.DEVNULL)
        for backbone in options.backbones:
            if options.kill:
                kill(ingested, folder, backbone)
            else:
                compare(ingested, folder, backbone, options.workers, options.rounds)


if __name__ == "__main__":
    main()
