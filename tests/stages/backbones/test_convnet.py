from __future__ import annotations

import numpy as np
import pytest
import torch

from mxt.core.errors import WeightsError
from mxt.stages.backbones.convnet import ConvNet, Keras2ConvNet, standardised
from mxt.stages.backbones.convnet_tensors import measured_statistics


def concatenated(features):
    return np.concatenate([features[f"block{k}"] for k in range(1, 6)], axis=1)


def test_features_are_five_float32_layers_of_32(released_file, pictures):
    found = ConvNet().prepare(released_file, "cpu")(pictures[:2])
    assert {name: (values.shape, values.dtype) for name, values in found.items()} == {
        f"block{k}": ((2, 32), np.float32) for k in range(1, 6)
    }


@pytest.mark.parametrize(
    "name", ["clip_ref", "fixed_ref", "gtzan_genre_rows_0_255", "gtzan_genre_rows_256_511"]
)
def test_every_set_of_statistics_is_used_by_its_name(released_file, plain, pictures, tensors, name):
    found = concatenated(ConvNet(statistics=name).prepare(released_file, "cpu")(pictures[:1]))
    np.testing.assert_allclose(
        found, plain(pictures[:1], tensors, measured_statistics(name)), atol=1e-4, rtol=1e-4
    )


def test_the_second_release_standardises_the_clip_and_averages_before_pooling(
    keras2_file, plain, pictures, tensors, statistics
):
    x = pictures[:2].double()
    x = (x - x.mean((1, 2), keepdim=True)) / (x.std((1, 2), correction=0, keepdim=True) + 1e-10)
    found = concatenated(Keras2ConvNet().prepare(keras2_file, "cpu")(pictures[:2]))
    np.testing.assert_allclose(
        found, plain(x, tensors, statistics, before_pooling=True), atol=1e-5, rtol=1e-5
    )


def test_silence_is_standardised_to_zeros():
    assert torch.equal(standardised(torch.full((1, 96, 1360), -80.0)), torch.zeros(1, 96, 1360))


def test_without_weights_the_message_says_where_to_look():
    with pytest.raises(WeightsError, match="mxt weights"):
        ConvNet().prepare(None, "cpu")
