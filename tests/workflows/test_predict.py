"""Labelling new recordings: the same numbers by every way, and nothing lost where something fails."""

from __future__ import annotations

import csv
import json
import shutil
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile

import mxt
from mxt.core.errors import PluginError, Refused, UsageError, WeightsError
from mxt.extraction.direct import Cut
from mxt.extraction.request import ExtractRequest
from mxt.ingestion.requests import IngestRequest
from mxt.models.bundle import read_bundle, write_bundle
from mxt.models.thresholds import threshold_for
from mxt.models.timeline import NONE_OF_THESE
from mxt.stages.annotations import audacity
from mxt.workflows import inference
from mxt.workflows.check import check
from mxt.workflows.extract import extract
from mxt.workflows.fit import FitRequest, fit
from mxt.workflows.ingest import ingest
from mxt.workflows.predict import predict
from mxt.workflows.predict_request import PredictRequest

NOWHERE = Path("no-store")


@pytest.fixture(scope="module")
def fitted(_ingested, registry, tmp_path_factory):
    """A store with features of the six timbres, and a bundle fitted to them."""
    store = Path(shutil.copytree(_ingested, tmp_path_factory.mktemp("fitted") / "mxt-store"))
    extract(store, ExtractRequest("mfcc"), registry)
    bundle = store.parent / "timbres.mxt"
    fit(store, FitRequest(bundle), registry)
    return store, bundle


@pytest.fixture
def bundle(fitted):
    return fitted[1]


@pytest.fixture(scope="module")
def long_recording(collection, tmp_path_factory):
    """Four notes of each of three timbres, one after the other, and where each timbre ends."""
    parts, ends = [], []
    for timbre in sorted(path for path in collection.iterdir() if path.is_dir())[:3]:
        for path in sorted(timbre.glob("*.wav"))[:4]:
            y, rate = soundfile.read(path, dtype="float32")
            parts.append(y)
        ends.append(sum(map(len, parts)) / rate)
    path = tmp_path_factory.mktemp("long") / "long.wav"
    soundfile.write(path, np.concatenate(parts), rate)
    return path, ends


def rows_of(predicted):
    return [
        (Path(row.file).name, row.start, row.end, row.label, round(row.confidence, 9))
        for row in predicted.rows
    ]


def test_recordings_get_the_labels_of_their_folders(bundle, collection, registry):
    predicted = predict(NOWHERE, PredictRequest((bundle,), (collection,), reject=0.0), registry)
    right = [Path(row.file).parent.name == row.label for row in predicted.rows]
    assert len(right) == 72
    assert np.mean(right) > 0.9
    assert all(0 < row.confidence <= 1 for row in predicted.rows)


def test_features_in_the_store_give_the_same_and_are_not_computed_again(fitted, collection, registry):
    store, bundle = fitted
    computed = predict(NOWHERE, PredictRequest((bundle,), (collection,)), registry)
    from_store = predict(store, PredictRequest((bundle,), (collection,)), registry)
    assert (computed.from_store, from_store.from_store) == (0, 72)
    assert rows_of(computed) == rows_of(from_store)
    of_dataset = predict(store, PredictRequest((bundle,), dataset="timbres"), registry)
    assert rows_of(of_dataset) == rows_of(from_store)


def test_windows_have_the_features_of_the_segments_they_are(long_recording, registry, tmp_path, bundle):
    path, _ = long_recording
    table = tmp_path / "segments.csv"
    shutil.copy(path, tmp_path / "long.wav")
    seconds = soundfile.info(path).duration
    starts = np.arange(0, seconds - 1.0, 0.5)
    table.write_text("file,start,end,label\n" + "".join(f"long.wav,{s},{s + 1.0},x\n" for s in starts))
    store = tmp_path / "mxt-store"
    ingest(store, IngestRequest(table, name="segments"), registry)
    segments = predict(store, PredictRequest((bundle,), dataset="segments"), registry)
    timeline = predict(
        NOWHERE,
        PredictRequest((bundle,), (path,), window=1.0, hop=0.5, top=6, out=tmp_path / "t.jsonl"),
        registry,
    )
    for row in segments.rows:
        middle = (row.start + row.end) / 2
        there = next(one for one in timeline.rows if one.start <= middle <= one.end)
        assert there.label == row.label


