from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.models import Inception3

from mxt.audio.threads import one_thread
from mxt.core.errors import UsageError, WeightsError
from mxt.registry import PipelineRequest, Registry, build_registry, make_pipeline
from mxt.stages.backbones.inception_v3 import InceptionV3, TensorFlow2015
from mxt.stages.backbones.inception_v3_specs import INCEPTION_V3, LAYERS, LAYOUTS, SIZE, TAPS
from mxt.testing import checks_for
from mxt.testing.checks import BY_KIND
from mxt.testing.subject import Subject

STAGES = {"imagenet": InceptionV3, "tf2015": TensorFlow2015}
OUTPUTS = {"imagenet": 1000, "tf2015": 1008}


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    """One torch thread, as in mxt's workers: several wait for each other where the machine is busy."""
    with one_thread():
        yield


@pytest.fixture(scope="module")
def pictures() -> Tensor:
    """Two renderings [2, 299, 299] from black to white, smooth and noisy: no resizing is needed."""
    rng = np.random.default_rng(4)
    smooth = (
        np.cumsum(rng.normal(size=(2, SIZE, SIZE)), axis=2) * 2 - 40 + rng.normal(size=(2, SIZE, SIZE)) * 6
    )
    return torch.from_numpy(np.clip(smooth / 80 + 1, 0, 1).astype(np.float32))


def hooked(network: nn.Module, x: Tensor) -> dict[str, np.ndarray]:
    """What comes out of every block, averaged over space, and the vector before the classifier."""
    found: dict[str, np.ndarray] = {}

    def keep(name: str) -> Callable[..., None]:
        return lambda _module, _given, output: found.__setitem__(name, output.mean((2, 3)).numpy())

    names = {name: child for name, child in network.named_children() if name.lower() in TAPS} | {
        "pool": network.avgpool
    }
    handles = [child.register_forward_hook(keep(name.lower())) for name, child in names.items()]
    with torch.inference_mode():
        network(x)
    for handle in handles:
        handle.remove()
    return found


def reference(layout: str, tensors: dict[str, Tensor], pictures: Tensor) -> dict[str, np.ndarray]:
    """torchvision's module as it is; for tf2015 with the three changes of the graph of 2015."""
    grey = pictures[:, None].repeat(1, 3, 1, 1)
    network = Inception3(
        num_classes=OUTPUTS[layout],
        aux_logits=layout == "imagenet",
        transform_input=layout == "imagenet",
        init_weights=False,
    ).eval()
    network.load_state_dict(tensors)
    if layout == "imagenet":
        mean, std = (
            torch.tensor(values)[:, None, None] for values in ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
        )
        return hooked(network, (grey - mean) / std)
    for name in (
        "Mixed_5b",
        "Mixed_5c",
        "Mixed_5d",
        "Mixed_6b",
        "Mixed_6c",
        "Mixed_6d",
        "Mixed_6e",
        "Mixed_7b",
    ):
        pooled_by(
            getattr(network, name), lambda x: F.avg_pool2d(x, 3, stride=1, padding=1, count_include_pad=False)
        )
    pooled_by(network.Mixed_7c, lambda x: F.max_pool2d(x, 3, stride=1, padding=1))
    return hooked(network, (grey * 255 - 128) / 128)


def pooled_by(block: nn.Module, pool: Callable[[Tensor], Tensor]) -> None:
    """Replace a block's last branch: `pool`, then the convolution."""
    as_it_was, convolution = block._forward, block.branch_pool
    block._forward = lambda x: [*as_it_was(x)[:-1], convolution(pool(x))]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_tap_is_that_of_torchvisions_module(layout, inception_files, inception_state_dicts, pictures):
    found = STAGES[layout]().prepare(inception_files[layout], "cpu")(pictures)
    expected = reference(layout, inception_state_dicts[layout], pictures)
    assert list(found) == [layer.name for layer in LAYERS]
    assert set(expected) == set(found)
    for name, values in expected.items():
        assert found[name].dtype == np.float32
        assert np.abs(values).max() > 0.05, name
        np.testing.assert_allclose(
            found[name], values, rtol=0, atol=1e-5 * np.abs(values).max(), err_msg=name
        )


