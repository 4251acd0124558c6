from __future__ import annotations

import numpy as np
import pytest
import torch
from mxt_spectral_shape.plugin import BACKBONE, MOMENTS, TEXTURE
from mxt_spectral_shape.shape import SAMPLE_RATE, SpectralShape

SAMPLES = 3 * SAMPLE_RATE
MEAN = (
    {name: place for place, name in enumerate(MOMENTS)},
    {name: place for place, name in enumerate(TEXTURE)},
)


def features(y: np.ndarray, **params: float) -> dict[str, float]:
    """Means by name, of a signal of three seconds."""
    found = SpectralShape(**params).prepare(None, "cpu")(torch.from_numpy(y.astype(np.float32))[None])
    return {
        name: float(found[layer][0, place])
        for layer, places in zip(("moments", "texture"), MEAN, strict=True)
        for name, place in places.items()
    }


def tone(frequency: float) -> np.ndarray:
    return 0.5 * np.sin(2 * np.pi * frequency * np.arange(SAMPLES) / SAMPLE_RATE)


@pytest.mark.parametrize("frequency", [220.0, 1000.0, 5000.0])
def test_centroid_of_a_tone_is_its_frequency(frequency):
    assert features(tone(frequency))["centroid"] == pytest.approx(frequency, rel=2e-3)


def test_tone_crosses_zero_twice_a_period():
    assert features(tone(1000.0))["zero_crossings"] == pytest.approx(2 * 1000 / SAMPLE_RATE, rel=1e-2)


def test_noise_is_flat_and_a_tone_is_not():
    noise = np.random.default_rng(1).standard_normal(SAMPLES)
    # the geometric mean of a chi-square of two degrees of freedom is exp(-Euler's gamma) of its mean
    assert features(noise)["flatness"] == pytest.approx(np.exp(-np.euler_gamma), abs=0.01)
    assert features(tone(1000.0))["flatness"] < 1e-4


def test_white_noise_has_the_moments_of_a_uniform_distribution():
    found = features(np.random.default_rng(1).standard_normal(SAMPLES))
    nyquist = SAMPLE_RATE / 2
    assert found["centroid"] == pytest.approx(nyquist / 2, rel=0.01)
    assert found["spread"] == pytest.approx(nyquist / 12**0.5, rel=0.01)
    assert found["kurtosis"] == pytest.approx(1.8, abs=0.05)


def test_rolloff_moves_with_its_share():
    noise = np.random.default_rng(1).standard_normal(SAMPLES)
    assert features(noise, rolloff=0.5)["rolloff"] == pytest.approx(SAMPLE_RATE / 4, rel=0.02)
    assert features(noise, rolloff=0.9)["rolloff"] == pytest.approx(0.9 * SAMPLE_RATE / 2, rel=0.02)


def test_steady_tone_has_no_flux():
    steps = np.concatenate([tone(500.0)[: SAMPLES // 2], tone(4000.0)[: SAMPLES - SAMPLES // 2]])
    assert features(tone(500.0))["flux"] < 0.02 < 10 * features(steps)["flux"]
    assert features(steps)["flux"] > features(tone(500.0))["flux"]


def test_level_changes_nothing():
    noise = np.random.default_rng(1).standard_normal(SAMPLES)
    assert features(noise * 0.01) == pytest.approx(features(noise), rel=1e-4)


def test_columns_are_labelled():
    assert [len(layer.labels) for layer in BACKBONE.layers] == [layer.dimension for layer in BACKBONE.layers]
