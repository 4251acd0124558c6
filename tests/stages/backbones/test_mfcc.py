from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch

from mxt.stages.backbones.mfcc import Mfcc


def by_librosa(y, pad_mode):
    import librosa

    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", UserWarning
        )  # a transform longer than the clip: that is what is tried here
        mfcc = librosa.feature.mfcc(y=y, sr=12_000, n_mfcc=20, pad_mode=pad_mode)
    parts = [mfcc, np.diff(mfcc), np.diff(mfcc, n=2)]
    return np.concatenate([f(part, axis=1) for part in parts for f in (np.mean, np.std)])


def noise(samples):
    rng = np.random.default_rng(samples)
    return (rng.standard_normal(samples) * np.linspace(0.001, 0.3, samples)).astype(np.float32)


@pytest.mark.parametrize("pad_mode", ["constant", "reflect"])
@pytest.mark.parametrize("samples", [1024, 1025, 2047, 30_000, 348_000])
def test_it_is_what_librosa_computes_directly(samples, pad_mode):
    found = Mfcc(pad_mode).prepare(None, "cpu")(torch.from_numpy(noise(samples))[None])["mfcc"]
    assert (found.shape, found.dtype) == ((1, 120), np.float32)
    np.testing.assert_allclose(found[0], by_librosa(noise(samples), pad_mode), atol=1e-4, rtol=1e-4)


def test_of_silence_only_the_mean_of_the_first_coefficient_is_not_zero():
    found = Mfcc().prepare(None, "cpu")(torch.zeros(1, 20_000))["mfcc"][0]
    assert found[0] == pytest.approx(-100 * np.sqrt(128), rel=1e-6)
    assert np.abs(found[1:]).max() < 1e-3


def test_a_louder_clip_differs_in_the_mean_of_the_first_coefficient_alone():
    features = Mfcc().prepare(None, "cpu")
    quiet, loud = (features(torch.from_numpy(noise(30_000) * gain)[None])["mfcc"][0] for gain in (0.1, 1.0))
    assert loud[0] - quiet[0] == pytest.approx(20 * np.sqrt(128), rel=1e-4)
    np.testing.assert_allclose(loud[1:], quiet[1:], atol=1e-3)


def test_a_feature_has_the_same_bits_alone_and_in_a_batch():
    features = Mfcc().prepare(None, "cpu")
    clips = torch.from_numpy(np.stack([noise(9000), noise(9000)[::-1], np.zeros(9000, np.float32)]))
    alone = np.concatenate([features(clip[None])["mfcc"] for clip in clips])
    np.testing.assert_array_equal(features(clips)["mfcc"], alone)
