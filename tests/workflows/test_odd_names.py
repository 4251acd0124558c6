"""Names that are not UTF-8, and others that are hard for tables and exports: every clip is found again."""

from __future__ import annotations

import json
import os
import shutil

import numpy as np
import pytest

from mxt.cli.console import plain
from mxt.core.errors import UsageError
from mxt.core.pipeline import Pipeline
from mxt.core.text import written
from mxt.extraction.request import ExtractRequest
from mxt.ingestion.requests import DeriveRequest, ImportRequest, IngestRequest
from mxt.results.request import EvaluateRequest
from mxt.store.layout import Store
from mxt.workflows.demo import synthesise
from mxt.workflows.derive import derive
from mxt.workflows.evaluate import evaluate
from mxt.workflows.export import ExportRequest, export
from mxt.workflows.extract import extract
from mxt.workflows.import_features import import_features
from mxt.workflows.info import info
from mxt.workflows.ingest import ingest
from mxt.workflows.ls_clips import ls_clips
from mxt.workflows.render import RenderRequest, render

CLASSES = (b"caf\xe9", b"caf\xc3\xa9", b'a, "b"; c|d', b"back\\slash")
FILES = (b"s\xfc%d.wav", b"new\nline %d.wav", b" sp  ace%d.wav", b"\xff\xfe%d.wav")


