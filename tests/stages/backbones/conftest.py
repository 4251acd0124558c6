"""The convnet as in the paper, in float64, random tensors (no file of weights is needed), and music."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from mxt.stages.backbones.convnet_tensors import Statistics, Tensors

POOLS = ((2, 4), (3, 4), (2, 5), (2, 4), (4, 4))
Plain = Callable[..., np.ndarray]


@pytest.fixture(scope="session")
def tensors() -> Tensors:
    """Random kernels; gammas of both signs."""
    rng = np.random.default_rng(1)
    kernels = tuple(rng.normal(size=(32, 32 if k else 1, 3, 3)) * (0.06 if k else 0.3) for k in range(5))
    biases, betas = (tuple(rng.normal(size=32) for _ in range(5)) for _ in range(2))
    return Tensors(kernels, biases, tuple(rng.normal(size=32) for _ in range(5)), betas)


@pytest.fixture(scope="session")
def statistics() -> Statistics:
    rng = np.random.default_rng(2)
    scale = np.array([[30.0], [1.0], [1.0], [1.0], [1.0]])
    return Statistics(scale * rng.normal(size=(5, 32)), scale**2 * rng.uniform(0.5, 2, (5, 32)))


@pytest.fixture(scope="session")
def pictures() -> torch.Tensor:
    """Seven pictures [7, 96, 1360] in decibels, from 0 to -80."""
    rng = np.random.default_rng(3)
    smooth = rng.normal(size=(7, 96, 85)).repeat(16, axis=2) * 12 + rng.normal(size=(7, 96, 1360)) * 5
    return torch.from_numpy(np.clip(smooth - 40, -80, 0).astype(np.float32))


@pytest.fixture(scope="session")
def plain() -> Plain:
    """Convolution, batch normalisation, ELU, pooling, mean: block after block, in float64.

    Without `statistics` those of the batch are used.
    """

    def network(
        x: torch.Tensor,
        tensors: Tensors,
        statistics: Statistics | None = None,
        *,
        before_pooling: bool = False,
    ) -> np.ndarray:
        h, means = x.double()[:, None], []
        for k in range(5):
            kernel, bias, gamma, beta = (
                torch.from_numpy(part[k])
                for part in (tensors.kernels, tensors.biases, tensors.gammas, tensors.betas)
            )
            given = (
                [None, None]
                if statistics is None
                else [torch.from_numpy(s[k]) for s in (statistics.mean, statistics.variance)]
            )
            h = F.conv2d(h, kernel, bias, padding=1)
            h = F.elu(F.batch_norm(h, *given, gamma, beta, training=statistics is None, eps=1e-3))
            unpooled = h.mean((2, 3))
            h = F.max_pool2d(h, POOLS[k])
            means.append(unpooled if before_pooling else h.mean((2, 3)))
        return torch.cat(means, dim=1).numpy()

    return network


@pytest.fixture(scope="session")
def music() -> Callable[..., np.ndarray]:
    """Makes tones that pause, with a little noise: float32 [seconds * 22,050]."""

    def signal(seconds: float = 5.0, seed: int = 0) -> np.ndarray:
        rng = np.random.default_rng(seed)
        t = np.arange(int(seconds * 22_050)) / 22_050
        tones = sum(np.sin(2 * np.pi * f * t) / (1 + k) for k, f in enumerate(rng.uniform(80, 4000, 6)))
        return ((tones * (t % 0.5 < 0.4) + 0.01 * rng.standard_normal(len(t))) * 0.2).astype(np.float32)

    return signal


@pytest.fixture
def released_file(tmp_path: Path, tensors: Tensors) -> Path:
    """`tensors` in the layout of weights_layer4_theano.hdf5: kernels flipped, statistics never updated."""
    import h5py

    path = tmp_path / "weights_layer4_theano.hdf5"
    with h5py.File(path, "w") as file:
        group = file.create_group("ConvBNEluDr")
        for k in range(5):
            group[f"convolution2d_{k + 1}_W"] = tensors.kernels[k][:, :, ::-1, ::-1].astype(np.float32)
            group[f"convolution2d_{k + 1}_b"] = tensors.biases[k].astype(np.float32)
            group[f"batchnormalization_{k + 1}_gamma"] = tensors.gammas[k].astype(np.float32)
            group[f"batchnormalization_{k + 1}_beta"] = tensors.betas[k].astype(np.float32)
            group[f"batchnormalization_{k + 1}_running_mean"] = np.zeros(32, np.float32)
            group[f"batchnormalization_{k + 1}_running_std"] = np.ones(32, np.float32)
    return path


@pytest.fixture
def keras2_file(tmp_path: Path, tensors: Tensors, statistics: Statistics) -> Path:
    """`tensors` and `statistics` in the layout of keras2_model_best.hdf5."""
    import h5py

    path = tmp_path / "keras2_model_best.hdf5"
    with h5py.File(path, "w") as file:
        for k in range(5):
            conv = f"model_weights/conv2d_{k + 1}/conv2d_{k + 1}"
            norm = f"model_weights/batch_normalization_{k + 1}/batch_normalization_{k + 1}"
            file[f"{conv}/kernel:0"] = tensors.kernels[k].transpose(2, 3, 1, 0)
            file[f"{conv}/bias:0"] = tensors.biases[k]
            file[f"{norm}/gamma:0"], file[f"{norm}/beta:0"] = tensors.gammas[k], tensors.betas[k]
            file[f"{norm}/moving_mean:0"], file[f"{norm}/moving_variance:0"] = (
                statistics.mean[k],
                statistics.variance[k],
            )
    return path
