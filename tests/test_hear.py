"""mxt's backbones by the HEAR interface."""

from __future__ import annotations

import importlib
import wave

import numpy as np
import pytest
import torch

import mxt.hear
from mxt.core.errors import UsageError, WeightsError
from mxt.sklearn import AudioFeatures

BACKBONES = ["mfcc", "random_convnet:135", "marsyas"]


def noise(clips: int, samples: int, seed: int = 1) -> torch.Tensor:
    x = np.random.default_rng(seed).integers(-9_000, 9_000, (clips, samples))
    return torch.from_numpy((x / 2**15).astype(np.float32))


def saved(folder, audio: torch.Tensor, sample_rate: int) -> list[str]:
    """Clips as files of 16 bits, which hold these samples exactly."""
    paths = []
    for number, y in enumerate(audio.numpy()):
        paths.append(str(folder / f"{number}.wav"))
        with wave.open(paths[-1], "wb") as file:
            file.setparams((1, 2, sample_rate, 0, "NONE", ""))
            file.writeframes((y * 2**15).astype("<i2").tobytes())
    return paths


@pytest.mark.parametrize("name", BACKBONES)
def test_scene_embeddings_are_what_extract_stores_bit_for_bit(name, tmp_path):
    model = mxt.hear.load_model(name)
    audio = noise(3, 2 * model.sample_rate)
    backbone, _, layers = name.partition(":")
    features = AudioFeatures(backbone, layers=layers or None, store=tmp_path / "store", jobs=2)
    expected = features.transform(saved(tmp_path, audio, model.sample_rate))
    embeddings = mxt.hear.get_scene_embeddings(audio, model)
    assert embeddings.dtype == torch.float32
    np.testing.assert_array_equal(embeddings.numpy(), expected)


@pytest.mark.parametrize("name", BACKBONES)
def test_the_module_is_one_of_the_interface(name):
    """The checks of hear-validator 2021.0.2, and of its newest source."""
    module = importlib.import_module("mxt.hear")
    model = module.load_model(name)
    assert isinstance(model, torch.nn.Module)
    assert model.sample_rate in (16_000, 22_050, 32_000, 44_100, 48_000)
    assert isinstance(model.scene_embedding_size, int)
    assert isinstance(model.timestamp_embedding_size, int)
    assert module.get_scene_embeddings(noise(4, int(2.74 * model.sample_rate)), model).shape == (
        4,
        model.scene_embedding_size,
    )
    audio = noise(2, int(1.07 * model.sample_rate))
    embeddings, timestamps = module.get_timestamp_embeddings(audio, model)
    assert embeddings.dtype == timestamps.dtype == torch.float32
    assert embeddings.shape == (2, 22, model.timestamp_embedding_size)
    np.testing.assert_array_equal(timestamps, [np.arange(22) * 50.0] * 2)


def test_a_module_of_mxt_is_a_backbone_of_mxt():
    from mxt.registry import Registry, build_registry

    chosen = build_registry().choose("backbone", "hear", {"model": "mxt.hear"})
    assert [(layer.name, layer.dimension) for layer in chosen.spec.layers] == [
        ("scene", 120),
        ("timestamp", 120),
    ]
    model = mxt.hear.load_model()
    y = noise(1, model.sample_rate)
    features = Registry.build(chosen).prepare(None, "cpu")(y)
    np.testing.assert_array_equal(features["scene"], mxt.hear.get_scene_embeddings(y, model))


def test_a_timestamp_embedding_is_the_scene_embedding_of_the_excerpt_around_it():
    model = mxt.hear.load_model("mfcc", hop_ms=400)
    audio = noise(1, 3 * 16_000)
    embeddings, timestamps = mxt.hear.get_timestamp_embeddings(audio, model)
    assert timestamps[0].tolist() == [0, 400, 800, 1200, 1600, 2000, 2400, 2800]
    for row, (start, stop) in {0: (0, 8_000), 3: (11_200, 27_200), 7: (36_800, 48_000)}.items():
        excerpt = mxt.hear.get_scene_embeddings(audio[:, start:stop], model)
        np.testing.assert_array_equal(embeddings[0, row], excerpt[0])


def test_timestamps_do_not_drift_where_the_hop_is_not_a_whole_number_of_samples():
    model = mxt.hear.load_model("marsyas", hop_ms=25)  # 551.25 samples at 22,050 Hz
    audio = torch.zeros(1, 22_050 * 20)
    starts = [len(audio[0]) - len(y) for y in model.excerpts(audio[0].numpy(), [19_975.0])]
    assert starts == [round(19.975 * 22_050 - 11_025)]


def test_the_rate_is_one_that_the_interface_allows():
    assert mxt.hear.load_model("mfcc").sample_rate == 16_000  # mfcc itself: 12 kHz
    assert mxt.hear.load_model("marsyas").sample_rate == 22_050


def test_an_event_is_seen_at_its_time():
    model = mxt.hear.load_model("mfcc")
    audio = torch.zeros(1, 4 * 16_000)
    audio[:, 32_000:32_800] = noise(1, 800)
    embeddings, timestamps = mxt.hear.get_timestamp_embeddings(audio, model)
    loudness = embeddings[0, :, 0]
    heard = timestamps[0][loudness > loudness.min() + 1e-3]
    assert (heard.min(), heard.max()) == (1_550, 2_500)  # within half an excerpt of 2,000 to 2,050


@pytest.mark.parametrize("shape", [(16_000,), (0, 16_000), (2, 0), (1, 1, 16_000)])
def test_audio_of_another_shape_is_refused(shape):
    with pytest.raises(UsageError, match=r"expected \[clips, samples\]"):
        mxt.hear.get_scene_embeddings(torch.zeros(shape), mxt.hear.load_model())


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("mfccs", {}, "no backbone called 'mfccs'"),
        ("random_convnet:9", {}, "its layers are"),
        ("convnet", {"settings": ["statistics=batch"]}, "computes whole data sets at once here"),
        ("mfcc", {"hop_ms": 0}, "hop_ms is 0"),
    ],
)
def test_what_cannot_be_loaded_is_said(name, options, message):
    with pytest.raises(UsageError, match=message):
        mxt.hear.load_model(name, **options)


def test_weights_are_not_fetched(monkeypatch, tmp_path):
    monkeypatch.setenv("MXT_WEIGHTS_DIR", str(tmp_path))
    model = mxt.hear.load_model("convnet")
    with pytest.raises(WeightsError, match="mxt weights fetch convnet:released"):
        mxt.hear.get_scene_embeddings(noise(1, 16_000), model)
