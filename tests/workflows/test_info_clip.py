"""Everything about a clip."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from mxt.cli.main import main
from mxt.core.errors import Reason, UnknownName, UsageError
from mxt.core.specs import Layer
from mxt.extraction.request import ExtractRequest
from mxt.store.layout import Store
from mxt.workflows.extract import extract
from mxt.workflows.info import DatasetInfo, info
from mxt.workflows.info_clip import ClipInfo, ClipRow, Heard
from mxt.workflows.ingest import ingest

TAGS = ("rock", "pop", "jazz", "metal", "folk", "sad", "happy")
PROBABILITIES = np.array([0.1, 0.9, 0.2, 0.01, 0.5, 0.3, 0.02], np.float32)


@pytest.fixture
def clip(store):
    catalogue = Store.open(store, read_only=True).catalogue
    return catalogue.clips(catalogue.dataset().name)[5]


@pytest.fixture
def tagged(store, registry, clip):
    """The store with three tables that have the clip: an extraction, one that failed, and one with tags."""
    extract(store, ExtractRequest(backbone="tiny", limit=72), registry)
    opened = Store.open(store)
    tagger = opened.features.create(
        "ab" * 32, "tagger", {}, (Layer(1, "tags", 7, TAGS), Layer(2, "columns", 2, ("low_hz", "high_hz")))
    )
    failed = opened.features.create("cd" * 32, "failing", {}, (Layer(1, "only", 1),))
    with tagger.writer() as writer:
        writer.assign([clip.key])
        writer.put(0, {"tags": PROBABILITIES, "columns": np.array([9.0, 8.0], np.float32)})
    with failed.writer() as writer:
        writer.assign([clip.key])
        writer.fail(0, Reason.TOO_SHORT)
    opened.log_run({"fingerprint": failed.fingerprint, "failures": [[clip.id, "too short", "3 samples"]]})
    return store


def names_of(clip) -> tuple[str, str, str]:
    """Its id, its file's name and stem."""
    return clip.id, Path(clip.file.path).name, Path(clip.file.path).stem


def run_main(*args: object) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(list(map(str, args)))


def test_a_clip_is_found_by_id_name_and_stem(store, registry, clip):
    found = [info(store, name, registry) for name in names_of(clip)]
    assert all(isinstance(each, ClipInfo) and each.clip.id == clip.id for each in found)
    assert found[0] == found[1] == found[2]
    assert found[0].measurement == clip.file.measurement
    assert found[0].clip.targets == clip.targets


def test_tables_that_have_it_say_how_it_ended_and_the_strongest_five_tags(tagged, registry, clip):
    found = info(tagged, clip.id, registry)
    assert found.tables == (
        ClipRow("failing", "failed", "too short", "3 samples"),
        ClipRow("tagger", "done"),
        ClipRow("tiny", "done"),
    )
    (heard,) = found.heard
    assert isinstance(heard, Heard)
    assert (heard.label, [tag for tag, _ in heard.tags]) == ("tagger", ["pop", "folk", "sad", "jazz", "rock"])
    np.testing.assert_allclose([value for _, value in heard.tags], [0.9, 0.5, 0.3, 0.2, 0.1], rtol=1e-6)


def test_it_is_printed_in_words_and_as_json(tagged, clip, capsys):
    run_main("info", "--store", tagged, clip.id)
    out = capsys.readouterr().out
    assert "tagger hears: pop 0.900, folk 0.500, sad 0.300, jazz 0.200, rock 0.100" in out
    assert "failing: failed, too short, 3 samples" in out
    assert clip.file.measurement.sha256 in out
    run_main("info", "--store", tagged, clip.id, "--json")
    found = json.loads(capsys.readouterr().out)
    assert (found["clip"]["id"], found["heard"][0]["tags"][0][0]) == (clip.id, "pop")


def test_a_clip_that_was_left_out_says_why(registry, collection, tmp_path):
    folder = Path(shutil.copytree(collection, tmp_path / "sounds"))
    broken = next(folder.rglob("*.wav"))
    broken.write_bytes(b"no audio")
    ingest(tmp_path / "store", folder, registry)
    found = info(tmp_path / "store", broken.name, registry)
    assert (found.clip.reason, found.tables, found.heard, found.measurement) == (
        Reason.NOT_AUDIO.words,
        (),
        (),
        None,
    )


def test_a_name_that_is_a_data_set_and_a_clips_stem_means_the_data_set(registry, collection, tmp_path):
    folder = Path(shutil.copytree(collection, tmp_path / "sounds"))
    clip = next(folder.rglob("*.wav"))
    clip.rename(clip.with_stem("sounds"))
    ingest(tmp_path / "store", folder, registry)
    assert isinstance(info(tmp_path / "store", "sounds", registry), DatasetInfo)
    for kind in ("clip", "clips"):
        assert info(tmp_path / "store", "sounds", registry, kind=kind).path.endswith("/sounds.wav")


def test_a_part_of_a_results_id_that_is_a_clips_stem_asks_for_the_kind(store, registry, collection, tmp_path):
    stem = Store.open(store).results.publish({"dataset": "sounds", "view": "x"}, {"y": np.arange(2)})[-4:]
    folder = Path(shutil.copytree(collection, tmp_path / "sounds"))
    clip = next(folder.rglob("*.wav"))
    clip.rename(clip.with_stem(stem))
    ingest(store, folder, registry)
    with pytest.raises(
        UsageError, match=f"{stem} is a result and a clip; say which with --kind result or --kind clip"
    ):
        info(store, stem, registry)


def test_a_clip_of_two_data_sets_asks_which(store, registry, collection, tmp_path, clip):
    ingest(store, Path(shutil.copytree(collection, tmp_path / "again")), registry)
    with pytest.raises(
        UsageError,
        match=r"is a clip of again and of timbres; say which with --dataset again or --dataset timbres",
    ):
        info(store, clip.id, registry)
    assert [info(store, clip.id, registry, dataset=name).dataset for name in ("again", "timbres")] == [
        "again",
        "timbres",
    ]


def test_a_stem_of_several_clips_lists_their_ids(registry, collection, tmp_path):
    folder = Path(shutil.copytree(collection, tmp_path / "sounds"))
    for label in ("one", "two"):
        (folder / label).mkdir()
        next(folder.rglob("*.00*.wav")).rename(folder / label / "same.wav")
    ingest(tmp_path / "store", folder, registry)
    with pytest.raises(
        UsageError, match=r"same is the name of 2 clips; give its id: one/same\.wav, two/same\.wav"
    ):
        info(tmp_path / "store", "same", registry)


def test_an_unknown_clip_lists_the_nearest(store, registry, clip):
    with pytest.raises(
        UnknownName, match=r"no clip called .*; did you mean .*\? \(mxt ls --clips lists them\)"
    ):
        info(store, f"{clip.id}x", registry, kind="clip")
    with pytest.raises(UnknownName, match="no data set, feature table, result or clip called"):
        info(store, "nothing-like-it", registry)