@pytest.fixture(scope="session")
def _odd(tmp_path_factory, registry):
    folder = synthesise(tmp_path_factory.mktemp("odd") / "plain", class_size=4)
    sounds = sorted(folder.rglob("*.wav"))
    root = os.fsencode(folder.parent / "odd")
    for number, sound in enumerate(sounds[:16]):
        place = os.path.join(root, CLASSES[number // 4])
        os.makedirs(place, exist_ok=True)
        os.rename(os.fsencode(sound), os.path.join(place, FILES[number % 4] % number))
    store = folder.parent / "mxt-store"
    ingest(store, IngestRequest(folder.parent / "odd"), registry)
    extract(store, ExtractRequest(backbone="tiny"), registry)
    return store


@pytest.fixture
def odd(_odd, tmp_path):
    return shutil.copytree(_odd, tmp_path / "mxt-store")


def ids_of(store):
    catalogue = Store.open(store).catalogue
    return [clip.id for clip in catalogue.clips(catalogue.dataset().name)]


def test_an_evaluation_of_undecodable_names_is_saved_and_read_back(odd, registry):
    found = evaluate(odd, EvaluateRequest(), registry)
    results = Store.open(odd).results
    saved = results.load(found.datasets[0].views[0].result_id)
    assert [each["name"] for each in saved["views"][0]["classes"]] == [
        'a, "b"; c|d',
        "back\\slash",
        "caf\\xe9",
        "café",
    ]
    clips = results.predictions(found.datasets[0].views[0].result_id)["clip"].tolist()
    assert len(set(clips)) == 16
    assert "caf\\xe9/s\\xfc0.wav" in clips


@pytest.mark.parametrize("suffix", ["npz", "csv", "parquet"])
def test_an_export_brings_every_clip_back_whatever_it_is_called(odd, tmp_path, suffix):
    path = tmp_path / f"x\udce9.{suffix}"
    export(odd, ExportRequest("tiny", path))
    found = import_features(odd, ImportRequest(path, label="back"))
    assert (found.used, dict(found.matched)) == (16, {"path": 16})
    features = Store.open(odd).features
    clips = Store.open(odd).catalogue.columns("odd")
    clips = clips[clips.usable]
    own, back = features.find("tiny"), features.find("back")
    (expected, _), (values, _) = (
        table.read(table.own_keys(clips.ids, clips.keys), [table.layers[-1].name]) for table in (own, back)
    )
    np.testing.assert_array_equal(values[:, -2:], expected)


def test_json_and_the_log_hold_utf_8_alone(odd):
    assert json.dumps(plain(ls_clips(odd)), ensure_ascii=False).encode("utf-8")
    assert (odd / "runs.jsonl").read_text(encoding="utf-8")


def test_a_clip_is_named_by_its_bytes_or_as_they_are_written(odd, registry):
    for name in ("caf\udce9/s\udcfc0.wav", "caf\\xe9/s\\xfc0.wav", "s\\xfc0.wav"):
        assert info(odd, name, registry).clip.id == "caf\udce9/s\udcfc0.wav"


def test_a_list_of_clips_may_hold_names_either_way(odd, tmp_path):
    (tmp_path / "faults.txt").write_bytes(b"caf\xe9/s\xfc0.wav\ncaf\\xe9/\\xff\\xfe3.wav\n")
    made = derive(odd, DeriveRequest("without", {"file": str(tmp_path / "faults.txt")}))
    assert made.summary.clips == 14


def test_given_folds_may_hold_names_as_they_are_written(odd, registry, tmp_path):
    rows = [
        f'"{written(name).replace(chr(34), 2 * chr(34))}",{place % 4}'
        for place, name in enumerate(ids_of(odd))
        if "\n" not in name
    ]
    (tmp_path / "folds.csv").write_text("clip,fold\n" + "\n".join(rows), encoding="utf-8")
    found = evaluate(odd, EvaluateRequest(folds=tmp_path / "folds.csv"), registry)
    assert found.datasets[0].clips == 12


def test_a_table_may_name_files_by_lone_surrogates_and_hold_them_anywhere(registry, tmp_path):
    folder = tmp_path / "t"
    synthesise(folder / "audio", class_size=4)
    sounds = sorted((folder / "audio").rglob("*.wav"))[:12]
    rows = []
    for number, sound in enumerate(sounds):
        odd_name = os.fsencode(folder) + b"/s\xfc%d.wav" % number
        os.rename(os.fsencode(sound), odd_name)
        rows.append(
            {
                "file": os.fsdecode(os.path.basename(odd_name)),
                "label": "\ud800ab"[: 1 + number % 2],
                "\udfff": "\udc41",
            }
        )
    rows.append({"file": "\ud83d.wav", "label": "x"})
    (folder / "labels.jsonl").write_text("\n".join(map(json.dumps, rows)))
    store = tmp_path / "store"
    (found,) = ingest(store, IngestRequest(folder / "labels.jsonl"), registry)
    assert (found.summary.used, found.summary.left_out) == (12, {"missing": 1})
    assert dict(found.summary.targets[0].classes) == {"\\ud800": 6, "\\ud800a": 6}
    (again,) = ingest(store, IngestRequest(folder / "labels.jsonl"), registry)
    assert (again.changes.new, again.changes.gone, again.changes.relabelled) == ((), (), ())


def test_names_as_long_as_the_file_system_takes_are_drawn_evaluated_and_shortened_where_they_name_files(
    registry, tmp_path
):
    folder = synthesise(tmp_path / "plain", class_size=4)
    for number, sound in enumerate(sorted(folder.rglob("*.wav"))[:8]):
        place = tmp_path / "long" / (("ä", "b")[number // 4] * (127 if number < 4 else 255))
        place.mkdir(parents=True, exist_ok=True)
        sound.rename(place / f"{number}{250 * 'c'}.wav")
    store = tmp_path / "store"
    ingest(store, IngestRequest(tmp_path / "long"), registry)
    extract(store, ExtractRequest(backbone="tiny"), registry)
    found = evaluate(store, EvaluateRequest(), registry)
    assert found.datasets[0].views[0].result_id
    made = derive(store, DeriveRequest("classes", {"names": ("ä" * 127, "b" * 255), "target": None}))
    assert (len(made.name), made.summary.clips) == (100, 8)
    drawn = render(store, RenderRequest((ids_of(store)[0],), tmp_path / "q", "melspectrogram"), registry)
    assert len(os.path.basename(drawn[0].path).encode()) < 200


@pytest.mark.parametrize("name", ["", 101 * "a", "a b", ".a"])
def test_a_name_that_cannot_be_part_of_a_file_name_is_refused(registry, collection, tmp_path, name):
    with pytest.raises(
        UsageError, match=r"use letters, digits, _, - and \. only, at most 100 characters; '[\w-]+' would do"
    ):
        ingest(tmp_path / "store", IngestRequest(collection, name=name), registry)


def test_a_label_of_any_length_is_refused_and_made_labels_are_cut(store, registry):
    with pytest.raises(UsageError, match=r"is not a label: .* at most 100"):
        extract(store, ExtractRequest(backbone="tiny", label=101 * "a"), registry)
    words = registry.choose("backbone", "tiny", {"scale": "1e300", "nap": "0"})
    assert len(Pipeline(words, registry.choose("normalizer", "none", {}), dataset=200 * "d").label) == 100
