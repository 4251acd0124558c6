"""Evaluations and searches on the workers of a Dask cluster: equal bits, and what goes wrong."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clusters import ANOTHER_VERSION, Start, starter, unseen

from mxt.core.engines import EngineChoice
from mxt.core.errors import EvaluationError, InputError, PluginError
from mxt.core.progress import SILENT
from mxt.evaluation import dask_engine
from mxt.registry import Registry, build_registry
from mxt.results.request import EvaluateRequest, SearchRequest
from mxt.store.layout import Store
from mxt.workflows.evaluate import evaluate
from mxt.workflows.search import search

distributed = pytest.importorskip("distributed")

Make = Callable[..., Store]
N = 90
RNG = np.random.default_rng(0)
GOOD = (np.eye(3)[np.arange(N) % 3] + 0.5 * RNG.normal(size=(N, 3))).astype(np.float32)
DEEP = np.concatenate([0.5 * GOOD, RNG.normal(size=(N, 3)), GOOD], axis=1).astype(np.float32)
QUICK = ("kernel=rbf", "svm.C=8", "gamma=1", "folds=4")
SHORT = ("svm.C=8", "svm.gamma=1", "svm.linear_C=0.1", "folds=4")  # one fit per kernel
TARGETS: dict[str, list[Any]] = {
    "genre": [["blues", "jazz", "rock"][i % 3] for i in range(N)],
    "arousal": (GOOD @ np.array([1.0, 2.0, -1.0])).tolist(),
    "tags": [tuple(name for name, there in zip("abc", row > 0.5, strict=True) if there) for row in GOOD],
}
HEADS = """
import time
from dataclasses import dataclass
from mxt.plugin import Param, StageSpec, hookimpl


@dataclass(frozen=True)
class Nearest:
    nap: float = 0.0

    def estimator(self, task, *, seed=0):
        from sklearn.neighbors import KNeighborsClassifier

        time.sleep(self.nap)
        return KNeighborsClassifier()

    def grid(self, task, n_features):
        return {"n_neighbors": [1, 5]}


@dataclass(frozen=True)
class Exits:
    def estimator(self, task, *, seed=0):
        raise SystemExit(3)

    def grid(self, task, n_features):
        return {}


@hookimpl
def mxt_stages():
    nap = Param("nap", "float", 0.0, "seconds to rest", minimum=0, maximum=9)
    return [
        StageSpec(kind="head", name="nearest", summary="nearest", target=":Nearest", params=(nap,)),
        StageSpec(kind="head", name="exits", summary="exits", target=":Exits"),
    ]
