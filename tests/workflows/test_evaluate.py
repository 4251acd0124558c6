from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mxt.cli.main import main
from mxt.core.errors import EvaluationError, InputError, PluginError, Reason, UnknownName
from mxt.core.records import ClipRecord, FileKind, FileRecord
from mxt.registry import build_registry
from mxt.results import prepared
from mxt.results.records import stale
from mxt.results.request import EvaluateRequest
from mxt.results.saving import load_result
from mxt.store.layout import Store
from mxt.workflows.evaluate import evaluate

Make = Callable[..., Store]
REGISTRY = build_registry()
QUICK = ("kernel=rbf", "svm.C=8", "gamma=1")  # one fit a fold
N = 90
GENRES = np.array(["blues", "jazz", "rock"])[np.arange(N) % 3]
RNG = np.random.default_rng(0)
GOOD = (np.eye(3)[np.arange(N) % 3] + 0.3 * RNG.normal(size=(N, 3))).astype(np.float32)
FAIR = (np.eye(3)[np.arange(N) % 3] + 0.9 * RNG.normal(size=(N, 3))).astype(np.float32)
NOISE = RNG.normal(size=(N, 3)).astype(np.float32)


def test_without_options_every_view_of_the_last_data_set_is_scored_and_compared(make_store: Make) -> None:
    store = make_store({"good": GOOD, "noise": NOISE})
    found = evaluate(store.root, EvaluateRequest(), REGISTRY).datasets[0]
    good, noise = found.views
    assert (found.dataset, found.target, found.head, found.folds) == (
        "music",
        "genre",
        "svm",
        "nested 10-fold, stratified",
    )
    assert good.assessment.first.value > 0.9
    assert noise.assessment.first.interval.low < 1 / 3 < noise.assessment.first.interval.high
    assert noise.difference is not None
    assert noise.difference.clear
    assert any("not clearly better" in line for line in noise.cautions)


def test_the_result_that_is_saved_says_everything(make_store: Make) -> None:
    store = make_store({"good": GOOD})
    found = evaluate(store.root, EvaluateRequest(settings=QUICK, seed=3), REGISTRY).datasets[0].views[0]
    saved = load_result(store, found.result_id)
    (view,) = saved.views
    assert (
        saved.request.command() == "mxt eval --dataset music --features good --head svm --seed 3 "
        "--set kernel=rbf --set svm.C=8 --set gamma=1"
    )
    assert view.assessment.scores == found.assessment.scores
    assert view.assessment.classes == found.assessment.classes
    assert (len(saved.fold_sizes), saved.request.seed, saved.clips, view.assessment.units) == (10, 3, N, N)
    assert saved.provenance.fingerprints == {"good": hashlib.sha256(b"good").hexdigest()}
    predictions = store.results.predictions(found.result_id)
    assert np.mean(predictions["y_true"] == predictions["y_predicted"]) == found.assessment.first.value
    assert predictions["classes"][predictions["y_true"]].tolist() == GENRES.tolist()
    assert predictions["scores"].shape == predictions["probabilities"].shape == (N, 3)
    np.testing.assert_allclose(predictions["probabilities"].sum(axis=1), 1, atol=1e-6)
    surest = predictions["classes"][predictions["probabilities"].argmax(axis=1)]
    assert np.mean(surest == GENRES) > 0.9


def test_the_same_seed_gives_the_same_scores_and_another_seed_other_folds(make_store: Make) -> None:
    store = make_store({"fair": FAIR})
    wanted = [(EvaluateRequest(settings=QUICK, seed=seed), jobs) for seed, jobs in ((0, 1), (0, 3), (1, 1))]
    runs = [
        evaluate(store.root, request, REGISTRY, jobs=jobs).datasets[0].views[0] for request, jobs in wanted
    ]
    predicted = [store.results.predictions(run.result_id) for run in runs]
    assert runs[0].assessment.scores == runs[1].assessment.scores
    assert np.array_equal(predicted[0]["fold"], predicted[1]["fold"])
    assert not np.array_equal(predicted[0]["fold"], predicted[2]["fold"])


