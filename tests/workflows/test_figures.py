"""Figures of searches: which are drawn, what they show, and their files."""

from __future__ import annotations

import csv
import re
import subprocess
import sys
from dataclasses import astuple, replace
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest

from mxt.cli.main import main
from mxt.core.errors import InputError, UnknownName, UsageError
from mxt.core.records import DatasetRecord
from mxt.drawing.classes import class_pairs, pair_of
from mxt.drawing.combinations import BETWEEN, LOW, TOP, draw_combinations, entries_of
from mxt.drawing.depth import ALONE, INSIDE, RANDOM, UP_TO, WEIGHTED, points_of
from mxt.drawing.page import files_of
from mxt.drawing.panels import Panel, read_panels
from mxt.drawing.summary import draw_summary
from mxt.evaluation.interval import Interval
from mxt.ingestion.requests import ImportRequest, IngestRequest
from mxt.papers.choi2017.tasks import about_task, find_task, published
from mxt.registry import build_registry
from mxt.results.request import SearchRequest
from mxt.results.search_record import SearchResult
from mxt.store.layout import Store
from mxt.workflows.figures import Figures, FiguresRequest, figures
from mxt.workflows.import_features import import_features
from mxt.workflows.ingest import ingest
from mxt.workflows.search import search

REGISTRY = build_registry()
N, CLASSES, LAYERS = 60, 3, 5
QUICK = ("svm.kernel=rbf", "svm.C=8", "svm.gamma=1", "nested.folds=3")


