"""Predictions of a result as a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pyarrow import csv, parquet

from mxt.core.errors import Refused, UnknownName, UsageError
from mxt.registry import build_registry
from mxt.results.request import EvaluateRequest
from mxt.store.layout import Store
from mxt.workflows.evaluate import evaluate
from mxt.workflows.export import Exported, ExportRequest, export
from mxt.workflows.export_predictions import ExportedPredictions

Make = Callable[..., Store]
REGISTRY = build_registry()
N = 90
ONE_HOT = np.eye(3)[np.arange(N) % 3]
GOOD = (ONE_HOT + 0.5 * np.random.default_rng(0).normal(size=(N, 3))).astype(np.float32)
PROBABILITIES = np.random.default_rng(1).dirichlet(np.ones(3), N).astype(np.float32)


@pytest.fixture
def store(make_store: Make) -> Store:
    """Three classes and one view."""
    return make_store({"good": GOOD})


def evaluated(store: Store) -> str:
    request = EvaluateRequest(head="linear", settings=("linear.C=1", "nested.folds=4"))
    return evaluate(store.root, request, REGISTRY).datasets[0].views[0].result_id


def again(store: Store, result_id: str, **arrays: object) -> str:
    """Publish a result once more with other or more arrays."""
    plain = {name: value for name, value in store.results.load(result_id).items() if name != "checksum"}
    return store.results.publish(plain, {**store.results.predictions(result_id), **arrays})  # type: ignore[dict-item]


def exported(store: Store, name: str, path: Path) -> ExportedPredictions:
    answer = export(store.root, ExportRequest(name, path))
    assert isinstance(answer, ExportedPredictions)
    return answer


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_every_clip_has_its_prediction_its_place_and_a_probability_of_every_class(
    store: Store, tmp_path: Path, suffix: str
) -> None:
    result = again(store, evaluated(store), probabilities=PROBABILITIES)
    answer = exported(store, result, tmp_path / f"p.{suffix}")
    read = csv.read_csv if suffix == "csv" else parquet.read_table
    table = read(tmp_path / f"p.{suffix}").to_pydict()
    saved = store.results.predictions(result)
    assert list(table) == [
        *("clip", "path", "true", "predicted", "fold", "projection_x", "projection_y"),
        *("blues", "jazz", "rock"),
    ]
    assert table["clip"] == saved["clip"].tolist()
    assert table["true"] == saved["classes"][saved["y_true"]].tolist()
    assert table["predicted"] == saved["classes"][saved["y_predicted"]].tolist()
    np.testing.assert_allclose(np.array([table[name] for name in saved["classes"]]).T, PROBABILITIES, 1e-5)
    assert np.isfinite([table["projection_x"], table["projection_y"]]).all()
    assert table["path"][0] == f"/x/{table['clip'][0]}"
    assert (answer.rows, answer.classes, answer.values, answer.projection) == (N, 3, "probabilities", "tsne")


def test_a_result_without_probabilities_is_written_without_them(store: Store, tmp_path: Path) -> None:
    result = evaluated(store)
    arrays = {
        name: value for name, value in store.results.predictions(result).items() if name != "probabilities"
    }
    plain = {name: value for name, value in store.results.load(result).items() if name != "checksum"}
    answer = exported(store, store.results.publish(plain, arrays), tmp_path / "p.parquet")
    assert (answer.values, answer.classes) == ("", 0)
    assert "blues" not in parquet.read_table(tmp_path / "p.parquet").column_names


def test_without_its_features_a_result_is_written_without_a_map(store: Store, tmp_path: Path) -> None:
    result = evaluated(store)
    store.features.remove(store.features.find("good").path)
    answer = exported(store, result, tmp_path / "p.parquet")
    assert answer.projection is None
    assert answer.without
    assert "projection_x" not in parquet.read_table(tmp_path / "p.parquet").column_names


def test_of_several_runs_each_has_a_row_and_a_number(store: Store, tmp_path: Path) -> None:
    result = evaluated(store)
    arrays = store.results.predictions(result)
    twice = {name: np.repeat(values, 2, axis=0) for name, values in arrays.items() if len(values) == N}
    exported(store, again(store, result, **twice), tmp_path / "p.parquet")
    table = parquet.read_table(tmp_path / "p.parquet").to_pydict()
    assert table["run"] == [1.0, 2.0] * N
    assert table["projection_x"][::2] == table["projection_x"][1::2]


def test_a_class_named_like_a_column_is_a_column_of_its_own(make_store: Make, tmp_path: Path) -> None:
    store = make_store(
        {"good": GOOD}, {"kind": np.array(["fold", "path", "other"])[np.arange(N) % 3].tolist()}
    )
    result = again(store, evaluated(store), probabilities=PROBABILITIES)
    exported(store, result, tmp_path / "p.parquet")
    names = parquet.read_table(tmp_path / "p.parquet").column_names
    assert names[-3:] == ["class.fold", "other", "class.path"]
    assert len(names) == len(set(names))


def test_a_view_stays_a_view_and_what_is_neither_is_refused(store: Store, tmp_path: Path) -> None:
    result = evaluated(store)
    assert isinstance(export(store.root, ExportRequest("good", tmp_path / "v.csv")), Exported)
    with pytest.raises(UnknownName, match="nothing"):
        export(store.root, ExportRequest("nothing", tmp_path / "n.csv"))
    with pytest.raises(UsageError, match="leave out --dataset"):
        export(store.root, ExportRequest(result, tmp_path / "d.csv", "music"))
    with pytest.raises(Refused, match="already exists"):
        export(store.root, ExportRequest(result, tmp_path / "v.csv"))
