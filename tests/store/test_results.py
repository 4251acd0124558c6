"""Results and the finished folds of evaluations."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from mxt.core.errors import StoreDamaged, UnknownName
from mxt.core.files import is_held
from mxt.core.identity import sha256_text
from mxt.store.serialise import dump_json


def test_a_result_comes_back_as_it_was_published(store):
    result = {
        "dataset": "genres",
        "scores": {"accuracy": np.float32(0.5), "gone": float("nan")},
        "folds": (1, 2),
        "n": np.int64(3),
    }
    predictions = {"clip": np.array(["a/b.wav", "ü.wav"]), "y": np.array([0.25, 1.0], np.float32)}
    name = store.results.publish(result, predictions)
    loaded = store.results.load(name)
    assert loaded["scores"] == {"accuracy": 0.5, "gone": None}
    assert (loaded["folds"], loaded["n"]) == ([1, 2], 3)
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
    assert (
        store.results.find(name[:8])
        == store.results.find(name.split("-")[-1])
        == store.results.find("last")
        == name
    )
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
    assert damage(store, name)


def test_finished_folds_come_back(store):
    folds = store.results.scratch("key/of evaluation")
    assert folds.get(0) is None
    folds.put(
        0,
        {
            "predicted": np.arange(4.0),
            "params": {"C": 10, "gamma": np.float64(0.5)},
            "empty": np.zeros((0, 2)),
        },
    )
    loaded = store.results.scratch("key/of evaluation").get(0)
    assert loaded["params"] == {"C": 10, "gamma": 0.5}
    np.testing.assert_array_equal(loaded["predicted"], np.arange(4.0))
    assert loaded["empty"].shape == (0, 2)
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


def damage(store, result):
    """What keeps a result from being read."""
    try:
        store.results.predictions(result)
    except StoreDamaged as error:
        return str(error)
    return ""


def saved(store, dataset="a", score=0.5):
    return store.results.publish(
        {"dataset": dataset, "scores": {"accuracy": score}},
        {"y": np.arange(2000) * score, "clip": np.array(["é"] * 9)},
    )


def every_byte_changed(path, step):
    whole = path.read_bytes()
    for byte in range(0, len(whole), step):
        path.write_bytes(whole[:byte] + bytes([whole[byte] ^ (1 << (byte % 8))]) + whole[byte + 1 :])
        yield byte
    path.write_bytes(whole)


@pytest.mark.parametrize(("name", "step"), [("result.json", 1), ("predictions.npz", 7)])
def test_no_changed_bit_of_a_result_goes_unnoticed(name, step, store):
    result = saved(store)
    unnoticed = [
        byte
        for byte in every_byte_changed(store.results.path / result / name, step)
        if not damage(store, result)
    ]
    assert unnoticed == []
    assert damage(store, result) == ""


def test_results_whose_files_changed_places_are_damaged(store):
    first, second = (store.results.path / saved(store, score=score) for score in (0.5, 0.6))
    for name in ("result.json", "predictions.npz"):
        whole = [(folder / name).read_bytes() for folder in (first, second)]
        for folder, content in zip((first, second), reversed(whole), strict=True):
            (folder / name).write_bytes(content)
            assert "it is not what was written" in damage(store, folder.name)
        for folder, content in zip((first, second), whole, strict=True):
            (folder / name).write_bytes(content)


def test_a_result_of_an_earlier_version_has_no_checksum_and_is_read(store):
    folder = store.results.path / saved(store)
    result = json.loads((folder / "result.json").read_text())
    text = dump_json({name: value for name, value in result.items() if name != "checksum"})
    (folder / "result.json").write_text(text)
    old = folder.rename(folder.with_name(f"20250131-174502-a-{sha256_text(text)[:4]}"))
    assert store.results.load(old.name)["dataset"] == "a"
    (old / "result.json").write_text(text.replace("0.5", "0.7"))
    with pytest.raises(StoreDamaged, match="it is not what was written"):
        store.results.load(old.name)


def test_a_finished_fold_under_the_name_of_another_is_not_taken(store):
    scratch = store.results.scratch("ab")
    scratch.put(0, {"y": np.arange(3)})
    scratch.put(1, {"y": np.arange(4)})
    (scratch.path / "0.npz").replace(scratch.path / "1.npz")
    assert scratch.get(1) is None
    assert scratch.get(0) is None


def test_folds_of_an_evaluation_that_runs_are_held(store):
    scratch = store.results.scratch("ab")
    scratch.put(0, {"y": np.arange(3)})
    assert is_held(scratch.path / "lock")
    again = store.results.scratch("ab")
    assert again.get(0) is not None
    scratch.clear()
    assert not scratch.path.exists()


def test_no_permission_to_read_a_result_is_no_damage(store, mxt_as_anybody):
    result = saved(store)
    (store.results.path / result / "result.json").chmod(0)
    ended = mxt_as_anybody("info", result, "--store", store.root)
    assert ended.returncode == 1
    assert "no permission while reading" in ended.stderr
    assert "removes it" not in ended.stdout + ended.stderr
