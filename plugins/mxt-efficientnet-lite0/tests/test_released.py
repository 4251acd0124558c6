"""The released weights are read and fed as they were trained: the network knows photographs and music."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from mxt_efficientnet_lite0.backbone import EfficientNetLite0, read_tensors, to_input
from mxt_efficientnet_lite0.network import Network
from mxt_efficientnet_lite0.plugin import BACKBONE

from mxt.audio.decode import read
from mxt.audio.resample import resample
from mxt.registry import build_registry

PALACE, DAISY = 698, 985  # of ImageNet's thousand classes


@pytest.mark.parametrize(("photograph", "expected"), [("china.jpg", PALACE), ("flower.jpg", DAISY)])
def test_a_photograph_is_told_for_what_it_shows(photograph, expected, released):
    from sklearn.datasets import load_sample_image

    tensors = read_tensors(released)
    pixels = load_sample_image(photograph)  # uint8 [427, 640, 3]
    square = torch.from_numpy(np.ascontiguousarray(pixels[:, 106:533].transpose(2, 0, 1))).float() / 255
    with torch.inference_mode():
        pooled = Network.of(tensors)(to_input(square[None]))["pool"]
    scores = tensors.get("_fc.weight", 1000, 1280) @ pooled[0].double() + tensors.get("_fc.bias", 1000)
    assert int(scores.argmax()) == expected


@pytest.mark.realdata
def test_genres_can_be_told_by_the_nearest_neighbour_far_above_chance(data, released):
    """Ten genres, four excerpts of each: of 40, chance finds 3 neighbours of the same genre."""
    renderer = (
        build_registry()
        .create("renderer", BACKBONE.input.renderer, BACKBONE.input.params)
        .prepare(BACKBONE.sample_rate, "cpu")
    )
    features = EfficientNetLite0().prepare(released, "cpu")
    rows, labels = [], []
    for path in sorted((data / "gtzan_excerpts").rglob("*0000[0-3].*")):
        y, sample_rate = read(path)
        clip = resample(y, sample_rate, BACKBONE.sample_rate)
        rows.append(features(renderer(torch.from_numpy(np.ascontiguousarray(clip[None]))))["pool"][0])
        labels.append(path.name.partition(".")[0])
    assert len(rows) == 40
    x = np.stack(rows)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    similar = x @ x.T - 2 * np.eye(40)
    found = sum(labels[other] == label for label, other in zip(labels, similar.argmax(1), strict=True))
    assert found >= 8