def test_layouts_differ_where_they_should(inception_state_dicts, pictures, tmp_path):
    """Same tensors, same input: the stem agrees once the scaling does, the blocks do not."""
    tensors = {
        name: tensor for name, tensor in inception_state_dicts["tf2015"].items() if not name.startswith("fc.")
    }
    torch.save(tensors, tmp_path / "shared.pth")
    plain, changed = (stage().prepare(tmp_path / "shared.pth", "cpu")(pictures) for stage in STAGES.values())
    for name in ("mixed_5b", "mixed_6b", "pool"):
        assert np.abs(plain[name] - changed[name]).max() > 1e-3 * np.abs(plain[name]).max()


def test_decibels_of_the_mel_spectrogram_are_made_brightness(inception_files, pictures):
    of_mel = InceptionV3(renderer="melspectrogram", last="conv2d_1a_3x3").prepare(
        inception_files["imagenet"], "cpu"
    )
    plain = InceptionV3(last="conv2d_1a_3x3").prepare(inception_files["imagenet"], "cpu")
    np.testing.assert_allclose(
        of_mel(pictures * 80 - 80)["conv2d_1a_3x3"], plain(pictures)["conv2d_1a_3x3"], atol=1e-5
    )


def test_a_feature_does_not_depend_on_its_place_or_its_neighbours(inception_files, pictures):
    features = InceptionV3().prepare(inception_files["imagenet"], "cpu")
    together, alone, reversed_ = features(pictures), features(pictures[1:]), features(pictures.flip(0))
    for name, values in together.items():
        np.testing.assert_array_equal(values[1:], alone[name])
        np.testing.assert_array_equal(values[::-1], reversed_[name])


def test_other_devices_compute_the_same_in_one_batch(inception_files, pictures):
    # "cpu:0" is not "cpu": it takes the way of other devices
    here, there = (
        TensorFlow2015().prepare(inception_files["tf2015"], device)(pictures) for device in ("cpu", "cpu:0")
    )
    for name, values in here.items():
        np.testing.assert_allclose(
            there[name], values, rtol=0, atol=1e-5 * np.abs(values).max(), err_msg=name
        )


def test_a_file_without_what_lies_behind_the_last_layer_serves_for_it(
    inception_state_dicts, pictures, inception_files, tmp_path
):
    behind = ("Mixed_6", "Mixed_7", "fc.", "AuxLogits")
    torch.save(
        {n: t for n, t in inception_state_dicts["imagenet"].items() if not n.startswith(behind)},
        tmp_path / "half.pth",
    )
    found = InceptionV3(last="mixed_5d").prepare(tmp_path / "half.pth", "cpu")(pictures)
    assert list(found) == [layer.name for layer in LAYERS[:8]]
    whole = InceptionV3().prepare(inception_files["imagenet"], "cpu")(pictures)
    for name, values in found.items():
        np.testing.assert_array_equal(values, whole[name])
    with pytest.raises(
        WeightsError,
        match=r"lacks 3\d\d of 470 tensors: Mixed_6a\.branch3x3\.conv\.weight.*--set last=mixed_5d",
    ):
        InceptionV3().prepare(tmp_path / "half.pth", "cpu")


