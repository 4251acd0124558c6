"""Modules of the HEAR interface as backbones."""

from __future__ import annotations

import sys
import threading
import types
from itertools import count
from typing import Any

import numpy as np
import pytest
import torch

from mxt.audio.streamed import Streamed
from mxt.core.errors import AudioError, InputError, PluginError, Reason, UsageError
from mxt.extraction.request import ExtractRequest
from mxt.registry import Registry, build_registry
from mxt.testing import checks_for

REGISTRY = build_registry()
MODULE = """
import torch


class Model(torch.nn.Module):
    sample_rate = 8000
    scene_embedding_size = 6
    timestamp_embedding_size = 4

    def __init__(self):
        super().__init__()
        self.scene = torch.nn.Linear(100, 6)
        self.moment = torch.nn.Linear(100, 4)
        self.drop = torch.nn.Dropout(0.5)


def load_model(path=""):
    model = Model()
    if path:
        model.load_state_dict(torch.load(path, weights_only=True))
    return model


def frames(audio):
    if audio.shape[1] < 100:
        audio = torch.nn.functional.pad(audio, (0, 100 - audio.shape[1]))
    return audio[:, : audio.shape[1] // 100 * 100].reshape(len(audio), -1, 100)


def get_scene_embeddings(audio, model):
    # normalised over the batch: another clip in it, or zeros behind the clip, would change the embedding
    audio = (audio - audio.mean()) / (audio.std() + 1e-3)
    return model.scene(model.drop(frames(audio))).tanh().mean(1)


def get_timestamp_embeddings(audio, model):
    embeddings = model.moment(frames(audio))
    times = torch.arange(embeddings.shape[1]) * 12.5 + 6.25
    return embeddings, times.repeat(len(audio), 1)
"""
_numbers = count()


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A function that writes an installed module of this text, and gives its name."""
    monkeypatch.syspath_prepend(tmp_path)

    def write(text: str = MODULE) -> str:
        name = f"net_of_hear{next(_numbers)}"
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("")
        (tmp_path / name / "embed.py").write_text(text)
        return f"{name}.embed"

    return write


def chosen(model: str, **params):
    return REGISTRY.choose("backbone", "hear", {"model": model, **params})


def network(model: str, **params):
    return Registry.build(chosen(model, **params)).prepare(None, "cpu")


def noise(samples: int, seed: int = 1) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).normal(scale=0.1, size=samples).astype(np.float32))


def own(model: str, y: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Scene [dimension] and timestamps [n, dimension] by the module alone."""
    module = sys.modules[model]
    with torch.random.fork_rng(), torch.inference_mode():
        torch.manual_seed(0)
        loaded = module.load_model().eval()
        scenes = module.get_scene_embeddings(y[None], loaded)
        return scenes[0].numpy(), module.get_timestamp_embeddings(y[None], loaded)[0][0].numpy()


def test_embeddings_are_those_of_the_module_itself(package):
    model, y = package(), noise(4_050)
    features = network(model, pool="mean_std")(y[None])
    scene, moments = own(model, y)
    np.testing.assert_array_equal(features["scene"][0], scene)
    both = np.concatenate([moments.mean(0, dtype=np.float64), moments.std(0, dtype=np.float64)])
    np.testing.assert_allclose(features["timestamp"][0], both, rtol=0, atol=1e-6)


def test_rate_layers_and_dimensions_are_what_the_model_states(package):
    spec = chosen(package(), pool="mean_std").spec
    assert (spec.sample_rate, spec.default_layers) == (8_000, "scene")
    assert [(layer.name, layer.dimension) for layer in spec.layers] == [("scene", 6), ("timestamp", 8)]


def test_timestamps_are_left_out_where_they_are_not_wanted_or_not_there(package):
    assert [layer.name for layer in chosen(package(), pool="none").spec.layers] == ["scene"]
    without = package(MODULE.replace("def get_timestamp_embeddings", "def moments"))
    assert list(network(without)(noise(500)[None])) == ["scene"]


def test_a_module_that_mixes_its_batch_sees_one_unpadded_clip(package):
    run = network(package())
    clips = [noise(samples, samples) for samples in (4_000, 700, 9_000)]
    together = run(clips)
    for row, clip in enumerate(clips):
        for name, values in run([clip]).items():
            np.testing.assert_array_equal(values[0], together[name][row])


def test_the_module_would_leak_if_it_were_given_several_clips(package):
    model, y = package(), noise(4_000)
    network(model)
    module = sys.modules[model]
    loaded = module.load_model().eval()
    alone = module.get_scene_embeddings(y[None], loaded)[0]
    for batch in (torch.stack([y, 3 * noise(4_000, 2)]), torch.cat([y, torch.zeros(4_000)])[None]):
        assert not torch.allclose(module.get_scene_embeddings(batch, loaded)[0], alone, atol=1e-3)


