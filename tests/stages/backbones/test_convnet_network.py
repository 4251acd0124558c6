from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from mxt.stages.backbones.convnet_network import Network, elu_
from mxt.stages.backbones.convnet_tensors import fold


@pytest.fixture(scope="module", params=[False, True], ids=["after pooling", "before pooling"])
def before_pooling(request):
    return request.param


@pytest.fixture(scope="module")
def network(tensors, statistics, before_pooling):
    return Network.of(fold(tensors, statistics), device="cpu", before_pooling=before_pooling)


def test_folded_and_reordered_it_is_the_network_as_written(
    network, plain, pictures, tensors, statistics, before_pooling
):
    expected = plain(pictures[:2], tensors, statistics, before_pooling=before_pooling)
    np.testing.assert_allclose(network(pictures[:2]).numpy(), expected, atol=1e-5, rtol=1e-5)


def test_the_comparison_would_notice_a_kernel_that_is_not_flipped(plain, pictures, tensors, statistics):
    from dataclasses import replace

    flipped = replace(tensors, kernels=tuple(k[:, :, ::-1, ::-1].copy() for k in tensors.kernels))
    found = Network.of(fold(flipped, statistics), device="cpu")(pictures[:1]).numpy()
    assert np.abs(found - plain(pictures[:1], tensors, statistics)).max() > 1e-2


@pytest.mark.parametrize("size", [2, 3, 7])
def test_a_feature_has_the_same_bits_alone_and_in_any_batch(network, pictures, size):
    alone = torch.cat([network(picture[None]) for picture in pictures])
    together = torch.cat([network(batch) for batch in pictures.split(size)])
    assert torch.equal(together, alone)


def test_reversed_clips_give_reversed_features(network, pictures):
    assert torch.equal(network(pictures.flip(0)).flip(0), network(pictures))


def test_what_is_beside_a_clip_does_not_matter(network, pictures):
    neighbours = torch.stack([pictures[0], torch.zeros(96, 1360), torch.full((96, 1360), -80.0)])
    assert torch.equal(network(neighbours)[0], network(pictures[:1])[0])
    assert torch.isfinite(network(neighbours)).all()


def test_a_picture_that_lies_in_memory_by_columns_gives_the_same_bits(network, pictures):
    by_columns = pictures[:2].transpose(1, 2).contiguous().transpose(1, 2)
    assert torch.equal(network(by_columns), network(pictures[:2]))


def test_the_batch_is_left_as_it_was(network, pictures):
    before = pictures.clone()
    network(pictures)
    assert torch.equal(pictures, before)


def test_two_threads_get_what_one_gets(network, pictures):
    expected = network(pictures[:2])
    with ThreadPoolExecutor(2) as pool:
        for found in pool.map(network, [pictures[:2]] * 4):
            assert torch.equal(found, expected)


@pytest.mark.parametrize("frames", [1281, 1300, 1362, 2723])
def test_other_widths_are_cut_like_max_pooling_cuts_them(plain, tensors, statistics, frames):
    x = torch.from_numpy(np.random.default_rng(frames).uniform(-80, 0, (1, 96, frames)).astype(np.float32))
    found = Network.of(fold(tensors, statistics), device="cpu")(x).numpy()
    np.testing.assert_allclose(found, plain(x, tensors, statistics), atol=1e-5, rtol=1e-5)


def test_on_any_other_device_the_blocks_are_computed_batch_by_batch_with_the_same_result(network, pictures):
    torch.testing.assert_close(network._batch(pictures[:2]), network(pictures[:2]), atol=1e-5, rtol=1e-5)


@pytest.mark.cuda
def test_cuda_agrees_with_the_cpu(tensors, statistics, before_pooling, pictures, network):
    there = Network.of(fold(tensors, statistics), device="cuda", before_pooling=before_pooling)
    torch.testing.assert_close(there(pictures.cuda()).cpu(), network(pictures), atol=1e-4, rtol=1e-4)


def test_elu_is_torchs_within_the_last_digit_of_one():
    x = torch.cat([torch.linspace(-90, 20, 10_001), torch.tensor([0.0, -0.0, -1e-9, 1e-9, -1e30, 1e30])])
    expected = torch.nn.functional.elu(x.double())
    assert (elu_(x.clone()).double() - expected).abs().max() < 6.1e-8