CHANGES = {
    "one is missing": (
        lambda t: t.pop("Mixed_5b.branch1x1.bn.bias"),
        r"lacks 1 of 470 tensors: Mixed_5b\.branch1x1\.bn\.bias.*last=conv2d_4a",
    ),
    "the first is missing": (
        lambda t: t.pop("Conv2d_1a_3x3.conv.weight"),
        r"lacks 1 of 470 tensors: Conv2d_1a_3x3\.conv\.weight$",
    ),
    "one too many": (
        lambda t: t.update({"backbone.extra": torch.zeros(1)}),
        r"has tensors that do not belong to it: backbone\.extra$",
    ),
    "another shape": (
        lambda t: t.update({"Mixed_6a.branch3x3.conv.weight": torch.zeros(384, 288, 5, 5)}),
        r"'Mixed_6a\.branch3x3\.conv\.weight' is float32 \(384, 288, 5, 5\), "
        r"expected floating point \(384, 288, 3, 3\)",
    ),
    "whole numbers": (
        lambda t: t.update({"Mixed_7c.branch1x1.bn.bias": torch.zeros(320, dtype=torch.int64)}),
        "is int64",
    ),
    "not finite": (
        lambda t: t.update({"Conv2d_1a_3x3.bn.weight": torch.full((32,), torch.nan)}),
        "values that are not finite",
    ),
    "no variance": (
        lambda t: t.update({"Conv2d_1a_3x3.bn.running_var": torch.full((32,), -1.0)}),
        "variances below zero",
    ),
    "the other layout": (
        lambda t: t.update({"fc.weight": torch.zeros(1008, 2048)}),
        "1008 outputs, as in the layout tf2015.*--weights tf2015",
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_file_of_something_else_is_refused_and_named(what, inception_state_dicts, tmp_path):
    change, message = CHANGES[what]
    tensors = dict(inception_state_dicts["imagenet"])
    change(tensors)
    path = tmp_path / "changed.pth"
    torch.save(tensors, path)
    with pytest.raises(WeightsError, match=rf"changed\.pth.*{message}"):
        InceptionV3().prepare(path, "cpu")


def test_a_classifier_of_ones_own_is_no_reason_to_refuse_a_file(inception_state_dicts, tmp_path):
    torch.save(
        inception_state_dicts["imagenet"] | {"fc.weight": torch.zeros(10, 2048), "fc.bias": torch.zeros(10)},
        tmp_path / "tuned.pth",
    )
    InceptionV3(last="conv2d_1a_3x3").prepare(tmp_path / "tuned.pth", "cpu")


def test_random_weights_are_those_of_their_seed_and_keep_the_size_of_the_values(pictures):
    first, again, other = (InceptionV3(random=seed).prepare(None, "cpu")(pictures) for seed in (0, 0, 1))
    for name, values in first.items():
        np.testing.assert_array_equal(values, again[name])
        assert np.abs(values - other[name]).max() > 0.1
        assert 0.05 < values.mean() < 200, name


def test_without_weights_there_is_an_error_and_not_a_guess():
    with pytest.raises(WeightsError, match="needs its weights, or random ones: --set random=0"):
        InceptionV3().prepare(None, "cpu")


@pytest.fixture(scope="module")
def registry() -> Registry:
    return build_registry()


def test_a_weight_set_brings_its_layout_and_a_file_of_ones_own_that_of_the_set_it_replaces(
    registry, inception_files
):
    for given, layout in ((None, "imagenet"), ("imagenet", "imagenet"), ("tf2015", "tf2015")):
        for own in (None, inception_files[layout]):
            pipeline = make_pipeline(
                registry, PipelineRequest(backbone="inception_v3", weights=given, weights_file=own)
            )
            assert registry.build(pipeline.backbone).layout == layout


def test_random_weights_are_no_file_and_have_a_label(registry):
    pipeline = make_pipeline(registry, PipelineRequest(backbone="inception_v3", params={"random": "3"}))
    assert pipeline.weights is None
    assert pipeline.label == "inception_v3-random3"
    with pytest.raises(UsageError, match="exclude one another"):
        make_pipeline(
            registry, PipelineRequest(backbone="inception_v3", params={"random": "3"}, weights="tf2015")
        )


def test_layers_end_with_the_last_one_and_a_view_is_of_it_where_none_is_named(registry):
    spec = make_pipeline(
        registry, PipelineRequest(backbone="inception_v3", params={"last": "mixed_6e", "max_seconds": "30"})
    ).backbone.spec
    assert [layer.name for layer in spec.layers] == list(TAPS)[:13]
    assert (spec.default_layers, INCEPTION_V3.default_layers) == ("mixed_6e", "pool")
    assert (spec.window.kind, spec.window.seconds) == ("whole", 30)


def test_full_hashes_begin_as_the_names_of_the_files_say():
    # both makers put the first eight digits of the sha256 into the name
    for file in INCEPTION_V3.weights:
        assert file.sha256.startswith(Path(file.filename).stem.rpartition("-")[2])


CHECKS = [
    check
    for check in checks_for(INCEPTION_V3, plugin="mxt.stages.builtin")
    if check.function in BY_KIND["backbone"]
]


@pytest.mark.parametrize(
    "check", list({check.name: check for check in CHECKS}.values()), ids=lambda check: check.name
)
def test_with_random_weights_it_keeps_the_contract_of_a_backbone(check, registry, kept):
    subject = Subject(
        registry.find("backbone", "inception_v3"), registry, {"random": 0, "last": "mixed_7c"}, kept=kept
    )
    if "weights are verified" not in check.name:
        replace(check, subject=subject).run_in_pytest()


@pytest.fixture(scope="module")
def kept() -> dict[str, object]:
    """What the checks share: preparing takes seconds."""
    return {}