def test_a_result_is_marked_when_labels_have_changed_since(make_store: Make) -> None:
    store = make_store({"good": GOOD})
    view = evaluate(store.root, EvaluateRequest(settings=QUICK), REGISTRY).datasets[0].views[0]
    saved = load_result(store, view.result_id)
    labels = (saved.dataset, saved.target, saved.provenance.targets_hash)
    assert stale(*labels, store.catalogue) == ""
    relabelled = [*GENRES.tolist()[:-1], "blues"]
    store.catalogue.replace_clips(
        store.catalogue.dataset("music"),
        [
            replace(clip, targets={"genre": genre})
            for clip, genre in zip(store.catalogue.clips("music"), relabelled, strict=True)
        ],
    )
    assert stale(*labels, store.catalogue) == "labels or clips changed since"
    store.catalogue.remove("music")
    assert "not in the catalogue" in stale(*labels, store.catalogue)


def test_groups_are_honoured_and_named(make_store: Make) -> None:
    store = make_store({"good": GOOD}, fields={"speaker": [f"s{i // 3 % 6}" for i in range(N)]})
    found = evaluate(store.root, EvaluateRequest(settings=QUICK, group_by="speaker"), REGISTRY).datasets[0]
    assert found.folds == "nested 6-fold, grouped, stratified"
    assert found.views[0].assessment.units == 6
    predictions = store.results.predictions(found.views[0].result_id)
    for unit in range(6):
        assert len(set(predictions["fold"][predictions["unit"] == unit])) == 1


def test_the_data_sets_own_folds_are_used(make_store: Make) -> None:
    store = make_store({"good": GOOD}, fold=[str(1 + i % 5) for i in range(N)])
    found = evaluate(store.root, EvaluateRequest(settings=QUICK), REGISTRY).datasets[0]
    assert found.folds == "nested 5 given folds"
    assert not any("no groups known" in line for line in found.cautions)


