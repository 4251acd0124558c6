"""`mxt ingest` as it is typed."""

from __future__ import annotations

import json
import struct
import wave
from pathlib import Path

import pytest

from mxt.cli.main import main
from mxt.core.records import Clip


def tone(path: Path, number: int = 1) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(struct.pack("<800h", *((number * i * 37) % 9000 - 4500 for i in range(800))))
    return path


@pytest.fixture
def genres(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for place, genre in enumerate(("rock", "pop")):
        for number in range(3):
            tone(tmp_path / "genres" / genre / f"{number}.wav", 1 + 3 * place + number)
    return tmp_path / "genres"


@pytest.fixture
def mxt(capsys):
    """Type a command; its exit code, output and messages."""

    def mxt_(*words):
        code = 0
        try:
            main(["ingest", *map(str, words), "--jobs", "1"])
        except SystemExit as end:
            code = end.code or 0
        said = capsys.readouterr()
        return code, said.out, said.err

    return mxt_


def test_a_few_lines_say_what_was_found_and_what_comes_next(mxt, genres):
    code, out, _ = mxt(genres)
    lines = out.splitlines()
    assert code == 0
    assert lines[0].startswith("genres · 6 files · 2 classes of 3 · ")
    assert "used all 6" in lines[1]
    assert lines[-1].startswith("next: mxt extract --backbone ")
    assert len(lines) <= 8


def test_what_was_left_out_is_counted_and_fails_under_strict_only(mxt, genres):
    (genres / "rock" / "text.wav").write_text("no audio " * 200)
    code, out, _ = mxt(genres)
    assert (code, "used 6, left out 1: not audio 1 (mxt info genres --failures)" in out) == (0, True)
    assert mxt(genres, "--strict")[0] == 1


def test_nothing_usable_is_a_failure(mxt, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("a", "b"):
        (tmp_path / "x" / name).mkdir(parents=True)
        (tmp_path / "x" / name / "1.wav").write_text("no audio " * 200)
    code, out, _ = mxt(tmp_path / "x")
    assert code == 1
    assert "mxt info x --failures" in out


def test_duplicates_with_different_labels_are_named_in_capitals(mxt, genres):
    (genres / "pop" / "stolen.wav").write_bytes((genres / "rock" / "0.wav").read_bytes())
    assert (
        "duplicates: 1 pair, 1 WITH DIFFERENT LABELS: pop/stolen.wav (pop) = rock/0.wav (rock)"
        in mxt(genres)[1]
    )


def test_json_holds_the_same(mxt, genres):
    found = json.loads(mxt(genres, "--json")[1])
    assert (found["name"], found["summary"]["used"], found["summary"]["targets"][0]["classes"]) == (
        "genres",
        6,
        {"pop": 3, "rock": 3},
    )


def test_the_second_time_says_what_is_different(mxt, genres):
    mxt(genres)
    tone(genres / "rock" / "new.wav", 99)
    assert "since last time: 1 new; 1 file read" in mxt(genres)[1]


def test_a_dry_run_says_so(mxt, genres, tmp_path):
    out = mxt(genres, "--dry-run")[1]
    assert out.splitlines()[-1] == "nothing was opened or written (--dry-run)"
    assert not (tmp_path / "mxt-store").exists()


def test_options_reach_the_loader(mxt, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for number in range(4):
        tone(tmp_path / "x" / f"{number % 2}_{'ab'[number // 2]}.wav", number + 1)
    out = mxt(tmp_path / "x", "--pattern", "{digit}_{speaker}.wav", "--target", "speaker")[1]
    assert "2 classes of 2" in out
    (tmp_path / "x" / "t.csv").write_text("f;art;wer\n0_a.wav;owl;ann\n1_a.wav;crow;ben\n", encoding="utf-8")
    out = mxt(tmp_path / "x" / "t.csv", "--target", "art", "--group-column", "wer", "--file-column", "f")[1]
    assert "groups: 2" in out


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["missing"], 1, "no such folder or table"),
        (["genre"], 1, "did you mean genres?"),
        (["missing/genres"], 1, "nor the folder missing it would be in"),
        (["genres", "--name", "a b"], 2, "'a_b' would do"),
        (["genres", "--loader", "fodler"], 2, "did you mean folder"),
        (
            ["genres", "--file-column", "x", "--label-level", "1"],
            1,
            "no dataset loader has all of the parameters",
        ),
        (["genres", "--pattern", "plain"], 2, "has no field"),
        (["genres", "genres"], 2, "one PATH is read at a time, not two: genres genres"),
        (["mirdata:gtzan_genre"], 2, "where does it lie? mxt ingest mirdata:gtzan_genre PATH"),
        (["genres", "--unpack", "out"], 2, "needs no --unpack"),
    ],
)
def test_wrong_words_give_one_line_and_their_exit_code(mxt, genres, words, code, message):
    assert genres.is_dir()
    found, out, err = mxt(*words)
    assert (found, out) == (code, "")
    assert message in err
    assert len(err.strip().splitlines()) == 1