class Variable:
    """What of a variable of TensorFlow is read."""

    name, dtype, shape = "Variable:0", "float32", [2]

    def __init__(self, values: list[float]) -> None:
        self.values = np.float32(values)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self.values, dtype)


class TensorFlowModule:
    """What of a module of TensorFlow is read."""

    __module__ = "tensorflow.python.module.module"

    @property
    def variables(self) -> list[Variable]:
        return [value for value in vars(self).values() if isinstance(value, Variable)]


@pytest.fixture
def tensorflow(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in: tensors are arrays."""
    stand_in = types.ModuleType("tensorflow")
    stand_in.Module, stand_in.Variable = TensorFlowModule, Variable
    stand_in.convert_to_tensor = np.asarray
    monkeypatch.setitem(sys.modules, "tensorflow", stand_in)


@pytest.mark.usefixtures("tensorflow")
def test_modules_of_tensorflow_are_taken(package):
    text = """
import numpy as np
import tensorflow as tf

class Model(tf.Module):
    sample_rate, scene_embedding_size, timestamp_embedding_size = 8000, 2, 2

    def __init__(self):
        self.weight = tf.Variable([1.0, 2.0])

def load_model(path=""):
    return Model()

def get_timestamp_embeddings(audio, model):
    frames = audio[:, :800].reshape(len(audio), 8, 100)
    return frames.mean(2, keepdims=True) * model.weight.values, np.zeros((len(audio), 8))

def get_scene_embeddings(audio, model):
    return get_timestamp_embeddings(audio, model)[0].mean(1)
"""
    y = noise(800)
    features = network(package(text))(y[None])
    expected = y.numpy().mean() * np.float32([1, 2])
    np.testing.assert_allclose(features["scene"][0], expected, atol=1e-6)
    np.testing.assert_allclose(features["timestamp"][0], expected, atol=1e-6)
    changed = package(text.replace("2.0])", "3.0])"))
    assert identity(package(text))["state"] != identity(changed)["state"]


def test_calls_are_made_one_at_a_time(package):
    text = (
        MODULE
        + """
busy = False
_scene = get_scene_embeddings

def get_scene_embeddings(audio, model):
    global busy
    assert not busy
    busy = True
    result = _scene(audio, model)
    __import__("time").sleep(0.02)
    busy = False
    return result
"""
    )
    run, failed = network(package(text)), []

    def work():
        try:
            run(noise(400)[None])
        except AssertionError as error:
            failed.append(error)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert failed == []


def test_long_clips_are_cut_into_equal_windows(package):
    model, y = package(), noise(9_000)
    features = network(model, window_seconds=0.5)(y[None])  # 4,000 samples: three windows of 3,000
    parts = [own(model, part) for part in y.split(3_000)]
    np.testing.assert_allclose(features["scene"][0], np.mean([scene for scene, _ in parts], 0), atol=1e-6)
    streamed = Streamed(lambda: iter(y.numpy().reshape(9, 1_000)), 9_000)
    for name, values in network(model, window_seconds=0.5)([streamed]).items():
        np.testing.assert_array_equal(values, features[name])
    moments = np.concatenate([moments for _, moments in parts])
    np.testing.assert_allclose(features["timestamp"][0], moments.mean(0), atol=1e-6)


def test_the_contract_is_kept(package):
    checks = checks_for(REGISTRY.find("backbone", "hear"), REGISTRY, params={"model": package()})
    outcomes = [check.outcome() for check in checks]
    assert [outcome for outcome in outcomes if outcome.result == "failed"] == []
    assert sum(outcome.result == "passed" for outcome in outcomes) >= 16


def identity(model: str) -> dict[str, str]:
    """The hashes that enter the fingerprint."""
    return chosen(model).identity()["files"]


def test_code_and_weights_identify_a_module_wherever_the_weights_lie(package, tmp_path):
    model = package()
    folder = model.partition(".")[0]
    assert list(identity(model)) == [model, f"{folder}/__init__.py", "state"]
    torch.save(sys.modules[model].load_model().state_dict(), tmp_path / "best.pt")
    with_weights = identity(f"{model}@{tmp_path / 'best.pt'}")
    assert with_weights.keys() - identity(model).keys() == {"weights"}
    assert with_weights["state"] != identity(model)["state"]
    (tmp_path / "best.pt").rename(tmp_path / "moved.pt")
    assert identity(f"{model}@{tmp_path / 'moved.pt'}") == with_weights


def test_a_helper_beside_the_module_is_part_of_its_identity(package, tmp_path):
    first, second = package(), package()
    (tmp_path / second.partition(".")[0] / "helper.py").write_text("SIZE = 3\n")
    (tmp_path / second.partition(".")[0] / ".git").mkdir()
    (tmp_path / second.partition(".")[0] / ".git" / "HEAD").write_text("main\n")
    assert len(identity(second)) == len(identity(first)) + 1


def test_modules_of_one_package_with_the_same_weights_differ(package, tmp_path):
    one = package()
    folder = one.partition(".")[0]
    (tmp_path / folder / "other.py").write_text(f"from {one} import *\n")
    assert identity(one)["state"] == identity(f"{folder}.other")["state"]
    assert identity(one) != identity(f"{folder}.other")


def test_weights_that_the_module_brings_itself_are_part_of_its_identity(package):
    one, other = (
        package(MODULE),
        package(MODULE.replace("model = Model()", "model = Model(); model.scene.bias.data += 1")),
    )
    assert identity(one)["state"] != identity(other)["state"]


def test_weights_that_are_drawn_are_the_same_each_time(package):
    one, other = package(), package()
    first = identity(one)["state"]
    torch.rand(1)
    assert identity(other)["state"] == first


def test_labels_have_the_module_and_its_weights(package, tmp_path):
    model = package()
    network(model)
    torch.save(sys.modules[model].load_model().state_dict(), tmp_path / "best.pt")
    request = ExtractRequest("hear", model=f"{model}@{tmp_path / 'best.pt'}")
    assert request.pipeline(REGISTRY).label == f"hear-{model}_best.pt"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("import torch\n", "import torch, not_installed_at_all\n", "cannot be imported: ModuleNotFoundError"),
        ("import torch\n", "import torch\nraise SystemExit(3)\n", "cannot be imported: SystemExit: 3"),
        (
            "def load_model",
            "def load",
            "has no function load_model, so it is not a module of the HEAR interface",
        ),
        ("def get_scene", "def scene", "has no function get_scene_embeddings"),
        ("model = Model()", "1 / 0", r"load_model of .* fails: ZeroDivisionError: division by zero"),
        ("return model\n", "return {}\n", r"load_model of .* returns a dict, expected a torch\.nn\.Module"),
        ("    sample_rate = 8000\n", "", "says nothing as its sample_rate, expected a number"),
        ("embedding_size = 6", "embedding_size = 6.5", r"says 6\.5 as its scene_embedding_size"),
    ],
)
def test_what_is_not_such_a_module_is_refused_in_one_line(package, old, new, message):
    model = package(MODULE.replace(old, new, 1))
    with pytest.raises(InputError, match=message) as raised:
        chosen(model)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("name", ["not_there_at_all", "not_there_at_all.naive", "json.not_there"])
def test_a_module_that_is_not_installed_is_named(name):
    with pytest.raises(InputError, match=r"this Python has no module .*; install the package that brings it"):
        chosen(name)


def test_weights_that_are_not_there_are_named(package):
    with pytest.raises(InputError, match=r"/nowhere/best\.pt: no such file"):
        chosen(f"{package()}@/nowhere/best.pt")


def test_a_model_has_to_be_named():
    with pytest.raises(UsageError, match=r"backbone hear needs a network: --model MODULE\[@WEIGHTS\]"):
        network("")


def test_a_clip_without_embeddings_along_it_is_too_short(package):
    run = network(
        package(MODULE.replace("if audio.shape[1] < 100", "if False").replace(".mean(1)", ".sum(1)"))
    )
    with pytest.raises(AudioError, match="gives no embeddings of 60 samples") as raised:
        run(noise(60)[None])
    assert raised.value.reason is Reason.TOO_SHORT


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "embedding_size = 6",
            "embedding_size = 7",
            r"get_scene_embeddings gives float32 \[1, 6\] for one clip, expected float32 \[1, 7\]",
        ),
        (
            "embedding_size = 4",
            "embedding_size = 5",
            r"gives float32 \[1, 5, 4\] and float32 \[1, 5\] .* \[1, timestamps, 5\] and their times",
        ),
        (".mean(1)", ".mean((0, 1))", r"gives float32 \[6\] for one clip"),
        (".mean(1)", ".mean(1).long()", r"gives int64 \[1, 6\] for one clip"),
        ("return embeddings, times", "return embeddings #", r"gives float32 \[1, 5, 4\] for one clip"),
        (
            "times.repeat(len(audio), 1)",
            "times",
            r"gives 5 embeddings of one clip, and times of the shape \[5\]",
        ),
    ],
)
def test_a_module_that_gives_something_else_than_it_states_is_stopped(package, old, new, message):
    run = network(package(MODULE.replace(old, new, 1)))
    with pytest.raises(PluginError, match=message):
        run(noise(500)[None])
