"""Manifests of cuts, in the form that Lhotse writes them."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from mxt.core.errors import TableError, UnknownName
from mxt.core.records import Listing
from mxt.ingestion.requests import IngestRequest
from mxt.registry import build_registry
from mxt.stages.datasets.lhotse import Lhotse


def cut(name: str, start: float, duration: float, *supervisions: dict, **more) -> str:
    source = {"type": "file", "channels": [0], "source": f"/data/corpus/wav/{name}.wav"}
    recording = {
        "id": name,
        "sources": [source],
        "sampling_rate": 8000,
        "num_samples": 80000,
        "duration": 10.0,
    }
    values = {"id": f"{name}-0", "start": start, "duration": duration, "channel": 0, "type": "MonoCut"}
    return json.dumps(values | {"supervisions": list(supervisions), "recording": recording} | more)


def said(start: float, duration: float, speaker: str, **custom) -> dict:
    about = {
        "id": "s",
        "recording_id": "r",
        "channel": 0,
        "text": "yes",
        "speaker": speaker,
        "custom": custom,
    }
    return about | {"start": start, "duration": duration}


LINES = "\n".join(
    [
        cut("a", 0, 10.0, said(0, 10.0, "ann", emotion="joy")),
        cut("b", 2.0, 4.0, said(0, 1.5, "ben", emotion="anger"), said(-0.5, 9.0, "ann", emotion="joy")),
        cut("c", 1.0, 2.0),
    ]
)


def test_supervisions_are_clips_with_labels_and_speakers_as_groups(tree, load):
    clips, remarks = load(Lhotse(), tree("wav/a.wav", "wav/b.wav", files={"train_cuts.jsonl": LINES}))
    assert [(clip.path, clip.start, clip.end) for clip in clips] == [
        ("wav/a.wav", None, None),
        ("wav/b.wav", 2.0, 3.5),
        ("wav/b.wav", 2.0, 6.0),
        ("data/corpus/wav/c.wav", 1.0, 3.0),
    ]
    assert [clip.targets["emotion"] for clip in clips] == ["joy", "anger", "joy", None]
    assert [clip.group for clip in clips] == ["ann", "ben", "ann", None]
    assert {clip.split for clip in clips} == {"train"}
    assert clips[0].fields == {"text": "yes", "speaker": "ann"}
    assert remarks == {}


def test_compressed_manifests_and_given_columns(tree, load):
    listing = tree("a.wav", "cuts.jsonl.gz")
    Path(listing.root, "cuts.jsonl.gz").write_bytes(gzip.compress(LINES.encode()))
    clips, _ = load(Lhotse(target=("speaker",), group_column="text"), listing)
    assert (clips[0].targets, clips[0].group) == ({"speaker": "ann"}, "yes")
    with pytest.raises(UnknownName, match="no column of the cuts called 'mood'"):
        load(Lhotse(target=("mood",)), listing)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"id": "m", "tracks": [], "type": "MixedCut"}', "line 4: a cut of one recording is expected"),
        ("no json", "line 4"),
        (cut("a", 0, 1.0).replace('"file"', '"url"'), "line 4"),
        (cut("a", 0, 1.0).replace('"duration": 1.0', '"duration": "long"'), "line 4"),
    ],
)
def test_lines_that_are_no_cut_of_a_file_are_named(tree, load, line, message):
    with pytest.raises(TableError, match=message):
        load(Lhotse(), tree("a.wav", files={"cuts.jsonl": f"{LINES}\n{line}\n"}))


def test_other_tables_of_json_lines_are_not_taken_for_cuts(tree):
    listing = tree("a.wav", files={"metadata.jsonl": '{"file_name": "a.wav", "label": "x"}\n'})
    assert Lhotse().detect(listing).score == 0


@pytest.mark.parametrize("table", [None, "cuts.jsonl"])
def test_it_is_recognised_before_other_loaders(tree, table):
    from mxt.ingestion.detection import detect

    files = tree("a.wav", "b.wav", "c.wav", files={"cuts.jsonl": LINES})
    listing = Listing(files.root, files.files, table)
    found = detect(listing, IngestRequest(Path(files.root)), build_registry())
    assert found.chosen.spec.name == "lhotse"
