"""Engines: threads of this process, and one of a few lines that submits to other processes."""

from __future__ import annotations

import multiprocessing
import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue

import numpy as np
import pytest
from stored import table_files

from mxt.core.errors import PluginError, WeightsError
from mxt.core.progress import SILENT
from mxt.extraction import engine as engines
from mxt.extraction import recipe as in_process
from mxt.extraction.compute import Computed, compute
from mxt.extraction.engine import Engine, carry_out, threads
from mxt.extraction.plan import make_plan
from mxt.extraction.recipe import Recipe
from mxt.extraction.request import ExtractRequest
from mxt.extraction.tasks import Task, make_tasks
from mxt.registry import build_registry
from mxt.store.layout import Store
from mxt.workflows.extract import extract


class Processes:
    """Submits tasks to a pool of processes."""

    workers = 0

    def __init__(self, pool: ProcessPoolExecutor, recipe: Recipe, workers: int) -> None:
        self.pool, self.recipe, self.ahead = pool, recipe, 2 * workers
        self.done = SimpleQueue[Future[Computed]]()

    def submit(self, task: Task) -> None:
        self.pool.submit(compute, task, self.recipe).add_done_callback(self.done.put)

    def finished(self) -> Computed:
        return self.done.get().result()


@contextmanager
def processes(recipe: Recipe, workers: int) -> Iterator[Engine]:
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"))
    try:
        yield Processes(pool, recipe, workers)
    finally:
        pool.shutdown(cancel_futures=True)


class Counting:
    """Gives back what it was submitted, and counts how much that was at once."""

    def __init__(self, ahead: int) -> None:
        self.ahead, self.under_way, self.most = ahead, [], 0

    def submit(self, task):
        self.under_way.append(task)
        self.most = max(self.most, len(self.under_way))

    def finished(self):
        return self.under_way.pop()


@pytest.mark.parametrize("ahead", [1, 3, 100])
def test_as_many_tasks_are_under_way_as_the_engine_takes_and_each_comes_back(ahead):
    engine = Counting(ahead)
    assert sorted(carry_out(range(20), engine)) == list(range(20))
    assert engine.most == min(ahead, 20)


@pytest.fixture
def tiny(store, registry):
    """The recipe and tasks of the one-file plugin over the whole collection."""
    plan = make_plan(store, ExtractRequest("tiny"), registry)
    row_of = {key: row for row, key in enumerate(plan.contents)}
    tasks = make_tasks(plan.clips, row_of, set(row_of.values()), plan.dataset, plan.pipeline)
    return plan.recipe("cpu", SILENT), list(tasks)


@pytest.fixture(autouse=True)
def _nothing_in_memory():
    yield
    in_process.release()


def test_threads_finish_every_task_whatever_their_number(tiny):
    recipe, tasks = tiny
    with threads(recipe, 3) as engine:
        rows = [outcome.job.row for computed in carry_out(tasks * 3, engine) for outcome in computed.outcomes]
    assert sorted(rows) == sorted(3 * [job.row for task in tasks for job in task])


def test_leaving_threads_early_cancels_what_has_not_begun(tiny):
    recipe, tasks = tiny
    recipe = replace(
        recipe, pipeline=replace(recipe.pipeline, backbone=with_nap(recipe.pipeline.backbone, 0.05))
    )
    with threads(recipe, 1) as engine, closing(carry_out(tasks * 50, engine)) as finished:
        next(finished)
        pool = engine._pool
    assert pool._work_queue.qsize() <= 1  # what wakes a thread that ends


def with_nap(backbone, seconds):
    return replace(backbone, params={**backbone.params, "nap": seconds})


