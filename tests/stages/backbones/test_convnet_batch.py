from __future__ import annotations

import numpy as np
import torch

from mxt.stages.backbones.convnet import ConvNet
from mxt.stages.backbones.convnet_batch import BatchNetwork


def test_it_normalises_with_the_statistics_and_the_maximum_of_the_batch(plain, pictures, tensors):
    levels = pictures[:4] + torch.tensor([0.0, 10.0, 20.0, 30.0])[:, None, None]
    relative = (levels.double() - levels.max()).clamp(min=-80)
    found = BatchNetwork.of(tensors, device="cpu")(levels).numpy()
    np.testing.assert_allclose(found, plain(relative, tensors), atol=2e-5, rtol=2e-5)


def test_a_clip_depends_on_its_neighbours_as_in_the_paper(pictures, tensors):
    network = BatchNetwork.of(tensors, device="cpu")
    assert (network(pictures[:2])[0] - network(pictures[:3])[0]).abs().max() > 1e-3


def test_the_order_of_a_batch_does_not_matter(pictures, tensors):
    network = BatchNetwork.of(tensors, device="cpu")
    torch.testing.assert_close(
        network(pictures[:3].flip(0)).flip(0), network(pictures[:3]), atol=1e-5, rtol=1e-5
    )


def test_the_mode_is_chosen_by_name(released_file, pictures, tensors):
    found = ConvNet(statistics="batch").prepare(released_file, "cpu")(pictures[:2])
    expected = BatchNetwork.of(tensors, device="cpu")(pictures[:2]).numpy()
    np.testing.assert_allclose(found["block5"], expected[:, 128:], atol=1e-4)


def test_a_batch_of_silence_is_finite(tensors):
    assert torch.isfinite(BatchNetwork.of(tensors, device="cpu")(torch.full((2, 96, 1360), -100.0))).all()
