"""Data sets that come as features, without audio."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from mxt.core.errors import InputError, PluginError, Refused
from mxt.extraction.request import ExtractRequest
from mxt.ingestion.requests import IngestRequest
from mxt.registry import build_registry
from mxt.results.request import EvaluateRequest
from mxt.results.views import load_view
from mxt.store.layout import Store
from mxt.workflows.evaluate import evaluate
from mxt.workflows.export import ExportRequest, export
from mxt.workflows.extract import extract
from mxt.workflows.info import info
from mxt.workflows.ingest import ingest
from mxt.workflows.ls import ls
from mxt.workflows.remove import prune

REGISTRY = build_registry()


def published(root: Path, *, clips: int = 40, name: str = "urbansound") -> Path:
    """Features of the published form in which two classes lie apart."""
    for folder in ("csv", "features"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    rows = "".join(
        f"{i},{i}-{i % 2}-0-0,fold{i % 4 + 1}/{i}-{i % 2}-0-0.wav,{i % 2},{i % 4 + 1}\n" for i in range(clips)
    )
    (root / "csv" / f"{name}.csv").write_text(f",id,filepath,label,fold\n{rows}")
    rng = np.random.default_rng(1)
    for k in range(5):
        X = rng.standard_normal((clips, 32)) + 3 * (np.arange(clips) % 2)[:, None]
        np.save(root / "features" / f"{name}_layer_{k}.npy", X.astype(np.float32))
    np.save(root / "features" / f"{name}_mfcc.npy", rng.standard_normal((clips, 120)))
    return root


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return published(tmp_path / "choi2017")


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "mxt-store"


def rows(store: Path) -> dict[str, tuple[int, int, int]]:
    return {table.label: (table.done, table.failed, table.open) for table in ls(store).tables}


def test_features_are_recognised_and_stored_as_they_are_in_the_files(root, store):
    (found,) = ingest(store, IngestRequest(root), REGISTRY)
    assert (found.name, found.loader, found.views) == (
        "urbansound",
        "choi2017",
        ("choi2017_convnet", "choi2017_mfcc"),
    )
    assert rows(store) == {"choi2017_convnet": (40, 0, 0), "choi2017_mfcc": (40, 0, 0)}
    matrix = load_view(Store.open(store, read_only=True), "urbansound", "choi2017_convnet:13")
    expected = [np.load(root / "features" / f"urbansound_layer_{k}.npy") for k in (0, 2)]
    np.testing.assert_array_equal(matrix.X, np.concatenate(expected, axis=1))
    assert matrix.ids[1] == "fold2/1-1-0-0.wav"


def test_they_can_be_evaluated_listed_told_about_and_exported(root, store, tmp_path):
    ingest(store, IngestRequest(root), REGISTRY)
    result = evaluate(store, EvaluateRequest(features=("choi2017_convnet:12345",), head="linear"), REGISTRY)
    assert result.datasets[0].views[0].assessment.first.value == 1.0
    assert "fold" in result.datasets[0].folds
    told = info(store, "urbansound", REGISTRY)
    assert told.summary.used == 40
    assert {each.label: (each.done, each.missing) for each in told.coverage} == {
        "choi2017_convnet": (40, 0),
        "choi2017_mfcc": (40, 0),
    }
    assert told.commands == (f"mxt ingest {root} --name urbansound --loader choi2017 --set tasks=urbansound",)
    assert export(store, ExportRequest("choi2017_mfcc", tmp_path / "x.npz")).clips == 40
    assert prune(store, dry_run=True).items == ()


def test_extract_says_in_one_line_that_there_is_no_audio(root, store):
    ingest(store, IngestRequest(root), REGISTRY)
    with pytest.raises(InputError, match=r"^urbansound came as features, without audio: .*$") as caught:
        extract(store, ExtractRequest("mfcc"), REGISTRY)
    assert "\n" not in str(caught.value)


def test_ingesting_again_stores_nothing_and_a_changed_file_never_returns_old_rows(root, store):
    ingest(store, IngestRequest(root), REGISTRY)
    (again,) = ingest(store, IngestRequest(root), REGISTRY)
    assert (again.changes.new, again.changes.changed) == ((), ())
    assert rows(store)["choi2017_convnet"] == (40, 0, 0)
    path = root / "features" / "urbansound_layer_0.npy"
    np.save(path, np.load(path) + 1)
    (changed,) = ingest(store, IngestRequest(root), REGISTRY)
    assert len(changed.changes.changed) == 40
    np.testing.assert_array_equal(
        load_view(Store.open(store, read_only=True), None, "choi2017_convnet:1").X, np.load(path)
    )


def test_moving_the_files_stores_nothing_again(root, store, tmp_path):
    ingest(store, IngestRequest(root), REGISTRY)
    shutil.move(root, tmp_path / "elsewhere")
    (again,) = ingest(store, IngestRequest(tmp_path / "elsewhere"), REGISTRY)
    assert again.changes.moved_from
    assert rows(store)["choi2017_convnet"] == (40, 0, 0)


def test_several_tasks_are_several_data_sets_in_the_same_tables(root, store):
    published(root, clips=24, name="jamendo_vd")
    found = ingest(store, IngestRequest(root, loader="choi2017"), REGISTRY)
    assert [each.name for each in found] == ["jamendo_vd", "urbansound"]
    assert rows(store)["choi2017_convnet"] == (64, 0, 0)
    assert (
        ingest(store, IngestRequest(root, settings=["tasks=urbansound"], name="sounds"), REGISTRY)[0].name
        == "sounds"
    )
    with pytest.raises(InputError, match=r"holds 2 data sets \(jamendo_vd, urbansound\): leave out --name"):
        ingest(store, IngestRequest(root, name="x"), REGISTRY)


def test_numbers_that_are_not_finite_are_failed_rows_and_named(root, store):
    path = root / "features" / "urbansound_mfcc.npy"
    X = np.load(path)
    X[3, 5], X[4, 0] = np.nan, 1e300
    np.save(path, X)
    (found,) = ingest(store, IngestRequest(root), REGISTRY)
    assert rows(store) == {"choi2017_convnet": (40, 0, 0), "choi2017_mfcc": (38, 2, 0)}
    assert found.summary.remarks["not finite"] == (
        "fold4/3-1-0-0.wav in choi2017_mfcc",
        "fold1/4-0-0-0.wav in choi2017_mfcc",
    )


def test_a_dry_run_writes_nothing(root, store):
    (found,) = ingest(store, IngestRequest(root, dry_run=True), REGISTRY)
    assert found.dry_run
    assert found.summary.clips == 40
    assert not store.exists()


def test_features_and_audio_of_one_name_do_not_replace_each_other_silently(root, store, collection):
    ingest(store, IngestRequest(collection, name="urbansound"), REGISTRY)
    with pytest.raises(Refused, match=f"urbansound is the data set of {collection} already"):
        ingest(store, IngestRequest(root), REGISTRY)
    ingest(store, IngestRequest(root, yes=True), REGISTRY)
    assert Store.open(store, read_only=True).catalogue.views("urbansound") == [
        "choi2017_convnet",
        "choi2017_mfcc",
    ]
    with pytest.raises(Refused, match="holds other files"):
        ingest(store, IngestRequest(collection, name="urbansound"), REGISTRY)


def test_a_folder_of_audio_is_ingested_as_ever(collection, store):
    (found,) = ingest(store, IngestRequest(collection, loader="folder"), REGISTRY)
    assert found.views == ()
    assert found.summary.used == 72


PLUGIN = """
import dataclasses
import numpy as np
from mxt.plugin import Clip, Detection, FeatureBlock, FeatureSet, Layer, StageSpec, hookimpl

