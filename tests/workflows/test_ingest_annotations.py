"""`mxt ingest` of annotated recordings: what is used, what is left out and named, what is asked."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from mxt.cli.main import main
from mxt.core.errors import InputError, UnclearTimes
from mxt.core.records import Annotation
from mxt.ingestion.requests import IngestRequest
from mxt.registry import build_registry
from mxt.stages.annotations import audacity, raven
from mxt.store.layout import Store
from mxt.workflows.ingest import ingest

UNCLEAR = "file,t1,t2,label\na.wav,0,1,x\na.wav,2,3,y\n"


@pytest.fixture
def night(tmp_path: Path) -> Path:
    """A folder with one recording of ten seconds, a.wav."""
    folder = tmp_path / "night"
    folder.mkdir()
    noise = np.random.default_rng(0).normal(0, 0.1, 80_000)
    soundfile.write(folder / "a.wav", noise, 8000)
    return folder


@pytest.fixture
def run(tmp_path: Path):
    def run_(path: Path, **params: object):
        (result,) = ingest(tmp_path / "store", IngestRequest(path, params=params), build_registry())
        return result, {clip.id: clip for clip in Store.open(tmp_path / "store").catalogue.clips(result.name)}

    return run_


@pytest.mark.parametrize("format_", [audacity, raven])
def test_what_predictions_write_is_ingested_with_equal_spans(run, night, format_):
    written = [
        Annotation("a.wav", 0.0, 2.5, "x"),
        Annotation("a.wav", 2.5, 7.123457, "y"),
        Annotation("a.wav", 7.5, 10.0, "x"),
    ]
    (night / format_.file_name("a.wav")).write_text(format_.write(written))
    result, clips = run(night)
    assert result.loader == "annotations"
    assert result.summary.targets[0].classes == {"x": 2, "y": 1}
    spans = [(clip.start_us, clip.end_us) for clip in clips.values() if clip.usable]
    assert spans == [(0, 2_500_000), (2_500_000, 7_123_457), (7_500_000, 10_000_000)]


def test_annotations_that_cannot_be_clips_are_counted_and_listed(run, night):
    rows = [
        "1,2,good",
        "4,3,backwards",
        "5,5,point",
        "-2,-1,before",
        "12,13,beyond",
        "9,99,cut",
        "nan,1,none",
    ]
    (night / "a.csv").write_text("start,end,label\n" + "\n".join(rows))
    result, clips = run(night)
    assert (result.summary.used, result.summary.left_out) == (2, {"too short": 4})
    assert {
        clip.targets["label"]: clip.detail for clip in clips.values() if clip.reason and clip.targets
    } == {
        "backwards": "the segment from 4 to 3 s; at least 10 ms are needed",
        "point": "the segment from 5 to 5 s; at least 10 ms are needed",
        "before": "the segment begins at -2 s",
        "beyond": "the segment begins at 12 s, the file has 10.000 s",
    }
    assert result.summary.remarks["row without a time"] == ("a.csv, line 8: 'nan', '1'",)
    assert result.summary.remarks["segment ends beyond its file"][0].startswith("a.wav#9-99")


def test_one_file_of_annotations_may_be_named(run, night):
    (night / "boxes").mkdir()
    (night / "boxes" / "a.txt").write_text("0\t1\tx\n2\t3\ty\n")
    result, _ = run(night / "boxes" / "a.txt")
    assert (result.name, result.loader, result.summary.used) == ("a", "annotations", 2)


def test_a_text_that_holds_no_annotations_is_refused(run, night):
    (night / "notes.txt").write_text("nothing heard tonight\n")
    with pytest.raises(InputError, match=r"notes\.txt is neither a folder nor a table, nor annotations"):
        run(night / "notes.txt")


def test_ingesting_again_finds_what_was_annotated_since(run, night):
    (night / "a.txt").write_text("0\t1\tx\n2\t3\ty\n")
    run(night)
    (night / "a.txt").write_text("0\t1\tx\n2\t3\tz\n5\t6\tz\n")
    result, _ = run(night)
    assert (len(result.changes.new), len(result.changes.relabelled), result.read) == (1, 1, 0)


def test_a_table_of_several_recordings_has_bands_and_overlaps(run, night):
    (night / "all.csv").write_text("file,start,duration,low_khz,label\na.wav,0,2,1.5,x\na.wav,1,2,2,y\n")
    result, clips = run(night)
    assert result.loader == "table"
    fields = clips["a.wav#0-2"].fields
    assert (fields["low_hz"], fields["overlaps"]) == ("1500", "1")


def test_several_labels_for_one_file_and_columns_that_may_be_times_are_refused(run, night):
    (night / "all.csv").write_text(UNCLEAR)
    with pytest.raises(
        UnclearTimes,
        match=r"all\.csv gives several labels to one file, and its columns 't1' and 't2' may be times: "
        "--start-column t1 --end-column t2 cuts segments there, --set segments=no uses whole files",
    ):
        run(night)
    result, _ = run(night, start_column="t1", end_column="t2")
    assert (result.summary.used, result.summary.targets[0].classes) == (2, {"x": 1, "y": 1})
    result, _ = run(night, segments="no")
    assert result.summary.remarks["clip in rows that disagree"]


@pytest.mark.parametrize(
    "table",
    [
        "file,label\na.wav,x\na.wav,y\n",  # no times
        "file,label,rating\na.wav,x,1\na.wav,y,2\n",  # one number only
        "file,t1,t2,label\na.wav,0,1,x\na.wav,2,3,x\n",  # one label
        "file,t1,t2,label\na.wav,0,1,x\na.wav,3,2,y\n",  # the second is not always later
    ],
)
def test_other_tables_are_read_as_before(run, night, table):
    (night / "all.csv").write_text(table)
    result, _ = run(night)
    assert (result.loader, result.summary.clips) == ("table", 1)


@pytest.mark.parametrize(("reply", "code"), [("y", 0), ("n", 2)])
def test_at_a_terminal_it_is_asked(night, tmp_path, monkeypatch, capsys, reply, code):
    (night / "all.csv").write_text(UNCLEAR)
    monkeypatch.setattr("mxt.cli.ingest.at_terminal", lambda: True)
    monkeypatch.setattr("typer.confirm", lambda _question, **_: reply == "y")
    with pytest.raises(SystemExit) as end:
        main(["ingest", str(night), "--store", str(tmp_path / "store"), "--jobs", "1"])
    assert (end.value.code or 0) == code
    out = capsys.readouterr()
    assert ("2 clips in 1 file " in out.out, "may be times" in out.err) == (code == 0, code == 2)


def test_where_nobody_can_be_asked_it_is_refused(night, tmp_path, capsys):
    (night / "all.csv").write_text(UNCLEAR)
    assert not sys.stdin.isatty()
    with pytest.raises(SystemExit, match="2"):
        main(["ingest", str(night), "--store", str(tmp_path / "store")])
    assert capsys.readouterr().err.startswith("error: all.csv gives several labels to one file")
