"""The convnet with random weights: the baseline that tells how much of a score is the architecture's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch

from mxt.core.stages import Features
from mxt.stages.backbones.calibration import calibrated, sounds
from mxt.stages.backbones.convnet import by_layer
from mxt.stages.backbones.convnet_network import Network
from mxt.stages.backbones.convnet_tensors import BLOCKS, CHANNELS, Statistics, Tensors, fold
from mxt.stages.backbones.specs import RANDOM_CONVNET


@dataclass(frozen=True, slots=True)
class RandomConvNet:
    """He-normal convolutions, batch statistics calibrated on fixed synthetic sounds.

    The authors' baseline is normalised by its batch; here a feature depends on its clip alone.

    Parameters
    ----------
    seed : int
        Of the weights.
    """

    seed: int = 0

    def prepare(self, weights: Path | None, device: str) -> Callable[[torch.Tensor], Features]:
        """Draw and calibrate; returns a function from float32 [N, 96, 1360] to five layers [N, 32]."""
        return by_layer(Network.of(fold(he_normal(self.seed), statistics_of(self.seed)), device=device))


@lru_cache(maxsize=4)
def statistics_of(seed: int) -> Statistics:
    """The calibrated batch statistics; cached, since they take seconds and every network needs them."""
    return calibrated(he_normal(seed), sounds(), **RANDOM_CONVNET.input.params)


def he_normal(seed: int) -> Tensors:
    """Kernels from N(0, 2 / fan_in), biases and betas 0, gammas 1; from a stream that never changes."""
    rng = np.random.RandomState(seed)
    kernels = []
    for k in range(BLOCKS):
        fan_in = 9 * (CHANNELS if k else 1)
        kernels.append(rng.standard_normal((CHANNELS, CHANNELS if k else 1, 3, 3)) * np.sqrt(2 / fan_in))
    zeros, ones = (
        tuple(np.zeros(CHANNELS) for _ in range(BLOCKS)),
        tuple(np.ones(CHANNELS) for _ in range(BLOCKS)),
    )
    return Tensors(tuple(kernels), zeros, ones, zeros)
