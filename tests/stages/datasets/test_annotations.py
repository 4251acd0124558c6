"""Annotations beside recordings."""

from __future__ import annotations

import pytest

from mxt.core.errors import TableError, UnclearTimes, UnknownName, UsageError
from mxt.stages.datasets.annotations import Annotations

RAVEN = (
    "Selection\tView\tChannel\tBegin Time (s)\tEnd Time (s)\tLow Freq (Hz)\tHigh Freq (Hz)\tSpecies\tnote\n"
    "1\tSpectrogram 1\t1\t1.5\t2.25\t1000\t4000\tWOTH\tfaint\n"
    "2\tSpectrogram 1\t1\t2\t3\t1500.5\t8000\tEATO\n"
    "3\tSpectrogram 1\t1\t5\t6\t1000\t4000\t\n"
)
AUDACITY = "0.5\t1.5\tSP\n\\\t2000.0\t8000.0\n2\t3\tCRER\n"


@pytest.fixture
def read(tree, load):
    """Clips as (path, start, end, label), those that have a label first, with all remarks."""

    def read_(*recordings, files, table=None, **params):
        listing = tree(*recordings, files=files)
        if table:
            listing = type(listing)(listing.root, listing.files, table)
        return load(Annotations(**params), listing)

    return read_


def boxes(clips):
    return [(c.path, c.start, c.end, next(iter(c.targets.values()))) for c in clips]


def test_a_selection_table_of_raven_beside_its_recording(read):
    clips, _ = read("s/a.wav", files={"s/a.Table.1.selections.txt": RAVEN})
    assert boxes(clips) == [
        ("s/a.wav", 1.5, 2.25, "WOTH"),
        ("s/a.wav", 2.0, 3.0, "EATO"),
        ("s/a.wav", 5.0, 6.0, None),
    ]
    assert list(clips[0].targets) == ["Species"]
    fields = clips[0].fields
    assert (fields["low_hz"], fields["high_hz"], fields["overlaps"]) == ("1000", "4000", "1")
    assert (fields["note"], fields["Selection"]) == ("faint", "1")


def test_a_label_track_of_audacity_with_its_bands(read):
    clips, remarks = read("a.wav", files={"a.txt": AUDACITY})
    assert boxes(clips) == [("a.wav", 0.5, 1.5, "SP"), ("a.wav", 2.0, 3.0, "CRER")]
    assert clips[0].fields == {"low_hz": "2000", "high_hz": "8000", "overlaps": "0"}
    assert remarks == {}


@pytest.mark.parametrize(
    "table",
    [
        "onset,offset,label\n1.5,2.25,x\n",
        "start;end;label\n1,5;2,25;x\n",
        "start_ms\tend_ms\tlabel\n1500\t2250\tx\n",
        "Start (ms),Duration (ms),Annotation\n1500,750,x\n",
        "offset,duration,label\n1.5,0.75,x\n",
        "Begin Time (hh:mm:ss),End Time (hh:mm:ss),species\n0:00:01.5,0:00:02.25,x\n",
        "from,to,label\n1.5,2.25,x\n",
        "xmin,xmax,text\n1.5,2.25,x\n",
        "tmin\ttier\ttext\ttmax\n1.5\tcalls\tx\t2.25\n",  # Praat, Down to Table
        "Begin Time - hh:mm:ss.ms\tEnd Time - hh:mm:ss.ms\tcall\n00:00:01.500\t00:00:02.250\tx\n",  # ELAN
        "Begin Time - msec\tDuration - msec\tcall\n1500\t750\tx\n",
        "label,time,length\nx,1.5,0.75\n",
    ],
)
def test_times_under_common_headings_and_in_common_units(read, table):
    clips, _ = read("a.wav", files={"a.csv": table})
    assert boxes(clips) == [("a.wav", 1.5, 2.25, "x")]


def test_columns_and_their_unit_may_be_named(read):
    clips, _ = read(
        "a.wav",
        files={"a.csv": "t1,t2,what,call\n1500,2250,bird,x\n"},
        start_column="t1",
        end_column="T2",
        time_unit="ms",
        target=("call",),
    )
    assert boxes(clips) == [("a.wav", 1.5, 2.25, "x")]
    assert clips[0].fields["what"] == "bird"


def test_a_table_of_several_recordings_with_ravens_offsets_into_each(read):
    table = (
        "Begin Time (s)\tEnd Time (s)\tBegin File\tFile Offset (s)\tAnnotation\n"
        "1\t2\ta.wav\t1\tx\n61\t62.5\tb.wav\t1\ty\n"
    )
    clips, _ = read("a.wav", "b.wav", files={"all.txt": table})
    assert boxes(clips) == [("a.wav", 1.0, 2.0, "x"), ("b.wav", 1.0, 2.5, "y")]


