"""The engine ``dask``: equal bits, workers and schedulers that die, and workers that cannot be used."""

from __future__ import annotations

import re
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from clusters import ANOTHER_VERSION, unseen
from stored import table_files

from mxt.core.errors import InputError, PluginError
from mxt.core.progress import SILENT
from mxt.extraction.request import ExtractRequest
from mxt.registry import build_registry
from mxt.workflows.extract import extract

pytest.importorskip("distributed")

NAP = ("nap=0.2",)  # of the plugin of the tests: a clip takes that long


class Lines:
    """Progress that keeps what it is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.step = SILENT.step

    def say(self, line: str) -> None:
        self.lines.append(line)


class After:
    """Progress that does something once `clips` are counted, and at every `again` after it."""

    def __init__(self, clips: int, act: Callable[[], object], *, again: int = 10**9) -> None:
        self.clips, self.act, self.again, self.say = clips, act, again, SILENT.say
        self.count = self.most = 0

    @contextmanager
    def step(self, what: str, total: int | None, *, unit: str = "") -> Iterator[After]:
        yield self

    def workers(self, n: int) -> None:
        self.most = max(self.most, n)

    def advance(self, n: int = 1) -> None:
        self.count += n
        if self.count >= self.clips and (self.count - self.clips) % self.again == 0:
            self.act()


def on_cluster(scheduler: object, **values: object) -> ExtractRequest:
    return ExtractRequest(
        "tiny", device="cpu", engine="dask", scheduler=scheduler.scheduler_address, **values
    )


def test_a_cluster_started_here_computes_the_same_bits_as_threads(store, registry, tmp_path):
    other = Path(shutil.copytree(store, tmp_path / "other"))
    extract(store, ExtractRequest("random_convnet", device="cpu", limit=6), registry)
    request = ExtractRequest("random_convnet", device="cpu", limit=6, engine="dask", jobs=1)
    by_dask = extract(other, request, registry)
    assert (by_dask.computed, by_dask.failed, by_dask.workers) == (6, 0, 1)
    assert sum(by_dask.by_worker.values()) == 6
    assert by_dask.cpu_seconds > 0
    assert table_files(store) == table_files(other)


def test_a_plugin_in_one_file_reaches_workers_that_do_not_see_it(store, plugin, tmp_path, scheduler, start):
    hidden = tmp_path / "mine" / "quick.py"
    hidden.parent.mkdir()
    hidden.write_bytes(plugin.read_bytes())
    start(before=unseen(hidden))
    registry = build_registry([hidden])
    result = extract(store, on_cluster(scheduler), registry)
    assert (result.done, result.failed) == (result.contents, 0)


def test_workers_that_are_killed_lose_nothing_but_their_tasks(store, registry, tmp_path, scheduler, start):
    other = Path(shutil.copytree(store, tmp_path / "other"))
    extract(store, ExtractRequest("tiny", device="cpu", settings=NAP), registry)
    workers = [start(), start(), start()]

    kills = iter(workers[:2])

    def kill() -> None:
        for process in kills:
            process.send_signal(signal.SIGKILL)
            return

    progress = After(10, kill, again=10)
    result = extract(other, on_cluster(scheduler, settings=NAP), registry, progress=progress)
    assert [process.wait() for process in workers[:2]] == [-signal.SIGKILL, -signal.SIGKILL]
    assert (result.computed, result.failed, result.left_open) == (result.contents, 0, 0)
    assert progress.most == 3, "workers are counted while they work"
    assert table_files(store) == table_files(other)


def test_when_the_scheduler_goes_the_run_ends_in_one_line_and_the_same_command_continues(
    store, registry, tmp_path, scheduler, start, monkeypatch
):
    other = Path(shutil.copytree(store, tmp_path / "other"))
    extract(store, ExtractRequest("tiny", device="cpu", settings=NAP), registry)
    start()
    monkeypatch.setattr("mxt.core.cluster.CONNECT_SECONDS", 2)
    progress = After(10, scheduler.close)
    with pytest.raises(InputError, match=r"scheduler does not answer any more.*run the same command again"):
        extract(other, on_cluster(scheduler, settings=NAP), registry, progress=progress)
    again = extract(other, ExtractRequest("tiny", device="cpu", settings=NAP), registry)
    assert 0 < again.computed < again.contents, "what was committed is not computed again"
    assert table_files(store) == table_files(other)


def test_an_address_without_scheduler_is_said_and_leaves_no_table(store, registry, monkeypatch):
    monkeypatch.setattr("mxt.core.cluster.CONNECT_SECONDS", 1)
    request = ExtractRequest("tiny", device="cpu", scheduler="tcp://127.0.0.1:9")
    with pytest.raises(InputError, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:9"):
        extract(store, request, registry)


@pytest.mark.parametrize(
    ("before", "problem"),
    [
        (ANOTHER_VERSION, r"it has mxt 0\.0\.1, and the command "),
        ("{unseen}", r"it does not see .*collection"),
    ],
    ids=["another version", "without the audio"],
)
def test_a_worker_that_cannot_be_used_is_said_once_and_the_others_do_its_work(
    store, registry, collection, scheduler, start, before, problem
):
    unfit = start(before=before.format(unseen=unseen(collection)))
    start()
    progress = Lines()
    result = extract(store, on_cluster(scheduler), registry, progress=progress)
    assert (result.computed, result.failed, result.workers) == (result.contents, 0, 1)
    said = [line for line in progress.lines if "is not used" in line]
    assert len(said) == 1
    assert re.search(problem, said[0])
    assert unfit.poll() is None, "it is nobody's business to stop it"


def test_where_no_worker_can_be_used_the_run_ends_and_the_same_command_continues(
    store, registry, collection, scheduler, start
):
    start(before=unseen(collection))
    with pytest.raises(InputError, match=r"none of the workers can be used"):
        extract(store, on_cluster(scheduler), registry)
    assert extract(store, ExtractRequest("tiny", device="cpu"), registry).failed == 0


def test_the_fault_of_a_plugin_is_raised_as_it_was(store, plugin, tmp_path, scheduler, start):
    path = tmp_path / "unready.py"
    text = plugin.read_text()
    path.write_text(
        text.replace("def prepare(self, weights, device):", "def prepare(self, *_):\n        1 / 0")
    )
    start()
    with pytest.raises(PluginError, match=r"cannot be prepared: ZeroDivisionError"):
        extract(store, on_cluster(scheduler), build_registry([path]))