def test_a_split_is_learnt_on_train_and_valid_and_scored_on_test(make_store: Make) -> None:
    store = make_store(
        {"good": GOOD}, split=[("train", "train", "valid", "test")[i // 3 % 4] for i in range(N)]
    )
    found = evaluate(store.root, EvaluateRequest(settings=QUICK), REGISTRY).datasets[0]
    assert found.clips == sum(i // 3 % 4 == 3 for i in range(N))
    assert "validation part" in found.folds


def test_folds_of_a_file_are_used(make_store: Make, tmp_path: Path) -> None:
    store = make_store({"good": GOOD})
    path = tmp_path / "folds.csv"
    path.write_text("clip,fold\n" + "".join(f"{i % 3}/{i:03}.wav,{i // 30}\n" for i in range(N)))
    assert (
        evaluate(store.root, EvaluateRequest(settings=QUICK, folds=path), REGISTRY).datasets[0].folds
        == "nested 3 given folds"
    )


def test_numbers_make_a_regression(make_store: Make) -> None:
    arousal = GOOD @ np.array([1.0, 2.0, -1.0]) + 0.05 * RNG.normal(size=N)
    store = make_store({"good": GOOD, "noise": NOISE}, {"arousal": arousal.tolist()})
    found = evaluate(store.root, EvaluateRequest(settings=QUICK), REGISTRY).datasets[0]
    assert found.task == "regression"
    assert [view.assessment.main for view in found.views] == ["r2", "r2"]
    assert found.views[0].assessment.first.value > 0.9
    assert found.views[1].assessment.first.interval.low < 0


@pytest.mark.parametrize("head", ["svm", "linear"])
def test_several_labels_make_rankings(make_store: Make, head: str) -> None:
    tags = [tuple(name for name, there in zip("abc", row > 0.5, strict=True) if there) for row in GOOD]
    found = evaluate(
        make_store({"good": GOOD}, {"tags": tags}).root,
        EvaluateRequest(head=head, settings=("folds=4",)),
        REGISTRY,
    ).datasets[0]
    assert found.task == "multilabel"
    assert found.views[0].assessment.score("roc_auc").value > 0.95
    assert [each.name for each in found.views[0].assessment.classes] == ["a", "b", "c"]


def test_views_are_compared_on_the_clips_that_have_both(make_store: Make) -> None:
    store = make_store({"good": GOOD, "part": FAIR[:60]})
    found = evaluate(store.root, EvaluateRequest(settings=QUICK), REGISTRY).datasets[0]
    assert (found.clips, [(each.words, each.count) for each in found.left_out]) == (
        60,
        [("not extracted yet (part)", 30)],
    )


def test_another_target_and_another_task_can_be_asked_for(make_store: Make) -> None:
    store = make_store({"good": GOOD}, fields={"year": [str(1960 + i % 3) for i in range(N)]})
    assert (
        evaluate(store.root, EvaluateRequest(settings=QUICK, target="year"), REGISTRY).datasets[0].task
        == "classification"
    )
    assert (
        evaluate(store.root, EvaluateRequest(settings=QUICK, target="year", task="regression"), REGISTRY)
        .datasets[0]
        .task
        == "regression"
    )


def test_the_default_head_is_the_linear_one_where_a_support_vector_machine_would_take_hours(
    make_store: Make, monkeypatch
) -> None:
    store = make_store({"good": GOOD})
    monkeypatch.setattr(prepared, "LARGEST_SVM", N)
    assert evaluate(store.root, EvaluateRequest(settings=QUICK), REGISTRY).datasets[0].head == "svm"
    monkeypatch.setattr(prepared, "LARGEST_SVM", N - 1)
    assert evaluate(store.root, EvaluateRequest(), REGISTRY).datasets[0].head == "linear"


def test_parameters_of_head_and_protocol_can_be_set(make_store: Make) -> None:
    store = make_store({"good": GOOD})
    found = evaluate(
        store.root, EvaluateRequest(settings=("folds=4", "svm.C=2", "kernel=rbf", "gamma=1")), REGISTRY
    ).datasets[0]
    assert found.folds == "nested 4-fold, stratified"
    assert found.views[0].params == ({"C": 2.0, "gamma": 1 / 3, "kernel": "rbf"},) * 4


def test_several_data_sets_are_evaluated_one_after_the_other(make_store: Make) -> None:
    make_store({"good": GOOD}, name="one")
    store = make_store({"good": GOOD}, name="two")
    found = evaluate(store.root, EvaluateRequest(settings=QUICK, datasets=("one", "two")), REGISTRY)
    assert [each.dataset for each in found.datasets] == ["one", "two"]


def test_a_store_that_cannot_be_written_is_evaluated_and_that_is_said(
    make_store: Make, mxt_as_anybody
) -> None:
    store = make_store({"good": GOOD})
    (store.root / "results").mkdir()
    (store.root / "results").chmod(0o555)
    settings = [word for setting in QUICK for word in ("--set", setting)]
    ran = mxt_as_anybody("eval", "--store", store.root, "--quiet", *settings)
    (store.root / "results").chmod(0o755)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "accuracy 0." in ran.stdout
    assert f"{store.root} cannot be written: the results are not saved" in ran.stdout
    assert store.results.list() == []


def test_a_view_whose_features_are_gone_is_said_and_passed_over(make_store: Make) -> None:
    store = make_store({"good": GOOD})
    store.catalogue.add_view("music", "removed:1")
    found = evaluate(store.root, EvaluateRequest(settings=QUICK), REGISTRY)
    assert (len(found.datasets[0].views), found.remarks[0]) == (
        1,
        "removed:1 was extracted for music once, its features are gone",
    )


@pytest.mark.parametrize(
    ("request_", "error", "message"),
    [
        (EvaluateRequest(features=("godo",)), UnknownName, "did you mean good"),
        (EvaluateRequest(settings=QUICK, target="gnere"), UnknownName, "did you mean genre"),
        (EvaluateRequest(head="smv"), UnknownName, "did you mean svm"),
        (EvaluateRequest(settings=QUICK, datasets=("musik",)), UnknownName, "did you mean music"),
        (EvaluateRequest(settings=QUICK, group_by="genre"), EvaluationError, "another --group-by"),
        (EvaluateRequest(settings=QUICK, folds=Path("none.csv")), InputError, "cannot be read"),
    ],
)
def test_what_cannot_be_evaluated_says_why(
    make_store: Make, request_: EvaluateRequest, error: type[Exception], message: str
) -> None:
    store = make_store({"good": GOOD})
    with pytest.raises(error, match=message):
        evaluate(store.root, request_, REGISTRY)


def test_clips_that_are_not_extracted_are_named_where_too_few_are_left(make_store: Make) -> None:
    store = make_store({"good": GOOD[:4]})
    with pytest.raises(
        EvaluationError, match=r"two classes .* \(not there: 86 clips: not extracted yet \(good\)\)"
    ):
        evaluate(store.root, EvaluateRequest(), REGISTRY)


def test_files_of_another_kind_are_not_counted_as_clips_that_cannot_be_used(make_store: Make) -> None:
    store = make_store({"good": GOOD})
    record, clips = store.catalogue.dataset("music"), store.catalogue.clips("music")
    for path, reason, kind in (
        ("x.csv", Reason.NOT_AUDIO, FileKind.OTHER),
        (".x.wav", Reason.HIDDEN, FileKind.HIDDEN),
        ("x.wav", Reason.EMPTY, FileKind.CLIP),
    ):
        file = FileRecord(path, 1, 1, 1, reason=reason, kind=kind)
        clips.append(ClipRecord(path, file, None, reason))
    store.catalogue.replace_clips(record, clips)
    (left,) = evaluate(store.root, EvaluateRequest(settings=QUICK), REGISTRY).datasets[0].left_out
    assert (left.words, left.count) == ("cannot be used (mxt info music --failures)", 1)


def test_a_data_set_without_features_says_what_to_do(make_store: Make) -> None:
    with pytest.raises(InputError, match="mxt extract --dataset music"):
        evaluate(make_store({}).root, EvaluateRequest(), REGISTRY)


HEAD = """
import dataclasses
from mxt.plugin import StageSpec, hookimpl

@dataclasses.dataclass(frozen=True)
class Fails:
    def estimator(self, task, *, seed):
        raise KeyError("oops")
    def grid(self, task, *, n_features):
        return {}

@dataclasses.dataclass(frozen=True)
class Nearest:
    def estimator(self, task, *, seed):
        from sklearn.neighbors import NearestCentroid
        return NearestCentroid()
    def grid(self, task, *, n_features):
        return {}

@hookimpl
def mxt_stages():
    return [
        StageSpec(kind="head", name=name, summary=name, target=f":{name.title()}")
        for name in ("fails", "nearest")
    ]
"""


def test_a_head_of_a_plugin_is_used_and_blamed(make_store: Make, tmp_path: Path) -> None:
    (tmp_path / "heads.py").write_text(HEAD)
    registry, store = build_registry([tmp_path / "heads.py"]), make_store({"good": GOOD})
    assert (
        evaluate(store.root, EvaluateRequest(head="nearest"), registry)
        .datasets[0]
        .views[0]
        .assessment.first.value
        > 0.9
    )
    with pytest.raises(PluginError, match=r"head 'fails' of file:heads\.py failed: KeyError"):
        evaluate(store.root, EvaluateRequest(head="fails"), registry)


def test_a_killed_evaluation_takes_up_its_folds_and_ends_the_same(make_store: Make) -> None:
    store = make_store({"wide": np.repeat(FAIR, 40, axis=1) + RNG.normal(size=(N, 120)).astype(np.float32)})
    settings = ("kernel=rbf", "folds=30", "svm.C=8")
    whole = evaluate(store.root, EvaluateRequest(settings=settings), REGISTRY).datasets[0].views[0]
    command = [sys.executable, "-m", "mxt", "eval", "--store", str(store.root), "--jobs", "1", "--json", "-q"]
    command += [word for setting in settings for word in ("--set", setting)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=dict(os.environ))
    while process.poll() is None and not list((store.root / "results").glob(".partial-*/*.npz")):
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    again = evaluate(store.root, EvaluateRequest(settings=settings), REGISTRY).datasets[0].views[0]
    assert again.resumed >= 1
    assert again.assessment.scores == whole.assessment.scores
    assert not store.results.partial()


SETTINGS = [word for setting in QUICK for word in ("--set", setting)]


def run_main(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code in (None, 0)


def test_the_command_prints_a_score_what_to_be_careful_of_and_what_comes_next(
    make_store: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    store = make_store({"good": GOOD, "fair": FAIR})
    run_main(["eval", "--store", str(store.root), "--features", "good", "--quiet", "--details", *SETTINGS])
    lines = capsys.readouterr().out.splitlines()
    assert (
        lines[0] == "music · good · svm (default up to 5,000 clips) · nested 10-fold, stratified · 90 clips"
    )
    assert lines[1].startswith("accuracy 0.9")
    assert "chance 0.333" in lines[1]
    assert any("Matthews correlation 0." in line for line in lines)
    assert "confusion of good (rows: true, columns: predicted)" in [line.strip() for line in lines]
    heading = next(place for place, line in enumerate(lines) if line.startswith("class "))
    assert lines[heading].split() == ["class", "clips", "recall", "(95", "%)", "precision", "F1"]
    assert re.fullmatch(r"blues +30 +[01]\.\d{3} \(.* to .*\) +[01]\.\d{3} +[01]\.\d{3}", lines[heading + 1])
    assert any(line.startswith("careful: no groups known") for line in lines)
    assert lines[-1] == "next: mxt eval --features good --features fair   (compare)"


def test_the_command_prints_a_table_of_views_and_which_differences_are_clear(
    make_store: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    store = make_store({"good": GOOD, "noise": NOISE})
    run_main(["eval", "--store", str(store.root), "--quiet", *SETTINGS])
    out = capsys.readouterr().out
    assert "clearly below good: noise" in out
    assert [line.split()[0] for line in out.splitlines()[1:4]] == ["view", "good", "noise"]


def test_the_command_prints_json(make_store: Make, capsys: pytest.CaptureFixture[str]) -> None:
    store = make_store({"good": GOOD})
    run_main(["eval", "--store", str(store.root), "--json", *SETTINGS])
    found = json.loads(capsys.readouterr().out)["datasets"][0]["views"][0]
    assert found["scores"]["accuracy"]["value"] > 0.9
    assert len(found["confusion"]) == 3
    assert {"balanced_accuracy", "macro_f1", "matthews"} < set(found["scores"])
    for one in found["classes"]:
        recall = one["scores"]["recall"]
        assert recall["low"] <= recall["value"] <= recall["high"]
        assert recall["low"] < 1


def with_more_clips(store: Store, n: int) -> None:
    """Fifty files later: the same data set with clips added in front."""
    record, old = store.catalogue.dataset("music"), store.catalogue.clips("music")
    new = []
    for i in range(n):
        file = FileRecord(f"new/{i}.wav", 1, 1, 1, old[0].file.measurement)
        new.append(
            ClipRecord(
                file.path, file, hashlib.sha256(f"new {i}".encode()).digest(), targets={"genre": "jazz"}
            )
        )
    store.catalogue.replace_clips(record, [*new, *old])


def clips_of_each_run(store: Store, result_id: str) -> dict[str, set[str]]:
    predictions = store.results.predictions(result_id)
    return {
        str(fold): set(predictions["clip"][predictions["fold"] == fold].tolist())
        for fold in predictions["fold"]
    }


def test_the_hash_split_is_unchanged_when_fifty_files_are_added(make_store: Make) -> None:
    store = make_store({"good": np.concatenate([GOOD, FAIR, NOISE])}, {"genre": GENRES.tolist() * 3})
    request = EvaluateRequest(protocols=("shtern2017",), settings=("steps=20", "runs=2"))
    before = evaluate(store.root, request, REGISTRY).datasets[0].views[0]
    with_more_clips(store, 50)
    table = store.features.find("good")
    with table.writer() as writer:
        keys = [clip.key for clip in store.catalogue.clips("music")[:50] if clip.key]
        for row in writer.assign(keys):
            writer.put(int(row), {"all": np.zeros(3, dtype=np.float32)})
    after = evaluate(store.root, request, REGISTRY).datasets[0].views[0]
    old, now = clips_of_each_run(store, before.result_id), clips_of_each_run(store, after.result_id)
    assert set(old) == {"run 1", "run 2"}
    assert {
        name: {clip for clip in clips if not clip.startswith("new/")} for name, clips in now.items()
    } == old
    assert after.assessment.clips > before.assessment.clips


def test_runs_are_kept_and_averaged(make_store: Make) -> None:
    store = make_store({"fair": FAIR, "noise": NOISE})
    found = evaluate(
        store.root, EvaluateRequest(protocols=("shtern2017",), settings=("steps=3", "test=40")), REGISTRY
    ).datasets[0]
    assert (found.head, found.runs, found.noise) == ("linear", 5, 0.02)
    assert found.folds == "shtern2017 50/10/40 by SHA-1 of the file names, 5 runs"
    for view in found.views:
        runs = view.assessment.per_run
        assert runs == view.assessment.per_fold
        assert len(runs) == 5
        assert view.assessment.first.value == pytest.approx(np.mean(runs))
        saved = load_result(store, view.result_id)
        assert saved.views[0].assessment.per_fold == runs
        assert saved.stage["params"]["preset"] == "tutorial"
    assert len(set(found.views[1].assessment.per_fold)) > 1, "runs differ in their seeds"
    assert sum(each.clips for each in found.views[0].assessment.classes) == found.clips


def test_repeats_are_pooled_saved_row_by_row_and_tested_by_the_corrected_t_test(make_store: Make) -> None:
    store = make_store({"fair": FAIR, "noise": NOISE})
    asked = EvaluateRequest(settings=(*QUICK, "folds=5"), repeats=3)
    found = evaluate(store.root, asked, REGISTRY).datasets[0]
    assert (found.runs, found.folds, len(found.fold_sizes)) == (3, "nested 5-fold, stratified, 3 repeats", 15)
    fair, noise = found.views
    assert len(set(fair.assessment.per_run)) > 1
    assert np.mean(fair.assessment.per_run) == pytest.approx(fair.assessment.first.value)
    assert (found.clips, sum(one.clips for one in fair.assessment.classes)) == (N, N)
    assert noise.difference is not None
    assert noise.difference.clear
    assert noise.difference.corrected_p < 0.001
    assert 0.02 < found.detectable < 0.4
    predictions = store.results.predictions(fair.result_id)
    assert np.bincount(predictions["run"]).tolist() == [0, N, N, N]
    assert len({*zip(predictions["clip"].tolist(), predictions["run"].tolist(), strict=True)}) == 3 * N
    second = predictions["run"] == 2
    assert np.mean((predictions["y_true"] == predictions["y_predicted"])[second]) == pytest.approx(
        fair.assessment.per_run[1]
    )
    assert all(name.endswith(", repeat 2") for name in predictions["fold"][second])
    saved = load_result(store, noise.result_id)
    assert (saved.request.repeats, saved.views[0].difference) == (3, noise.difference)
    assert "--repeats 3" in saved.request.command()


def test_repeats_and_what_can_be_told_apart_are_printed(
    make_store: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    store = make_store({"fair": FAIR, "noise": NOISE})
    settings = [word for setting in (*QUICK, "folds=5") for word in ("--set", setting)]
    with pytest.raises(SystemExit, match="0"):
        main(["eval", "--store", str(store.root), "--repeats", "2", "--details", "-q", *settings])
    shown = capsys.readouterr().out
    assert re.search(r"^90 clips: differences below \d+ points cannot be told apart here$", shown, re.M)
    assert re.search(r"^fair repeats: 0\.\d+ 0\.\d+, standard deviation 0\.\d+$", shown, re.M)
    assert re.search(r"^p against fair by the corrected resampled t-test: noise 0\.\d{4}$", shown, re.M)


def test_differences_are_marked_as_the_protocol_does_beside_the_test(
    make_store: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    store = make_store({"good": GOOD, "same": GOOD * 1.001, "noise": NOISE})
    with pytest.raises(SystemExit, match="0"):
        main(
            [
                "eval",
                "--store",
                str(store.root),
                "--protocol",
                "shtern2017",
                "--set",
                "steps=300",
                "--set",
                "test=40",
                "-q",
            ]
        )
    shown = capsys.readouterr().out
    rows = {line.split()[0]: line for line in reversed(shown.splitlines()) if line}
    assert "under 2 points" in rows["view"]
    assert "  as chance  " in rows["same"]
    assert "  as a difference  " in rows["noise"]
    assert "good runs: " in shown


def test_names_that_repeat_in_all_folders_are_met_with_advice(make_store: Make) -> None:
    store = make_store({"good": GOOD})
    record, clips = store.catalogue.dataset("music"), store.catalogue.clips("music")
    moved = [
        replace(clip, id=f"{i}/audio.wav", file=replace(clip.file, path=f"{i}/audio.wav"))
        for i, clip in enumerate(clips)
    ]
    store.catalogue.replace_clips(record, moved)
    with pytest.raises(EvaluationError, match="hash whole paths: --set hash=path"):
        evaluate(store.root, EvaluateRequest(protocols=("shtern2017",)), REGISTRY)
    assert (
        evaluate(
            store.root,
            EvaluateRequest(protocols=("shtern2017",), settings=("hash=path", "steps=5")),
            REGISTRY,
        )
        .datasets[0]
        .views
    )


def test_several_heads_stand_side_by_side(make_store: Make, capsys: pytest.CaptureFixture[str]) -> None:
    store = make_store({"good": GOOD, "noise": NOISE})
    words = [
        "eval",
        "--store",
        str(store.root),
        "--head",
        "linear",
        "--head",
        "forest",
        "--set",
        "trees=20",
        "--set",
        "preset=tutorial",
    ]
    with pytest.raises(SystemExit, match="0"):
        main([*words, "--set", "steps=100", "-q"])
    shown = capsys.readouterr().out
    table = shown[shown.index("by head") :].splitlines()
    assert table[1].split() == ["data", "set", "view", "accuracy", "(95", "%)", "to", "first"]
    assert [line.split()[0 if line.startswith(" ") else 1] for line in table[2:6]] == [
        "good",
        "forest",
        "noise",
        "forest",
    ]
    assert [line.split()[-1][0] in "+-" for line in table[2:6]] == [False, True, False, True]
    saved = [load_result(store, name) for name in store.results.list()]
    assert sorted(each.head for each in saved) == ["forest", "forest", "linear", "linear"]
    assert all("--head linear --head forest" in each.request.command() for each in saved)


def test_a_forest_ranks_labels_that_no_learning_clip_has_last(make_store: Make) -> None:
    tags = [("a",) if i < N // 2 else ("b",) if i < N - 2 else ("b", "rare") for i in range(N)]
    parts = ["train" if i < N - 12 else "test" for i in range(N)]
    store = make_store({"good": GOOD}, {"tags": tags}, split=parts)
    found = evaluate(store.root, EvaluateRequest(head="forest", settings=("trees=5",)), REGISTRY).datasets[0]
    scores = store.results.predictions(found.views[0].result_id)["scores"]
    assert (scores[:, -1] == 0).all()
