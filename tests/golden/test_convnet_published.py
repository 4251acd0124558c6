"""The convnet against the features its authors published, and against values computed apart from mxt.

How the golden values were made is told in the README beside them (frozen_golden.npz: float64;
keras2_golden.npz: TensorFlow).
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch

from mxt.audio.decode import read
from mxt.audio.resample import resample
from mxt.audio.window import cut
from mxt.core.specs import StageSpec
from mxt.stages.backbones.convnet import ConvNet, Keras2ConvNet
from mxt.stages.backbones.specs import CONVNET, resolve_convnet
from mxt.stages.renderers.melspectrogram import MelSpectrogram

pytestmark = pytest.mark.realdata

GENRES = ("blues", "classical", "country", "disco", "hiphop", "jazz", "metal", "pop", "reggae", "rock")
BATCHES = {
    "gtzan_genre_rows_0_255": {"blues": 0, "classical": 100, "country": 200},
    "gtzan_genre_rows_256_511": {"disco": 300, "hiphop": 400, "jazz": 500},
}


@cache
def waveform(data: Path, genre: str, method: str) -> torch.Tensor:
    y, sample_rate = read(data / "gtzan_full" / f"{genre}.00000.wav", seconds=29)
    return torch.from_numpy(cut(resample(y, sample_rate, 12_000, method=method), CONVNET.window, 12_000))


def render(spec: StageSpec, y: torch.Tensor) -> torch.Tensor:
    return MelSpectrogram(**spec.input.params).prepare(12_000, "cpu")(y)


def extractor(data: Path, statistics: str = "clip_ref", weights: str = "released"):
    spec = resolve_convnet(CONVNET, {"statistics": statistics}, weights)
    stage = Keras2ConvNet() if weights == "keras2" else ConvNet(statistics)
    network = stage.prepare(data / "choi2017" / "weights" / spec.weight_set(weights).filename, "cpu")

    def features(y: torch.Tensor) -> np.ndarray:
        found = network(render(spec, y))
        return np.concatenate([found[layer.name] for layer in spec.layers], axis=1)

    return features


def published(data: Path, row: int) -> np.ndarray:
    layers = [np.load(data / "choi2017" / "features" / f"gtzan_genre_layer_{k}.npy") for k in range(5)]
    return np.concatenate([layer[row].ravel() for layer in layers])


@pytest.fixture(scope="module")
def six_errors(data):
    """|features - published| of six clips [6, 160], by resampler."""

    def errors(method: str) -> np.ndarray:
        found = []
        for statistics, rows in BATCHES.items():
            features = extractor(data, statistics)
            found += [
                np.abs(features(waveform(data, genre, method))[0] - published(data, row))
                for genre, row in rows.items()
            ]
        return np.array(found)

    return errors


def test_with_the_papers_resampler_the_published_rows_come_out(six_errors):
    errors = six_errors("kaiser_best")
    assert errors.max() < 2e-5
    assert np.median(errors) < 1e-6


def test_with_soxr_they_are_near_but_not_equal(six_errors):
    errors = six_errors("soxr")
    assert 1e-3 < errors.max() < 0.15
    assert np.median(errors) < 0.01


@pytest.mark.parametrize("statistics", ["clip_ref", "fixed_ref"])
def test_frozen_statistics_give_the_values_computed_in_float64(data, statistics):
    golden = np.load(data / "choi2017" / "frozen_golden.npz")
    features = extractor(data, statistics)
    for genre in GENRES:
        found = features(waveform(data, genre, "soxr"))[0]
        np.testing.assert_allclose(found, golden[f"{genre}.00000/{statistics}"], rtol=0, atol=1e-4)


def test_the_second_release_gives_what_tensorflow_computes(data):
    golden = np.load(data / "choi2017" / "keras2_golden.npz")
    features = extractor(data, weights="keras2")
    for name in golden:
        found = features(waveform(data, name.partition(".")[0], "soxr"))[0]
        np.testing.assert_allclose(found, golden[name], rtol=0, atol=2e-4)


@pytest.mark.parametrize(
    ("statistics", "weights"), [("clip_ref", "released"), ("fixed_ref", "released"), ("clip_ref", "keras2")]
)
def test_a_clip_has_the_same_bits_alone_in_batches_of_2_7_and_10_and_reversed(data, statistics, weights):
    features = extractor(data, statistics, weights)
    clips = torch.cat([waveform(data, genre, "soxr") for genre in GENRES])
    alone = np.concatenate([features(clip[None]) for clip in clips])
    for size in (2, 7, 10):
        np.testing.assert_array_equal(
            np.concatenate([features(batch) for batch in torch.split(clips, size)]), alone
        )
    np.testing.assert_array_equal(features(clips.flip(0))[::-1], alone)
