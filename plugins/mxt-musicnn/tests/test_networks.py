from __future__ import annotations

import numpy as np
import pytest
import torch
from mxt_musicnn.backbone import MusicNN, compressed
from mxt_musicnn.plugin import BACKBONE, BANDS, FRAMES, NETWORKS, layers_of
from mxt_musicnn.timbral import WideFilters, taps_of

from mxt.plugin import WeightsError


def power(patches: int) -> torch.Tensor:
    """Something like mel power, [N, 96, 187]."""
    return torch.from_numpy(
        np.random.default_rng(5).gamma(0.2, 1.0, (patches, BANDS, FRAMES)).astype(np.float32)
    )


@pytest.mark.parametrize("network", NETWORKS)
def test_layers_are_those_of_the_network_as_written(network, random_wheel, random_tensors, plain):
    x = power(2)
    found = MusicNN(network).prepare(random_wheel, "cpu")(x)
    expected = plain.Plain(random_tensors(network), dtype=torch.float64)(compressed(x).double())
    assert list(found) == list(expected) == [layer.name for layer in layers_of(network)]
    for name, values in expected.items():
        np.testing.assert_allclose(
            found[name], values.numpy(), rtol=0, atol=1e-5 * float(values.abs().max()), err_msg=name
        )


@pytest.mark.parametrize("network", NETWORKS)
def test_other_devices_compute_the_same_in_one_batch(network, random_wheel):
    # "cpu:0" is not "cpu": it takes the way of other devices
    here, there = (MusicNN(network).prepare(random_wheel, device)(power(2)) for device in ("cpu", "cpu:0"))
    for name, values in here.items():
        np.testing.assert_allclose(
            there[name], values, rtol=0, atol=1e-5 * float(np.abs(values).max()), err_msg=name
        )


@pytest.mark.parametrize("network", NETWORKS)
def test_a_feature_does_not_depend_on_its_place_or_its_neighbours(network, random_wheel):
    features, x = MusicNN(network).prepare(random_wheel, "cpu"), power(3)
    together, alone, padded = (
        features(x),
        features(x[1:2]),
        features(torch.cat([torch.zeros_like(x[:2]), x[1:2]])),
    )
    for name, values in together.items():
        np.testing.assert_array_equal(values[1:2], alone[name])
        np.testing.assert_array_equal(values[1:2], padded[name][2:])


def test_silence_in_a_batch_is_silence_alone(random_wheel, random_tensors, plain):
    found = MusicNN().prepare(random_wheel, "cpu")(torch.cat([power(1), torch.zeros(1, BANDS, FRAMES)]))
    expected = plain.Plain(random_tensors("MSD_musicnn"))(torch.zeros(1, FRAMES, BANDS))
    np.testing.assert_allclose(found["tags"][1:], expected["tags"].numpy(), rtol=1e-4)


@pytest.mark.parametrize(
    ("width", "bands"), [(38, 96), (67, 96), (1, 12), (12, 12), (5, 12), (4, 12), (3, 9)]
)
def test_transformed_filters_give_the_maxima_of_the_convolution(width, bands):
    rng = np.random.default_rng(width)
    kernel, x = (
        rng.normal(size=(7, width, 40)),
        torch.from_numpy(rng.normal(size=(26, bands)).astype(np.float32)),
    )
    found = WideFilters.of(kernel, bands=bands).maxima(taps_of(x, frames=7))
    weight = torch.from_numpy(kernel.transpose(2, 0, 1)[:, None])
    expected = torch.nn.functional.conv2d(x.double()[None, None], weight).amax(3)[0].T
    np.testing.assert_allclose(
        found.numpy(), expected.numpy(), rtol=0, atol=3e-6 * float(expected.abs().max())
    )


def test_loud_music_stays_finite_where_half_precision_would_not():
    x = compressed(torch.full((1, 1, 1), 6.6))
    assert x.item() == pytest.approx(np.log10(66_001), rel=1e-6)
    with np.errstate(over="ignore"):
        assert np.isinf(np.float16(10_000) * np.float16(6.6))


@pytest.mark.parametrize("network", NETWORKS)
def test_tags_are_probabilities_with_labels(network, random_wheel):
    tags = MusicNN(network).prepare(random_wheel, "cpu")(power(1))["tags"]
    assert ((tags > 0) & (tags < 1)).all()
    layer = layers_of(network)[-1]
    assert layer.name == "tags"
    assert len(set(layer.labels)) == layer.dimension == tags.shape[1] == 50


def test_a_network_of_another_shape_is_refused(tmp_path, random_tensors, write_wheel):
    tensors = random_tensors("MSD_vgg")
    wheel = write_wheel(
        tmp_path / "w.whl",
        {"MSD_musicnn": tensors, "MSD_vgg": tensors | {"dense/bias": np.zeros(49, np.float32)}},
    )
    with pytest.raises(WeightsError, match=r"MSD_musicnn in .*w\.whl .*tensor"):
        MusicNN("MSD_musicnn").prepare(wheel, "cpu")
    with pytest.raises(
        WeightsError, match=r"tensor 'dense/bias' is float32 \(49,\), expected float32 \(50,\)"
    ):
        MusicNN("MSD_vgg").prepare(wheel, "cpu")


def test_without_weights_there_is_an_error_and_not_a_guess():
    with pytest.raises(WeightsError, match="needs its weights"):
        MusicNN().prepare(None, "cpu")


def test_windows_are_the_released_patches():
    window, rate = BACKBONE.window, BACKBONE.sample_rate
    assert rate == 16_000
    assert [
        round(seconds * rate, 6) for seconds in (window.seconds, window.hop_seconds, window.margin_seconds)
    ] == [48_128, 47_872, 256]
