"""What ls, info, verify, rm, prune and export print."""

from __future__ import annotations

import dataclasses
import hashlib
import json

import numpy as np
import pytest

from mxt.cli.main import main
from mxt.core.errors import Reason
from mxt.core.records import ClipRecord, DatasetRecord, FileRecord, Measurement
from mxt.core.specs import Layer
from mxt.evaluation.assess import Score
from mxt.evaluation.interval import Interval
from mxt.ingestion.walk import other_file
from mxt.results.plain import to_plain
from mxt.results.request import SearchRequest
from mxt.results.search_record import SearchResult, StrategyResult
from mxt.store.layout import Store


def clip(number, reason=Reason.NONE):
    sha = hashlib.sha256(str(number).encode()).hexdigest()
    measured = None if reason else Measurement(sha, 2.0, 8000, 1, 16000, 0.5, 0.5, 0.1, decoder="test")
    file = FileRecord(f"a/{number}.wav", 10, 1, number, measured, reason, "cut off" if reason else "")
    return ClipRecord(
        file.path,
        file,
        None if reason else bytes.fromhex(sha),
        reason,
        file.detail,
        targets={"label": "ab"[number % 2]},
    )


@pytest.fixture
def store(tmp_path):
    """Four clips, one of them broken; a table with one failed row; a result."""
    opened = Store.open(tmp_path / "mxt-store", create=True)
    clips = [clip(0), clip(1), clip(2), clip(3, Reason.NOT_AUDIO)]
    opened.catalogue.replace_clips(
        DatasetRecord("songs", "/music/songs", "folder", {}, ("label",), "", ""), clips
    )
    opened.catalogue.add_view("songs", "mfcc")
    attributes = {
        "kind": "extracted",
        "pipeline": {"backbone": {"name": "mfcc", "params": {"pad_mode": "reflect"}}, "normalizer": None},
    }
    table = opened.features.create("ab" * 32, "mfcc", attributes, [Layer(1, "mfcc", 4)])
    with table.writer() as writer:
        writer.assign([each.key for each in clips if each.key])
        writer.put(0, {"mfcc": np.ones(4, np.float32)})
        writer.put(1, {"mfcc": np.ones(4, np.float32)})
        writer.fail(2, Reason.TOO_SHORT)
    score = {"value": 0.5, "low": 0.25, "high": 0.75}
    opened.results.publish(
        {
            "dataset": "songs",
            "view": "mfcc",
            "main": "accuracy",
            "scores": {"accuracy": score},
            "head": {"name": "svm"},
            "cautions": ["few clips"],
            "command": "mxt eval --dataset songs",
            "target": "label",
        },
        {"y": np.arange(3)},
    )
    return opened.root


@pytest.fixture
def run(store, capsys, monkeypatch):
    """Run a command; its exit code and what it printed."""
    monkeypatch.setenv("MXT_STORE", str(store))

    def run_(*words):
        code = 0
        try:
            main(list(words))
        except SystemExit as stop:
            code = stop.code or 0
        told = capsys.readouterr()
        return code, told.out, told.err

    return run_


def test_ls_shows_everything_with_sizes(run):
    code, out, _ = run("ls")
    assert code == 0
    for words in (
        "songs",
        "4     3  6 s",
        "label    mfcc   /music/songs",
        "2       1     0",
        "abababababab",
        "accuracy 0.500",
        "0.250 to 0.750",
    ):
        assert words in out


def test_ls_clips_names_what_was_left_out(run):
    assert "a/3.wav    0.000  b      not audio: cut off" in run("ls", "--clips")[1]
    assert json.loads(run("ls", "--clips", "--json")[1])[3]["reason"] == "not audio"


@pytest.mark.parametrize(
    "words",
    [("ls",), ("info", "songs"), ("info", "mfcc"), ("info", "last"), ("verify",), ("prune", "--dry-run")],
)
def test_every_listing_has_json(words, run):
    code, out, _ = run(*words, "--json")
    assert code == 0
    assert isinstance(json.loads(out), dict)