def test_one_selection_shown_in_two_views_is_one_clip(read):
    table = (
        "Selection\tView\tBegin Time (s)\tEnd Time (s)\tAnnotation\n"
        "1\tWaveform 1\t1\t2\tx\n1\tSpectrogram 1\t1\t2\tx\n"
    )
    assert boxes(read("a.wav", files={"a.txt": table})[0]) == [("a.wav", 1.0, 2.0, "x")]


def test_a_table_without_rows_says_that_nothing_is_there(read):
    empty = RAVEN.partition("\n")[0] + "\n"
    files = {"a.txt": AUDACITY, "b.Table.1.selections.txt": empty}
    clips, remarks = read("a.wav", "b.wav", files=files)
    assert remarks["file without annotations"] == ["b.Table.1.selections.txt"]
    assert {clip.path for clip in clips} == {"a.wav"}
    clips, _ = read("a.wav", "b.wav", files=files, background="none")
    assert boxes(clips)[2:] == [
        ("a.wav", 0.0, 0.5, "none"),
        ("a.wav", 1.5, 2.0, "none"),
        ("a.wav", 3.0, None, "none"),
        ("b.wav", 0.0, None, "none"),
    ]


def test_background_is_what_no_annotation_covers(read):
    clips, _ = read(
        "a.wav", files={"a.csv": "start,end,label\n0,5,x\n1,2,y\n5.05,6,x\n"}, background="nothing"
    )
    assert boxes(clips)[3:] == [("a.wav", 6.0, None, "nothing")]


def test_overlaps_count_other_annotations_that_share_time(read):
    clips, _ = read("a.wav", files={"a.csv": "start,end,label\n0,10,x\n1,2,y\n2,3,y\n9,11,x\n11,12,y\n"})
    assert [clip.fields["overlaps"] for clip in clips] == ["3", "1", "1", "1", "0"]


def test_annotations_whose_recording_is_not_there_are_missing_clips_and_counted(read):
    clips, remarks = read("a.wav", files={"a.txt": AUDACITY, "lost/b.txt": AUDACITY})
    assert boxes(clips)[2] == ("lost/b", 0.5, 1.5, "SP")
    assert remarks["annotations of a recording that is not there"] == ["lost/b.txt: 2 annotations"]


def test_the_recording_of_the_same_folder_is_meant(read):
    files = {"x/a.txt": "0\t1\tX\n", "y/a.txt": "0\t1\tY\n"}
    clips, _ = read("x/a.wav", "y/a.wav", files=files)
    assert boxes(clips) == [("x/a.wav", 0.0, 1.0, "X"), ("y/a.wav", 0.0, 1.0, "Y")]


def test_annotations_that_may_be_of_two_recordings_are_left_out_and_named(read):
    clips, remarks = read("a.wav", "a.mp3", "b.wav", files={"a.txt": AUDACITY, "b.txt": AUDACITY})
    assert {clip.path for clip in clips} == {"b.wav"}
    assert remarks["annotations left out"] == ["a.txt: 2 annotations of a.wav or a.mp3"] or remarks[
        "annotations left out"
    ] == ["a.txt: 2 annotations of a.mp3 or a.wav"]


def test_rows_without_a_time_are_named_and_the_others_used(read):
    table = "start,end,label\n1,2,x\nnan,2,y\n,3,y\n1e999,4,y\nsoon,4,y\n"
    clips, remarks = read("a.wav", files={"a.csv": table})
    assert len(clips) == 1
    assert remarks["row without a time"] == [
        "a.csv, line 3: 'nan', '2'",
        "a.csv, line 4: '', '3'",
        "a.csv, line 5: '1e999', '4'",
        "a.csv, line 6: 'soon', '4'",
    ]


def test_one_stretch_with_two_labels_is_unlabelled_unless_several_are_wanted(read):
    table = "start,end,label\n0,5,x\n0,5,y\n5,10,x\n5,10,x\n"
    clips, remarks = read("a.wav", files={"a.csv": table})
    assert boxes(clips) == [("a.wav", 0.0, 5.0, None), ("a.wav", 5.0, 10.0, "x")]
    (text,) = remarks["stretch with several labels"]
    assert text.startswith("a.wav, 0 to 5 s: x, y; taken as unlabelled (--set several_labels=yes")
    clips, _ = read("a.wav", files={"a.csv": table}, several_labels=True)
    assert [clip.targets["label"] for clip in clips] == [("x", "y"), ("x",)]


