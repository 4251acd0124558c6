"""Tensors of the convnet: kernels from the released files, batch statistics, and both folded into one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from mxt.core.errors import WeightsError
from mxt.stages.backbones.batchnorm import measured

if TYPE_CHECKING:
    import h5py

Array = npt.NDArray[np.float64]

BLOCKS = 5
CHANNELS = 32
EPSILON = 1e-3


@dataclass(frozen=True, slots=True)
class Tensors:
    """The trained values of the five blocks, as float64.

    Parameters
    ----------
    kernels : tuple of array [32, 1 or 32, 3, 3]
        (out, in, frequency, time), to be used in a correlation.
    biases, gammas, betas : tuple of array [32]
        Of the convolutions, and of the batch normalisations.
    """

    kernels: tuple[Array, ...]
    biases: tuple[Array, ...]
    gammas: tuple[Array, ...]
    betas: tuple[Array, ...]


@dataclass(frozen=True, slots=True)
class Statistics:
    """Mean and variance of the convolution outputs, each [5, 32], in the units of the input's decibels."""

    mean: Array
    variance: Array


@dataclass(frozen=True, slots=True)
class Folded:
    """Convolutions that normalise too: five kernels [32, in, 3, 3] and biases [32], float32."""

    kernels: tuple[npt.NDArray[np.float32], ...]
    biases: tuple[npt.NDArray[np.float32], ...]


def fold(tensors: Tensors, statistics: Statistics) -> Folded:
    """Fold batch normalisation into the convolutions before it.

    ``gamma (w * x + b - mean) / sqrt(variance + eps) + beta``  is the convolution with ``s w`` and
    ``s (b - mean) + beta``, where ``s = gamma / sqrt(variance + eps)``; computed in float64.
    """
    kernels, biases = [], []
    for k in range(BLOCKS):
        scale = tensors.gammas[k] / np.sqrt(statistics.variance[k] + EPSILON)
        kernels.append((tensors.kernels[k] * scale[:, None, None, None]).astype(np.float32))
        biases.append(
            ((tensors.biases[k] - statistics.mean[k]) * scale + tensors.betas[k]).astype(np.float32)
        )
    return Folded(tuple(kernels), tuple(biases))


def measured_statistics(name: str) -> Statistics:
    """One of the sets of batch statistics that mxt ships, e.g. ``"clip_ref"``."""
    found = measured()[name]
    return Statistics(np.asarray(found["mean"], np.float64), np.asarray(found["variance"], np.float64))


def read_released(path: Path) -> Tensors:
    """The tensors of ``weights_layer4_theano.hdf5`` (Keras 1, Theano).

    Theano convolves, so the kernels are flipped in both axes here. ``running_mean`` and ``running_std`` were
    never updated by the authors (0 and 1 everywhere) and are not read.

    Raises
    ------
    WeightsError
        Not a file of that kind.
    """
    with _opened(path) as file:
        return _checked(
            path,
            lambda k: _read(file, path, f"ConvBNEluDr/convolution2d_{k}_W")[:, :, ::-1, ::-1].copy(),
            lambda k: _read(file, path, f"ConvBNEluDr/convolution2d_{k}_b"),
            lambda k: _read(file, path, f"ConvBNEluDr/batchnormalization_{k}_gamma"),
            lambda k: _read(file, path, f"ConvBNEluDr/batchnormalization_{k}_beta"),
        )


def read_keras2(path: Path) -> tuple[Tensors, Statistics]:
    """The tensors and moving statistics of ``keras2_model_best.hdf5`` (Keras 2; kernels are not flipped).

    Raises
    ------
    WeightsError
        Not a file of that kind.
    """

    def norm(file: h5py.File, k: int, what: str) -> Array:
        return _read(file, path, f"model_weights/batch_normalization_{k}/batch_normalization_{k}/{what}:0")

    with _opened(path) as file:
        tensors = _checked(
            path,
            lambda k: (
                _read(file, path, f"model_weights/conv2d_{k}/conv2d_{k}/kernel:0")
                .transpose(3, 2, 0, 1)
                .copy()
            ),
            lambda k: _read(file, path, f"model_weights/conv2d_{k}/conv2d_{k}/bias:0"),
            lambda k: norm(file, k, "gamma"),
            lambda k: norm(file, k, "beta"),
        )
        mean = [norm(file, k, "moving_mean") for k in range(1, BLOCKS + 1)]
        variance = [norm(file, k, "moving_variance") for k in range(1, BLOCKS + 1)]
    return tensors, Statistics(np.stack(mean), np.stack(variance))


def _opened(path: Path) -> h5py.File:
    import h5py

    try:
        return h5py.File(path, "r")
    except OSError as error:
        raise WeightsError(
            f"{path} cannot be read as HDF5 ({error}); fetch or import the convnet's weights again"
        ) from error


def _read(file: h5py.File, path: Path, name: str) -> Array:
    """One tensor, which must be in the file itself: the hash does not cover links and other files."""
    import h5py

    missing = WeightsError(
        f"{path} has no tensor {name!r}: these are not the weights of this set of the convnet"
    )
    item: Any = file
    for part in name.split("/"):
        link = item.get(part, getlink=True) if isinstance(item, h5py.Group) else None
        if link is None:
            raise missing
        if not isinstance(link, h5py.HardLink):
            raise _elsewhere(path, name, f"behind a link to {getattr(link, 'filename', '')}:{link.path}")
        item = item[part]
    if not isinstance(item, h5py.Dataset):
        raise missing
    if item.external or item.is_virtual:
        where = f"in {item.external[0][0]}" if item.external else "in other datasets (it is virtual)"
        raise _elsewhere(path, name, where)
    try:
        return np.asarray(item, dtype=np.float64)
    except (TypeError, ValueError):
        raise missing from None


def _elsewhere(path: Path, name: str, where: str) -> WeightsError:
    return WeightsError(
        f"{path} does not hold the tensor {name!r} itself: it is {where}; give a file with all tensors"
    )


def _checked(path: Path, kernel: Any, bias: Any, gamma: Any, beta: Any) -> Tensors:
    parts = [tuple(get(k) for k in range(1, BLOCKS + 1)) for get in (kernel, bias, gamma, beta)]
    for k in range(BLOCKS):
        expected = [(CHANNELS, CHANNELS if k else 1, 3, 3), (CHANNELS,), (CHANNELS,), (CHANNELS,)]
        for part, shape in zip(parts, expected, strict=True):
            if part[k].shape != shape:
                raise WeightsError(
                    f"{path}: a tensor of block {k + 1} has the shape {part[k].shape}, expected {shape}"
                )
    return Tensors(*parts)