@dataclasses.dataclass(frozen=True)
class Mine:
    def detect(self, listing):
        return Detection(0.95, "mine") if "mine.txt" in listing.files else Detection(0.0, "not mine")

    def clips(self, listing):
        return ()

    def feature_sets(self, listing):
        clips = tuple(Clip(f"{n}.wav", targets={"x": "ab"[n % 2]}) for n in range(6))
        block = FeatureBlock("mine", (Layer(1, "all", 2),), {"all": np.ones((ROWS, 2))}, {"summary": "ones"})
        return [FeatureSet("six", clips, ("mine.txt",), (block,))]

@hookimpl
def mxt_stages():
    return [StageSpec(kind="dataset", name="mine", summary="mine", target=":Mine")]
"""


def test_a_plugin_may_bring_data_sets_of_features(tmp_path, store):
    (tmp_path / "six").mkdir()
    (tmp_path / "six" / "mine.txt").write_text("")
    (tmp_path / "plugin.py").write_text(PLUGIN.replace("ROWS", "6"))
    (found,) = ingest(store, IngestRequest(tmp_path / "six"), build_registry([tmp_path / "plugin.py"]))
    assert (found.name, found.loader, found.views, found.summary.used) == ("six", "mine", ("mine",), 6)
    (tmp_path / "plugin.py").write_text(PLUGIN.replace("ROWS", "5"))
    with pytest.raises(PluginError, match=r"six, mine: layers of .*\(5, 2\).* instead of .*\(6, 2\)"):
        ingest(store, IngestRequest(tmp_path / "six"), build_registry([tmp_path / "plugin.py"]))


@pytest.mark.realdata
def test_the_published_genre_features_give_the_published_kind_of_score(data, store):
    found = ingest(store, IngestRequest(data / "choi2017"), REGISTRY)
    assert {each.name: each.summary.used for each in found} == {
        "gtzan_genre": 1000,
        "gtzan_speechmusic": 128,
        "emoMusic": 744,
    }
    request = EvaluateRequest(
        datasets=("gtzan_genre",), features=("choi2017_convnet:12345",), head="linear", settings=("C=0.01",)
    )
    (result,) = evaluate(store, request, REGISTRY).datasets
    assert result.clips == 1000
    assert result.views[0].assessment.first.value > 0.8
    assert json.dumps(dict(found[0].params)) == '{"tasks": ["gtzan_genre"]}'
