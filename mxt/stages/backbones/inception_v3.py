"""Inception-v3 as a backbone: a picture in, every layer out."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import torch
from torch import Tensor

from mxt.core.errors import WeightsError
from mxt.core.stages import Features
from mxt.stages.backbones.inception_v3_network import empty_network, taps, without_unused
from mxt.stages.backbones.inception_v3_specs import POOL, SIZE
from mxt.stages.backbones.inception_v3_tensors import fill_at_random, fill_from_file
from mxt.stages.backbones.pictures import calibration_pictures, to_pictures


@dataclass(frozen=True, slots=True)
class InceptionV3:
    """The network in torchvision's layout; the fields are the parameters of its spec.

    Parameters
    ----------
    renderer : str
        What it is shown.
    max_seconds : float, optional
        Decides the window, which mxt cuts.
    last : str
        Deepest layer.
    random : int, optional
        Seed of random weights.
    """

    renderer: str = "logfrequency"
    max_seconds: float | None = None
    last: str = POOL
    random: int | None = None

    layout: ClassVar[str] = "imagenet"

    def prepare(self, weights: Path | None, device: str) -> Callable[[Tensor], Features]:
        """Fill the network; give a function from pictures [N, (3,) bands, frames] to layers [N, channels].

        Raises
        ------
        WeightsError
            No file, or not one of Inception-v3 in this layout.
        """
        layout = self.layout if self.random is None else "tf2015"
        network = empty_network(layout)
        if self.random is not None:
            pictures = scaled(calibration_pictures(size=SIZE), layout)
            with torch.inference_mode():
                fill_at_random(network, lambda: taps(network, pictures, POOL), seed=self.random)
        elif weights is None:
            raise WeightsError("inception_v3 needs its weights, or random ones: --set random=0")
        else:
            fill_from_file(network, weights, layout=layout, last=self.last)
        network = without_unused(network, self.last).to(device)

        def features(rendered: Tensor) -> Features:
            x = scaled(to_pictures(rendered, size=SIZE, decibels=self.renderer == "melspectrogram"), layout)
            with torch.inference_mode(), _full_precision():
                # on the CPU picture by picture: a feature is then the same bits in every batch
                found = [
                    taps(network, part, self.last)
                    for part in (torch.split(x, 1) if device == "cpu" else (x,))
                ]
                return {name: torch.cat([part[name] for part in found]).cpu().numpy() for name in found[0]}

        return features


@dataclass(frozen=True, slots=True)
class TensorFlow2015(InceptionV3):
    """The network in the layout of the graph of 2015-12-05."""

    layout: ClassVar[str] = "tf2015"


def scaled(pictures: Tensor, layout: str) -> Tensor:
    """Brightness 0..1 as the networks were trained on it, channels last.

    ``(255 x - 128) / 128`` for the graph of 2015; ``2 x - 1`` for torchvision's weights: what its ImageNet
    normalisation and then its `transform_input` come to.
    """
    x = pictures * (255 / 128) - 1 if layout == "tf2015" else pictures * 2 - 1
    return x.contiguous(memory_format=torch.channels_last)


def _full_precision() -> AbstractContextManager[None]:
    """Convolutions on CUDA without the rounding of TF32, by algorithms that repeat their results."""
    found: AbstractContextManager[None] = torch.backends.cudnn.flags(
        enabled=True, benchmark=False, deterministic=True, allow_tf32=False
    )
    return found
