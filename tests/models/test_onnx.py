"""Heads as ONNX graphs give the probabilities that mxt gives; estimators through skops say the same."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mxt.core.errors import PluginError
from mxt.evaluation.crossval import calm
from mxt.evaluation.search import expand
from mxt.models.bundle import BundleError, read_bundle, write_bundle
from mxt.models.heads import Foreign, Unsupported, from_estimator
from mxt.models.heads.foreign import keep
from mxt.models.onnx_graph import write_onnx
from mxt.models.probabilities import calibrate
from mxt.stages.heads.forest import Forest
from mxt.stages.heads.linear import Linear
from mxt.stages.heads.mlp import Mlp
from mxt.stages.heads.pairwise import Pairwise
from mxt.stages.heads.svm import Svm

HEADS = {
    "svm": Svm(),
    "linear svm": Svm(kernel="linear"),
    "linear": Linear(),
    "forest": Forest(trees=20),
    "mlp": Mlp(),
    "pairwise": Pairwise(),
}


def targets(task, n_classes, Z):
    if task == "regression":
        return Z[:, 0] + 2.0
    if task == "multilabel":
        return (Z[:, :n_classes] > 0.3).astype(int)
    return np.abs(Z[:, :n_classes]).argmax(axis=1)


def with_head(model, head, task, n_classes):
    """`model` with another head, learnt from noise, and its calibration."""
    rng = np.random.default_rng(0)
    Z = rng.normal(size=(200, len(model.mean))).astype(np.float32)
    y = targets(task, n_classes, Z)
    params = expand(head.grid(task, n_features=Z.shape[1]))[-1]
    with calm():
        arrays = from_estimator(head.estimator(task, seed=0).set_params(**params).fit(Z, y))
    classes = () if task == "regression" else tuple("abcdef"[:n_classes])
    calibrated = calibrate(task, arrays.outputs(Z), y)
    return replace(model, head=arrays, task=task, classes=classes, calibrated=calibrated)


CASES = [
    *((name, "classification", n) for name in HEADS for n in (2, 5)),
    *((name, task, 3) for name in HEADS if name != "pairwise" for task in ("multilabel", "regression")),
]


@pytest.mark.parametrize(("name", "task", "n_classes"), CASES)
def test_the_graph_gives_what_the_model_says(model, tmp_path, name, task, n_classes):
    pytest.importorskip("onnx")
    onnxruntime = pytest.importorskip("onnxruntime")
    model = with_head(model, HEADS[name], task, n_classes)
    write_onnx(tmp_path / "head.onnx", model)
    X = np.random.default_rng(1).normal(size=(300, len(model.mean))) * model.scale + model.mean
    X = X.astype(np.float32)
    session = onnxruntime.InferenceSession(tmp_path / "head.onnx", providers=["CPUExecutionProvider"])
    (said,) = session.run(None, {"features": X})
    np.testing.assert_allclose(said, model.say(X)[0], atol=1e-5)


def test_without_the_package_it_is_said_what_to_install(model, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "onnx", None)
    with pytest.raises(PluginError, match=r"--onnx needs onnx, .*: pip install 'mxt\[onnx\]'"):
        write_onnx(tmp_path / "head.onnx", model)


def neighbours():
    from sklearn.neighbors import KNeighborsClassifier

    rng = np.random.default_rng(0)
    Z = rng.normal(size=(60, 5)).astype(np.float32)
    return KNeighborsClassifier(algorithm="brute").fit(Z, np.abs(Z[:, :3]).argmax(axis=1)), Z


def test_an_estimator_that_is_no_arrays_is_kept_by_skops():
    pytest.importorskip("skops")
    estimator, Z = neighbours()
    foreign = keep(estimator, "classification", "no arrays")
    assert foreign.check(5) == 3
    np.testing.assert_array_equal(foreign.outputs(Z), estimator.predict_proba(Z))
    assert isinstance(foreign, Foreign)


def test_without_skops_it_is_refused_with_the_reason(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "skops", None)
    with pytest.raises(Unsupported, match=r"no arrays\. With skops .* pip install skops"):
        keep(neighbours()[0], "classification", "no arrays")


class Own:
    """A class that only runs if its code is trusted."""


def test_types_that_skops_does_not_trust_are_refused_at_fitting():
    pytest.importorskip("skops")
    estimator, _ = neighbours()
    estimator.weights = Own()
    with pytest.raises(Unsupported, match="would have to run code of"):
        keep(estimator, "classification", "no arrays")


def test_a_bundle_with_types_that_are_not_trusted_is_refused(model, tmp_path):
    skops_io = pytest.importorskip("skops.io")
    estimator, _ = neighbours()
    estimator.weights = Own()
    data = np.frombuffer(skops_io.dumps(estimator), dtype=np.uint8)
    path = tmp_path / "own.mxt"
    write_bundle(path, replace(model, head=Foreign(data, "classification", 6)))
    with pytest.raises(BundleError, match="not trusted"):
        read_bundle(path)
