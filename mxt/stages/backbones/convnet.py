"""The convnet of Choi et al. (2017), trained to tag music, as a fixed feature extractor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from mxt.core.errors import WeightsError
from mxt.core.stages import Features
from mxt.stages.backbones.convnet_batch import BatchNetwork
from mxt.stages.backbones.convnet_network import LAYERS, Network
from mxt.stages.backbones.convnet_tensors import (
    CHANNELS,
    fold,
    measured_statistics,
    read_keras2,
    read_released,
)


@dataclass(frozen=True, slots=True)
class ConvNet:
    """The released network (Keras 1, Theano), with batch statistics that do not depend on the batch.

    Parameters
    ----------
    statistics : str
        The set of batch statistics, or ``"batch"`` for those of the clips computed together, as the paper
        did.

    References
    ----------
    K. Choi, G. Fazekas, M. Sandler, K. Cho: Transfer learning for music classification and regression tasks,
    ISMIR 2017.
    """

    statistics: str = "clip_ref"

    def prepare(self, weights: Path | None, device: str) -> Callable[[torch.Tensor], Features]:
        """Read ``weights_layer4_theano.hdf5``; give a function from float32 [N, 96, 1360] to layers [N, 32].

        Raises
        ------
        WeightsError
            No file, or not the released network.
        """
        tensors = read_released(_needed(weights))
        if self.statistics == "batch":
            return by_layer(BatchNetwork.of(tensors, device=device))
        return by_layer(Network.of(fold(tensors, measured_statistics(self.statistics)), device=device))


@dataclass(frozen=True, slots=True)
class Keras2ConvNet:
    """The later release (Keras 2): moving statistics, standardised input, features before pooling."""

    def prepare(self, weights: Path | None, device: str) -> Callable[[torch.Tensor], Features]:
        """Read ``keras2_model_best.hdf5``; give a function from float32 [N, 96, 1360] to layers [N, 32].

        Raises
        ------
        WeightsError
            No file, or not that network.
        """
        tensors, statistics = read_keras2(_needed(weights))
        network = Network.of(fold(tensors, statistics), device=device, before_pooling=True)
        return by_layer(lambda x: network(standardised(x)))


def standardised(x: torch.Tensor) -> torch.Tensor:
    """Each clip of `x` [N, bands, frames] with mean 0 and deviation 1; silence gives 0."""
    wide = x.to(torch.float64)
    mean, std = wide.mean((1, 2), keepdim=True), wide.std((1, 2), correction=0, keepdim=True)
    return ((wide - mean) / (std + 1e-10)).to(torch.float32)


def by_layer(network: Callable[[torch.Tensor], torch.Tensor]) -> Callable[[torch.Tensor], Features]:
    """`network`'s [N, 160] as ``{layer: float32 array [N, 32]}``."""

    def features(batch: torch.Tensor) -> Features:
        found = network(batch).cpu().numpy()
        return {layer: found[:, k * CHANNELS : (k + 1) * CHANNELS] for k, layer in enumerate(LAYERS)}

    return features


def _needed(weights: Path | None) -> Path:
    if weights is None:
        raise WeightsError("the convnet needs its weights; mxt weights says which, and how to get them")
    return weights