def features(seed: int, strength: float) -> dict[str, np.ndarray]:
    rng, y = np.random.default_rng(seed), np.arange(N) * CLASSES // N
    return {
        f"block{k + 1}": rng.normal(size=(N, 8)) + strength * (k + 1) * np.eye(CLASSES, 8)[y]
        for k in range(LAYERS)
    }


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three classes and a value; layers of a network, of a random one, and MFCCs, all searched."""
    folder, root = tmp_path_factory.mktemp("published"), tmp_path_factory.mktemp("store") / "mxt-store"
    (folder / "csv").mkdir()
    (folder / "features").mkdir()
    rng = np.random.default_rng(0)
    paths = [f"clips/{i}.wav" for i in range(N)]
    rows = [
        ["", "id", "filepath", "label"],
        *([i, i, path, i * CLASSES // N] for i, path in enumerate(paths)),
    ]
    with (folder / "csv" / "gtzan_speechmusic.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    np.save(folder / "features" / "gtzan_speechmusic_mfcc.npy", rng.normal(size=(N, 120)))
    ingest(root, IngestRequest(folder, loader="choi2017"), REGISTRY)
    for name, seed, strength in (("net", 1, 0.5), ("random_net", 2, 0.1)):
        path = folder / f"{name}.npz"
        np.savez(path, clip=np.array(paths), **features(seed, strength))
        import_features(root, ImportRequest(path, label=name))
    views = ("net", "random_net")
    search(root, SearchRequest(features=views, beside=("choi2017_mfcc",), settings=QUICK), REGISTRY, jobs=2)
    return root


@pytest.fixture(scope="module")
def panel(store: Path) -> Panel:
    (found,), _ = read_panels(Store.open(store), datasets=(), protocols=())
    return found


@pytest.fixture(scope="module")
def drawn(store: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Figures, Path]:
    out = tmp_path_factory.mktemp("out") / "new" / "figures"
    return figures(store, FiguresRequest(out)), out


def numbers(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_each_search_gets_its_combinations_a_curve_over_depth_its_classes_and_a_place_in_the_summary(
    drawn: tuple[Figures, Path],
) -> None:
    found, out = drawn
    assert [each.kind for each in found.figures] == ["combinations", "depth", "classes", "summary"]
    for each in found.figures:
        png, svg, table = each.files
        assert png.read_bytes().startswith(b"\x89PNG")
        assert "<svg" in svg.read_text()
        assert len(numbers(table)) > 1
    assert {path for each in found.figures for path in each.files} == set(out.iterdir())


def test_the_numbers_are_those_of_the_search(drawn: tuple[Figures, Path], panel: Panel) -> None:
    found, _ = drawn
    rows = {row["layers"]: row for row in numbers(found.figures[0].files[2])}
    assert panel.baseline is not None
    for each in panel.plain:
        assert float(rows[each.name]["score"]) == pytest.approx(each.score.value, abs=1e-6)
        assert (float(rows[each.name]["low"]), float(rows[each.name]["high"])) == pytest.approx(
            (each.score.low, each.score.high), abs=1e-6
        )
        other = panel.baseline.row(each.name)
        assert other is not None
        assert float(rows[each.name]["random_score"]) == pytest.approx(other.score.value, abs=1e-6)
    assert {"chosen inside", "choi2017_mfcc", "12345+choi2017_mfcc"} <= set(rows)


def test_the_curve_over_depth_holds_each_layer_alone_the_layers_up_to_it_and_the_random_network(
    drawn: tuple[Figures, Path], panel: Panel
) -> None:
    points = points_of(panel)
    assert [(point.what, point.name) for point in points] == [
        *((ALONE, layer) for layer in "12345"),
        *((UP_TO, "12345"[: depth + 1]) for depth in range(5)),
        (INSIDE, INSIDE),
        *((RANDOM, layer) for layer in "12345"),
    ]
    rows = numbers(drawn[0].figures[1].files[2])
    assert [(row["what"], row["depth"]) for row in rows[:6]] == [
        *((ALONE, str(depth)) for depth in range(1, 6)),
        (UP_TO, "1"),
    ]
    for row, point in zip(rows, points, strict=True):
        assert [float(row[name]) for name in ("score", "low", "high")] == pytest.approx(
            [point.score.value, point.score.low, point.score.high], abs=1e-6
        )


def test_without_every_layer_alone_there_is_no_curve_over_depth(panel: Panel) -> None:
    rows = tuple(row for row in panel.result.rows if row.name != "4")
    assert points_of(replace(panel, result=replace(panel.result, rows=rows))) == []
    without = tuple(row for row in panel.result.rows if row.name != "1234")
    kinds = {point.what for point in points_of(replace(panel, result=replace(panel.result, rows=without)))}
    assert kinds == {ALONE, INSIDE, RANDOM}


def test_a_search_of_some_candidates_is_a_figure_of_its_own_with_the_learnt_weights(
    store: Path, tmp_path: Path
) -> None:
    import shutil

    other = Path(shutil.copytree(store, tmp_path / "mxt-store"))
    kinds = ("single", "weighted")
    search(other, SearchRequest(features=("net",), settings=QUICK, candidates=kinds), REGISTRY, jobs=2)
    found = figures(other, FiguresRequest(tmp_path / "out"))
    drawn = [figure for figure in found.figures if "candidates_single_weighted" in figure.files[0].name]
    assert [figure.kind for figure in drawn] == ["combinations", "depth", "summary"]
    rows = numbers(drawn[1].files[2])
    assert [row["what"] for row in rows[:7]] == [*[ALONE] * 5, WEIGHTED, INSIDE]
    weights = [float(row["weight"]) for row in rows if row["weight"]]
    assert len(weights) == 5
    assert sum(weights) == pytest.approx(1, abs=1e-5)


def test_a_random_network_stands_beside_the_one_it_belongs_to(panel: Panel) -> None:
    assert panel.result.view == "net"
    assert panel.baseline is not None
    assert panel.baseline.view == "random_net"


def test_a_random_network_alone_is_drawn_for_itself(store: Path, tmp_path: Path, panel: Panel) -> None:
    import shutil

    other = Path(shutil.copytree(store, tmp_path / "mxt-store"))
    Store.open(other).results.remove(panel.result.result_id)
    found = figures(other, FiguresRequest(tmp_path / "out"))
    assert found.figures[0].files[0].name.startswith("gtzan_speechmusic-label-random_net")


def test_equal_stores_give_equal_files(store: Path, drawn: tuple[Figures, Path], tmp_path: Path) -> None:
    again = figures(store, FiguresRequest(tmp_path))
    for first, second in zip(drawn[0].figures, again.figures, strict=True):
        for one, other in zip(first.files, second.files, strict=True):
            assert one.read_bytes() == other.read_bytes()


def test_ranks_are_shared_by_equals_and_the_ends_are_set_off(panel: Panel) -> None:
    scores = [0.9, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.2]
    rows = tuple(
        replace(
            panel.result.rows[0], name=f"{place + 1:05}", score=Interval(score, score - 0.05, score + 0.05)
        )
        for place, score in enumerate(scores)
    )
    bars = entries_of(
        replace(panel, result=replace(panel.result, rows=rows, nested=False, beside=()), baseline=None)
    )
    assert [bar.rank for bar in bars] == [1, 1, 3, 4, 5, 6, 7, 8, 9, 9]
    assert [bar.group for bar in bars] == [TOP] * 3 + [BETWEEN] * 4 + [LOW] * 3
    level = tuple(replace(row, score=Interval(1.0, 0.9, 1.0)) for row in rows)
    assert {
        bar.group
        for bar in entries_of(
            replace(panel, result=replace(panel.result, rows=level, nested=False), baseline=None)
        )
    } == {TOP}


def test_of_very_many_combinations_the_best_and_the_lowest_are_drawn_and_all_are_in_the_numbers(
    panel: Panel, tmp_path: Path
) -> None:
    first = panel.result.rows[0]
    rows = tuple(
        replace(first, name=f"{place + 1:03}", score=Interval(0.9 - place / 1000, 0.1, 1.0))
        for place in range(255)
    )
    many = replace(panel, result=replace(panel.result, rows=rows, nested=False, beside=()), baseline=None)
    with mpl.rc_context({"svg.fonttype": "none"}):
        draw_combinations(many, files_of(tmp_path / "many"))
    text = (tmp_path / "many.svg").read_text(encoding="utf-8")
    assert len(numbers(tmp_path / "many.csv")) == 255
    assert len(re.findall(r">0\.\d{3}</text>", text)) == 63
    assert "lowest of 255 combinations" in text


def test_an_older_search_of_the_same_clips_that_tried_more_is_drawn(
    store: Path, tmp_path: Path, panel: Panel
) -> None:
    import shutil

    other = Path(shutil.copytree(store, tmp_path / "mxt-store"))
    search(other, SearchRequest(features=("net",), settings=QUICK), REGISTRY, jobs=2)
    (found,), _ = read_panels(Store.open(other), datasets=(), protocols=())
    assert found.result.result_id == panel.result.result_id


def test_a_search_by_other_settings_is_a_figure_of_its_own(store: Path, tmp_path: Path) -> None:
    import shutil

    other = Path(shutil.copytree(store, tmp_path / "mxt-store"))
    search(
        other, SearchRequest(features=("net:12",), settings=(*QUICK[:-1], "nested.folds=4")), REGISTRY, jobs=2
    )
    found = figures(other, FiguresRequest(tmp_path / "out"))
    assert [each.kind for each in found.figures].count("combinations") == 2
    assert [each.kind for each in found.figures].count("summary") == 2
    assert any("nothing beside the layers" in remark for remark in found.remarks)


def test_results_that_do_not_belong_to_the_catalogue_any_more_are_named_and_not_drawn(
    store: Path, tmp_path: Path, panel: Panel
) -> None:
    import shutil

    other = Path(shutil.copytree(store, tmp_path / "mxt-store"))
    opened = Store.open(other)
    record, clips = opened.catalogue.dataset("gtzan_speechmusic"), opened.catalogue.clips("gtzan_speechmusic")
    opened.catalogue.replace_clips(record, clips[:-1])
    _, remarks = read_panels(Store.open(other), datasets=(), protocols=())
    assert any(panel.result.result_id in remark and "changed" in remark for remark in remarks)
    with pytest.raises(InputError, match="no evaluation or search"):
        figures(other, FiguresRequest(tmp_path / "out"))


def test_what_was_not_searched_says_what_to_do(store: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"by choi2017 to draw; mxt eval and mxt search"):
        figures(store, FiguresRequest(tmp_path, protocols=("choi2017",)))
    with pytest.raises(UnknownName, match="gtzan_speechmusic"):
        figures(store, FiguresRequest(tmp_path, datasets=("gtzan_speechmusik",)))


def test_recalls_and_their_differences_are_of_the_same_resamples(store: Path, panel: Panel) -> None:
    predictions = Store.open(store).results.predictions(panel.result.result_id)
    names = pair_of(panel)
    assert names == ("12345", "5")
    pairs = class_pairs(names, predictions)
    assert [each.clips for each in pairs] == [20, 20, 20]
    for each in pairs:
        row = panel.result.row("5")
        assert row is not None
        assert each.second.value == pytest.approx(row.recalls[each.name])
        for recall in (each.first, each.second, each.difference):
            assert recall.low <= recall.value <= recall.high
        assert each.difference.value == pytest.approx(each.first.value - each.second.value)
    same = class_pairs(("5", "5"), predictions)
    assert all(each.difference == Interval(0, 0, 0) for each in same)


def test_a_class_that_is_always_recognised_has_an_interval_all_the_same() -> None:
    y = np.repeat([0, 1], 10)
    predictions = {
        "strategies": np.array(["12", "2"]),
        "y_true": y,
        "unit": np.arange(20),
        "classes": np.array(["a", "b"]),
        "by_strategy": np.stack([y, 1 - y]),
    }
    for each in class_pairs(("12", "2"), predictions):
        assert astuple(each.first) == pytest.approx((1.0, 0.025**0.1, 1.0))
        assert astuple(each.second) == pytest.approx((0.0, 0.0, 1 - 0.025**0.1))


def record(loader: str, name: str = "mine") -> DatasetRecord:
    return DatasetRecord(name, "/x", loader, {}, ("label",), "", "")


def test_the_state_of_the_art_stands_beside_the_paper_s_data_sets_only() -> None:
    whole = find_task(record("urbansound8k"), "class", 8732)
    assert whole is not None
    quoted = about_task(whole, ()).quoted
    assert quoted is not None
    assert (quoted.value, "without augmentation" in quoted.metric, "Choi" in quoted.source) == (
        0.74,
        True,
        True,
    )
    assert find_task(record("urbansound8k"), "class", 130) is None
    assert find_task(record("folder", "gtzan_genre"), "label", 1000) is None
    names = [
        getattr(find_task(record("emomusic"), target, 744), "name", None)
        for target in ("arousal", "valence", "other")
    ]
    assert names == ["emoMusic_a", "emoMusic_v", None]
    vocals = find_task(record("choi2017", "jamendo_vd"), "label", 4086)
    assert vocals is not None
    assert about_task(vocals, ()).quoted is None


def test_published_scores_go_by_the_names_of_the_search(panel: Panel) -> None:
    task = find_task(record("gtzan"), "genre", 1000)
    assert task is not None
    scores = published()["scores"]["gtzan_genre"]
    assert about_task(task, ("135", "choi2017_mfcc", "12345+choi2017_mfcc", "135+choi2017_mfcc")).scores == {
        "135": scores["135"],
        "choi2017_mfcc": scores["mfcc"],
        "12345+choi2017_mfcc": scores["12345+mfcc"],
    }
    assert panel.published is None


def test_values_are_drawn_without_classes(panel: Panel, tmp_path: Path) -> None:
    def below(found: SearchResult) -> SearchResult:
        rows = tuple(
            replace(row, score=Interval(*(bound - 1 for bound in astuple(row.score)))) for row in found.rows
        )
        return replace(
            found,
            task="regression",
            scores=(replace(found.first, name="r2_fold_mean"),),
            chance=0.0,
            rows=rows,
            nested=False,
        )

    valence = find_task(record("emomusic"), "valence", 744)
    assert valence is not None
    values = replace(panel, result=below(panel.result), baseline=None, published=about_task(valence, ()))
    draw_combinations(values, files_of(tmp_path / "values"))
    draw_summary([values], files_of(tmp_path / "summary"))
    quoted = numbers(tmp_path / "values.csv")[-1]
    assert (quoted["group"].startswith("state of the art"), quoted["score"]) == (True, "0.500000")
    assert numbers(tmp_path / "summary.csv")[-1]["what"] == "state of the art"


def test_the_command_prints_what_it_drew(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match=r"^0$"):
        main(
            ["figures", "--store", str(store), "--out", str(tmp_path / "f"), "--dataset", "gtzan_speechmusic"]
        )
    out = capsys.readouterr().out
    assert "4 figures in" in out
    assert "summary-nested" in out


def test_nothing_is_drawn_with_before_there_is_something_to_draw(tmp_path: Path) -> None:
    Store.open(tmp_path / "mxt-store", create=True)
    code = (
        "import sys\nfrom mxt.cli.main import main\ntry:\n"
        f"    main(['figures', '--store', {str(tmp_path / 'mxt-store')!r}])\n"
        "except SystemExit as end:\n    assert end.code == 1\nassert 'matplotlib' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "no evaluation or search" in done.stderr


def test_a_papers_page_shows_every_combination_beside_the_published_score(tmp_path: Path) -> None:
    rng, files = np.random.default_rng(0), tmp_path / "files"
    for folder in ("csv", "features"):
        (files / folder).mkdir(parents=True)
    lines = [f"{i},{i},{('music', 'speech')[i % 2]}_wav/{i}.wav,{i % 2}\n" for i in range(128)]
    (files / "csv" / "gtzan_speechmusic.csv").write_text(",id,filepath,label\n" + "".join(lines))
    for k in range(5):
        np.save(files / "features" / f"gtzan_speechmusic_layer_{k}.npy", rng.normal(size=(128, 32)))
    np.save(files / "features" / "gtzan_speechmusic_mfcc.npy", rng.normal(size=(128, 120)))
    ingest(tmp_path / "mxt-store", IngestRequest(files, loader="choi2017"), REGISTRY)
    only = ("3", "35", "choi2017_mfcc")
    grid = SearchRequest(
        features=("choi2017_convnet",),
        beside=("choi2017_mfcc",),
        protocols=("choi2017",),
        only=only,
    )
    search(tmp_path / "mxt-store", grid, REGISTRY)
    request = FiguresRequest(tmp_path / "out", paper="choi2017")
    (page,) = figures(tmp_path / "mxt-store", request).figures
    assert (page.kind, page.words) == ("paper", "choi2017 · GTZAN speech/music")
    assert all(path.stat().st_size for path in page.files)
    with page.files[2].open(newline="") as file:
        rows = {row["combination"]: row for row in csv.DictReader(file)}
    known = published()["scores"]["gtzan_speechmusic"]
    assert list(rows) == list(only)
    assert [float(row["published"]) for row in rows.values()] == [known[n] for n in ("3", "35", "mfcc")]
    assert all(
        float(row["difference"]) == pytest.approx(float(row["score"]) - float(row["published"]), abs=2e-6)
        for row in rows.values()
    )


def test_an_unknown_paper_is_named_and_one_without_searches_says_what_makes_them(
    store: Path, tmp_path: Path
) -> None:
    with pytest.raises(UnknownName, match="no paper called 'choi2016'; did you mean choi2017"):
        figures(store, FiguresRequest(tmp_path, paper="choi2016"))
    with pytest.raises(InputError, match="nothing of choi2017 to draw; mxt reproduce choi2017 makes it"):
        figures(store, FiguresRequest(tmp_path, paper="choi2017"))
    with pytest.raises(UsageError, match="--protocol does not go with --paper"):
        figures(store, FiguresRequest(tmp_path, protocols=("nested",), paper="choi2017"))