def test_info_of_a_data_set(run):
    out = run("info", "songs")[1]
    assert "data set songs · 4 clips, 3 used · 6 s" in out
    assert "left out 1: not audio 1 (mxt info songs --failures)" in out
    assert "songs in mfcc: 2 of 3 clips, 1 failed, 0 missing" in out
    assert "mxt ingest /music/songs --name songs --loader folder" in out


def test_info_of_a_table(run):
    out = run("info", "mfcc")[1]
    assert "features mfcc · 2 done, 1 failed, 0 open" in out
    assert "left out 1: too short 1 (mxt info mfcc --failures)" in out
    assert "mxt extract --dataset songs --backbone mfcc --set pad_mode=reflect" in out


def test_info_of_a_result(run):
    out = run("info", "last")[1]
    assert "accuracy 0.500  (95 %: 0.250 to 0.750)" in out
    assert "careful: few clips" in out
    assert "mxt eval --dataset songs" in out


def test_info_of_a_result_has_the_main_score_first_and_every_interval(run, store):
    scores = {
        "accuracy": {"value": 0.2, "low": 0.0, "high": 0.4},
        "r2": {"value": -0.5, "low": -1.0, "high": 0.0},
    }
    opened = Store.open(store)
    name = opened.results.publish(
        {"dataset": "songs", "view": "mfcc", "main": "r2", "scores": scores}, {"y": np.arange(3)}
    )
    lines = run("info", name)[1].splitlines()
    assert lines[2:4] == ["r² -0.500  (95 %: -1.000 to 0.000)", "accuracy 0.200  (95 %: 0.000 to 0.400)"]


def test_clips_whose_id_was_nearly_typed_are_listed(run):
    code, _, err = run("info", "a/11.wav")
    assert code == 2
    assert "did you mean a/1.wav" in err


def test_files_of_another_kind_are_not_told_as_left_out(run, store):
    opened = Store.open(store)
    other = other_file(FileRecord("cover.jpg", 1, 1, 9))
    clips = [clip(0), ClipRecord(other.path, other, None, other.reason, other.detail)]
    opened.catalogue.replace_clips(
        DatasetRecord(
            "songs", "/music/songs", "folder", {"pattern": "", "label_level": 2}, ("label",), "", ""
        ),
        clips,
    )
    out = run("info", "songs")[1]
    assert "left out" not in out
    assert "also there: of another kind 1 (mxt info songs --failures)" in out
    assert "loader        folder, label_level 2\n" in out


def test_failures_name_every_clip_and_why(run):
    assert "a/3.wav  songs     not audio  cut off" in run("info", "songs", "--failures")[1]
    assert "a/2.wav  songs     too short" in run("info", "mfcc", "--failures")[1]


def test_verify_tells_the_way_from_damage_to_repair(run, store):
    code, out, _ = run("verify")
    assert (code, "nothing is damaged" in out) == (0, True)
    chunk = store / "features" / ("ab" * 32) / "layer1.mfcc" / "c.0.0"
    chunk.write_bytes(chunk.read_bytes()[:10])

    code, out, _ = run("verify")
    assert code == 1
    assert "damaged: mfcc: layer1.mfcc rows 0 to 2: not readable" in out
    assert "next: mxt verify --repair" in out
    code, out, _ = run("verify", "--repair")
    assert code == 0
    assert "mfcc: 2 rows are computed again by the next mxt extract" in out
    assert run("verify")[0] == 0


def test_rm_refuses_without_yes_and_says_what_it_did_with_it(run):
    code, _, err = run("rm", "mfcc")
    assert code == 1
    assert err.startswith("error: mxt rm would remove feature table mfcc for good")
    assert "would remove feature table mfcc" in run("rm", "mfcc", "--dry-run")[1]
    assert (
        run("rm", "mfcc", "songs", "--yes")[1]
        .splitlines()[1]
        .startswith("removed data set songs · its features stay")
    )
    assert run("info", "mfcc")[0] == 2


def test_prune_says_that_there_is_nothing_to_do(run):
    assert run("prune")[1] == "nothing to remove\n"