@pytest.mark.parametrize(
    "request_",
    [
        ExtractRequest("tiny", device="cpu", jobs=2),
        ExtractRequest("mfcc", device="cpu", jobs=2),
        ExtractRequest("random_convnet", device="cpu", jobs=2, limit=6),
    ],
    ids=lambda request: request.backbone,
)
def test_processes_compute_the_same_bits_as_threads(store, registry, tmp_path, request_):
    other = Path(shutil.copytree(store, tmp_path / "other"))
    by_threads = extract(store, request_, registry)
    by_processes = extract(other, request_, registry, engine=processes)
    assert by_processes.computed == by_threads.computed > 0
    assert by_processes.failed == 0
    assert table_files(store) == table_files(other)
    assert {"decode", "front end", "network"} == set(by_processes.shares)


def test_a_plugin_edited_since_the_run_began_is_not_used(store, plugin, tmp_path):
    copy = tmp_path / "edited.py"
    copy.write_bytes(plugin.read_bytes())
    registry = build_registry([copy])
    copy.write_text(copy.read_text() + "\n# edited\n")
    with pytest.raises(PluginError, match=r"edited\.py has changed since the run began; run it again"):
        extract(store, ExtractRequest("tiny", device="cpu"), registry, engine=processes)
    assert Store.open(store).features.tables() == []


@pytest.mark.parametrize("engine", [threads, processes])
def test_a_backbone_that_cannot_be_prepared_leaves_no_empty_table(store, plugin, tmp_path, engine):
    path = tmp_path / "unready.py"
    path.write_text(
        plugin.read_text().replace(
            "def prepare(self, weights, device):", "def prepare(self, *_):\n        1 / 0"
        )
    )
    with pytest.raises(
        PluginError, match=r"'tiny' \(file:unready\.py\) cannot be prepared: ZeroDivisionError"
    ):
        extract(store, ExtractRequest("tiny", device="cpu"), build_registry([path]), engine=engine)
    assert Store.open(store).features.tables() == []


def test_a_process_prepares_a_recipe_once(tiny, monkeypatch):
    recipe, tasks = tiny
    prepared = []
    real = in_process.prepare
    monkeypatch.setattr(in_process, "_one_thread_for_all", lambda: None)
    monkeypatch.setattr(in_process, "prepare", lambda recipe: prepared.append(recipe) or real(recipe))
    features = [compute(task, recipe).outcomes[0].features for task in tasks[:3]]
    assert len(prepared) == 1
    with threads(recipe, 1) as engine:
        again = sorted(carry_out(tasks[:3], engine), key=lambda computed: computed.outcomes[0].job.row)
    for one, other in zip(features, again, strict=True):
        np.testing.assert_array_equal(one["both"], other.outcomes[0].features["both"])


def test_weights_that_are_not_those_of_the_recipe_are_refused(tmp_path):
    registry = build_registry()
    file = tmp_path / "own.h5"
    file.write_bytes(b"weights")
    pipeline = ExtractRequest("convnet", weights_file=file).pipeline(registry)
    file.write_bytes(b"other weights")
    with pytest.raises(WeightsError, match="is not the file of the weights"):
        compute((), Recipe(pipeline, weights=file))
    with pytest.raises(WeightsError, match="does not see the file"):
        compute((), Recipe(pipeline, weights=tmp_path / "gone"))


def test_where_a_gpu_computes_workers_load_and_one_thread_feeds_the_network(tiny, monkeypatch):
    recipe, tasks = tiny
    fed_by = set()

    def prepared(recipe):
        ready = in_process.prepare(recipe)

        def network(x):
            fed_by.add(threading.current_thread())
            return ready.network(x)

        return replace(ready, network=network, device="cpu:0")  # a device that is not "cpu"

    with threads(recipe, 2) as engine:
        expected = features_by_row(carry_out(tasks, engine))
    monkeypatch.setattr(engines, "prepare", prepared)
    with threads(recipe, 2) as engine:
        assert engine.ahead == 2 * engines.LOADED_AHEAD
        found = features_by_row(carry_out(tasks, engine))
    assert fed_by == {threading.current_thread()}
    assert found.keys() == expected.keys()
    for row, features in expected.items():
        np.testing.assert_array_equal(found[row]["both"], features["both"])


def features_by_row(finished):
    return {outcome.job.row: outcome.features for computed in finished for outcome in computed.outcomes}