def test_labels_that_are_called_differently_are_one_target(read):
    files = {"a.txt": RAVEN, "b.txt": RAVEN.replace("Species", "Annotation")}
    clips, _ = read("a.wav", "b.wav", files=files)
    assert {name for clip in clips for name in clip.targets} == {"label"}


def test_a_target_that_no_file_has_lists_the_columns(read):
    with pytest.raises(UnknownName, match=r"no column of the annotations called 'Genus'.*Species"):
        read("a.wav", files={"a.txt": RAVEN}, target=("Genus",))


def test_files_without_the_target_are_unlabelled_and_named(read):
    files = {"a.txt": RAVEN, "b.txt": RAVEN.replace("Species", "Annotation")}
    clips, remarks = read("a.wav", "b.wav", files=files, target=("species",))
    assert [clip.targets["species"] for clip in clips] == ["WOTH", "EATO", None, None, None, None]
    assert remarks["no label column found"][0].startswith("b.txt: columns are Selection, View")


def test_further_targets_and_groups_are_columns(read):
    table = "start,end,label,sex,site\n0,1,x,f,n\n1,2,y,m,s\n"
    clips, _ = read("a.wav", files={"a.csv": table}, target=("label", "sex"), group_column="site")
    assert [dict(clip.targets) for clip in clips] == [{"label": "x", "sex": "f"}, {"label": "y", "sex": "m"}]
    assert [clip.group for clip in clips] == ["n", "s"]


def test_columns_that_may_be_times_and_are_called_otherwise_are_not_guessed(read):
    with pytest.raises(UnclearTimes, match="--start-column a1 --end-column a2 cuts segments"):
        read("a.wav", files={"a.csv": "a1,a2,call\n0,1,x\n1,2,y\n"})


def test_a_file_beside_a_recording_that_holds_something_else_is_named(read):
    _, remarks = read("a.wav", "b.wav", files={"a.txt": AUDACITY, "b.txt": "to do: annotate\n"})
    (text,) = remarks["file of a recording that gives no annotations"]
    assert text.startswith("b.txt")


def test_a_folder_without_any_annotation_says_why(read):
    with pytest.raises(TableError, match="no file of annotations"):
        read("a.wav", files={})


def test_a_file_that_is_too_large_to_look_into_is_named(read, monkeypatch):
    monkeypatch.setattr("mxt.stages.datasets.annotations.LARGEST", 100)
    files = {"a.txt": AUDACITY, "b.txt": AUDACITY * 9}
    clips, remarks = read("a.wav", "b.wav", files=files)
    assert {clip.path for clip in clips} == {"a.wav"}
    assert "b.txt is too large" in remarks["file of a recording that gives no annotations"][0]
    assert len(read("a.wav", "b.wav", files=files, table="b.txt")[0]) == 2


def test_background_needs_classes(read):
    with pytest.raises(UsageError, match=r"the labels \(label\) are numbers"):
        read("a.wav", files={"a.csv": "start,end,label\n0,1,0.25\n1,2,0.75\n"}, background="none")


def test_background_shares_group_and_fold_with_the_annotations_of_its_recording(read):
    table = "start,end,label,site,fold\n0,1,x,north,2\n"
    clips, _ = read("a.wav", files={"a.csv": table}, background="none", group_column="site")
    assert [(clip.group, clip.fold) for clip in clips] == [("north", "2")] * 2


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_other_encodings_are_found_out(tmp_path, tree, load, encoding):
    listing = tree("a.wav", "a.txt")
    (tmp_path / "a.txt").write_bytes("0\t1\tZaunkönig\n1\t2\tGrünspecht\n".encode(encoding))
    clips, _ = load(Annotations(), listing)
    assert [clip.targets["label"] for clip in clips] == ["Zaunkönig", "Grünspecht"]


@pytest.mark.parametrize(
    ("recordings", "files", "score"),
    [
        (["a.wav"], {"a.txt": AUDACITY}, 0.92),
        (["a.wav", "b.wav", "c.wav"], {"a.txt": AUDACITY}, 0.55),
        (["a.wav"], {"all.csv": "file,start,end,label\na.wav,0,1,x\na.wav,1,2,y\n"}, 0.7),
        (["a.wav", "b.wav"], {"cut.csv": "file,start,end,label\na.wav,0,1,x\nb.wav,1,2,y\n"}, 0.0),
        (["a.wav"], {"a.txt": "la la la\n"}, 0.0),
        (["a.wav"], {"a.csv": "time,f0\n0,1\n1,220\n"}, 0.0),
        (["a.wav"], {}, 0.0),
    ],
)
def test_how_sure_it_is(tree, recordings, files, score):
    assert Annotations().detect(tree(*recordings, files=files)).score == score
