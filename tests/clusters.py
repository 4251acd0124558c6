"""Workers of Dask that tests start by hand, and what makes them of no use."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[1]
WORKER = "from distributed.cli.dask_worker import main; main()"
Start = Callable[..., subprocess.Popen[bytes]]
ANOTHER_VERSION = "import mxt; mxt.__version__ = '0.0.1'"  # run before the worker begins


def worker(address: str, folder: Path, *, before: str = "") -> subprocess.Popen[bytes]:
    """A worker started by hand, in a folder of its own; `before` is run in it first."""
    folder.mkdir(parents=True)
    paths = os.pathsep.join([str(REPOSITORY), os.environ.get("PYTHONPATH", "")])
    options = ["--nthreads", "1", "--no-nanny", "--no-dashboard", "--memory-limit", "0"]
    return subprocess.Popen(
        [sys.executable, "-c", f"{before}\n{WORKER}", address, *options, "--local-directory", str(folder)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": paths},
        stderr=subprocess.DEVNULL,
    )


@contextmanager
def starter(cluster: Any, folder: Path) -> Iterator[Start]:
    """A function that starts workers for a cluster, each in a folder of its own, and waits for them."""
    started: list[subprocess.Popen[bytes]] = []

    def start(*, before: str = "") -> subprocess.Popen[bytes]:
        number = len(started)
        there = len(cluster.scheduler_info["workers"])
        started.append(worker(cluster.scheduler_address, folder / f"host{number}", before=before))
        until(lambda: len(cluster.scheduler_info["workers"]) > there)
        return started[-1]

    try:
        yield start
    finally:
        for process in started:
            process.kill()
            process.wait()


def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    """Wait for something to be true."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


def unseen(path: Path) -> str:
    """What makes a process not see a file or folder."""
    return (
        "import os\n"
        f"hidden, may = {str(path)!r}, os.access\n"
        "os.access = lambda p, mode, **_: not str(p).startswith(hidden) and may(p, mode)\n"
    )
