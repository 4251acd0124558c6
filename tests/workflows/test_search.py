from __future__ import annotations

import inspect
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mxt.cli.main import main
from mxt.core.errors import InputError, UsageError
from mxt.evaluation.candidates import KINDS
from mxt.ingestion.requests import ImportRequest, IngestRequest
from mxt.registry import build_registry
from mxt.results.request import SearchRequest
from mxt.store.layout import Store
from mxt.workflows.import_features import import_features
from mxt.workflows.ingest import ingest
from mxt.workflows.report import ReportRequest, report
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
    ingest(store, IngestRequest(folder, loader="choi2017"), REGISTRY)
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


@pytest.fixture(scope="module")
def deep(small: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table of ten layers, of which the fourth tells the classes apart."""
    store = Path(shutil.copytree(small, tmp_path_factory.mktemp("deep") / "mxt-store"))
    opened, rng = Store.open(store), np.random.default_rng(1)
    clips = [clip.id for clip in opened.catalogue.clips("gtzan_speechmusic")]
    y = np.arange(len(clips)) * 3 // len(clips)
    arrays = {f"layer{k}": rng.normal(size=(len(clips), 6)) for k in range(1, 11)}
    arrays["layer4"] += 2 * np.eye(3, 6)[y]
    path = store.parent / "deep.npz"
    np.savez(path, clip=np.array(clips), **arrays)
    import_features(store, ImportRequest(path, label="deep"))
    return store


def test_of_many_layers_single_ones_and_prefixes_are_tried_by_default(deep: Path) -> None:
    (found,) = search(deep, SearchRequest(features=("deep",), settings=QUICK), REGISTRY).results
    assert found.request.candidates == ("single", "prefixes")
    assert found.layers == tuple(f"layer{k}" for k in range(1, 11))
    assert [row.name for row in found.rows[:10]] == list(found.layers)
    assert [row.name for row in found.rows[10:13]] == ["layer1,layer2", "layer1-layer3", "layer1-layer4"]
    assert found.rows[12].layers == found.layers[:4]
    for name in (found.rows[found.best].name, *found.chosen):
        row = found.row(name)
        assert row is not None
        assert "layer4" in row.layers


def test_weights_are_learnt_inside_the_folds_and_largest_for_the_layer_that_tells(deep: Path) -> None:
    request = SearchRequest(features=("deep:2-6",), candidates=("weighted", "single"), head="linear")
    (found,) = search(deep, request, REGISTRY).results
    row = found.row("weighted")
    assert row is not None
    assert list(row.weights) == [f"layer{k}" for k in range(2, 7)]
    assert max(row.weights, key=row.weights.__getitem__) == "layer4"
    assert sum(row.weights.values()) == pytest.approx(1)
    assert row.columns == 6
    assert row.score.value > 0.7
    assert not any(row.weights for row in found.rows if row.name != "weighted")
    (again,) = search(deep, request, REGISTRY).results
    assert again.from_store
    assert again.rows == found.rows


def test_a_weighting_of_one_layer_scores_as_the_linear_head_on_it(deep: Path) -> None:
    request = SearchRequest(features=("deep:4",), candidates=("single", "weighted"), head="linear")
    (found,) = search(deep, request, REGISTRY).results
    single, weighted = found.rows
    assert weighted.weights == {"layer4": pytest.approx(1.0)}
    assert (weighted.score, weighted.per_fold) == (single.score, single.per_fold)


def test_the_head_of_a_weighting_follows_the_settings_of_the_linear_head(deep: Path) -> None:
    request = SearchRequest(
        features=("deep:4-5",), candidates=("weighted",), head="linear", settings=("linear.C=0.5",)
    )
    (found,) = search(deep, request, REGISTRY).results
    assert found.rows[0].params == {"C": 0.5}


def test_the_page_of_a_search_shows_scores_over_depth(deep: Path, tmp_path: Path) -> None:
    kinds = ("single", "prefixes", "weighted")
    request = SearchRequest(features=("deep:3-5",), candidates=kinds, head="linear")
    (found,) = search(deep, request, REGISTRY).results
    report(deep, ReportRequest(out=tmp_path / "page.html", results=(found.result_id,)), REGISTRY)
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    figure = page.partition('<figure class="depth">')[2].partition("</figure>")[0]
    drawn = re.findall(r"<title>([^:<]+): (\S+)", figure)
    for point in (
        ("layer alone", "layer4"),
        ("layers up to it", "layer3,layer4"),
        ("learnt weighting", "weighted"),
    ):
        assert point in drawn
    assert figure.count("<circle") == len(drawn) == 3 + 3 + 1 + 1


def test_what_is_beside_is_joined_to_a_weighting(deep: Path) -> None:
    request = SearchRequest(
        features=("deep:3-5",), beside=("choi2017_mfcc",), candidates=("weighted",), settings=QUICK
    )
    (found,) = search(deep, request, REGISTRY).results
    assert [(row.name, row.columns) for row in found.rows] == [
        ("weighted", 6),
        ("choi2017_mfcc", 120),
        ("weighted+choi2017_mfcc", 126),
    ]
    assert found.rows[2].layers == ("layer3", "layer4", "layer5")


def test_weights_are_not_learnt_where_parameters_are_chosen_on_the_reported_folds(deep: Path) -> None:
    request = SearchRequest(features=("deep",), candidates=("weighted",), protocols=("choi2017",))
    with pytest.raises(UsageError, match="choi2017 chooses on the reported folds"):
        search(deep, request, REGISTRY)


def test_candidates_that_one_table_does_not_have_are_refused_before_any_is_searched(deep: Path) -> None:
    request = SearchRequest(features=("deep:1-3", "deep"), candidates=("all",), settings=QUICK)
    with pytest.raises(UsageError, match="the 10 layers of deep are 1,023"):
        search(deep, request, REGISTRY)
    (later,) = search(deep, replace(request, features=("deep:1-3",)), REGISTRY).results
    assert not later.from_store


def test_several_heads_are_searched_one_after_the_other(small: Path) -> None:
    request = SearchRequest(features=("choi2017_convnet:13",), heads=("linear", "svm"))
    found = search(small, request, REGISTRY).results
    assert [result.head for result in found] == ["linear", "svm"]
    assert [(result.request.head, result.request.heads) for result in found] == [("linear", ()), ("svm", ())]
    (alone,) = search(small, replace(request, heads=("linear",)), REGISTRY).results
    assert alone.from_store
    assert alone.result_id == found[0].result_id


def test_help_names_every_kind_of_candidates() -> None:
    from mxt.cli.search import search as command

    annotation = inspect.signature(command, eval_str=True).parameters["candidates"].annotation
    assert annotation.__metadata__[0].metavar == "|".join(KINDS)


def test_the_command_says_what_was_tried_and_which_weights_were_learnt(
    deep: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["search", "--store", str(deep), "--features", "deep:2-8", "--head", "linear", "--quiet"]
    kinds = ["--candidates", "single", "--candidates", "weighted"]
    with pytest.raises(SystemExit, match=r"^0$"):
        main([*words, *kinds])
    out = " ".join(capsys.readouterr().out.split())
    assert "8 candidates of 7 layers: single layers, a learnt weighting" in out
    assert re.search(r"weighted, learnt with a linear head, mean over folds: layer4 \d\.\d\d, layer", out)
    assert ", 1 more (--details)" in out


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
