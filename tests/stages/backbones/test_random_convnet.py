from __future__ import annotations

import numpy as np
import pytest
import torch

from mxt.stages.backbones.calibration import calibrated, sounds
from mxt.stages.backbones.random_convnet import RandomConvNet, he_normal, statistics_of
from mxt.stages.backbones.specs import RANDOM_CONVNET
from mxt.stages.renderers.melspectrogram import MelSpectrogram


@pytest.fixture(scope="module")
def picture():
    t = np.arange(348_000) / 12_000
    y = np.sin(2 * np.pi * 440 * t) * (t % 0.5 < 0.3) + 0.01 * np.sin(2 * np.pi * (500 + 50 * t) * t)
    render = MelSpectrogram(**RANDOM_CONVNET.input.params).prepare(12_000, "cpu")
    return render(torch.from_numpy(y.astype(np.float32))[None])


@pytest.fixture(scope="module")
def features(picture):
    found = RandomConvNet().prepare(None, "cpu")(picture)
    return np.concatenate([found[f"block{k}"][0] for k in range(1, 6)])


def test_kernels_are_he_normal():
    kernels = he_normal(3).kernels
    for k, kernel in enumerate(kernels):
        expected = np.sqrt(2 / (9 * (32 if k else 1)))
        assert np.std(kernel) == pytest.approx(expected, rel=0.2 if k == 0 else 0.03)


def test_a_seed_gives_the_same_features_whenever_it_is_prepared(picture, features):
    statistics_of.cache_clear()
    again = RandomConvNet(seed=0).prepare(None, "cpu")(picture)
    np.testing.assert_array_equal(np.concatenate([again[f"block{k}"][0] for k in range(1, 6)]), features)


def test_another_seed_is_another_network(picture, features):
    other = RandomConvNet(seed=1).prepare(None, "cpu")(picture)
    assert np.abs(other["block1"][0] - features[:32]).max() > 0.1


def test_features_are_those_of_every_other_machine(features):
    # seed 0, the picture above; first two numbers of each block; made by this test's own lines on Linux,
    # torch 2.14, NumPy 2.4
    expected = [-0.69214, -0.77203, -0.61993, 2.57191, 4.50825, 1.17365, 2.22051, 3.42451, 0.35975, 4.05384]
    np.testing.assert_allclose(features.reshape(5, 32)[:, :2].ravel(), expected, atol=1e-4)


def test_the_sounds_for_calibration_fill_the_range_of_decibels_like_music():
    level = MelSpectrogram(**RANDOM_CONVNET.input.params).prepare(12_000, "cpu")(torch.from_numpy(sounds()))
    # 100 excerpts of music: mean -39 dB, deviation 14, 6 between the means of clips
    assert -45 < float(level.mean()) < -30
    assert 10 < float(level.std()) < 16
    assert 2 < float(level.mean((1, 2)).std()) < 8


def test_calibration_finds_mean_and_variance_of_the_convolutions_outputs(plain):
    tensors, y = he_normal(0), sounds()[:2]
    render = MelSpectrogram(**RANDOM_CONVNET.input.params).prepare(12_000, "cpu")
    statistics = calibrated(tensors, y, **RANDOM_CONVNET.input.params)
    # normalising by calibrated statistics is normalising by those of the batch they were measured on
    expected = plain(render(torch.from_numpy(y)), tensors)
    np.testing.assert_allclose(plain(render(torch.from_numpy(y)), tensors, statistics), expected, atol=1e-4)