def test_a_timeline_covers_a_recording_without_gaps_and_joins_what_agrees(bundle, long_recording, registry):
    path, ends = long_recording
    predicted = predict(
        NOWHERE, PredictRequest((bundle,), (path,), window=1.0, hop=0.25, reject=0.0), registry
    )
    rows = predicted.rows
    assert rows[0].start == 0
    assert rows[-1].end == pytest.approx(ends[-1], abs=1e-5)
    for one, following in pairwise(rows):
        assert one.end == following.start
        assert one.label != following.label
    middles = [(start + end) / 2 for start, end in zip([0.0, *ends], ends, strict=False)]
    timbres = [next(row.label for row in rows if row.start <= middle <= row.end) for middle in middles]
    assert len(set(timbres)) == 3


@pytest.mark.parametrize(
    ("seconds", "count"), [(0.3, 1), (1.0, 1), (1.4, 2), (1.5, 2), (1.9, 3), (2.0, 3), (2.1, 4), (10.0, 19)]
)
def test_a_recording_has_as_many_stretches_as_are_counted(tmp_path, seconds, count):
    path = tmp_path / "noise.wav"
    soundfile.write(path, np.random.default_rng(0).normal(size=round(8000 * seconds)) * 0.1, 8000)
    cut = Cut(1.0, 0.5)
    stretches = list(cut.stretches(str(path), "noise.wav"))
    assert len(stretches) == count == cut.count(seconds)
    y, _ = soundfile.read(path, dtype="float32")
    for stretch in stretches:
        np.testing.assert_array_equal(stretch.y, y[round(stretch.start * 8000) :][: len(stretch.y)])
    assert [one.start for one in cut.stretches(str(path), "noise.wav", skip=1)] == [
        one.start for one in stretches[1:]
    ]


@pytest.mark.parametrize("window", [None, 1.0])
def test_a_run_that_was_stopped_continues_to_the_same_file(
    bundle, collection, registry, tmp_path, monkeypatch, window
):
    request = PredictRequest(
        (bundle,), (collection,), out=tmp_path / "labels.csv", window=window, hop=window and 0.5, jobs=1
    )
    whole = predict(NOWHERE, request, registry)
    expected = (tmp_path / "labels.csv").read_bytes()
    (tmp_path / "labels.csv").unlink()
    take = inference.Inference._take
    calls = []

    def stopped(self, *rest):
        calls.append(1)
        if len(calls) == 4:
            raise KeyboardInterrupt
        take(self, *rest)

    monkeypatch.setattr(inference.Inference, "_take", stopped)
    with pytest.raises(KeyboardInterrupt):
        predict(NOWHERE, request, registry)
    assert not (tmp_path / "labels.csv").exists()
    assert request.journal.exists()
    with request.journal.open("a") as journal:
        journal.write('{"file": "cut in the midd')
    monkeypatch.setattr(inference.Inference, "_take", take)
    continued = predict(NOWHERE, request, registry)
    assert continued.resumed > 0
    assert (tmp_path / "labels.csv").read_bytes() == expected
    assert rows_of(continued) == rows_of(whole)
    assert not request.journal.exists()


def test_files_that_cannot_be_used_are_named_and_the_rest_goes_on(bundle, collection, registry, tmp_path):
    folder = tmp_path / "mixed"
    folder.mkdir()
    shutil.copy(next(collection.rglob("*.wav")), folder / "good.wav")
    (folder / "broken.wav").write_bytes(b"RIFF nothing")
    (folder / "empty.wav").touch()
    (folder / "notes.txt").write_text("about them")
    predicted = predict(NOWHERE, PredictRequest((bundle,), (folder,)), registry)
    assert [Path(row.file).name for row in predicted.rows] == ["good.wav"]
    assert {Path(one.clip).name: one.reason.words for one in predicted.failures} == {
        "broken.wav": "not audio",
        "empty.wav": "empty",
    }
    assert predicted.others == 1


def test_what_is_unlike_everything_learnt_is_none_of_these(bundle, registry, tmp_path):
    t = np.arange(44100) / 22050
    path = tmp_path / "tone.wav"
    soundfile.write(path, 0.5 * np.sin(2 * np.pi * 440 * t), 22050)
    (row,) = predict(NOWHERE, PredictRequest((bundle,), (path,)), registry).rows
    assert (row.label, row.why) == (NONE_OF_THESE, "unlike")
    (row,) = predict(NOWHERE, PredictRequest((bundle,), (path,), reject=0.0), registry).rows
    assert row.why == ""


