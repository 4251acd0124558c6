from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from mxt.cli.main import main
from mxt.core.records import ClipRecord
from mxt.extraction.request import ExtractRequest
from mxt.ingestion.requests import IngestRequest
from mxt.registry import build_registry
from mxt.results.audit import Audit, NearCopy, WrongLabel, audit
from mxt.results.audit_plain import audit_from, audit_plain
from mxt.results.audit_words import complaints
from mxt.results.copies import find_copies, missing_seconds
from mxt.results.records import DatasetResult
from mxt.results.request import EvaluateRequest
from mxt.results.saving import load_result
from mxt.store.layout import Store
from mxt.workflows.evaluate import evaluate
from mxt.workflows.extract import extract
from mxt.workflows.ingest import ingest

REGISTRY = build_registry()
SR = 16000


def notes(seed: int, seconds: float = 2.0) -> np.ndarray:
    """A sound with many onsets, another one for each seed."""
    rng = np.random.default_rng(seed)
    t = np.arange(int(seconds * SR)) / SR
    y = 0.01 * rng.normal(size=len(t))
    for begin, pitch in zip(rng.uniform(0, seconds, 24), rng.uniform(200, 3000, 24), strict=True):
        y[t >= begin] += np.exp(-5 * (t[t >= begin] - begin)) * np.sin(2 * np.pi * pitch * t[t >= begin])
    return 0.3 * y / np.abs(y).max()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two classes of twelve sounds by two players; one of each class is there again, cut and quieter."""
    folder = tmp_path_factory.mktemp("sounds")
    for label, first in (("high", 0), ("low", 100)):
        (folder / label).mkdir()
        for number in range(12):
            name = f"{'ann' if number % 2 else 'bob'}_{number:02}.wav"
            sf.write(folder / label / name, notes(first + number), SR)
        sf.write(folder / label / "ann_99.wav", 0.25 * notes(first + 3)[SR // 2 :], SR)
    return folder


@pytest.fixture(scope="module")
def store(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """These sounds, with features."""
    path = tmp_path_factory.mktemp("work") / "mxt-store"
    ingest(path, IngestRequest(folder), REGISTRY)
    extract(path, ExtractRequest("mfcc"), REGISTRY)
    return Store.open(path)


def clips_of(store: Store) -> tuple[str, list[ClipRecord]]:
    record = store.catalogue.dataset()
    return record.root, store.catalogue.clips(record.name)


def saved(store: Store, **asked: object) -> DatasetResult:
    request = EvaluateRequest(head="linear", **asked)  # type: ignore[arg-type]
    result = evaluate(store.root, request, REGISTRY, jobs=1).datasets[0]
    loaded = load_result(store, result.views[0].result_id)
    assert isinstance(loaded, DatasetResult)
    return loaded


def test_cut_and_quieter_copies_are_found_and_nothing_else(store: Store) -> None:
    root, clips = clips_of(store)
    copies = find_copies(store, root, clips, jobs=1)
    assert {(clips[copy.first].id, clips[copy.second].id) for copy in copies} == {
        ("high/ann_03.wav", "high/ann_99.wav"),
        ("low/ann_03.wav", "low/ann_99.wav"),
    }
    assert all(copy.similarity > 0.98 for copy in copies)


def test_fingerprints_are_made_once(store: Store) -> None:
    root, clips = clips_of(store)
    first = find_copies(store, root, clips, jobs=1)
    assert missing_seconds(store, clips) == 0
    assert find_copies(store, "/gone", clips, jobs=1) == first


def test_clips_that_cannot_be_read_match_nothing(store: Store, tmp_path: Path) -> None:
    _, clips = clips_of(store)
    empty = Store.open(tmp_path / "other", create=True)
    assert find_copies(empty, "/gone", clips, jobs=1) == []


def test_an_evaluation_is_audited_and_its_result_keeps_that(store: Store) -> None:
    result = saved(store)
    found = result.views[0].audit
    assert found is not None
    assert {copy.by for copy in found.copies} == {"fingerprint"}
    assert len(found.copies) == 2
    assert audit_from(json.loads(json.dumps(audit_plain(found)))).copies == found.copies


def test_the_audit_of_a_saved_result_is_that_of_its_evaluation(store: Store) -> None:
    result = saved(store)
    own, again = result.views[0].audit, audit(store, result, registry=REGISTRY)
    assert own is not None
    assert audit_plain(again) == audit_plain(own)


def test_results_saved_before_audits_have_none(before: Store) -> None:
    result = load_result(before, "last")
    assert isinstance(result, DatasetResult) is False or result.views[0].audit is None


def test_copies_kept_together_are_no_complaint(store: Store, tmp_path: Path) -> None:
    table = tmp_path / "folds.csv"
    _, clips = clips_of(store)
    rows = [f"{Path(clip.id).with_suffix('')},{'x' if 'ann' in clip.id else 'y'}" for clip in clips]
    table.write_text("clip,fold\n" + "\n".join(rows) + "\n")
    found = saved(store, folds=table).views[0].audit
    assert found is not None
    assert len(found.copies) == 2
    assert not any(copy.split for copy in found.copies)
    assert not any("one recording" in line for line in complaints(found))


def test_strict_ends_with_1_where_the_audit_complains(store: Store) -> None:
    result = saved(store)
    assert result.views[0].complaints
    command = ["eval", "--store", str(store.root), "--head", "linear", "-q", "--strict"]
    with pytest.raises(SystemExit) as ended:
        main(command)
    assert ended.value.code == 1


def test_what_is_odd_is_told_in_one_line_each() -> None:
    assert complaints(Audit()) == []
    odd = replace(Audit(), columns=replace(Audit().columns, constant=3, equal=1, silent=("a.wav",)))
    assert complaints(odd) == [
        "columns that say nothing: 3 constant, 1 copies of another column",
        "silent clips: a.wav",
    ]


def test_copies_split_between_folds_are_told_and_how_they_were_found() -> None:
    heard = NearCopy("a.wav", "b.wav", 0.99, ("rock", "jazz"), ("1", "2"), "fingerprint")
    seen = NearCopy("c.wav", "d.wav", 0.8, ("rock", "rock"), ("1", "3"), "features")
    lines = complaints(Audit(copies=(heard, seen, replace(seen, folds=("4", "4")))))
    assert lines == [
        "1 pair of clips sounds like one recording, split between learning and testing: a.wav = b.wav",
        "1 of them with different labels: a.wav = b.wav",
        "1 pair of clips looks like one recording in the features, split between learning and testing: "
        "c.wav = d.wav",
    ]


def test_labels_are_doubted_where_few_are_and_the_classifier_where_many_are() -> None:
    doubted = WrongLabel("a.wav", "rock", "jazz", 0.01, 0.97, 0.01)
    one = Audit(wrong_labels=(doubted,), clips=100)
    assert complaints(one) == ["1 label is probably wrong, or untypical; listen to it: a.wav (jazz?)"]
    assert complaints(replace(one, wrong_labels=(doubted,) * 6)) == []
    assert complaints(replace(one, wrong_labels=(replace(doubted, quality=0.2),))) == []
