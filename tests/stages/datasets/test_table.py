"""Clips from tables."""

from __future__ import annotations

import json

import pytest

from mxt.core.errors import TableError, UnknownName
from mxt.core.records import Clip, Listing, Remark
from mxt.stages.datasets.table import Table


@pytest.fixture
def load(tmp_path):
    """Write tables, and load them together with the names of files (which need not exist)."""

    def load_(files, tables, named=None, **params):
        for name, content in tables.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(content, encoding="utf-8")
        listing = Listing(str(tmp_path), tuple(sorted([*files, *tables])), named)
        items = list(Table(**params).clips(listing))
        remarks: dict[str, list[str]] = {}
        for item in items:
            if isinstance(item, Remark):
                remarks.setdefault(item.kind, []).append(item.text)
        return [item for item in items if isinstance(item, Clip)], remarks, Table(**params).detect(listing)

    return load_


AB = ["audio/a.wav", "audio/b.wav"]


def test_files_labels_and_all_other_columns(load):
    clips, remarks, found = load(
        AB,
        {
            "labels.csv": "file,label,split,fold,group,artist\n"
            "a.wav,rock,Train,1,g1,Ann\nb.wav,,val,2,g2,Ben\n"
        },
    )
    assert clips == [
        Clip(
            "audio/a.wav",
            targets={"label": "rock"},
            split="train",
            fold="1",
            group="g1",
            fields={"file": "a.wav", "artist": "Ann"},
        ),
        Clip(
            "audio/b.wav",
            targets={"label": None},
            split="valid",
            fold="2",
            group="g2",
            fields={"file": "b.wav", "artist": "Ben"},
        ),
    ]
    assert remarks == {"table": ["labels.csv: 2 rows (commas); files in 'file': 2 by name"]}
    assert found.score == 0.8


def test_other_headings_are_found_by_what_they_hold_or_given(load):
    table = {
        "t.csv": "Lfd;Aufnahme;Tierart;Ort;Teil\n"
        "1;audio\\a.wav;Amsel;See;train\n2;audio\\b.wav;Star;Wald;test\n"
    }
    clips, _, _ = load(AB, table, target=("tierart",), group_column="Ort", split_column="Teil")
    assert [(c.path, c.targets, c.group, c.split) for c in clips] == [
        ("audio/a.wav", {"Tierart": "Amsel"}, "See", "train"),
        ("audio/b.wav", {"Tierart": "Star"}, "Wald", "test"),
    ]
    assert clips[0].fields == {"Lfd": "1", "Ort": "See", "Teil": "train"}


def test_a_given_file_column_is_used(load):
    table = {"t.csv": "original,copy,label\na.wav,b.wav,x\n"}
    assert load(AB, table)[0][0].path == "audio/a.wav"
    assert load(AB, table, file_column="copy")[0][0].path == "audio/b.wav"


def test_a_column_that_is_not_there_lists_those_that_are(load):
    with pytest.raises(UnknownName, match="did you mean label"):
        load(AB, {"t.csv": "file,label\na.wav,x\n"}, "t.csv", target=("labels",))


def test_no_column_of_files_says_how_to_name_one(load):
    with pytest.raises(TableError, match="columns are x, y: name one with --file-column"):
        load(AB, {"t.csv": "x,y\n1,2\n"}, "t.csv")


def test_several_labels_numbers_and_classes(load):
    rows = [{"file": "a.wav", "label": ["x", "y"]}, {"file": "b.wav", "label": []}]
    clips, remarks, _ = load(AB, {"t.jsonl": "\n".join(map(json.dumps, rows))})
    assert [clip.targets["label"] for clip in clips] == [("x", "y"), ()]
    assert remarks["target"] == ["label: several labels"]


def test_columns_of_numbers_alone_are_all_targets(load):
    clips, _, _ = load(AB, {"t.csv": "file,arousal,valence\na.wav,0.25,1\nb.wav,0.5,\n"})
    assert [clip.targets for clip in clips] == [
        {"arousal": 0.25, "valence": 1.0},
        {"arousal": 0.5, "valence": None},
    ]


