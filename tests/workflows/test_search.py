from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from mxt.cli.main import main
from mxt.core.errors import InputError, UsageError
from mxt.ingestion.feature_sets import ingest_all
from mxt.registry import build_registry
from mxt.results.request import SearchRequest
from mxt.store.layout import Store
from mxt.workflows.search import search

REGISTRY = build_registry()
BOTH = ("--protocol", "choi2017", "--protocol", "nested")
QUICK = ("svm.kernel=rbf", "svm.C=8", "svm.gamma=1")
RNG = np.random.default_rng(0)


def published_files(
    folder: Path, name: str, n: int = 60, *, mfcc: bool = True, layers: int = 5, **columns: list[object]
) -> Path:
    """Files of the form in which the authors released theirs; layer 3 tells the classes apart best."""
    (folder / "csv").mkdir(parents=True, exist_ok=True)
    (folder / "features").mkdir(exist_ok=True)
    y = np.arange(n) * 3 // n
    columns = columns or {"label": y.tolist()}
    with (folder / "csv" / f"{name}.csv").open("w") as file:
        file.write(",".join(["", "id", "filepath", *columns]) + "\n")
        for i in range(n):
            file.write(
                ",".join(
                    [
                        str(i),
                        str(i),
                        f"{name}/{i % 3}/{100 + i}-{i % 3}-0-0.wav",
                        *(str(v[i]) for v in columns.values()),
                    ]
                )
                + "\n"
            )
    for k in range(layers):
        signal_ = (2.0 if k == 2 else 0.5) * np.eye(3, 32)[y]
        np.save(folder / "features" / f"{name}_layer_{k}.npy", signal_ + RNG.normal(size=(n, 32)) / 2)
    if mfcc:
        np.save(folder / "features" / f"{name}_mfcc.npy", RNG.normal(size=(n, 120)) + np.eye(3, 120)[y])
    return folder


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = published_files(tmp_path_factory.mktemp("published"), "gtzan_speechmusic")
    store = tmp_path_factory.mktemp("small") / "mxt-store"
    ingest_all(store, folder, REGISTRY, loader="choi2017")
    return store


def test_every_combination_is_scored_and_the_choice_is_part_of_the_score(small: Path) -> None:
    found = search(small, SearchRequest(settings=QUICK), REGISTRY).results[0]
    assert len(found.rows) == 31
    assert sum(row.chosen for row in found.rows) == len(found.fold_names)
    best = found.rows[found.best]
    assert found.cost.value == pytest.approx(best.score.value - found.scores[0].value)
    assert "3" in best.name


def test_a_second_run_answers_from_the_store(small: Path) -> None:
    first = search(small, SearchRequest(settings=QUICK), REGISTRY).results[0]
    again = search(small, SearchRequest(settings=QUICK), REGISTRY).results[0]
    assert again.from_store
    assert (again.result_id, again.rows, again.scores) == (first.result_id, first.rows, first.scores)
    other = search(small, SearchRequest(settings=QUICK, seed=1), REGISTRY).results[0]
    assert not other.from_store


def test_a_search_that_is_in_the_store_is_answered_without_loading_any_learner(small: Path) -> None:
    search(small, SearchRequest(features=("choi2017_convnet:13",), settings=QUICK), REGISTRY)
    settings = [word for setting in QUICK for word in ("--set", setting)]
    words = ["search", "--store", str(small), "--features", "choi2017_convnet:13", *settings]
    code = (
        f"import sys\nfrom mxt.cli.main import main\ntry:\n    main({words!r})\n"
        "finally:\n    assert 'sklearn' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "from the store" in done.stdout


def test_what_is_added_stands_alone_and_beside_every_combination(small: Path) -> None:
    found = search(
        small,
        SearchRequest(features=("choi2017_convnet:13",), beside=("choi2017_mfcc",), settings=QUICK),
        REGISTRY,
    ).results[0]
    assert [row.name for row in found.rows] == [
        "1",
        "3",
        "13",
        "choi2017_mfcc",
        "1+choi2017_mfcc",
        "3+choi2017_mfcc",
        "13+choi2017_mfcc",
    ]
    assert [row.columns for row in found.rows] == [32, 32, 64, 120, 152, 152, 184]


def test_several_tables_at_once_are_no_backbone(small: Path) -> None:
    with pytest.raises(UsageError, match="--with"):
        search(small, SearchRequest(features=("choi2017_convnet+choi2017_mfcc",)), REGISTRY)


def test_the_command_prints_both_protocols_and_their_difference(
    small: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [
        "search",
        "--store",
        str(small),
        "--features",
        "choi2017_convnet:13",
        "--protocol",
        "choi2017",
        "--protocol",
        "nested",
        "--quiet",
    ]
    with pytest.raises(SystemExit, match=r"^0$"):
        main(words)
    out = capsys.readouterr().out
    assert "nested - choi2017" in out
    assert "choosing costs" in out
    assert "optimistic, because it was chosen on the reported folds" in out


def test_eval_by_two_protocols_is_one_table_with_the_difference(
    small: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["eval", "--store", str(small), "--features", "choi2017_convnet:3", *BOTH, "--quiet"]
    with pytest.raises(SystemExit, match=r"^0$"):
        main(words)
    out = capsys.readouterr().out
    first, second = out[out.index("by protocol") :].splitlines()[2:4]
    assert re.fullmatch(
        r"gtzan_speechmusic\s+choi2017_convnet:3\s+choi2017\s+[01]\.\d{3} \(.* to .*\)", first.rstrip()
    )
    assert re.fullmatch(r"\s+nested\s+[01]\.\d{3} \(.* to .*\)\s+[+-]0\.\d{3}", second.rstrip())


def test_a_search_that_was_killed_continues(small: Path, tmp_path: Path) -> None:
    import shutil

    store = Path(shutil.copytree(small, tmp_path / "mxt-store"))
    options = [
        "--store",
        str(store),
        "--features",
        "choi2017_convnet:134",
        "--seed",
        "7",
        "--jobs",
        "1",
        "--quiet",
    ]
    words = [sys.executable, "-m", "mxt", "search", *options]
    running = subprocess.Popen(words, stdout=subprocess.DEVNULL, cwd=tmp_path)
    deadline = time.monotonic() + 60
    while not any(list(path.glob("3*.npz")) for path in store.glob("results/.partial-*")):
        assert time.monotonic() < deadline, "nothing was kept"
        time.sleep(0.05)
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    kept = sum(len(list(path.glob("[0-9]*.npz"))) for path in store.glob("results/.partial-*"))
    request = SearchRequest(features=("choi2017_convnet:134",), seed=7)
    found = search(store, request, REGISTRY, jobs=2).results[0]
    whole = search(small, request, REGISTRY, jobs=2).results[0]
    assert kept > 0
    assert found.fits < whole.fits
    assert (found.rows, found.scores, found.chosen) == (whole.rows, whole.scores, whole.chosen)
    assert not list(store.glob("results/.partial-*"))


def test_a_store_without_layers_says_what_to_do(tmp_path: Path) -> None:
    Store.open(tmp_path / "mxt-store", create=True)
    with pytest.raises(InputError, match="ingest"):
        search(tmp_path / "mxt-store", SearchRequest(), REGISTRY)
