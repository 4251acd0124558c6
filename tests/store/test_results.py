"""Results and the finished folds of evaluations."""

from __future__ import annotations

import re

import numpy as np
import pytest

from mxt.core.errors import StoreDamaged, UnknownName


def test_a_result_comes_back_as_it_was_published(store):
    result = {"dataset": "genres", "scores": {"accuracy": np.float32(0.5), "gone": float("nan")}, "folds": (1, 2), "n": np.int64(3)}
    predictions = {"clip": np.array(["a/b.wav", "ü.wav"]), "y": np.array([0.25, 1.0], np.float32)}
    name = store.results.publish(result, predictions)
    found = store.results.load(name)
    assert found["scores"] == {"accuracy": 0.5, "gone": None}
    assert (found["folds"], found["n"]) == ([1, 2], 3)
    for key, value in store.results.predictions(name).items():
        np.testing.assert_array_equal(value, predictions[key])


def test_ids_are_readable_and_sort_by_time(store):
    names = [store.results.publish({"dataset": dataset}, {}) for dataset in ("my genres/2", "b", "a")]
    assert all(re.fullmatch(r"\d{8}-\d{6}-[A-Za-z0-9_]+-[0-9a-f]{4}(\.\d+)?", name) for name in names)
    assert "my_genres_2" in names[0]
    assert store.results.list() == sorted(names)


def test_equal_results_do_not_replace_each_other(store):
    names = {store.results.publish({"dataset": "a"}, {}) for _ in range(5)}
    assert len(names) == 5


def test_a_result_is_found_by_the_part_of_its_id_that_is_its_own(store):
    name = store.results.publish({"dataset": "a"}, {})
    assert store.results.find(name[:8]) == store.results.find(name.split("-")[-1]) == store.results.find("last") == name
    store.results.publish({"dataset": "b"}, {})
    with pytest.raises(UnknownName, match="no result called"):
        store.results.find(name[:4])


def test_predictions_hold_no_objects(store):
    with pytest.raises(TypeError, match="Python objects"):
        store.results.publish({}, {"y": np.array([object()])})
    assert store.results.list() == []
    assert store.results.partial() == ()


def test_a_torn_result_is_damaged_and_named(store):
    name = store.results.publish({"dataset": "a"}, {"y": np.arange(3)})
    (store.results.path / name / "result.json").write_text('{"dataset": ')
    with pytest.raises(StoreDamaged, match=f"{name}.*mxt rm {name}"):
        store.results.load(name)
    assert store.results.damage(name)


def test_finished_folds_come_back(store):
    folds = store.results.scratch("key/of evaluation")
    assert folds.get(0) is None
    folds.put(0, {"predicted": np.arange(4.0), "params": {"C": 10, "gamma": np.float64(0.5)}, "empty": np.zeros((0, 2))})
    found = store.results.scratch("key/of evaluation").get(0)
    assert found["params"] == {"C": 10, "gamma": 0.5}
    np.testing.assert_array_equal(found["predicted"], np.arange(4.0))
    assert found["empty"].shape == (0, 2)
    assert store.results.scratch("other").get(0) is None


@pytest.mark.parametrize("content", [b"", b"PK", None])
def test_a_torn_fold_is_computed_again(content, store):
    folds = store.results.scratch("key")
    folds.put("fold 1", {"predicted": np.arange(100.0)})
    (path,) = folds.path.glob("*.npz")
    path.write_bytes(path.read_bytes()[:200] if content is None else content)
    assert folds.get("fold 1") is None


def test_a_flipped_bit_in_a_fold_is_noticed(store):
    folds = store.results.scratch("key")
    folds.put(1, {"predicted": np.arange(1000.0)})
    (path,) = folds.path.glob("*.npz")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(content)
    assert folds.get(1) is None


def test_folds_are_no_results_and_are_forgotten_when_cleared(store):
    folds = store.results.scratch("key")
    folds.put(1, {"x": 1})
    assert store.results.list() == []
    assert store.results.partial() == (folds.path,)
    folds.clear()
    assert store.results.partial() == ()
