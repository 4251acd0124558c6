"""Inception-v3 for features: torchvision's modules, batch normalisations folded, tapped on the way.

References
----------
C. Szegedy et al.: Rethinking the Inception architecture for computer vision, CVPR 2016.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.models.inception import (
    Inception3,
    InceptionA,
    InceptionAux,
    InceptionB,
    InceptionC,
    InceptionD,
    InceptionE,
)

from mxt.stages.backbones.inception_v3_specs import POOL

CHILDREN = (
    "Conv2d_1a_3x3",
    "Conv2d_2a_3x3",
    "Conv2d_2b_3x3",
    "maxpool1",
    "Conv2d_3b_1x1",
    "Conv2d_4a_3x3",
    "maxpool2",
    "Mixed_5b",
    "Mixed_5c",
    "Mixed_5d",
    "Mixed_6a",
    "Mixed_6b",
    "Mixed_6c",
    "Mixed_6d",
    "Mixed_6e",
    "Mixed_7a",
    "Mixed_7b",
    "Mixed_7c",
)


class ConvReLU(nn.Conv2d):
    """A convolution with its batch normalisation folded in, and ReLU."""

    def forward(self, x: Tensor) -> Tensor:
        """float32 [N, C, H, W] to [N, K, H', W']."""
        return F.relu_(self.convolved(x))

    def convolved(self, x: Tensor) -> Tensor:
        """What goes into ReLU."""
        return convolve(x, self)


def convolve(x: Tensor, conv: nn.Conv2d) -> Tensor:
    """The convolution alone, by oneDNN where it is there.

    For a single picture `torch.nn.functional.conv2d` would hand 1 x 1 kernels to a matrix product of the BLAS
    library, which on processors that are not Intel's is half as fast.
    """
    padding, stride, dilation = (
        cast("tuple[int, int]", sizes) for sizes in (conv.padding, conv.stride, conv.dilation)
    )
    if x.device.type == "cpu" and torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return torch.mkldnn_convolution(x, conv.weight, conv.bias, padding, stride, dilation, conv.groups)
    return F.conv2d(x, conv.weight, conv.bias, stride, padding, dilation, conv.groups)


class EdgeConvReLU(ConvReLU):
    """A convolution after a 3 x 3 mean that counted zeros around the map: it makes up for them.

    Of nine values 6 are in the map at its edges, and 4 in its corners.
    """

    def convolved(self, x: Tensor) -> Tensor:
        """What goes into ReLU."""
        ones = torch.ones(1, 1, *x.shape[2:], device=x.device)
        inside = F.avg_pool2d(ones, 3, stride=1, padding=1)  # share of the nine that are in the map
        return convolve(x / inside, self)


class MaxInceptionE(InceptionE):  # type: ignore[misc]
    """The last block of the graph of 2015: the maximum where the others have the mean."""

    branch_pool: nn.Module

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.maximum, self.branch_pool = self.branch_pool, nn.Identity()

    def _forward(self, x: Tensor) -> list[Tensor]:
        return [*super()._forward(x)[:-1], self.maximum(F.max_pool2d(x, 3, stride=1, padding=1))]


def empty_network(layout: str) -> Inception3:
    """The network without values, in the layout of ``"imagenet"`` (torchvision's) or ``"tf2015"``."""
    blocks = [InceptionA, InceptionB, InceptionC, InceptionD, InceptionE, InceptionAux]
    with torch.device("meta"):
        network = Inception3(
            aux_logits=False,
            init_weights=False,
            inception_blocks=[ConvReLU, *(partial(block, conv_block=ConvReLU) for block in blocks)],
        )
        if layout == "tf2015":
            network.Mixed_7c = MaxInceptionE(2048, conv_block=ConvReLU)
            for module in network.modules():
                if isinstance(module, (InceptionA, InceptionC, InceptionE)) and isinstance(
                    module.branch_pool, ConvReLU
                ):
                    pooled = module.branch_pool
                    module.branch_pool = EdgeConvReLU(pooled.in_channels, pooled.out_channels, kernel_size=1)
    return network.eval().requires_grad_(False)


def convolutions(network: Inception3) -> Iterator[tuple[str, ConvReLU]]:
    """The network's convolutions by torchvision's names, in the order of its blocks."""
    for child in CHILDREN:
        for name, module in getattr(network, child).named_modules(prefix=child):
            if isinstance(module, ConvReLU):
                yield name.replace(".maximum", ".branch_pool"), module


def without_unused(network: Inception3, last: str) -> Inception3:
    """Take out the classifier and what lies behind the tap `last`."""
    network.fc = nn.Identity()
    lowered = [child.lower() for child in CHILDREN]
    for child in CHILDREN[lowered.index(last) + 1 :] if last in lowered else ():
        setattr(network, child, nn.Identity())
    return network


def taps(network: Inception3, x: Tensor, last: str) -> dict[str, Tensor]:
    """Every tap up to `last`, averaged over space.

    Parameters
    ----------
    network : Inception3
        Filled.
    x : Tensor
        float32 [N, 3, 299, 299], scaled as the network wants it.
    last : str
        Name of the deepest tap.

    Returns
    -------
    dict
        Name in lower case to float32 [N, channels].
    """
    found = {}
    for child in CHILDREN:
        x = getattr(network, child)(x)
        name = child.lower()
        if not name.startswith("maxpool"):
            found[name] = x.mean((2, 3))
        if name == last:
            return found
    return {**found, POOL: found["mixed_7c"]}
