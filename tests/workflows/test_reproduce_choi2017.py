"""The paper's grid over small data sets of the form in which the authors published theirs."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest

from mxt.cli.findings_choi2017 import says
from mxt.cli.main import main
from mxt.core.errors import InputError, UnknownName
from mxt.core.identity import sha256_text
from mxt.core.progress import Silent, Step
from mxt.core.specs import Layer
from mxt.evaluation.duplicates import Duplicates, Pair
from mxt.ingestion.requests import IngestRequest
from mxt.papers.choi2017 import findings as kinds
from mxt.papers.choi2017.from_features import in_step
from mxt.papers.choi2017.records import Cell, ReproduceRequest, Reproduction
from mxt.papers.choi2017.tasks import published
from mxt.papers.finding import Finding
from mxt.registry import build_registry
from mxt.store.layout import Store
from mxt.workflows.ingest import ingest
from mxt.workflows.reproduce_choi2017 import reproduce_choi2017

REGISTRY = build_registry()
STRATEGIES = ("1", "3", "12345")
N = 66
Kind = TypeVar("Kind", bound=Finding)


def published_form(
    folder: Path, name: str, columns: dict[str, Sequence[object]], *, mfcc: bool = True
) -> None:
    """A table and features in which layer 3 tells of the first column."""
    (folder / "csv").mkdir(parents=True, exist_ok=True)
    (folder / "features").mkdir(exist_ok=True)
    n, rng = len(next(iter(columns.values()))), np.random.default_rng(3)
    with (folder / "csv" / f"{name}.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["", "id", "filepath", *columns])
        writer.writerows(
            [i, i, f"{name}/{i}.wav", *row] for i, row in enumerate(zip(*columns.values(), strict=True))
        )
    first = np.asarray(next(iter(columns.values())), dtype=float)
    told = (first - first.mean())[:, None] * np.linspace(0.2, 1, 32)
    for k in range(5):
        np.save(
            folder / "features" / f"{name}_layer_{k}.npy", rng.normal(size=(n, 32)) + (told if k == 2 else 0)
        )
    if mfcc:
        np.save(folder / "features" / f"{name}_mfcc.npy", rng.normal(size=(n, 120)))


@pytest.fixture(scope="module", autouse=True)
def few_strategies() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "mxt.workflows.reproduce_choi2017.strategies_of",
            lambda mfcc: (*STRATEGIES, *((mfcc, f"12345+{mfcc}") if mfcc else ())),
        )
        yield


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, store = tmp_path_factory.mktemp("published"), tmp_path_factory.mktemp("small") / "mxt-store"
    rng = np.random.default_rng(5)
    published_form(folder, "gtzan_speechmusic", {"label": [i % 2 for i in range(N)]})
    published_form(
        folder,
        "emoMusic",
        {"label_arousal": rng.normal(size=N).tolist(), "label_valence": rng.normal(size=N).tolist()},
        mfcc=False,
    )
    ingest(store, IngestRequest(folder, loader="choi2017"), REGISTRY)
    return store


@pytest.fixture(scope="module")
def quick(store: Path) -> Reproduction:
    return reproduce_choi2017(store, ReproduceRequest(quick=True), REGISTRY, jobs=2)


def of_kind(found: Reproduction, kind: type[Kind]) -> list[Kind]:
    return [finding for finding in found.findings if isinstance(finding, kind)]


def test_each_task_of_the_store_gets_the_published_scores_and_the_differences(quick: Reproduction) -> None:
    assert [each.task.name for each in quick.tasks] == ["gtzan_speechmusic", "emoMusic_a", "emoMusic_v"]
    for each in quick.tasks:
        known = published()["scores"][each.task.name]
        for cell in each.cells:
            assert cell.published == known[cell.strategy]
            assert cell.difference == pytest.approx(cell.score - known[cell.strategy])


def test_mfccs_are_written_as_in_the_published_table_and_left_out_where_there_are_none(
    quick: Reproduction,
) -> None:
    speech, arousal, _ = quick.tasks
    assert [cell.strategy for cell in speech.cells] == [*STRATEGIES, "mfcc", "12345+mfcc"]
    assert [cell.strategy for cell in arousal.cells] == [*STRATEGIES]


def test_one_data_set_with_two_targets_is_two_tasks_that_differ(quick: Reproduction) -> None:
    _, arousal, valence = quick.tasks
    assert (arousal.released.target, valence.released.target) == ("arousal", "valence")
    score = {
        each.task.name: {cell.strategy: cell.score for cell in each.cells} for each in (arousal, valence)
    }
    assert score["emoMusic_a"]["3"] > 0.5 > score["emoMusic_v"]["3"]


def test_tasks_that_are_not_in_the_store_are_named(quick: Reproduction) -> None:
    assert quick.absent == ("Extended Ballroom", "GTZAN genre", "Jamendo vocal detection", "UrbanSound8K")


def test_cells_that_are_met_are_counted_and_the_others_listed(quick: Reproduction) -> None:
    (cells,) = of_kind(quick, kinds.PublishedCells)
    all_cells = [cell for each in quick.tasks for cell in each.cells]
    assert cells.cells == len(all_cells) == 11
    assert cells.met == sum(cell.met for cell in all_cells) == 11 - len(cells.off)
    assert cells.holds is False


def test_every_finding_names_what_supports_it(quick: Reproduction) -> None:
    assert all(finding.source and says(finding) for finding in quick.findings)
    assert {finding.name for finding in quick.findings} >= {
        "published cells",
        "best score",
        "joining MFCCs helps UrbanSound8K only",
    }


def test_quick_leaves_out_what_the_scores_become_otherwise(store: Path, quick: Reproduction) -> None:
    assert all(each.standardised is None and each.nested is None for each in quick.tasks)
    assert not of_kind(quick, kinds.Standardisation)
    whole = reproduce_choi2017(store, ReproduceRequest(tasks=("gtzan_speechmusic",)), REGISTRY, jobs=2)
    (task,) = whole.tasks
    assert [cell.score for cell in task.cells] == [cell.score for cell in quick.tasks[0].cells]
    assert all(cell.unpublished_standardised is not None and cell.nested is not None for cell in task.cells)
    assert task.nested is not None
    (standardisation,), (tuning,) = (
        of_kind(whole, kinds.Standardisation),
        of_kind(whole, kinds.SameFolds),
    )
    assert standardisation.cells == 5
    assert tuning.nested == task.nested.scores[0].interval


@pytest.mark.usefixtures("quick")
def test_a_task_is_named_by_itself_or_by_its_data_set(store: Path) -> None:
    one = reproduce_choi2017(store, ReproduceRequest(tasks=("emoMusic_v",), quick=True), REGISTRY)
    both = reproduce_choi2017(store, ReproduceRequest(tasks=("emoMusic",), quick=True), REGISTRY)
    assert [each.task.name for each in one.tasks] == ["emoMusic_v"]
    assert [each.task.name for each in both.tasks] == ["emoMusic_a", "emoMusic_v"]
    assert all(each.released.from_store for each in both.tasks)


def test_an_unknown_task_is_named_with_the_nearest(store: Path) -> None:
    with pytest.raises(UnknownName, match=r"no task called 'emomusic'; did you mean emoMusic"):
        reproduce_choi2017(store, ReproduceRequest(tasks=("emomusic",)), REGISTRY)


def test_an_unknown_paper_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    _, said = command(capsys, "reproduce", "choi2018", status=2)
    assert "no paper called 'choi2018'; did you mean choi2017" in said


def test_a_store_without_the_task_says_how_to_bring_it(store: Path) -> None:
    with pytest.raises(
        InputError,
        match=r"no data set called gtzan_genre with features .*; mxt ingest FOLDER --loader choi2017",
    ):
        reproduce_choi2017(store, ReproduceRequest(tasks=("gtzan_genre",)), REGISTRY)


def test_files_of_the_papers_other_tasks_are_reproduced_on_their_own_folds(tmp_path: Path) -> None:
    y = [i * 3 // 60 for i in range(60)]
    split = [("train", "valid", "test")[i % 3] for i in range(60)]
    published_form(tmp_path / "files", "ballroom_extended", {"label": y})
    published_form(tmp_path / "files", "jamendo_vd", {"label": [value % 2 for value in y], "category": split})
    published_form(
        tmp_path / "files", "urbansound", {"label": y, "fold": [i % 5 + 1 for i in range(60)]}, mfcc=False
    )
    (tmp_path / "files" / "csv").rename(tmp_path / "files" / "data_csv")
    (tmp_path / "files" / "features").rename(tmp_path / "files" / "data_feats")
    ingest(tmp_path / "mxt-store", IngestRequest(tmp_path / "files", loader="choi2017"), REGISTRY)
    found = reproduce_choi2017(tmp_path / "mxt-store", ReproduceRequest(quick=True), REGISTRY)
    assert all(cell.published is not None for task in found.tasks for cell in task.cells)
    (layer,) = of_kind(found, kinds.CellsOfLayer)
    assert (layer.task, layer.cells, layer.cells_without) == ("Jamendo vocal detection", 2, 3)
    assert {
        each.task.name: (len(each.cells), each.released.folds, each.released.clips) for each in found.tasks
    } == {
        "ballroom_extended": (5, "choi2017 10-fold, stratified, in catalogue order", 60),
        "jamendo_vd": (5, "choi2017 given split", 20),
        "urbansound": (3, "choi2017 5 given folds", 60),
    }


def test_networks_are_compared_where_they_were_extracted(tmp_path: Path) -> None:
    published_form(tmp_path / "files", "gtzan_speechmusic", {"label": [i % 2 for i in range(60)]})
    root = tmp_path / "mxt-store"
    ingest(root, IngestRequest(tmp_path / "files", loader="choi2017"), REGISTRY)
    store = Store.open(root)
    keys = [clip.key for clip in store.catalogue.clips("gtzan_speechmusic")]
    rng = np.random.default_rng(0)
    drawn = {"name": "random_convnet", "params": {}}
    own, frozen = ({"name": "convnet", "params": {"statistics": name}} for name in ("batch", "clip_ref"))
    for label, backbone, told in (
        ("convnet-batch-speech", own, 3.0),
        ("convnet", frozen, 0.0),
        ("random_convnet", drawn, 3.0),
    ):
        pipeline = {"backbone": backbone}
        layers = [Layer(k, f"block{k}", 4) for k in (1, 2, 3, 4, 5)]
        table = store.features.create(
            sha256_text(label), label, {"kind": "extracted", "pipeline": pipeline}, layers
        )
        with table.writer() as writer:
            for i, row in enumerate(writer.assign(keys)):
                values = {
                    layer.name: (rng.normal(size=4) + told * (i % 2)).astype(np.float32) for layer in layers
                }
                writer.put(int(row), values)
        store.catalogue.add_view("gtzan_speechmusic", label)
    reproduced = reproduce_choi2017(root, ReproduceRequest(quick=True), REGISTRY, jobs=2)
    (found,) = of_kind(reproduced, kinds.OwnBatches)
    assert found.batch == 1.0
    assert found.frozen < 0.8
    assert "own batches (convnet-batch-speech)" in says(found)
    assert "frozen statistics (convnet)" in says(found)
    (random,) = of_kind(reproduced, kinds.RandomNetwork)
    assert random.holds
    assert random.random == 1.0
    assert random.mfcc < 0.9


def test_a_part_of_a_data_set_is_said_to_be_one(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("reproduce", "choi2017", "--store", store, "--task", "gtzan_speechmusic", "--quick", "--quiet")
    out, _ = command(capsys, *words, status=1)
    assert "careful: only 66 of the 128 clips are here" in out


def test_copies_seen_in_the_mfccs_are_named_with_those_under_two_labels_and_the_next_pairs(
    tmp_path: Path,
) -> None:
    published_form(tmp_path / "files", "gtzan_genre", {"label": [i // 20 for i in range(60)]})
    path = tmp_path / "files" / "features" / "gtzan_genre_mfcc.npy"
    mfcc = np.load(path)
    mfcc[[45, 31]] = mfcc[[5, 30]]
    mfcc[12] = mfcc[11] + 0.03
    mfcc[14] = mfcc[13] + 0.07
    np.save(path, mfcc)
    ingest(tmp_path / "mxt-store", IngestRequest(tmp_path / "files", loader="choi2017"), REGISTRY)
    (copies,) = of_kind(
        reproduce_choi2017(tmp_path / "mxt-store", ReproduceRequest(quick=True), REGISTRY), kinds.CopiesSeen
    )
    assert says(copies).startswith("2 identical pairs, 1 more within 0.5, the farthest at 0.3")
    assert [(pair.first, pair.second) for pair in copies.conflicts] == [("5", "45")]
    assert [(pair.first, pair.second) for pair in copies.near] == [("11", "12")]
    assert "next: 13 and 14 at 0.8" in says(copies)
    assert says(copies).count("(in a run of copies, so probably copies too)") == 1


def test_a_pair_in_a_run_of_copies_is_told_from_one_that_stands_alone() -> None:
    found = Duplicates((Pair(10, 36, 0.1), Pair(13, 39, 0.2)), 0.5, ())
    assert [in_step(Pair(first, second, 0.6), found) for first, second in ((11, 37), (11, 38), (20, 46))] == [
        True,
        False,
        False,
    ]


def command(capsys: pytest.CaptureFixture[str], *words: object, status: int = 0) -> tuple[str, str]:
    with pytest.raises(SystemExit, match=f"^{status}$"):
        main([str(word) for word in words])
    return capsys.readouterr()


def test_the_command_prints_a_table_a_task_and_the_findings_with_their_sources(
    store: Path, quick: Reproduction, capsys: pytest.CaptureFixture[str]
) -> None:
    out, _ = command(capsys, "reproduce", "choi2017", "--store", store, "--quick", "--quiet", status=1)
    assert out.startswith(
        "choi2017 · 3 tasks · 0 of 11 published scores met within 0.002, 0 to the last digit\n"
    )
    assert "; largest difference" in out
    assert "not in the store: Extended Ballroom, GTZAN genre" in out
    assert out.count("  source: ") == len(quick.findings)


def test_the_command_gives_the_same_as_json(
    store: Path, quick: Reproduction, capsys: pytest.CaptureFixture[str]
) -> None:
    out, _ = command(capsys, "reproduce", "choi2017", "--store", store, "--quick", "--json", status=1)
    found = json.loads(out)
    assert (found["met"], found["cells"]) == (quick.cells.met, quick.cells.cells)
    assert [each["task"] for each in found["tasks"]] == [each.task.name for each in quick.tasks]
    assert found["tasks"][0]["cells"][0]["difference"] == quick.tasks[0].cells[0].difference


def test_the_command_names_an_unknown_task_in_one_line(
    store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, err = command(capsys, "reproduce", "choi2017", "--store", store, "--task", "genre", status=2)
    assert "genre" in err
    assert "Traceback" not in out + err


def test_what_quick_leaves_out_is_in_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    out, _ = command(capsys, "reproduce", "--help")
    assert "--quick" in out
    assert "Only the published protocol" in out


def test_only_the_combinations_asked_for_are_computed(store: Path) -> None:
    request = ReproduceRequest(quick=True, strategies=("3", "mfcc"))
    some = reproduce_choi2017(store, request, REGISTRY)
    assert {task.task.name: [cell.strategy for cell in task.cells] for task in some.tasks} == {
        "gtzan_speechmusic": ["3", "mfcc"],
        "emoMusic_a": ["3"],
        "emoMusic_v": ["3"],
    }
    assert not of_kind(some, kinds.BestScore)
    only_mfcc = reproduce_choi2017(store, ReproduceRequest(quick=True, strategies=("mfcc",)), REGISTRY)
    assert "emoMusic arousal" in only_mfcc.absent
    with pytest.raises(InputError, match=r"no task of .* has the features for mfcc: MFCCs \(choi2017_mfcc\)"):
        reproduce_choi2017(store, ReproduceRequest(tasks=("emoMusic",), strategies=("mfcc",)), REGISTRY)


def test_an_unknown_combination_is_named_with_the_nearest(store: Path) -> None:
    with pytest.raises(UnknownName, match="no combination called '1234\\+mfcc'; did you mean 12345\\+mfcc"):
        reproduce_choi2017(store, ReproduceRequest(strategies=("1234+mfcc",)), REGISTRY)


def test_the_command_ends_with_0_where_all_scores_that_were_recomputed_are_met(
    store: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Cell, "met", True)
    words = ("--task", "gtzan_speechmusic", "--strategy", "3", "--quick", "--quiet")
    out, _ = command(capsys, "reproduce", "choi2017", "--store", store, *words)
    assert out.startswith("choi2017 · 1 task · 1 of 1 published scores met")


def test_progress_names_the_task_and_how_many_there_are(tmp_path: Path) -> None:
    published_form(tmp_path / "files", "gtzan_speechmusic", {"label": [i % 2 for i in range(N)]}, mfcc=False)
    ingest(tmp_path / "mxt-store", IngestRequest(tmp_path / "files", loader="choi2017"), REGISTRY)
    titles: list[str] = []

    class Noted(Silent):
        def step(self, what: str, total: int | None, *, unit: str = "") -> AbstractContextManager[Step]:
            titles.append(f"{what}: {total} {unit}")
            return super().step(what, total, unit=unit)

    reproduce_choi2017(tmp_path / "mxt-store", ReproduceRequest(quick=True), REGISTRY, progress=Noted())
    task = "GTZAN speech/music (1 of 1), as released"
    assert titles == [f"{task}: {5 * N} rows", f"{task}: 960 fits"]