def test_export_says_what_is_not_in_the_file(run, tmp_path):
    code, out, _ = run("export", "mfcc", str(tmp_path / "x.csv"))
    assert code == 0
    assert "songs · mfcc · 2 clips, 4 columns · targets label" in out
    assert "clips left out: 0 not extracted yet, 1 failed" in out
    assert run("export", "mfcc", str(tmp_path / "x.doc"))[0] == 2


def test_names_cannot_write_to_the_terminal(run, store):
    opened = Store.open(store)
    record, clips = opened.catalogue.dataset(), opened.catalogue.clips("songs")
    opened.catalogue.replace_clips(record, [dataclasses.replace(clips[0], id="a\x1b[2J.wav"), *clips[1:]])
    assert "a\\x1b[2J.wav" in run("ls", "--clips")[1]


def test_no_store_is_one_line(run, tmp_path):
    code, out, err = run("ls", "--store", str(tmp_path / "none"))
    assert (code, out) == (1, "")
    assert (
        err == f"error: no store at {tmp_path / 'none'}; mxt ingest PATH makes one, --store names another\n"
    )


def a_search(dataset):
    score = Interval(0.5, 0.4, 0.6)
    return SearchResult(
        request=SearchRequest(),
        dataset=dataset,
        target="label",
        task="classification",
        view="convnet",
        beside=(),
        stage={"name": "linear", "params": {}},
        protocol="nested",
        nested=True,
        folds="nested 10-fold",
        clips=10,
        scores=(Score("accuracy", score),),
        chance=0.5,
        chosen=("1",),
        fold_names=("1",),
        rows=(StrategyResult("1", 32, score, (0.5,), Interval(0.0, 0.0, 0.0), 1, {}, {}),),
        best=0,
        cost=Interval(0.0, 0.0, 0.0),
        cautions=(),
        left_out=(),
    )


def test_results_are_listed_with_what_tells_them_apart(run, store):
    opened = Store.open(store)
    same = {
        "dataset": "songs",
        "target": "genre",
        "view": "mfcc",
        "main": "accuracy",
        "kind": "evaluation",
        "protocol": "nested",
        "folds_words": "nested 10-fold",
        "seed": 0,
        "scores": {"accuracy": {"value": 0.5, "low": 0.4, "high": 0.6}},
    }
    one = {"name": "svm", "params": {"C": [1.0], "kernel": "both"}}
    for change in (
        {"head": {"name": "svm", "params": {"C": [1.0, 8.0], "kernel": "both"}}},
        {"head": one},
        {"head": one, "seed": 1},
        {"head": one, "folds_words": "nested 10-fold, grouped by artist"},
        {"head": one, "target": "mood"},
        {"head": one, "clips": 50},
        {"head": one, "command": "mxt eval --group-by artist"},
    ):
        opened.results.publish(
            {name: value for name, value in (same | change).items() if name != "view" or "head" in change}, {}
        )
    opened.results.publish(to_plain(a_search(dataset=same["dataset"])), {})
    lines = run("ls")[1].partition("results\n")[2].splitlines()
    told = [line.partition("  ")[2] for line in lines[1:]]
    assert len(set(told)) == len(told) == 9
    assert "kernel" not in lines[0]
    assert any("search" in line and "convnet" in line and "linear" in line for line in told)


def test_rm_of_a_data_set_says_that_its_results_stay_and_how_to_remove_them(run, store):
    (result,) = Store.open(store).results.list()
    said = f"its results stay: 1 (mxt ls lists them); to remove them:\n  mxt rm {result}\n"
    assert said in run("rm", "songs", "--dry-run")[1]
    assert "stay:" not in run("rm", "songs", result, "--dry-run")[1]
    assert said in run("rm", "songs", "--yes")[1]
    assert run("rm", result, "--yes")[0] == 0


def test_an_unknown_name_lists_a_few_and_where_all_are(run, store):
    opened = Store.open(store)
    for number in range(40):
        opened.results.publish({"dataset": f"songs{number}"}, {"y": np.arange(3)})
    code, _, err = run("rm", "nothing")
    assert code == 2
    assert err.endswith(" in all) (mxt ls lists them)\n")
    assert len(err) < 400
