"""Outputs of TensorFlow for two real clips, against mxt from decoding to the last layer."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from mxt_musicnn.backbone import MusicNN, compressed
from mxt_musicnn.plugin import BACKBONE, NETWORKS, SAMPLE_RATE, layers_of

from mxt.audio.decode import read
from mxt.audio.resample import resample
from mxt.audio.window import cut
from mxt.registry import build_registry

CLIPS = ("blues.00000", "rock.00000")
pytestmark = pytest.mark.realdata


@pytest.fixture(scope="module")
def pictures(data) -> dict[str, torch.Tensor]:
    """Mel power of the patches of both clips, [10, 96, 187]."""
    renderer = (
        build_registry()
        .create("renderer", BACKBONE.input.renderer, BACKBONE.input.params)
        .prepare(SAMPLE_RATE, "cpu")
    )
    found = {}
    for clip in CLIPS:
        y, sample_rate = read(data / "gtzan_full" / f"{clip}.wav")
        windows = cut(resample(y, sample_rate, SAMPLE_RATE), BACKBONE.window, SAMPLE_RATE)
        found[clip] = renderer(torch.from_numpy(np.ascontiguousarray(windows)))
    return found


@pytest.mark.parametrize("clip", CLIPS)
def test_log_mel_spectrogram_is_the_one_the_networks_were_given(data, pictures, clip):
    with np.load(data / "musicnn" / "golden.npz") as golden:
        np.testing.assert_allclose(
            compressed(pictures[clip])[0].numpy(), golden[f"{clip}/logmel_patch0"], rtol=0, atol=1e-5
        )


@pytest.mark.parametrize("network", NETWORKS)
def test_every_layer_of_every_patch_is_tensorflows(data, pictures, released, network):
    features = MusicNN(network).prepare(released, "cpu")
    with np.load(data / "musicnn" / "golden.npz") as golden:
        for clip in CLIPS:
            found = features(pictures[clip])
            for layer in layers_of(network):
                expected = golden[f"{clip}/{network}/{layer.name}"]
                assert np.abs(found[layer.name] - expected).max() / np.abs(expected).max() < 1e-4, layer.name


def test_blues_is_heard_as_blues(pictures, released):
    tags = MusicNN().prepare(released, "cpu")(pictures["blues.00000"])["tags"].mean(0)
    strongest = [layers_of("MSD_musicnn")[-1].labels[place] for place in np.argsort(-tags)[:3]]
    assert "blues" in strongest