def test_groups_are_not_asked_for_where_the_split_is_given(mxt, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for number in range(8):
        tone(tmp_path / "x" / ("train", "test")[number % 2] / "ab"[number // 4] / f"{number}.wav", number + 1)
    out = mxt(tmp_path / "x")[1]
    assert "test 4, train 4" in out
    assert "group" not in out


def test_segments_are_grouped_by_their_file_and_that_is_said(mxt, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = ["file,start,end,label"]
    for number in range(4):
        tone(tmp_path / "x" / f"{number}.wav", number + 1)
        rows += [f"{number}.wav,0,0.05,a", f"{number}.wav,0.05,0.1,b"]
    (tmp_path / "x" / "t.csv").write_text("\n".join(rows))
    out = mxt(tmp_path / "x" / "t.csv")[1]
    assert "8 clips in 4 files" in out
    assert "groups: segments of one file are never split" in out
    assert "--group-by: start" not in out


def test_a_clip_without_a_field_is_no_further_group(mxt, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for number in range(8):
        tone(tmp_path / "x" / f"{number % 2}_{'ab'[number // 4]}_{number}.wav", number + 1)
    tone(tmp_path / "x" / "odd.wav", 20)
    assert "speaker (2)" in mxt(tmp_path / "x", "--pattern", "{digit}_{speaker}_{take}.wav")[1]


def test_a_table_of_headings_alone_is_said_to_have_no_rows(mxt, genres):
    (genres / "t.csv").write_text("file,label\n")
    assert "t.csv has headings (file, label) and no rows" in mxt(genres / "t.csv")[2]


def test_names_cannot_write_to_the_terminal(mxt, genres):
    tone(genres / "evil\x1b[2J.wav", 50)
    out = mxt(genres)[1]
    assert "\x1b" not in out
    assert "evil" in out


@pytest.mark.parametrize(
    ("table", "first", "why"),
    [
        ("file\n{0}", "no labels", "no clip has a label"),
        ("file,label\n{0},", "no labels", "no clip has a label"),
        ("file,site\n{0},north", "no labels", "no clip has a label"),
        ("file,label\n{0},x", "1 class of 3", "all labelled clips are of one class (x)"),
    ],
)
def test_files_without_labels_are_no_class_and_what_that_means_is_said(
    mxt, genres, tmp_path, table, first, why
):
    head, row = table.split("\n")
    (tmp_path / "genres" / "rock" / "t.csv").write_text(
        "\n".join([head, *(row.format(f"{number}.wav") for number in range(3))])
    )
    _, out, _ = mxt(genres / "rock" / "t.csv", "--set", "encoding=utf-8")
    assert out.startswith(f"t · 3 files · {first} · ")
    assert f"{why}: features can be extracted, but mxt eval needs at least two classes;" in out


def test_a_column_of_its_own_with_different_values_is_still_the_label(mxt, genres):
    (genres / "rock" / "t.csv").write_text("file,who\n0.wav,ann\n1.wav,ben\n2.wav,ann\n")
    _, out, _ = mxt(genres / "rock" / "t.csv")
    assert out.startswith("t · 3 files · 2 classes of 1 to 2 · ")
    assert "two classes" not in out


def test_a_folder_without_class_folders_has_no_labels(mxt, genres):
    _, out, _ = mxt(genres / "rock")
    assert out.startswith("rock · 3 files · no labels · ")
    assert "labels come from one folder per class" in out


LOADER = """
import dataclasses
from mxt.plugin import Clip, Detection, StageSpec, hookimpl

@dataclasses.dataclass(frozen=True)
class Other:
    def detect(self, listing):
        return Detection({score}, "names of another kind")

    def clips(self, listing):
        return [Clip(path, targets={{"kind": path[-5]}}) for path in listing.files]

@hookimpl
def mxt_stages():
    return [StageSpec(kind="dataset", name="a_first", summary="another layout", target=":Other")]
"""


@pytest.mark.parametrize(
    ("score", "chosen", "said"),
    [
        (0.6, "folder (2 class folders)", "a_first (names of another kind); --loader a_first chooses it"),
        (0.55, "folder (2 class folders)", "a_first (names of another kind); --loader a_first chooses it"),
        (0.68, "a_first (names of another kind)", "folder (2 class folders); --loader folder chooses it"),
        (0.3, "folder (2 class folders)", None),
        (0.9, "a_first (names of another kind)", None),
    ],
)
def test_loaders_that_are_about_as_sure_are_told(mxt, genres, tmp_path, score, chosen, said):
    (tmp_path / "other.py").write_text(LOADER.format(score=score))
    _, out, _ = mxt(genres, "--plugin", tmp_path / "other.py")
    assert out.splitlines()[0].endswith(chosen)
    line = next((line for line in out.splitlines() if "another layout is about as likely" in line), None)
    assert line == (said and f"  another layout is about as likely: {said}")


@pytest.mark.parametrize("score", ["2.0", "float('nan')", "-1"])
def test_a_loader_that_is_surer_than_sure_is_broken(mxt, genres, tmp_path, score):
    (tmp_path / "other.py").write_text(LOADER.format(score=score))
    _, out, _ = mxt(genres, "--plugin", tmp_path / "other.py")
    assert out.splitlines()[0].endswith("folder (2 class folders)")
    assert "loader that failed: a_first: its score is" in out


@pytest.mark.usefixtures("genres")
def test_a_data_set_of_mirdata_is_named_before_its_folder(mxt, monkeypatch):
    monkeypatch.setattr(
        "mxt.stages.datasets.mirdata.Mirdata.clips",
        lambda self, listing: [Clip(listing.files[0], targets={"set": self.dataset})],
    )
    monkeypatch.setattr("mxt.stages.datasets.mirdata.Mirdata.published_md5", lambda *_: {})
    code, out, _ = mxt("mirdata:gtzan_genre", "genres", "--json")
    found = json.loads(out)
    assert (code, found["name"], found["loader"]) == (0, "gtzan_genre", "mirdata")
    assert found["params"]["dataset"] == "gtzan_genre"