def test_a_decimal_comma_is_a_number_between_semicolons(load):
    clips, _, _ = load(AB, {"t.csv": "file;y\na.wav;0,25\nb.wav;1,5\n"})
    assert [clip.targets["y"] for clip in clips] == [0.25, 1.5]


def test_without_a_label_column_the_columns_are_named(load):
    clips, remarks, found = load(AB, {"t.csv": "file,colour,size\na.wav,red,big\nb.wav,blue,small\n"})
    assert clips[0].targets == {}
    assert clips[0].fields["colour"] == "red"
    assert "name one with --target" in remarks["no label column found"][0]
    assert found.score < 0.6


@pytest.mark.parametrize(
    ("start", "end", "seconds"),
    [("0.5", "2", (0.5, 2.0)), ("1:30", "1:02:03", (90.0, 3723.0)), ("", "3", (None, 3.0))],
)
def test_segments_in_seconds_or_minutes(load, start, end, seconds):
    clips, _, _ = load(AB, {"t.csv": f"file,start,end,label\na.wav,{start},{end},x\n"})
    assert (clips[0].start, clips[0].end) == seconds


def test_start_and_end_are_columns_like_others_where_that_is_said(load):
    clips, _, _ = load(AB, {"t.csv": "file,start,end,label\na.wav,x,y,rock\n"}, segments="no")
    assert (clips[0].start, clips[0].fields["start"]) == (None, "x")


def test_a_time_that_is_none_is_said_with_its_line(load):
    with pytest.raises(TableError, match="line 2: start is a time in seconds, not 'soon'"):
        load(AB, {"t.csv": "file,start,label\na.wav,soon,x\n"})


def test_rows_without_a_file_are_clips_that_will_be_missing(load):
    clips, remarks, _ = load(AB, {"t.csv": "file,label\na.wav,x\nb.wav,x\ngone.wav,y\n,z\n"})
    assert [clip.path for clip in clips] == ["audio/a.wav", "audio/b.wav", "gone.wav"]
    assert remarks["row without a file name"] == ["t.csv, line 5"]


def test_ambiguous_rows_are_named_and_not_guessed(load):
    clips, remarks, _ = load(
        ["x/a.wav", "y/a.wav", "y/b.wav"], {"t.csv": "file,label\na.wav,l\nb.wav,l\ny/a.wav,m\n"}
    )
    assert [clip.path for clip in clips] == ["y/b.wav", "y/a.wav"]
    assert remarks["ambiguous row"] == ["t.csv, line 2: a.wav may be x/a.wav or y/a.wav"]


def test_how_rows_were_matched_is_counted(load):
    _, remarks, _ = load([*AB, "audio/c.wav"], {"t.csv": "file,label\naudio/a.wav,l\nb.wav,l\nc,l\n"})
    assert remarks["table"][0].endswith("1 by path, 1 by name, 1 by stem")


def test_audiofolder_metadata_in_split_folders(load):
    tables = {
        "train/metadata.csv": "file_name,label\na.wav,x\n",
        "test/metadata.csv": "file_name,label\na.wav,y\n",
    }
    clips, _, found = load(["train/a.wav", "test/a.wav"], tables)
    assert [(c.path, c.targets["label"], c.split) for c in clips] == [
        ("test/a.wav", "y", "test"),
        ("train/a.wav", "x", "train"),
    ]
    assert found.score == 0.95


def test_of_several_tables_the_one_that_names_most_files_is_used_and_the_others_are_named(load):
    clips, remarks, _ = load(
        AB,
        {
            "big.csv": "file,label\na.wav,x\nb.wav,y\n",
            "small.csv": "file,label\na.wav,z\n",
            "no.csv": "q\n1\n",
        },
    )
    assert [clip.targets["label"] for clip in clips] == ["x", "y"]
    assert "small.csv" in remarks["another table"][0]


def test_a_table_that_names_few_of_the_files_does_not_hide_the_folders(load):
    files = [f"{genre}/{number}.wav" for genre in ("rock", "pop") for number in range(10)]
    _, _, found = load(files, {"favourites.csv": "file,label\nrock/1.wav,good\n"})
    assert found.score < 0.6


def test_no_table_at_all_is_not_for_this_loader(tmp_path):
    assert Table().detect(Listing(str(tmp_path), ("a.wav",))).score == 0
