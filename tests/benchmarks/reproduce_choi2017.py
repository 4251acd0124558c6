"""How many published scores of Choi et al. 2017 mxt reproduces within 0.002, from the published features.

    python tests/benchmarks/reproduce_choi2017.py DATA [TASK …] [--store FOLDER]

DATA holds the authors' `csv` and `features` of some of the targets. They take minutes, emoMusic the most;
with ``--store``, finished searches are kept and a stopped run continues. Exits with 1 where fewer scores are
reproduced than before (all of genre and speech/music, to the last published digit; 112 of all 120).
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from mxt.ingestion.requests import IngestRequest
from mxt.papers.choi2017.findings import CLOSE
from mxt.papers.choi2017.records import ReproduceRequest, TaskReproduction
from mxt.papers.choi2017.tasks import TASKS
from mxt.registry import build_registry
from mxt.workflows.ingest import ingest
from mxt.workflows.reproduce_choi2017 import reproduce_choi2017

EXACT = ("gtzan_genre", "gtzan_speechmusic")
EXPECTED = {"gtzan_genre": 30, "gtzan_speechmusic": 30}
EXPECTED_IN_ALL = 112


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument(
        "tasks",
        nargs="*",
        metavar="TASK",
        help=", ".join(task.name for task in TASKS),
    )
    parser.add_argument("--store", type=Path)
    parser.add_argument("--jobs", type=int)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        return run(chosen.data, chosen.store or Path(folder) / "mxt-store", tuple(chosen.tasks), chosen.jobs)


def run(data: Path, store: Path, names: tuple[str, ...], jobs: int | None) -> int:
    registry = build_registry()
    ingested = {each.name for each in ingest(store, IngestRequest(data, loader="choi2017"), registry)}
    begun, met, cells, short = time.perf_counter(), 0, 0, False
    for task in TASKS:
        if task.dataset not in ingested or (names and task.name not in names):
            continue
        (reproduced,) = reproduce_choi2017(
            store, ReproduceRequest(tasks=(task.name,), quick=True), registry, jobs=jobs
        ).tasks
        good = report(reproduced)
        met, cells = met + good, cells + len(reproduced.published)
        short |= good < EXPECTED.get(task.name, 0)
    print(f"{met} of {cells} published scores within {CLOSE} ({time.perf_counter() - begun:.0f} s)")
    return int(short or (cells == 120 and met < EXPECTED_IN_ALL))


def report(reproduced: TaskReproduction) -> int:
    """Print a target and the scores that differ; returns how many are met, in `EXACT` to the last digit."""
    search = reproduced.released
    exact = reproduced.task.name in EXACT
    met = [
        cell
        for cell in reproduced.published
        if (round(cell.score, 6) == cell.published if exact else cell.met)
    ]
    words = "equal to the last published digit" if exact else f"within {CLOSE}"
    largest = max(abs(cell.difference or 0.0) for cell in reproduced.published)
    seconds = "from the store" if search.from_store else f"{search.seconds:.0f} s"
    fits = f"{search.fits} fits, {search.spared} spared"
    print(
        f"{reproduced.task.name}: {len(met)} of {len(reproduced.published)} {words}; "
        f"largest difference {largest:.6f}; {fits}, {seconds}"
    )
    for cell in reproduced.published:
        if cell not in met:
            print(
                f"  {cell.strategy}: mxt {cell.score:.6f}, published {cell.published:.6f}, "
                f"difference {cell.difference:+.6f}"
            )
    return len(met)


if __name__ == "__main__":
    raise SystemExit(main())