def test_few_learning_clips_are_lost_to_none_of_these(bundle, collection, registry):
    predicted = predict(NOWHERE, PredictRequest((bundle,), (collection,)), registry)
    assert sum(row.why == "unlike" for row in predicted.rows) <= 2


def test_a_threshold_for_a_precision_labels_only_what_is_sure_enough(bundle, collection, registry):
    model = read_bundle(bundle)
    threshold = threshold_for(model, 0.99)
    sure = model.held_out.values.max(axis=1) >= threshold.value
    right = model.held_out.values.argmax(axis=1) == model.held_out.y
    assert right[sure].mean() == threshold.precision.value >= 0.99
    assert threshold.precision.low <= threshold.precision.value <= threshold.precision.high
    predicted = predict(
        NOWHERE, PredictRequest((bundle,), (collection,), precision=0.99, reject=0.0), registry
    )
    for row in predicted.rows:
        assert (row.why == "not sure") == (row.confidence < threshold.value)


def test_csv_json_lines_and_parquet_hold_the_same(bundle, collection, registry, tmp_path):
    from pyarrow import parquet

    for suffix in ("csv", "jsonl", "parquet"):
        predict(
            NOWHERE, PredictRequest((bundle,), (collection,), top=2, out=tmp_path / f"l.{suffix}"), registry
        )
    with (tmp_path / "l.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    lines = [json.loads(line) for line in (tmp_path / "l.jsonl").read_text().splitlines()]
    table = parquet.read_table(tmp_path / "l.parquet").to_pylist()
    assert len(rows) == len(lines) == len(table) == 72
    for row, line, other in zip(rows, lines, table, strict=True):
        assert row["label"] == line["label"] == other["label"]
        assert float(row["confidence"]) == line["confidence"] == other["confidence"]
        assert row["label_2"] == line["others"][0]["label"] == other["label_2"]


def test_a_label_track_of_audacity_opens_with_equal_spans(bundle, long_recording, registry, tmp_path):
    path, _ = long_recording
    request = PredictRequest(
        (bundle,), (path,), window=1.0, hop=0.5, out=tmp_path / "tracks", format="audacity", reject=0.0
    )
    predicted = predict(NOWHERE, request, registry)
    (written,) = predicted.written
    annotations, remarks = audacity.read(Path(written).read_text(), "long.txt")
    assert not remarks
    assert [(one.start, one.end, one.label) for one in annotations] == [
        (row.start, row.end, row.label) for row in predicted.rows
    ]
    with pytest.raises(Refused, match="already exists"):
        predict(NOWHERE, request, registry)


def test_selection_tables_of_raven_lie_below_the_folder_as_the_recordings_do(
    bundle, collection, registry, tmp_path
):
    request = PredictRequest((bundle,), (collection,), out=tmp_path / "tables", format="raven")
    predicted = predict(NOWHERE, request, registry)
    assert len(predicted.written) == 72
    written = Path(predicted.written[0])
    assert written.parent.parent == tmp_path / "tables"
    heading, row = written.read_text().splitlines()
    assert dict(zip(heading.split("\t"), row.split("\t"), strict=True))["Begin File"].endswith(".wav")


def test_several_bundles_speak_of_every_recording(fitted, collection, registry, tmp_path):
    store, bundle = fitted
    extract(store, ExtractRequest("tiny"), registry)
    other = tmp_path / "tiny.mxt"
    fit(store, FitRequest(other, features="tiny+mfcc", head="linear"), registry)
    predicted = predict(NOWHERE, PredictRequest((bundle, other), (collection,)), registry)
    assert [row.model for row in predicted.rows[:2]] == ["timbres", "tiny"]
    assert len(predicted.rows) == 144
    alone = predict(NOWHERE, PredictRequest((other,), (collection,)), registry)
    assert (
        rows_of(alone) == [row for row in rows_of(predicted) if row in set(rows_of(alone))][: len(alone.rows)]
    )


def changed(bundle, path, **changes):
    """A bundle whose one pipeline is another one."""
    model = read_bundle(bundle)
    part = model.parts[0]
    pipeline = {**part.pipeline, **{name: change(part.pipeline[name]) for name, change in changes.items()}}
    write_bundle(path, replace(model, parts=(replace(part, pipeline=pipeline),)))
    return path


def test_another_version_of_a_stage_is_refused_by_name(bundle, collection, registry, tmp_path):
    other = changed(bundle, tmp_path / "other.mxt", backbone=lambda stage: {**stage, "version": 99})
    with pytest.raises(PluginError, match=r"backbone mfcc has version \d+ here, 99 in the bundle"):
        predict(NOWHERE, PredictRequest((other,), (collection,)), registry)


def test_a_stage_that_is_not_installed_is_named(bundle, collection, registry, tmp_path):
    other = changed(
        bundle,
        tmp_path / "other.mxt",
        backbone=lambda stage: {**stage, "name": "nobody", "distribution": "them"},
    )
    with pytest.raises(PluginError, match=r"nobody \(them\), which cannot be computed here"):
        predict(NOWHERE, PredictRequest((other,), (collection,)), registry)


def test_weights_of_another_hash_are_refused(bundle, collection, registry, tmp_path):
    other = changed(
        bundle, tmp_path / "other.mxt", weights=lambda _: {"name": "released", "sha256": "0" * 64}
    )
    with pytest.raises(WeightsError, match="0000"):
        predict(NOWHERE, PredictRequest((other,), (collection,)), registry)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "name files or folders"),
        ({"paths": (Path("a"),), "dataset": "b"}, "one of the two"),
        ({"paths": (Path("a"),), "hop": 1.0}, "--hop goes with --window"),
        ({"paths": (Path("a"),), "precision": 0.9, "threshold": 0.5}, "leave out --threshold"),
        ({"paths": (Path("a"),), "out": Path("labels.doc")}, "the name ends in"),
        ({"paths": (Path("a"),), "out": Path("x.csv"), "format": "parquet"}, "the name ends in"),
    ],
)
def test_what_does_not_go_together_is_refused_before_the_work(bundle, registry, options, message):
    with pytest.raises(UsageError, match=message):
        predict(NOWHERE, PredictRequest((bundle,), **options), registry)


