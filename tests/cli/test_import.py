"""`mxt import`, and data sets that come as features, from the command line."""

from __future__ import annotations

import json

import numpy as np
import pytest

from mxt.cli.main import main
from mxt.ingestion.requests import IngestRequest
from mxt.registry import build_registry
from mxt.workflows.demo import synthesise
from mxt.workflows.ingest import ingest


def run(*args: object) -> int:
    try:
        main([str(arg) for arg in args])
    except SystemExit as done:
        return int(done.code or 0)
    return 0


@pytest.fixture
def store(tmp_path):
    """A store with 18 clips."""
    ingest(
        tmp_path / "mxt-store",
        IngestRequest(synthesise(tmp_path / "collection", class_size=3)),
        build_registry(),
    )
    return tmp_path / "mxt-store"


def features(store, tmp_path, *, leave_out=0):
    from mxt.workflows.ls_clips import ls_clips

    ids = [clip.id for clip in ls_clips(store) if not clip.reason][leave_out:]
    np.savez(tmp_path / "mine.npz", clip=np.array(ids), a=np.ones((len(ids), 2)), b=np.ones((len(ids), 3)))
    return tmp_path / "mine.npz"


def test_a_person_is_told_what_was_matched_and_what_comes_next(store, tmp_path, capsys):
    assert run("import", features(store, tmp_path, leave_out=1), "--store", store, "--as", "openl3") == 0
    said = capsys.readouterr().out
    assert "openl3 · timbres · 17 of 18 clips · 5 columns in 2 layers · mine.npz" in said
    assert "17 rows, matched 17 by path; 17 stored now" in said
    assert "clips without a row: " in said
    assert "next: mxt eval --dataset timbres --features openl3" in said


def test_strict_ends_with_one_where_a_clip_is_left_without_features(store, tmp_path):
    assert run("import", features(store, tmp_path, leave_out=1), "--store", store, "--strict") == 1
    assert run("import", features(store, tmp_path), "--store", store, "--strict") == 0


def test_machines_are_told_the_same(store, tmp_path, capsys):
    assert run("import", features(store, tmp_path), "--store", store, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["label"], found["used"], found["layers"]) == ("mine", 18, {"a": 2, "b": 3})


def test_a_bare_array_ends_with_a_line_that_says_how(store, tmp_path, capsys):
    np.save(tmp_path / "x.npy", np.ones((18, 2)))
    assert run("import", tmp_path / "x.npy", "--store", store) == 2
    assert "--in-catalogue-order" in capsys.readouterr().err
    assert run("import", tmp_path / "x.npy", "--store", store, "--in-catalogue-order") == 0


def test_published_features_are_ingested_and_extract_refuses_them_in_one_line(tmp_path, capsys):
    for folder in ("csv", "features"):
        (tmp_path / "choi2017" / folder).mkdir(parents=True)
    (tmp_path / "choi2017/csv/emoMusic.csv").write_text(
        ",id,filepath,label_arousal,label_valence\n0,2,c/2.mp3,0.3,0.5\n1,3,c/3.mp3,0.5,0.1\n"
    )
    for k in range(5):
        np.save(tmp_path / f"choi2017/features/emoMusic_layer_{k}.npy", np.ones((2, 32), np.float32))
    store = tmp_path / "mxt-store"
    assert run("ingest", tmp_path / "choi2017", "--store", store, "--loader", "choi2017") == 0
    said = capsys.readouterr().out
    assert (
        "emoMusic · 2 files · arousal: 0.3 to 0.5 · valence: 0.1 to 0.5 · choi2017 (chosen with --loader)"
        in said
    )
    assert "no audio; features: choi2017_convnet" in said
    assert "incomplete: 2 of 744 clips, 742 are missing" in said
    assert said.endswith("next: mxt eval\n")
    assert run("extract", "--backbone", "mfcc", "--store", store) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: emoMusic came as features, without audio")
    assert error.count("\n") == 1


def test_a_card_tells_origin_licence_papers_and_how_to_get_a_data_set(capsys):
    assert run("stages", "datasets", "urbansound8k") == 0
    said = capsys.readouterr().out
    for word in ("origin:", "size:", "licence:", "homepage:", "get it:", "layout:", "careful:", "cite:"):
        assert word in said
    assert "CC BY-NC 3.0" in said


@pytest.mark.parametrize(
    "name",
    ["choi2017", "emomusic", "extended_ballroom", "gtzan", "gtzan_speechmusic", "jamendo", "urbansound8k"],
)
def test_every_target_data_set_has_a_card(name):
    spec = build_registry().find("dataset", name).spec
    assert spec.card is not None
    assert all(
        (spec.licence, spec.card.origin, spec.card.size, spec.card.get, spec.card.layout, spec.card.papers)
    )