"""


@pytest.fixture(scope="module")
def heads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("plugin") / "heads.py"
    path.write_text(HEADS)
    return path


@pytest.fixture(scope="module")
def registry(heads: Path) -> Registry:
    return build_registry([heads])


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory, heads: Path) -> Iterator[EngineChoice]:
    """A cluster of two workers, which do not see the plugin."""
    with (
        distributed.LocalCluster(n_workers=0, dashboard_address="127.0.0.1:0", silence_logs=50) as started,
        starter(started, tmp_path_factory.mktemp("hosts")) as start,
    ):
        start(before=unseen(heads))
        start(before=unseen(heads))
        yield EngineChoice(scheduler=started.scheduler_address, plugins=(heads,))


@pytest.mark.parametrize(
    "request_",
    [
        EvaluateRequest(target="genre", settings=("folds=4",)),
        EvaluateRequest(target="genre", head="linear", repeats=2, settings=("folds=3",)),
        EvaluateRequest(target="genre", head="nearest", settings=("folds=4",)),
        EvaluateRequest(target="arousal", settings=QUICK),
        EvaluateRequest(target="tags", head="linear", settings=("folds=4",)),
        EvaluateRequest(target="genre", protocols=("choi2017",)),
    ],
    ids=["svm", "linear", "plugin", "regression", "multilabel", "choi2017"],
)
def test_a_cluster_evaluates_to_the_same_bits_as_threads(
    make_store: Make,
    registry: Registry,
    cluster: EngineChoice,
    request_: EvaluateRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dask_engine, "LARGE", 256)  # arrays go as files
    root = make_store({"good": GOOD}, TARGETS).root
    threads = evaluate(root, request_, registry, jobs=2).datasets[0].views[0]
    workers = evaluate(root, request_, registry, engine=cluster).datasets[0].views[0]
    assert (workers.assessment.scores, workers.params) == (threads.assessment.scores, threads.params)
    check_same_predictions(Store.open(root), threads.result_id, workers.result_id)


@pytest.mark.parametrize("protocol", ["nested", "choi2017"])
@pytest.mark.parametrize("sent", [256, 1 << 30], ids=["as files", "in messages"])
def test_a_cluster_searches_to_the_same_bits_as_threads(
    make_store: Make, tmp_path: Path, cluster: EngineChoice, protocol: str, sent: int, monkeypatch: Any
) -> None:
    monkeypatch.setattr(dask_engine, "LARGE", sent)
    layered = make_store({"deep": DEEP}, layers=3).root
    other = Path(shutil.copytree(layered, tmp_path / "other"))
    request = SearchRequest(head="svm", protocols=(protocol,), settings=SHORT)
    threads = search(layered, request, build_registry(), jobs=2).results[0]
    workers = search(other, request, build_registry(), engine=cluster).results[0]
    assert (workers.rows, workers.scores, workers.chosen) == (threads.rows, threads.scores, threads.chosen)
    assert (workers.fits, workers.spared) == (threads.fits, threads.spared)
    check_same_predictions(Store.open(layered), threads.result_id, workers.result_id, Store.open(other))


def test_processes_that_are_started_here_give_the_same_bits_too(make_store: Make, registry: Registry) -> None:
    root = make_store({"good": GOOD}, TARGETS).root
    request = EvaluateRequest(target="genre", settings=QUICK)
    threads = evaluate(root, request, registry).datasets[0].views[0]
    workers = evaluate(root, request, registry, jobs=1, engine=EngineChoice("dask")).datasets[0].views[0]
    check_same_predictions(Store.open(root), threads.result_id, workers.result_id)


def test_a_search_that_is_in_the_store_needs_no_cluster(make_store: Make) -> None:
    layered = make_store({"deep": DEEP}, layers=3).root
    request = SearchRequest(settings=("svm.kernel=rbf", "svm.C=8", "svm.gamma=1"))
    search(layered, request, build_registry())
    nobody = EngineChoice(scheduler="tcp://127.0.0.1:9")
    assert search(layered, request, build_registry(), engine=nobody).results[0].from_store


def test_a_worker_that_is_killed_loses_its_folds_only(
    make_store: Make, registry: Registry, scheduler: Any, start: Start, heads: Path
) -> None:
    root = make_store({"good": GOOD}, TARGETS).root
    request = EvaluateRequest(target="genre", head="nearest", settings=("nap=0.05", "folds=10"))
    threads = evaluate(root, request, registry).datasets[0].views[0]
    first, _ = start(), start()
    progress = After(3, first.kill)
    engine = EngineChoice(scheduler=scheduler.scheduler_address, plugins=(heads,))
    workers = evaluate(root, request, registry, engine=engine, progress=progress).datasets[0].views[0]
    assert first.wait() == -signal.SIGKILL
    assert progress.count == progress.total, "no fit is counted twice"
    assert progress.most == 2
    check_same_predictions(Store.open(root), threads.result_id, workers.result_id)


def test_a_worker_of_another_version_is_said_once_and_the_others_do_its_work(
    make_store: Make, registry: Registry, scheduler: Any, start: Start
) -> None:
    root = make_store({"good": GOOD}, TARGETS).root
    start(before=ANOTHER_VERSION)
    start()
    progress = After(10**9, lambda: None)
    engine = EngineChoice(scheduler=scheduler.scheduler_address)
    request = EvaluateRequest(target="genre", settings=QUICK)
    evaluate(root, request, registry, engine=engine, progress=progress)
    said = [line for line in progress.lines if "is not used" in line]
    assert len(said) == 1
    assert re.search(r"it has mxt 0\.0\.1, and the command ", said[0])


def test_when_the_scheduler_goes_finished_folds_are_kept_and_the_same_command_continues(
    make_store: Make,
    registry: Registry,
    scheduler: Any,
    start: Start,
    heads: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    root = make_store({"good": GOOD}, TARGETS).root
    request = EvaluateRequest(target="genre", head="nearest", settings=("nap=0.05", "folds=10"))
    start()
    monkeypatch.setattr("mxt.core.cluster.CONNECT_SECONDS", 2)
    progress = After(20, scheduler.close)
    engine = EngineChoice(scheduler=scheduler.scheduler_address, plugins=(heads,))
    with pytest.raises(InputError, match=r"scheduler does not answer any more.*run the same command again"):
        evaluate(root, request, registry, engine=engine, progress=progress)
    again = evaluate(root, request, registry).datasets[0].views[0]
    assert 0 < again.resumed < 10


def test_a_killed_command_continues_with_the_same_or_another_engine(
    make_store: Make, registry: Registry, scheduler: Any, start: Start, heads: Path
) -> None:
    root = make_store({"good": GOOD}, TARGETS).root
    request = EvaluateRequest(target="genre", head="nearest", settings=("nap=0.05", "folds=10"))
    start()
    engine = EngineChoice(scheduler=scheduler.scheduler_address, plugins=(heads,))
    words = [*request.command().split()[1:], "--plugin", str(heads), "--scheduler", str(engine.scheduler)]
    command = [sys.executable, "-m", "mxt", *words, "--store", str(root), "--json", "-q"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=dict(os.environ))
    while process.poll() is None and not list((root / "results").glob(".partial-*/*.npz")):
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    again = evaluate(root, request, registry, engine=engine).datasets[0].views[0]
    whole = evaluate(root, request, registry).datasets[0].views[0]
    assert 1 <= again.resumed < 10
    check_same_predictions(Store.open(root), whole.result_id, again.result_id)


@pytest.mark.parametrize(
    ("head", "error", "message"),
    [
        ("exits", PluginError, r"head 'exits' of file:heads\.py failed: RuntimeError: SystemExit: 3"),
        ("svm", EvaluationError, r"every worker that tried one of the fits died"),
    ],
)
def test_what_ends_a_worker_or_its_work_is_one_line(
    make_store: Make,
    registry: Registry,
    cluster: EngineChoice,
    head: str,
    error: Any,
    message: str,
    monkeypatch: Any,
) -> None:
    if head == "svm":
        monkeypatch.setattr("mxt.core.cluster.Cluster.finished", lambda _: (None, None))
    root = make_store({"good": GOOD}, TARGETS).root
    with pytest.raises(error, match=message):
        evaluate(root, EvaluateRequest(target="genre", head=head), registry, engine=cluster)


def test_fewer_processes_work_where_their_kernels_have_no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    class Here:
        is_here, threads = True, 8

    class Hungry:
        def workers(self, jobs: int, *, apart: bool) -> int:
            assert apart
            return min(jobs, 3)

    assert dask_engine._ahead(Here(), Hungry()) == 3  # type: ignore[arg-type]
    monkeypatch.setattr(Here, "is_here", False)
    assert dask_engine._ahead(Here(), Hungry()) == 16  # type: ignore[arg-type]


class After:
    """Progress that keeps what it is told, and does something once, when so many fits are counted."""

    def __init__(self, fits: int, act: Callable[[], object]) -> None:
        self.fits, self.act = fits, act
        self.total = self.count = self.most = 0
        self.lines: list[str] = []

    @contextmanager
    def step(self, what: str, total: int | None, *, unit: str = "") -> Iterator[Any]:
        if unit != "fits":
            with SILENT.step(what, total, unit=unit) as step:
                yield step
            return
        self.total = total or 0
        yield self

    def workers(self, n: int) -> None:
        self.most = max(self.most, n)

    def advance(self, n: int = 1) -> None:
        before, self.count = self.count, self.count + n
        if before < self.fits <= self.count:
            self.act()

    def say(self, line: str) -> None:
        self.lines.append(line)


def check_same_predictions(store: Store, first: str, second: str, other: Store | None = None) -> None:
    """Predictions of two results are equal to the last bit."""
    one, two = store.results.predictions(first), (other or store).results.predictions(second)
    assert one.keys() == two.keys()
    for name, values in one.items():
        assert values.tobytes() == two[name].tobytes(), name