def test_a_check_leaves_out_what_was_learnt_from(fitted, registry):
    store, bundle = fitted
    with pytest.raises(Exception, match="has not learnt from"):
        check(store, PredictRequest((bundle,), dataset="timbres"), registry)


def test_a_check_scores_a_bundle_on_another_data_set(fitted, registry, tmp_path):
    from mxt.workflows.demo import synthesise

    store, bundle = fitted
    ingest(store, IngestRequest(synthesise(tmp_path, class_size=4, seed=9), name="more"), registry)
    (checked,) = check(store, PredictRequest((bundle,), dataset="more"), registry)
    assert checked.clips == 24
    assert checked.scores[0].name == "accuracy"
    assert checked.scores[0].value > 0.5
    assert checked.calibration is not None


def test_a_bundle_is_loaded_and_predicts_in_python(bundle, collection):
    opened = mxt.load(bundle)
    assert len(opened.classes) == 6
    assert len(repr(opened)) < 200
    predicted = opened.predict(collection / opened.classes[0], store=NOWHERE)
    assert len(predicted.rows) == 12
    assert len(repr(predicted)) < 1000


@pytest.mark.parametrize("task", ["multilabel", "regression"])
def test_labels_and_numbers_are_predicted_too(collection, registry, tmp_path, task):
    root = Path(shutil.copytree(collection, tmp_path / "timbres"))
    names = sorted(path.name for path in root.iterdir() if path.is_dir())
    with (root / "clips.csv").open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["file", "what"])
        for path in sorted(root.rglob("*.wav")):
            number = names.index(path.parent.name)
            labels = [word for word, bit in (("low", 1), ("wide", 2), ("odd", 4)) if number & bit]
            value = (
                ";".join(labels)
                if task == "multilabel"
                else number + 0.1 * (len(path.name) % 3) + 0.05 + 0.001 * int(path.stem[-3:])
            )
            out.writerow([path.relative_to(root), value])
    store, bundle = tmp_path / "mxt-store", tmp_path / "what.mxt"
    ingest(store, IngestRequest(root / "clips.csv"), registry)
    extract(store, ExtractRequest("mfcc"), registry)
    fitted = fit(store, FitRequest(bundle, task=task, head="linear"), registry)
    assert fitted.model.task == task
    predicted = predict(NOWHERE, PredictRequest((bundle,), (root,), reject=0.0), registry)
    if task == "regression":
        assert all(row.low < row.value < row.high for row in predicted.rows)
        truth = np.array([names.index(Path(row.file).parent.name) for row in predicted.rows])
        assert np.corrcoef(truth, [row.value for row in predicted.rows])[0, 1] > 0.8
    else:
        assert {row.label for row in predicted.rows} >= {"low", "wide", "odd"}
