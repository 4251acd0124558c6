"""The engine ``auto``: threads as long as they keep the cores busy, processes where they are faster."""

from __future__ import annotations

import shutil
from collections import deque
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from stored import table_files

from mxt.core.errors import PluginError
from mxt.extraction import auto_engine
from mxt.extraction.compute import Computed, Outcome
from mxt.extraction.engine import carry_out
from mxt.extraction.records import Trial
from mxt.extraction.request import ExtractRequest
from mxt.extraction.tasks import Task
from mxt.registry import build_registry
from mxt.workflows.extract import extract

WORKERS = 2


@dataclass
class World:
    """A clock, and the CPU time of this process; they move when something is computed."""

    now: float = 0.0
    cpu: float = 0.0


@dataclass
class Fake:
    """An engine whose tasks of one clip take `seconds` each; together, `speedup` times fewer."""

    world: World
    seconds: float
    speedup: float = 1.0
    busy: float = 0.0  # share of the cores
    names: tuple[str, ...] = ("",)
    ahead: int = 50
    waiting: deque[Task] = field(default_factory=deque)
    computed: list[Task] = field(default_factory=list)

    @property
    def workers(self) -> int:
        return len(self.names) if self.names[0] else 0

    def submit(self, task: Task) -> None:
        self.waiting.append(task)

    def finished(self) -> Computed:
        seconds = self.seconds / (self.speedup if len(self.waiting) > 1 else 1)
        task = self.waiting.popleft()
        self.world.now += seconds
        self.world.cpu += self.busy * seconds * WORKERS
        self.computed.append(task)
        worker = self.names[len(self.computed) % len(self.names)]
        return Computed((Outcome(task[0], None),), worker=worker)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    world = World()
    monkeypatch.setattr(auto_engine, "cores", lambda: WORKERS)
    monkeypatch.setattr("mxt.extraction.auto_engine.time.monotonic", lambda: world.now)
    monkeypatch.setattr("mxt.extraction.auto_engine.time.process_time", lambda: world.cpu)
    return world


def run(threads: Fake, processes: Fake | Exception, clips: int = 1000) -> tuple[list[int], Trial | None]:
    """Carry out tasks; how many each engine computed, and what was told."""
    told: list[Trial] = []
    stopped: list[bool] = []

    def start() -> Fake:
        if isinstance(processes, Exception):
            raise processes
        assert not threads.waiting, "threads finish what they have begun"
        return processes

    others = auto_engine._Others(start, lambda: stopped.append(True))
    engine = auto_engine._Auto(threads, others, auto_engine._Limits(WORKERS, clips), told.append)
    tasks: list[Any] = [(number,) for number in range(clips)]
    computed = [result.outcomes[0].job for result in carry_out(tasks, engine)]
    assert sorted(computed) == list(range(clips)), "each task is computed once"
    assert len(told) <= 1
    if told:
        assert bool(stopped) == (told[0].processes is not None and not told[0].won)
    engines = [threads] if isinstance(processes, Exception) else [threads, processes]
    return [len(each.computed) for each in engines], told[0] if told else None


NOBODY = PluginError("not asked for")


def test_threads_that_keep_the_cores_busy_go_on(world: World) -> None:
    assert run(Fake(world, 0.2, 1.0, busy=0.95), NOBODY) == ([1000], None)


def test_threads_that_do_more_than_one_alone_go_on_though_others_use_the_cores(world: World) -> None:
    assert run(Fake(world, 0.2, 1.9, busy=0.3), NOBODY) == ([1000], None)


def test_processes_take_over_where_threads_wait_for_each_other(world: World) -> None:
    counts, trial = run(Fake(world, 0.1, 1.0, busy=0.5), Fake(world, 0.06, names=("a", "b")))
    assert trial is not None
    assert trial.won
    assert (trial.speedup, trial.threads) == (pytest.approx(1, rel=0.1), pytest.approx(10, rel=0.05))
    assert trial.processes == pytest.approx(1 / 0.06, rel=0.05)
    assert counts[0] < 150


def test_threads_go_on_where_processes_are_not_faster(world: World) -> None:
    counts, trial = run(Fake(world, 0.1, 1.0, busy=0.5), Fake(world, 0.1, names=("a", "b")))
    assert trial is not None
    assert not trial.won
    assert counts[1] < 200 < counts[0]


def test_nothing_is_tried_for_what_takes_no_longer_than_starting_processes(world: World) -> None:
    assert run(Fake(world, 0.1, 1.0, busy=0.5), NOBODY, clips=300) == ([300], None)


def test_without_dask_threads_go_on_and_what_would_help_is_said(world: World) -> None:
    counts, trial = run(Fake(world, 0.1, 1.0, busy=0.5), PluginError("needs distributed"))
    assert counts == [1000]
    assert trial is not None
    assert (trial.won, trial.processes, trial.cause) == (False, None, "needs distributed")


@pytest.mark.parametrize(("faster", "won"), [(0.0, True), (1e9, False)], ids=["kept", "given up"])
def test_whatever_is_kept_gives_the_bits_of_threads_and_computes_nothing_twice(
    store: Path, plugin: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, faster: float, won: bool
) -> None:
    pytest.importorskip("distributed")
    for name, value in {"STEADY_SECONDS": 0.0, "BUSY": 9, "WORTH": -99, "FASTER": faster}.items():
        monkeypatch.setattr(auto_engine, name, value)
    monkeypatch.setattr(auto_engine, "AHEAD", 1)
    monkeypatch.setattr("mxt.extraction.dask_engine.BUNDLE_SECONDS", 0.01)  # a task each
    other = Path(shutil.copytree(store, tmp_path / "other"))
    path = tmp_path / "single.py"
    path.write_text(plugin.read_text().replace("batch_windows=4", "batch_windows=1"))  # a task per clip
    registry = build_registry([path])
    request = ExtractRequest("tiny", device="cpu", settings=("nap=0.02",), jobs=WORKERS)
    extract(store, request, registry)
    by_both = extract(other, replace(request, engine="auto"), registry)
    assert by_both.trial is not None
    assert by_both.trial.won == won
    assert 0 < sum(by_both.by_worker.values()) < by_both.computed == by_both.contents
    assert table_files(store) == table_files(other)
