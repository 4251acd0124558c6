"""Data sets in the layouts in which they are distributed, from folder to catalogue."""

from __future__ import annotations

import hashlib
import json
import shutil
import struct
import wave
from collections.abc import Mapping
from pathlib import Path

import pytest

from mxt.ingestion import published as published_md5s
from mxt.ingestion.published import ALTERED
from mxt.ingestion.requests import IngestRequest
from mxt.registry import build_registry
from mxt.store.layout import Store
from mxt.workflows.ingest import Ingested, ingest

REGISTRY = build_registry()


def tone(path: Path, number: int, *, seconds: float = 0.5) -> Path:
    """A short file whose content is told by its number."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        count = int(8000 * seconds)
        file.writeframes(struct.pack(f"<{count}h", *((i * (number + 3) * 37) % 8000 for i in range(count))))
    return path


def build(root: Path, sounds: list[str], texts: Mapping[str, str] | None = None) -> Path:
    for number, name in enumerate(sounds):
        tone(root / name, number)
    for name, text in (texts or {}).items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def ingested(
    tmp_path: Path, sounds: list[str], texts: Mapping[str, str] | None = None, **options: object
) -> Ingested:
    return ingest(
        tmp_path / "store", IngestRequest(build(tmp_path / "data", sounds, texts), **options), REGISTRY
    )[0]


def test_hear_task(tmp_path):
    task = {"embedding_type": "scene", "prediction_type": "multiclass", "splits": ["fold00", "fold01"]}
    texts = {
        "task_metadata.json": json.dumps(task),
        "labelvocabulary.csv": "idx,label\n0,a\n1,b\n",
        "fold00.json": json.dumps({"1.wav": ["a"], "2.wav": ["b"]}),
        "fold01.json": json.dumps({"3.wav": ["a"], "4.wav": ["b"], "5.wav": ["b"]}),
    }
    sounds = [
        f"{rate}/{name}"
        for rate in (16000, 48000)
        for name in ("fold00/1.wav", "fold00/2.wav", "fold01/3.wav")
    ]
    found = ingested(tmp_path, [*sounds, "48000/fold01/4.wav"], texts)
    assert (found.loader, found.summary.used, dict(found.summary.folds)) == (
        "hear_task",
        4,
        {"fold00": 2, "fold01": 2},
    )


def test_extended_ballroom(tmp_path):
    waltz = '<Waltz><song id="1" artist="A"/><song id="2" artist="A"/></Waltz>'
    xml = f'<x>{waltz}<Tango><song id="3" artist="B"/></Tango></x>'
    found = ingested(
        tmp_path, ["Waltz/1.mp3", "Waltz/2.mp3", "Tango/3.mp3"], {"extendedballroom_v1.1.xml": xml}
    )
    assert (found.loader, found.summary.used, dict(found.summary.groups)) == (
        "extended_ballroom",
        3,
        {"A": 2, "B": 1},
    )


def test_gtzan_speech_and_music(tmp_path):
    found = ingested(tmp_path, ["music_wav/a.wav", "speech_wav/b.wav"])
    assert (found.loader, dict(found.summary.targets[0].classes)) == (
        "gtzan_speechmusic",
        {"music": 1, "speech": 1},
    )


def test_emomusic(tmp_path):
    table = "song_id,mean_arousal,std_arousal,mean_valence,std_valence\n2,4.5,1,9,1\n3,1,1,2.7,1\n7,1,1,2,1\n"
    found = ingested(
        tmp_path,
        ["clips_45seconds/2.mp3", "clips_45seconds/3.mp3"],
        {"annotations/static_annotations.csv": table},
    )
    assert found.loader == "emomusic"
    arousal, valence = found.summary.targets
    assert (arousal.low, arousal.high, valence.low, valence.high) == pytest.approx((1 / 9, 0.5, 0.3, 1))
    assert found.summary.left_out == {"missing": 1}


def test_jamendo_segments_are_clips_of_files_that_are_not_copied(tmp_path):
    labs = {"train/a.lab": "0 0.2 sing\n0.2 0.5 nosing\n", "test/b.lab": "0 0.5 sing\n"}
    found = ingested(tmp_path, ["train/a.ogg", "test/b.mp3"], labs)
    assert (found.loader, found.summary.used, found.summary.files) == ("jamendo", 3, 2)
    assert dict(found.summary.splits) == {"train": 2, "test": 1}
    clips = [clip for clip in Store.open(tmp_path / "store").catalogue.clips("data") if clip.usable]
    assert [(clip.id, clip.group) for clip in clips] == [
        ("test/b.mp3#0-0.5", "b"),
        ("train/a.ogg#0-0.2", "a"),
        ("train/a.ogg#0.2-0.5", "a"),
    ]


def test_urbansound8k_uses_whole_files_whatever_start_and_end_say(tmp_path):
    table = (
        "slice_file_name,fsID,start,end,salience,fold,classID,class\n"
        "1-3-0-0.wav,1,58.5,62.5,1,5,3,dog_bark\n1-3-0-1.wav,1,0,0.1,1,5,3,dog_bark\n"
    )
    found = ingested(
        tmp_path, ["audio/fold5/1-3-0-0.wav", "audio/fold5/1-3-0-1.wav"], {"metadata/UrbanSound8K.csv": table}
    )
    assert (found.loader, found.summary.used, dict(found.summary.folds), dict(found.summary.groups)) == (
        "urbansound8k",
        2,
        {"5": 2},
        {"1": 2},
    )
    assert found.summary.shortest == pytest.approx(0.5)


def test_gtzan_with_its_filtered_split(tmp_path):
    sounds = [f"genres/{genre}/{genre}.0000{number}.au" for genre in ("blues", "rock") for number in (0, 1)]
    found = ingested(tmp_path, sounds, settings=["split=filtered"])
    assert found.loader == "gtzan"
    assert set(found.summary.splits) <= {"train", "valid", "test"}
    assert sum(found.summary.splits.values()) + found.summary.targets[0].unlabelled == 4


@pytest.fixture
def published(monkeypatch, tmp_path):
    """Two clips whose published MD5s are those of the files that are written."""
    sounds = ["genres/blues/blues.00000.wav", "genres/rock/rock.00000.wav"]
    root = build(tmp_path / "data", sounds)
    md5s = {name: hashlib.md5((root / name).read_bytes()).hexdigest() for name in sounds}
    monkeypatch.setattr("mxt.stages.datasets.gtzan.Gtzan.published_md5", lambda *_: md5s)
    return root


def test_files_that_are_those_published_need_no_word(published, tmp_path):
    (found,) = ingest(tmp_path / "store", IngestRequest(published), REGISTRY)
    assert ALTERED not in found.summary.remarks
    assert ALTERED not in found.summary.notes


def test_an_altered_copy_is_named_also_when_it_is_not_read_again(published, tmp_path):
    tone(published / "genres/rock/rock.00000.wav", 99)
    for _ in range(2):
        (found,) = ingest(tmp_path / "store", IngestRequest(published), REGISTRY)
        assert found.summary.remarks[ALTERED] == (
            "genres/rock/rock.00000.wav does not have the published MD5",
        )
        assert found.summary.used == 2
    assert found.read == 0


def test_an_edition_in_which_all_files_differ_is_one_remark(published, tmp_path):
    for number, path in enumerate(sorted(published.rglob("*.wav"))):
        tone(path, 50 + number)
    (found,) = ingest(tmp_path / "store", IngestRequest(published), REGISTRY)
    assert len(found.summary.remarks[ALTERED]) == 1
    assert "none of the 2 files has the published MD5" in found.summary.remarks[ALTERED][0]


def test_a_file_that_is_gone_again_is_left_to_others(tmp_path, published):
    (found,) = ingest(tmp_path / "store", IngestRequest(published), REGISTRY)
    measured = next(
        clip.file.measurement for clip in Store.open(tmp_path / "store").catalogue.clips(found.name)
    )
    assert published_md5s.noted(measured, tmp_path / "nothing", "0" * 32) == measured


@pytest.mark.realdata
def test_the_real_gtzan_clips_are_those_published(tmp_path, data):
    root = tmp_path / "genres"
    for path in sorted((data / "gtzan_full").glob("*.wav")):
        (root / path.name.partition(".")[0]).mkdir(parents=True)
        shutil.copy(path, root / path.name.partition(".")[0])
    (found,) = ingest(tmp_path / "store", IngestRequest(root), REGISTRY)
    assert (found.loader, found.summary.used) == ("gtzan", 10)
    assert ALTERED not in found.summary.remarks
    with (root / "rock" / "rock.00000.wav").open("r+b") as file:
        file.seek(100_000)
        file.write(b"\0\1")
    (found,) = ingest(tmp_path / "store", IngestRequest(root), REGISTRY)
    assert found.summary.remarks[ALTERED] == ("rock/rock.00000.wav does not have the published MD5",)


@pytest.mark.realdata
def test_the_real_urbansound_clips(tmp_path, data):
    (found,) = ingest(tmp_path / "store", IngestRequest(data / "urbansound_clips"), REGISTRY)
    assert (found.loader, found.summary.used, len(found.summary.folds), len(found.summary.groups)) == (
        "urbansound8k",
        130,
        6,
        120,
    )
    assert found.summary.remarks["incomplete"] == (
        "130 of 8,732 clips, 8,602 are missing; nothing of fold 4, 6, 8, 9",
    )
