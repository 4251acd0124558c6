"""EfficientNet-Lite0: inverted residual blocks without squeeze-and-excitation, ReLU6, TensorFlow's padding.

References
----------
M. Tan, Q. V. Le: EfficientNet, ICML 2019, table 1 (the stages of B0); TensorFlow's EfficientNet-Lite: no
squeeze-and-excitation, ReLU6 instead of swish. M. Sandler et al.: MobileNetV2, CVPR 2018 (the blocks).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from mxt.plugin import WeightsError

EPSILON = 1e-3  # of all its batch normalisations
IMAGE_CHANNELS, STEM, HEAD = 3, 32, 1280
# of each stage: blocks, kernel, stride of the first block, expansion, channels out
STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)


@dataclass(frozen=True)
class Tensors:
    """The tensors of a state dict, and what they are called in messages."""

    tensors: Mapping[str, Tensor]
    name: str

    def get(self, name: str, *shape: int) -> Tensor:
        """The tensor `name` as float64.

        Raises
        ------
        WeightsError
            It is not there, of another shape, or not finite.
        """
        if name not in self.tensors:
            raise WeightsError(
                f"{self.name} has no tensor {name!r}: it holds another network than EfficientNet-Lite0"
            )
        tensor = self.tensors[name]
        if tuple(tensor.shape) != shape or not tensor.is_floating_point():
            found = f"{str(tensor.dtype).removeprefix('torch.')} {tuple(tensor.shape)}"
            raise WeightsError(f"{self.name}: tensor {name!r} is {found}, expected floating point {shape}")
        if not tensor.isfinite().all():
            raise WeightsError(f"{self.name}: tensor {name!r} has values that are not finite")
        return tensor.double()


@dataclass(frozen=True)
class Convolution:
    """A convolution with its batch normalisation folded in, and ReLU6 where it has one.

    Parameters
    ----------
    kernel, bias : Tensor
        float32 [out, in / groups, k, k] and [out].
    stride, groups : int
        `groups` is 1, or as many as channels (depthwise).
    bounded : bool
        Whether ReLU6 follows.
    """

    kernel: Tensor
    bias: Tensor
    stride: int = 1
    groups: int = 1
    bounded: bool = True

    @classmethod
    def of(
        cls,
        tensors: Tensors,
        kernel: str,
        norm: str,
        shape: tuple[int, int, int],
        *,
        stride: int = 1,
        groups: int = 1,
        bounded: bool = True,
    ) -> Convolution:
        """Fold: ``gamma (w * x - mean) / sqrt(variance + eps) + beta``; `shape` is (out, in / groups, k)."""
        gamma, beta, mean, variance = (
            tensors.get(f"{norm}.{part}", shape[0])
            for part in ("weight", "bias", "running_mean", "running_var")
        )
        scale = gamma / torch.sqrt(variance + EPSILON)
        folded = tensors.get(f"{kernel}.weight", *shape, shape[2]) * scale[:, None, None, None]
        return cls(
            folded.float().contiguous(memory_format=torch.channels_last),
            (beta - mean * scale).float(),
            stride,
            groups,
            bounded,
        )

    def __call__(self, x: Tensor) -> Tensor:
        """float32 [N, in, H, W] to [N, out, ceil(H / stride), ceil(W / stride)]."""
        size = self.kernel.shape[-1]
        if self.stride == 1:
            y = F.conv2d(x, self.kernel, self.bias, padding=size // 2, groups=self.groups)
        else:
            y = F.conv2d(
                F.pad(x, same_padding(x, size, self.stride)),
                self.kernel,
                self.bias,
                self.stride,
                groups=self.groups,
            )
        return y.clamp_(0, 6) if self.bounded else y

    def to(self, device: str) -> Convolution:
        """The same on another device."""
        return Convolution(
            self.kernel.to(device), self.bias.to(device), self.stride, self.groups, self.bounded
        )


def same_padding(x: Tensor, size: int, stride: int) -> tuple[int, int, int, int]:
    """TensorFlow's SAME: ``ceil(n / stride)`` places, the odd zero behind; left, right, top, bottom."""
    found: list[int] = []
    for n in (x.shape[3], x.shape[2]):
        zeros = max((-(-n // stride) - 1) * stride + size - n, 0)
        found += [zeros // 2, zeros - zeros // 2]
    return found[0], found[1], found[2], found[3]


@dataclass(frozen=True)
class Block:
    """Inverted residual: expand, depthwise, project; added to what came in where the shapes agree."""

    convolutions: tuple[Convolution, ...]
    adds: bool

    def __call__(self, x: Tensor) -> Tensor:
        """float32 [N, in, H, W] to [N, out, H', W']."""
        y = x
        for convolution in self.convolutions:
            y = convolution(y)
        return y.add_(x) if self.adds else y


@dataclass(frozen=True)
class Network:
    """Stem, seven stages of blocks, head."""

    stem: Convolution
    stages: tuple[tuple[Block, ...], ...]
    head: Convolution

    @classmethod
    def of(cls, tensors: Tensors, *, device: str = "cpu") -> Network:
        """Read the network; its classifier is not needed.

        Raises
        ------
        WeightsError
            The tensors are not those of EfficientNet-Lite0.
        """
        stem = Convolution.of(tensors, "_conv_stem", "_bn0", (STEM, IMAGE_CHANNELS, 3), stride=2).to(device)
        stages, place, channels = [], 0, STEM
        for blocks, size, stride, expansion, out in STAGES:
            stage = []
            for number in range(blocks):
                stage.append(
                    _block(
                        tensors,
                        f"_blocks.{place}",
                        (channels, channels * expansion, out),
                        size,
                        1 if number else stride,
                        device,
                    )
                )
                place, channels = place + 1, out
            stages.append(tuple(stage))
        return cls(
            stem, tuple(stages), Convolution.of(tensors, "_conv_head", "_bn1", (HEAD, channels, 1)).to(device)
        )

    def __call__(self, x: Tensor) -> dict[str, Tensor]:
        """Every layer averaged over space.

        Parameters
        ----------
        x : Tensor
            float32 [N, 3, H, W], ``(value - 127) / 128`` of 0..255; channels last is quickest.

        Returns
        -------
        dict
            float32 [N, channels] of ``stem``, ``stage1`` to ``stage7`` and ``pool``.
        """
        x = self.stem(x)
        found = {"stem": x.mean((2, 3))}
        for number, stage in enumerate(self.stages, start=1):
            for block in stage:
                x = block(x)
            found[f"stage{number}"] = x.mean((2, 3))
        return {**found, "pool": self.head(x).mean((2, 3))}


def _block(
    tensors: Tensors, name: str, widths: tuple[int, int, int], size: int, stride: int, device: str
) -> Block:
    """Block `name` from `widths` = (in, between, out)."""
    before, between, out = widths
    made = []
    if between != before:
        made.append(Convolution.of(tensors, f"{name}._expand_conv", f"{name}._bn0", (between, before, 1)))
    made.append(
        Convolution.of(
            tensors,
            f"{name}._depthwise_conv",
            f"{name}._bn1",
            (between, 1, size),
            stride=stride,
            groups=between,
        )
    )
    made.append(
        Convolution.of(tensors, f"{name}._project_conv", f"{name}._bn2", (out, between, 1), bounded=False)
    )
    return Block(tuple(each.to(device) for each in made), adds=stride == 1 and before == out)
