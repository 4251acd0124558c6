from __future__ import annotations

import h5py
import numpy as np
import pytest
import torch

from mxt.core.errors import WeightsError
from mxt.stages.backbones.batchnorm import decibel_reference, measured
from mxt.stages.backbones.convnet_tensors import fold, measured_statistics, read_keras2, read_released


def test_theano_kernels_are_flipped_when_read(released_file, tensors):
    found = read_released(released_file)
    for k in range(5):
        np.testing.assert_allclose(found.kernels[k], tensors.kernels[k], rtol=1e-6)
        np.testing.assert_allclose(found.gammas[k], tensors.gammas[k], rtol=1e-6)


def test_tensorflow_kernels_are_turned_but_not_flipped(keras2_file, tensors, statistics):
    found, moving = read_keras2(keras2_file)
    for k in range(5):
        np.testing.assert_array_equal(found.kernels[k], tensors.kernels[k])
    np.testing.assert_array_equal(moving.mean, statistics.mean)
    np.testing.assert_array_equal(moving.variance, statistics.variance)


def test_a_file_of_junk_is_refused_with_its_name(tmp_path):
    path = tmp_path / "junk.hdf5"
    path.write_bytes(b"no weights at all" * 100)
    with pytest.raises(WeightsError, match=r"junk\.hdf5 cannot be read as HDF5"):
        read_released(path)


def test_the_other_weight_set_is_refused(keras2_file, released_file):
    with pytest.raises(WeightsError, match="has no tensor 'ConvBNEluDr/convolution2d_1_W'"):
        read_released(keras2_file)
    with pytest.raises(WeightsError, match="has no tensor 'model_weights"):
        read_keras2(released_file)


def test_a_tensor_of_another_shape_is_refused_by_its_block(released_file):
    with h5py.File(released_file, "a") as file:
        del file["ConvBNEluDr/convolution2d_3_b"]
        file["ConvBNEluDr/convolution2d_3_b"] = np.zeros(16)
    with pytest.raises(WeightsError, match=r"block 3 has the shape \(16,\), expected \(32,\)"):
        read_released(released_file)


def _external_link(file, name, other):
    file[name] = h5py.ExternalLink(other, f"/{name}")


def _soft_link_to_an_external_one(file, name, other):
    file["door"] = h5py.ExternalLink(other, "/")
    file[name] = h5py.SoftLink(f"/door/{name}")


def _values_in_a_raw_file(file, name, other):
    other.with_suffix(".raw").write_bytes(bytes(32 * 4))
    file.create_dataset(name, (32,), "f4", external=[(str(other.with_suffix(".raw")), 0, 32 * 4)])


def _virtual_dataset(file, name, other):
    layout = h5py.VirtualLayout((32,), "f4")
    layout[:] = h5py.VirtualSource(other, name, (32,))
    file.create_virtual_dataset(name, layout)


@pytest.mark.parametrize(
    "lead_out", [_external_link, _soft_link_to_an_external_one, _values_in_a_raw_file, _virtual_dataset]
)
def test_tensors_that_lie_in_another_file_are_refused(released_file, tmp_path, lead_out):
    other = tmp_path / "other.hdf5"
    other.write_bytes(released_file.read_bytes())
    name = "ConvBNEluDr/convolution2d_3_b"
    with h5py.File(released_file, "a") as file:
        del file[name]
        lead_out(file, name, other)
    with pytest.raises(
        WeightsError,
        match=rf"does not hold the tensor '{name}' itself: it is .*; give a file with all tensors",
    ):
        read_released(released_file)


def test_a_link_to_another_file_is_not_followed(released_file, tmp_path):
    with h5py.File(released_file, "a") as file:
        del file["ConvBNEluDr"]
        file["ConvBNEluDr"] = h5py.ExternalLink(tmp_path / "nowhere.hdf5", "/ConvBNEluDr")
    with pytest.raises(WeightsError, match=r"is behind a link to .*nowhere\.hdf5:/ConvBNEluDr;"):
        read_released(released_file)


def test_folding_is_convolution_and_batch_normalisation(tensors, statistics):
    folded = fold(tensors, statistics)
    x = torch.from_numpy(np.random.default_rng(0).normal(size=(1, 32, 9, 9)))
    y = torch.nn.functional.conv2d(
        x, torch.from_numpy(tensors.kernels[1]), torch.from_numpy(tensors.biases[1])
    )
    mean, variance = torch.from_numpy(statistics.mean[1]), torch.from_numpy(statistics.variance[1])
    gamma, beta = torch.from_numpy(tensors.gammas[1]), torch.from_numpy(tensors.betas[1])
    expected = torch.nn.functional.batch_norm(y, mean, variance, gamma, beta, eps=1e-3)
    found = torch.nn.functional.conv2d(
        x.float(), torch.from_numpy(folded.kernels[1]), torch.from_numpy(folded.biases[1])
    )
    torch.testing.assert_close(found.double(), expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("name", sorted(measured()))
def test_measured_statistics_are_five_times_32_positive_variances_with_their_provenance(name):
    found = measured_statistics(name)
    assert found.mean.shape == found.variance.shape == (5, 32)
    assert (found.variance > 0).all()
    assert len(measured()[name]["provenance"]) > 40


def test_only_clip_ref_is_relative_to_the_clip():
    assert decibel_reference("clip_ref") is None
    assert decibel_reference("fixed_ref") == pytest.approx(26.13, abs=0.005)
