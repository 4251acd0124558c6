"""The backbone: from mel power to features."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from mxt.plugin import Features, WeightsError
from mxt_musicnn.musicnn import Musicnn
from mxt_musicnn.plugin import BANDS, FRAMES
from mxt_musicnn.tensors import Checkpoint
from mxt_musicnn.vgg import Vgg

Network = Callable[[Tensor], dict[str, Tensor]]


@dataclass(frozen=True, slots=True)
class MusicNN:
    """The backbone; its field is the parameter of the spec.

    Parameters
    ----------
    network : str
        One of `mxt_musicnn.plugin.NETWORKS`.
    """

    network: str = "MSD_musicnn"

    def prepare(self, weights: Path | None, device: str) -> Callable[[Tensor], Features]:
        """Read the network out of the wheel; give a function from mel power [N, 96, 187] to layers.

        Raises
        ------
        WeightsError
            No file, or not musicnn's wheel.
        """
        if weights is None:
            raise WeightsError("musicnn needs its weights")
        checkpoint = Checkpoint.of(weights, self.network)
        network: Network = (Vgg if self.network.endswith("vgg") else Musicnn).of(checkpoint, device=device)
        return _one_by_one(network) if device == "cpu" else _together(network)


def compressed(power: Tensor) -> Tensor:
    """``log10(1 + 10000 x)`` of mel power [N, 96, T], in float32; time before frequency: [N, T, 96]."""
    return (power.transpose(1, 2) * 10_000).add_(1).log10_()


def _one_by_one(network: Network) -> Callable[[Tensor], Features]:
    """On the CPU: patch by patch. Those of nothing but zeros, which fill up a batch, are computed once."""
    with torch.inference_mode():
        silence = network(torch.zeros(1, FRAMES, BANDS))

    def features(power: Tensor) -> Features:
        with torch.inference_mode():
            found = [
                network(compressed(patch)) if patch.any() else silence for patch in torch.split(power, 1)
            ]
            return {name: torch.cat([layers[name] for layers in found]).numpy() for name in silence}

    return features


def _together(network: Network) -> Callable[[Tensor], Features]:
    def features(power: Tensor) -> Features:
        with torch.inference_mode(), _full_precision():
            return {name: values.cpu().numpy() for name, values in network(compressed(power)).items()}

    return features


def _full_precision() -> AbstractContextManager[None]:
    """Convolutions on CUDA without the rounding of TF32, by algorithms that repeat their results."""
    found: AbstractContextManager[None] = torch.backends.cudnn.flags(
        enabled=True, benchmark=False, deterministic=True, allow_tf32=False
    )
    return found
